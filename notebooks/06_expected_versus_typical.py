# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 6 · Expected versus typical
#
# **The exact curve says that the loss explodes, and every run you start converges. Which of the two is wrong?**
# Neither. The expected loss is an average over runs, and when gradient noise dominates it is carried by runs so rare that you
# will never see one. There are two rates: that of the mean, $-\log\rho$, on which the theorems of this book are built,
# and the *typical* one, which almost every single run follows. The [typical rate] is never the smaller; between the two
# [stability limits][mean-square stability] the mean diverges while runs converge. A plain average over runs estimates neither.
#
# Drag **η/max** through 1 in the figure and watch the line turn upwards and the dots stay.
#
# [mean-square stability]: ../NOTATION.md#mean-square-stability "the expected loss tends to zero: the gap is positive"
# [typical rate]: ../NOTATION.md#typical-rate "how fast the risk falls in almost every single run"

# %%
import numpy as np
from scipy import integrate, stats

import mombook as mb
from mombook import explore

# %% [markdown]
# Left: the exact mean (line), the mean of the simulated runs (open dots), their median (filled dots) and the band that holds
# 80 % of them. Right: the exact rate of the mean and the measured typical rate, against the learning rate in units
# of the mean-square stability limit. The simulation starts when the controls rest.

# %%
panel = explore.typical(kappa=100, decay=1.5, batch=1, d=10, share=1.1)
panel

# %% [markdown]
# The simulated half of the sentence, run to its end:

# %%
panel.simulate()

# %% [markdown]
# Both statements are about the same ten weights and the same learning rate. Try the presets: with *many directions* the
# noise averages itself out within a step, and the two rates cross zero together.

# %% [markdown]
# ## One weight: everything in closed form
#
# With a single weight and $\lambda=1$ the batch gradient is $g=(C/B)\,e$ with $C=\sum_bx_b^2\sim\chi^2_B$, so a step
# multiplies the risk by
#
# $$ \frac{R'}{R}=\Bigl(1-\frac{\eta C}{B}\Bigr)^2, \qquad C\sim\chi^2_B. \tag{one-weight} $$
#
# After $t$ steps $R_t$ is a product of $t$ independent such factors. Two averages of one factor matter:
#
# $$ \rho = E\Bigl[\frac{R'}{R}\Bigr]=1-2\eta+\eta^2\frac{B+2}{B}, \qquad
#    r_{\mathrm{typ}}=-E\Bigl[\log\frac{R'}{R}\Bigr]. \tag{two-averages} $$
#
# The first gives $E[R_t]=\rho^tR_0$. The second, by the law of large numbers, gives
# $\frac1t\log R_t\to-r_{\mathrm{typ}}$ in almost every run. Jensen's inequality orders them,
# $r_{\mathrm{typ}}\ge-\log\rho$, strictly where there is noise.
#
# The typical rate is an integral over the chi-square law with a logarithmic singularity at $C=B/\eta$; split it there.

# %%
def typical(lr, B):
    def log_factor(c):
        return np.log((1 - lr * c / B) ** 2) * stats.chi2.pdf(c, B)

    halves = [(0, B / lr), (B / lr, np.inf)]
    return -sum(integrate.quad(log_factor, *ends, limit=400)[0] for ends in halves)


def of_the_mean(lr, B):
    return -np.log(1 - 2 * lr + lr**2 * (B + 2) / B)

# %% [markdown]
# The second formula is the engine's gap; expect equality to rounding.

# %%
one = mb.Spectrum.flat(1)
np.testing.assert_allclose(of_the_mean(0.5, 1), -np.log1p(-mb.contraction_gap(one, mb.Method.sgd(0.5), 1)), rtol=1e-10)
for lr in (0.3, 0.5, 0.7, 1.0, 2.0, 3.0):
    print(f"lr {lr}: rate of the mean {of_the_mean(lr, 1):7.3f}, typical rate {typical(lr, 1):7.3f}")
    assert typical(lr, 1) > of_the_mean(lr, 1)

# %% [markdown]
# How much further does a typical run converge? Place the learning rate at which its rate, too, is zero.

# %%
guess_limit = explore.predict("06_limit")
guess_limit

# %% [markdown]
# The mean is stable up to $\eta=2/3$. At $\eta=1$ it doubles every step; yet the typical run loses more than half of its risk
# per step, and goes on converging far beyond that.
#
# ## The typical rate, measured
#
# For several weights the factors are random matrices; a limit still exists for almost every run (Furstenberg & Kesten). It is
# minus the largest *Lyapunov exponent* of the products, here of the risk,
#
# $$ r_{\mathrm{typ}} = -\lim_{t\to\infty} \frac1t \log R_t \quad\text{almost surely}, \qquad
#    r_{\mathrm{typ}} \ge r_{\mathrm{ms}} = -\log\rho, \tag{typical-rate} $$
#
# but it has no closed form. `typical_rate` measures it: run, rescale before numbers under- or overflow, and divide what was
# gained by the number of steps, with a standard error over runs. First on one weight, where we know the answer.

# %%
for lr, B in ((0.5, 1), (2.0, 1), (4.0, 1), (1.0, 4)):
    found = mb.typical_rate(one, mb.Method.sgd(lr), B, steps=2000, runs=200, rng=np.random.default_rng(0))
    far = (found.rate - typical(lr, B)) / found.error
    print(f"lr {lr}, B {B}: {found.rate:8.4f} ± {found.error:.4f}, integral {typical(lr, B):8.4f} ({far:+.1f} standard errors)")
    assert abs(far) < 5

# %% [markdown]
# It agrees where runs converge and, thanks to rescaling, also where they diverge (lr 4).
#
# A second closed form: $d$ equal eigenvalues. A step is then
#
# $$ \frac{R'}{R} = \Bigl(1-\frac{\eta C}{B}\Bigr)^2 + \frac{\eta^2 C Q}{B^2}, \qquad
#    C\sim\chi^2_B,\; Q\sim\chi^2_{d-1} \text{ independent}, \tag{flat-step} $$
#
# the part along the error and the part thrown across it. Averaging $\log$ over a million draws of two numbers must match
# runs in four dimensions. We choose a learning rate beyond the mean-square limit, so that the signs differ.

# %%
d, B, lr = 4, 1, 0.4
rng = np.random.default_rng(0)
C, Q = rng.chisquare(B, 10**6), rng.chisquare(d - 1, 10**6)
two_numbers = -np.log((1 - lr * C / B) ** 2 + lr**2 * C * Q / B**2)
flat = mb.Spectrum.flat(d)
found = mb.typical_rate(flat, mb.Method.sgd(lr), B, steps=1000, runs=400, rng=rng)
mean_rate = -np.log1p(-mb.contraction_gap(flat, mb.Method.sgd(lr), B))

# %% [markdown]
# Expect two positive numbers that agree, and a negative one.

# %%
print(f"lr {lr}, mean-square limit {mb.step_limit(flat, B):.3f}; rate of the mean {mean_rate:.4f}")
print(f"typical rate: {found.rate:.4f} ± {found.error:.4f} from runs, {two_numbers.mean():.4f} from (flat-step)")
assert mean_rate < 0 < found.rate
assert abs(found.rate - two_numbers.mean()) < 5 * np.hypot(found.error, two_numbers.std() / 1e3)

# %% [markdown]
# ## Unstable in mean square, convergent in almost every run
#
# Back to the spectrum of the figure, 10 % beyond the limit. The engine says: unstable. Two thousand runs of 1000 steps say
# otherwise.

# %%
H = mb.Spectrum.power_law(d=10, decay=1.5, kappa=100)
limit = mb.step_limit(H, 1)
wild = mb.Method.sgd(1.1 * limit)
risk = mb.simulate(H, wild, batch=1, steps=1000, runs=2000, rng=np.random.default_rng(1))
print(f"stable in mean square: {mb.is_stable(H, wild, 1)}; expected risk after 1000 steps: "
      f"10^{np.log10(mb.risk_curve(H, wild, 1, 1000)[-1]):.0f}")
print(f"{100 * np.mean(risk[:, -1] < 1e-3 * risk[:, 0]):.1f} % of the runs end below a thousandth of their start")
assert not mb.is_stable(H, wild, 1) and np.mean(risk[:, -1] < 1e-3 * risk[:, 0]) > 0.95

# %% [markdown]
# No contradiction: a tiny probability times an enormous risk can be a large mean. The same with momentum: heavy ball,
# $\beta=0.9$, 10 % beyond its own limit.

# %%
ball = mb.Method.heavy_ball(1.1 * mb.step_limit(H, 1, beta=0.9), 0.9)
found = mb.typical_rate(H, ball, batch=1, steps=3000, runs=60, rng=np.random.default_rng(2))
mean_rate = -np.log1p(-mb.contraction_gap(H, ball, 1))
print(f"heavy ball: rate of the mean {mean_rate:.5f}, typical {found.rate:.5f} ± {found.error:.5f}")
assert mean_rate < 0 < found.rate - 5 * found.error

# %% [markdown]
# ## Which runs carry the mean
#
# Now a learning rate at which *both* converge: 90 % of the limit. We ask what share of the sum over 20 000 runs the largest
# 1 % contribute, and how the average of all of them compares with the exact mean.

# %%
careful, edge = mb.Method.sgd(0.5 * limit), mb.Method.sgd(0.9 * limit)
for name, method in (("0.5 of the limit", careful), ("0.9 of the limit", edge), ("1.1 of the limit", wild)):
    risk = np.sort(mb.simulate(H, method, 1, 40, 20_000, np.random.default_rng(3))[:, -1])
    exact = mb.risk_curve(H, method, 1, 40)[-1]
    print(f"{name}: top 1 % of runs carry {100 * risk[-200:].sum() / risk.sum():3.0f} %, "
          f"mean/exact {risk.mean() / exact:.3f}, median/exact {np.median(risk) / exact:.4f}")

# %% [markdown]
# At half of the limit the average is right and the top 1 % carry little more than their number. Near the limit they carry
# a large part, beyond it nearly everything, and the average of 20 000 runs is far below the mean it is meant to estimate.
#
# **How many runs would be enough?** First a guess, for one weight and 20 steps:

# %%
guess_runs = explore.predict("06_runs")
guess_runs

# %% [markdown]
# The formula behind it. For independent factors (one weight) the relative variance of $R_t$ is exactly $q^t-1$,
# where $q=E[(R'/R)^2]/\rho^2$, so that a relative standard error of $\epsilon$ needs
#
# $$ n = \frac{q^t-1}{\epsilon^2}, \qquad
#    E\Bigl[\Bigl(\frac{R'}{R}\Bigr)^2\Bigr]=\sum_{k=0}^4\binom4k\Bigl(-\frac{\eta}{B}\Bigr)^k\prod_{j=0}^{k-1}(B+2j)
#    \tag{runs-needed} $$
#
# runs: exponentially many in the horizon. (The products are the moments of $\chi^2_B$.)

# %%
def runs_needed(lr, B, t, precision):
    moments = np.cumprod([1.0, B, B + 2, B + 4, B + 6])
    fourth = np.array([1, 4, 6, 4, 1]) * (-lr / B) ** np.arange(5) @ moments
    return ((fourth / np.exp(-2 * of_the_mean(lr, B))) ** t - 1) / precision**2


for B in (1, 8, 64, 512):
    print(f"B {B:>3}, lr 0.3, to 5 %: " + ", ".join(f"{t} steps {runs_needed(0.3, B, t, 0.05):.3g}" for t in (2, 5, 10, 20)))

# %% [markdown]
# The formula against measurement, at a horizon where measuring is possible: 4 steps, batch 64, a hundred thousand runs.

# %%
risk = mb.simulate(one, mb.Method.sgd(0.3), 64, 4, 100_000, np.random.default_rng(4))[:, -1]
measured, formula = risk.var(ddof=1) / risk.mean() ** 2, runs_needed(0.3, 64, 4, 1.0)
print(f"relative variance of one run: measured {measured:.4f}, formula {formula:.4f}")
np.testing.assert_allclose(measured, formula, rtol=0.05)

# %% [markdown]
# For many directions, and with a buffer, there is no such product. But the moments of a batch's noise are polynomials in the
# error, of no higher degree than themselves. So the [fourth moments][kurtosis] of the state close on themselves and the second
# ones, and `risk_spread` steps them: the exact standard deviation of a run's risk. On one weight it must be the formula above.
#
# Then the question of the top 1 % again: how many runs does a mean take, to 15 %, after 40 steps?
#
# [kurtosis]: ../NOTATION.md#kurtosis "fourth moment of an input coordinate over its squared second moment; 3 if Gaussian"

# %%
relative = mb.risk_spread(one, mb.Method.sgd(0.3), 64, 20) / mb.risk_curve(one, mb.Method.sgd(0.3), 64, 20)
np.testing.assert_allclose(relative**2, [runs_needed(0.3, 64, t, 1.0) for t in range(21)], rtol=1e-9, atol=1e-12)
needed = {}
for name, method in (("SGD, 0.5 of the limit", careful), ("SGD, 0.9 of the limit", edge), ("SGD, 1.1 of the limit", wild),
                     ("heavy ball, tuned", mb.tune(H, "heavy_ball", 1).method), ("ASGD, tuned", mb.tune(H, "asgd", 1).method)):
    relative = mb.risk_spread(H, method, 1, 40)[-1] / mb.risk_curve(H, method, 1, 40)[-1]
    needed[name] = (relative / 0.15) ** 2
    print(f"{name}: {needed[name]:.3g} runs")
assert needed["ASGD, tuned"] < 1000 < needed["SGD, 0.9 of the limit"] < needed["SGD, 1.1 of the limit"]

# %% [markdown]
# The figures of notebooks 01 to 03 and 08 use it: a dot is filled where the mean of the runs can show the expected risk to
# 15 %, and hollow where it cannot. Theory also says how close to its line a filled dot should be, four times in five. The
# sentence under the figure counts how many are.

# %% [markdown]
# ## At which batch the two rates part company
#
# SGD tuned for the mean, at growing batch, on the same spectrum. Expect the difference to fade as $B$ passes
# $\mathrm{tr}/L$, where noise ceases to limit the step.

# %%
print(f"tr/L = {H.trace / H.largest:.2f}")
excess = []
for B in (1, 4, 16, 64):
    best = mb.tune(H, "sgd", B)
    start = mb.sgd_profile(H, best.method.delta, B)
    found = mb.typical_rate(H, best.method, B, steps=3000, runs=60, rng=np.random.default_rng(5), start=start)
    ratio, error = np.array([found.rate, found.error]) / -np.log1p(-best.gap)
    excess.append(ratio - 1)
    print(f"B {B:>2}: typical rate / rate of the mean = {ratio:.4f} ± {error:.4f}")
assert excess[0] > 0.03 and abs(excess[-1]) < 0.02 and max(excess) < 0.15

# %% [markdown]
# On this spectrum SGD at its *best* learning rate is only a few per cent faster in a typical run than in the mean: tuning for
# the mean stops short of where the two part. That is not so for few directions. On $d$ equal eigenvalues at batch 1 the best
# learning rate is $1/(d+2)$, and the ratio of the two rates comes from one integral ($d=1$) or from (flat-step):

# %%
np.testing.assert_allclose(mb.tune(one, "sgd", 1).method.delta, 1 / 3, rtol=1e-6)
few = {1: typical(1 / 3, 1) / of_the_mean(1 / 3, 1)}
for d in (2, 4, 10):
    C, Q = np.random.default_rng(d).chisquare([[1], [d - 1]], (2, 10**6))
    step = 1 / (d + 2)
    few[d] = np.log((1 - step * C) ** 2 + step**2 * C * Q).mean() / np.log1p(-1 / (d + 2))
print("typical rate / rate of the mean, SGD at its best, B = 1:", ", ".join(f"d = {d}: {v:.2f}" for d, v in few.items()))

# %% [markdown]
# The same from runs:

# %%
for d, ratio in few.items():
    best = mb.Method.sgd(1 / (d + 2))
    found = mb.typical_rate(mb.Spectrum.flat(d), best, 1, steps=1000, runs=200, rng=np.random.default_rng(9))
    measured, error = np.array([found.rate, found.error]) / -np.log1p(-1 / (d + 2))
    print(f"d = {d:>2}: {measured:.3f} ± {error:.3f}")
    assert abs(measured - ratio) < 5 * error + 0.005
assert few[1] > 2 and 1.05 < few[10] < 1.15

# %% [markdown]
# With one weight a typical run is twice as fast as the mean even at the best learning rate; with ten equal weights it is a
# tenth faster. What differs more is what lies beyond: how far past the mean-square limit runs still converge. Typical rates at
# 1.1, 1.3 and 1.5 times the limit (positive: runs converge):

# %%
for B in (1, 4, 16, 64):
    row = []
    for share in (1.1, 1.3, 1.5):
        method = mb.Method.sgd(share * mb.step_limit(H, B))
        found = mb.typical_rate(H, method, B, steps=1000, runs=40, rng=np.random.default_rng(6))
        row.append(f"{found.rate:8.4f} ± {found.error:.4f}")
    print(f"B {B:>2}: {'   '.join(row)}")
    assert B < 64 or found.rate < -5 * found.error

# %% [markdown]
# At batch 1 typical runs tolerate learning rates well beyond the mean's limit; at batch 64 hardly any: there the limit
# is curvature, and curvature spares no run.
#
# ## Is it the simulator?
#
# All these runs use a shortcut: the batch gradient of $B$ Gaussian samples is drawn, exactly in law, from one normal vector and
# one chi-square. With $h = H^{1/2} e$, $s = \sqrt{|h|^2 + \sigma^2}$, $C \sim \chi^2_B$ and $z \sim N(0, I_d)$,
#
# $$ g = \tfrac1B H^{1/2}\Bigl[\,C h + \sqrt C\,\bigl(s\,z + (\sigma - s)\,\hat h\hat h^T z\bigr)\Bigr],
#    \qquad \hat h = h/|h|. \tag{batch-in-one} $$
#
# Rare runs are where a wrong law would show. So compare with literal minibatches: two samples of 4000 runs each, whole
# distributions, by the Kolmogorov-Smirnov test at three horizons.

# %%
draw = {s: mb.simulate(H, wild, 1, 30, 4000, np.random.default_rng(k), sampler=s) for k, s in enumerate(("one_draw", "direct"))}
p = [stats.ks_2samp(draw["one_draw"][:, t], draw["direct"][:, t]).pvalue for t in (1, 5, 30)]
print("p-values after 1, 5, 30 steps:", np.round(p, 2))
assert min(p) > 1e-3

# %% [markdown]
# No difference can be seen.
#
# ## A practical rule
#
# 1. Ask theory for the mean, and runs for the median: compare each with its own kind.
# 2. Before trusting an average over runs, compute the share that its largest 1 % carry. If it is tens of per cent, the
#    average is an accident.
# 3. Validate an exact curve with an average over few steps, well below the stability limit, and apply rule 2 even there: the
#    table below shows that near the limit eight steps are already too many.
# 4. Beyond the mean-square limit no number of runs helps: (runs-needed) is exponential in the horizon.

# %%
def share_of_largest(risk, part=0.01):
    ordered = np.sort(risk)
    return ordered[-max(1, round(part * len(ordered))):].sum() / ordered.sum()


for name, method in (("0.5", careful), ("0.9", edge), ("1.1", wild)):
    risk = mb.simulate(H, method, 1, 200, 2000, np.random.default_rng(7))
    print(f"{name} of the limit:", ", ".join(f"{t} steps {share_of_largest(risk[:, t]):.2f}" for t in (1, 8, 40, 200)))

# %% [markdown]
# ## What we learned
#
# - The exact curves of this book are means. Between the mean-square limit and the typical limit they diverge while almost
#   every run converges; both are true.
# - The typical rate is at least the rate of the mean; it can be measured without bias from overflow, with a standard error.
# - Tuned for the mean, SGD's two rates differ by a few per cent on the figure's spectrum, and by a factor of two for one
#   weight; the difference fades with many directions, and as the batch grows past $\mathrm{tr}/L$.
# - An average over runs is trustworthy at short horizons well inside the limit, and the share of the largest 1 % tells.
#
# The theorems P1 is about concern the mean; nothing in this notebook weakens them. The rule and the numbers here are ours.
#
# ## Exercises
#
# 1. Find by `brentq` the learning rate at which one weight stops converging typically, for B = 1, 4, 16, and divide by the
#    mean-square limit $2B/(B+2)$. What is the ratio's limit, and why?
#
#    <details><summary>Solution</summary>
#
#    The ratios are 3.63, 2.00 and 1.29 for $B=1,4,16$, and 1.016 for $B=256$: the limit is 1. By the law of large
#    numbers $C/B\to1$, a step multiplies the risk by $(1-\eta)^2$ in every run, and both rates vanish at $\eta=2$.
#    (`mombook.exact.one_weight` has the functions of this section.)
#
#    </details>
#
# 2. In the figure choose *many directions* and raise d. Why do both rates cross zero together? (Look at the variance
#    of $Q/d$ in (flat-step).)
#
#    <details><summary>Solution</summary>
#
#    In (flat-step) the part thrown across is proportional to $Q$, and $Q/d$ has variance $2(d-1)/d^2$: 0.375 for
#    $d=4$, 0.010 for $d=200$. With many directions the risk of every run falls by nearly the same factor in every
#    step, so the logarithm of the mean is the mean of the logarithm. Typical limit over mean-square limit at $B=1$:
#    1.32 for $d=4$, 1.001 for $d=200$.
#
#    </details>
#
# 3. If $\log R_t$ were exactly normal with variance $vt$, then $r_{\mathrm{typ}}=r_{\mathrm{ms}}+v/2$. Compare with `spread` of
#    `typical_rate` on one weight at lr 0.05 and lr 1.
#
#    <details><summary>Solution</summary>
#
#    At lr 0.05 the spread is $v=0.030$: $r_{\mathrm{ms}}+v/2=0.112$ against a typical rate of 0.109. At lr 1,
#    $v=3.3$: the formula gives 0.96, the truth is 0.83. Each step then multiplies by a factor whose logarithm has a
#    long tail to $-\infty$ (whenever $C$ is near $B/\eta$), which is far from normal; sums of a few hundred are
#    nearly normal in the middle, but the mean of $R_t$ is decided in the tail.
#
#    </details>
#
# The numbers in the solutions, computed:

# %% tags=["solution"] jupyter={"source_hidden": true}
from mombook.exact import one_weight

ratios = [one_weight.typical_limit(B) * (B + 2) / (2 * B) for B in (1, 4, 16, 256)]
np.testing.assert_allclose(ratios, [3.63, 2.00, 1.29, 1.016], rtol=3e-3)
np.testing.assert_allclose([one_weight.typical_rate(lr, 1) - typical(lr, 1) for lr in (0.5, 2.0)], 0, atol=1e-8)
for d, factor, across in ((4, 1.32, 0.375), (200, 1.001, 0.010)):
    C, Q = np.random.default_rng(1).chisquare([[1], [d - 1]], (2, 400_000))
    lr = factor * mb.step_limit(mb.Spectrum.flat(d), 1)
    logs = [np.log((1 - s * lr * C) ** 2 + (s * lr) ** 2 * C * Q).mean() for s in (0.98, 1.02)]
    assert logs[0] < 0 < logs[1] and abs(np.var(Q / d) - across) < 0.005 and round(2 * (d - 1) / d**2, 3) == across
for lr, v, normal, truth in ((0.05, 0.030, 0.112, 0.109), (1.0, 3.3, 0.96, 0.83)):
    spread = mb.typical_rate(one, mb.Method.sgd(lr), 1, 4000, 100, np.random.default_rng(0)).spread
    np.testing.assert_allclose([spread, of_the_mean(lr, 1) + spread / 2, typical(lr, 1)], [v, normal, truth], rtol=0.02)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Furstenberg, Kesten, *Products of random matrices*, Annals of Mathematical Statistics 31 (1960).
# - Gurbuzbalaban, Simsekli, Zhu, *The Heavy-Tail Phenomenon in SGD*, ICML 2021.
# - Hodgkinson, Mahoney, *Multiplicative Noise and Heavy Tails in Stochastic Optimization*, ICML 2021.
# - Morwani, Meterez, Nair, Kakade, *Compute Efficiency and Serial Runtime Tradeoffs for Stochastic Momentum Methods*,
#   arXiv 2606.19179 (2026).
