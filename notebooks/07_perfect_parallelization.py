# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 7 · Perfect parallelization on rows
#
# **If one iteration may use B rows of a linear system instead of one, can it replace B iterations?**
# For plain SGD only while $B\lesssim 1/L$, a handful of rows. With classical momentum, whose [memory] is taken
# proportional to $1/B$, up to about $1/(\mu\sqrt\kappa)$ rows: this is the *[perfect parallelization][perfect scaling]* of Garg
# and Dereziński. Here its guarantee is proved with constants, for heavy ball and for Nesterov's momentum, and every rate is
# computed exactly. The data are now finite: rows of a consistent system, drawn at random ([randomized Kaczmarz][randomized
# kaczmarz], coordinate descent, minibatch SGD). One thing does not carry over from Gaussian streams: on some systems heavy
# ball needs fewer rows than SGD at every batch, by a factor of order $\sqrt\kappa$. That is a theorem below.
#
# Drag **B** to the right and watch where each line leaves the horizontal.
#
# [perfect scaling]: ../NOTATION.md#perfect-scaling "twice the batch takes half the steps: no compute is lost"
# [memory]: ../NOTATION.md#memory "how long the momentum buffer remembers a gradient: about 1/(1 − β) steps"

# %%
import numpy as np

import mombook as mb
from mombook import explore
from mombook.exact import row_moments
from mombook.model import example_systems
from mombook.model.systems import System, same_row_weight
from mombook.sample import row_sampling
from mombook.study import yardsticks
from mombook.tuning import parallel

# %% [markdown]
# The vertical axis counts *[row visits]*, iterations times batch, to an error $10^{-6}$ as large. Flat is perfect: more rows
# in parallel, no more work. Dotted verticals are predictions. Hollow marks are tuned methods; like the simulated dots
# they arrive once you let go.
#
# [row visits]: ../NOTATION.md#row-visits "iterations times batch: rows of a linear system that were looked at"

# %%
panel = explore.parallel(kappa=1e3, decay=1.5, batch=64)
panel

# %% [markdown]
# ## Rows instead of samples
#
# Let $Aw_\star=b$. A step draws row $i$ with probability $p_i$ and looks at $g = s_ia_i(a_i\cdot w-b_i)$, so that with
# $P=s_ia_ia_i^\top$ and $e=w-w_\star$
#
# $$ G = \sum_i p_i s_i\, a_i a_i^\top, \qquad E\,g(w) = G\,(w - w_\ast). \tag{rows} $$
#
# [Kaczmarz][randomized kaczmarz] has $s_i=1/|a_i|^2$: then $P$ is a projection, $E P^2=G$, and with $p_i\propto|a_i|^2$,
# $G=A^\top A/|A|_F^2$, whose trace is 1. So $\mu$ below is $\sigma_{\min}^2/|A|_F^2$. Our working example has 600 random rows
# of length one.
#
# [randomized kaczmarz]: ../NOTATION.md#randomized-kaczmarz "projecting onto one randomly drawn equation after another"

# %%
system = example_systems.unit_rows(600, 30, np.random.default_rng(30), decay=1.9)
print(system, f" mu={system.smallest:.4g}, L={system.largest:.4g}")
np.testing.assert_allclose(np.sum(system.eigenvalues), 1, rtol=1e-12)

# %% [markdown]
# ## One step, exactly
#
# Average $B$ independent draws, $\bar P$. Of the $B^2$ pairs in $\bar P M\bar P$, a share $c=1/B$ is a row with itself and
# the rest are independent rows:
#
# $$ E[\bar P M \bar P] = c\,E[P M P] + (1-c)\,GMG,\qquad
#    c = \frac1B\ \text{or}\ \frac{n-B}{B(n-1)}, \tag{batch} $$
#
# the second for $B$ different rows. A plain step $e'=(I-a\bar P)e$ with $M=I$ then gives
#
# $$ E|e'|^2 = e^\top\big[(I - aG)^2 + a^2 c\,(E P^2 - G^2)\big]\,e,\qquad E P^2 = G\ \text{for projections}.
#    \tag{averaged step} $$
#
# We check it against an average over a large number of drawn batches, which should agree within a few standard errors.

# %%
e, a, B = np.linspace(1, 2, 30), 1.5, 4
exact = row_moments.averaged_step(system, e, lr=a, batch=B)
rows = next(row_sampling.batches(system, B, 20_000, np.random.default_rng(0)))
g, _ = row_sampling.batch_gradient(system, np.tile(system.solution + e, (20_000, 1)), rows)
after = system.errors(system.solution + e - a * g)
distance = (after.mean() - exact) / (after.std(ddof=1) / np.sqrt(after.size))
print(f"exact {exact:.4f}, drawn {after.mean():.4f}: {distance:+.1f} standard errors apart")
assert abs(distance) < 5

# %% [markdown]
# For $a=B=1$ the bracket is $I-G$, and the worst direction is that of $\mu$: Strohmer and Vershynin's rate
#
# $$ E|e'|^2 \le \Big(1 - \frac{\sigma_{\min}^2(A)}{|A|_F^2}\Big)|e|^2 = (1 - \mu)\,|e|^2. \tag{single row} $$
#
# It is reached exactly, and it is also the long-run rate.

# %%
worst = system.basis[:, -1]
one_row = row_moments.single_row_rate(system)
np.testing.assert_allclose(row_moments.averaged_step(system, worst, lr=1, batch=1), one_row, rtol=1e-12)
sv = np.linalg.svd(system.matrix, compute_uv=False)
np.testing.assert_allclose(one_row, 1 - sv[-1] ** 2 / np.sum(sv**2), rtol=1e-12)

# %% [markdown]
# ## What a batch buys without momentum
#
# With $R=\max_i s_i|a_i|^2$ (1 for projections) we have $EP^2\preceq RG$, and the bracket is at most
# $I-aG\,[2-a((1-c)L+cR)]$. The step that makes the inner bracket 1 gives
#
# $$ a = \frac{1}{cR + (1-c)L}:\qquad (I-aG)^2 + a^2 c\,(E P^2 - G^2) \preceq I - aG
#    \quad\Rightarrow\quad \mathrm{gap} \ge a\mu. \tag{simple sgd} $$
#
# It grows with $B$ only while $c=1/B$ dominates $L/R$, that is up to $B\approx R/L$. The matrix inequality, then the gaps:

# %%
G = np.diag(system.eigenvalues)
for B in (1, 4, 64):
    a, c, eye = parallel.simple_sgd(system, B).delta, 1 / B, np.eye(30)
    left = (eye - a * G) @ (eye - a * G) + a**2 * c * (G - G @ G)
    assert np.linalg.eigvalsh(eye - a * G - left).min() > -1e-12
batches = [1, 4, 16, 64, 128, 256]
plain = parallel.scaling(system, batches, parallel.simple_sgd)
promised = [m.delta * system.smallest for m in plain.methods]
assert np.all(plain.gap >= promised)
print("SGD's window ends at R/L =", round(1 / system.largest, 2))
print("row visits to 1e-6:", plain.visits.round().astype(int))

# %% [markdown]
# Visits double and double again: beyond a few rows a larger batch only repeats work.
#
# ## Momentum proportional to the batch
#
# With a memory proportional to $1/B$, how many rows at once? The last thing you may see is that eight cost nothing:

# %%
guess_saturation = explore.predict("07_saturation")
guess_saturation

# %% [markdown]
# The first case is our working example. Where its number comes from is the subject of this section and the next.
#
# Now the rule of notebook 03, with a constant $R$ of the rows in the place of $\mathrm{tr}+L$:
#
# $$ 1-\beta = \epsilon = \min\Big(\frac{B\mu}{R},\ \frac1{\sqrt\kappa}\Big),\qquad
#    \eta = \frac{\epsilon^2}{2\mu},\qquad \mathrm{gap} \ge \frac{\epsilon}{2}. \tag{simple momentum} $$
#
# The constants are ours; Garg and Dereziński state the scaling. It needs no Gaussian inputs. Noise that enters at one
# step has covariance $c\,N(M)$, with $M=E\,ee^\top$ and $N(M)=E[(P-G)M(P-G)]$. Its trace is
#
# $$ \mathrm{tr}\,N(M) = \mathrm{tr}\bigl[(E P^2 - G^2)\,M\bigr] \;\le\; R\,\mathrm{tr}(GM),\qquad R=\max_i s_i|a_i|^2.
#    \tag{noise-trace} $$
#
# Let $\Gamma_{\rho,ii}$ be the squared response of the noiseless method along mode $i$, discounted by $\rho$. What this noise
# adds to $\mathrm{tr}(GM)$ later is at most its trace times $\max_i\lambda_i\Gamma_{\rho,ii}$. So
#
# $$ \rho:\quad c\,R\,\max_i \lambda_i \Gamma_{\rho,ii} = 1 \tag{guaranteed} $$
#
# is a rate that the spectrum alone guarantees. The exact rate asks instead when noise just reproduces itself (the appendix
# proves it):
#
# $$ \rho:\quad \mathrm{spr}\big[\,N \mapsto c\,N(\Gamma_\rho \circ N)\,\big] = 1,\qquad
#    \Gamma_{\rho,ij} = \sum_k \rho^{-k-1} h_k(\lambda_i) h_k(\lambda_j). \tag{row gap} $$
#
# The chain $\epsilon/2\le$ (guaranteed) $\le$ (row gap) should hold at every batch.

# %%
simple = parallel.scaling(system, batches)
sure = np.array([row_moments.guaranteed_gap(system, m, B) for m, B in zip(simple.methods, batches, strict=True)])
eps = np.array([1 - m.beta for m in simple.methods])
assert np.all(sure >= eps / 2) and np.all(simple.gap >= sure)
print("batch           ", batches)
print("gap / (eps/2)   ", (simple.gap / (eps / 2)).round(3))
print("guaranteed      ", (sure / (eps / 2)).round(3))
print("row visits      ", simple.visits.round().astype(int))

# %% [markdown]
# The visits are flat within a few per cent until they bend. What is proportional to the batch is the guarantee; the exact gap
# follows it closely. At 64 rows momentum needs a fraction of SGD's work. That the exact gap is exact can be
# seen on the dense operator of a small system, whose largest eigenvalue is $\rho$.

# %%
small = example_systems.unit_rows(40, 4, np.random.default_rng(1))
method = parallel.simple_momentum(small, 3)
operator = row_moments.second_moment_operator(small, method, 3)
rho = np.abs(np.linalg.eigvals(operator @ np.eye(operator.shape[0]))).max()
np.testing.assert_allclose(row_moments.contraction_gap(small, method, 3), 1 - rho, rtol=1e-6)

# %% [markdown]
# ## Why the guarantee holds
#
# By (guaranteed) it is enough that at $\rho=1-\epsilon/2$
#
# $$ \lambda\,\Gamma_{\rho}(\lambda) \;\le\; \frac\epsilon\mu \quad\text{for every } \mu\le\lambda\le L,
#    \qquad\text{since then}\qquad cR\,\lambda\Gamma\le\frac{R}{B}\cdot\frac{B}{R}=1. \tag{rows-response} $$
#
# For heavy ball this is (T3-noise) of notebook 03, which uses $\epsilon\le1/\sqrt\kappa$ and nothing else. We check it on
# random curvatures, with $\Gamma$ summed from the impulse response itself.

# %%
def energy(method, lam, rho, steps):
    """lam times Gamma: the sum of the squared impulse response, step by step, discounted by rho."""
    w, m = method.step(np.zeros_like(lam), np.zeros_like(lam), np.ones_like(lam))
    total = w**2 / rho
    for k in range(2, steps):
        w, m = method.step(w, m, lam * w)
        total += w**2 / rho**k
    return lam * total


def drawn(rng):
    """mu, kappa, a memory that the rule allows, and nine curvatures between mu and L."""
    kappa, mu = 10 ** rng.uniform(0, 3), 10 ** rng.uniform(-3, 0)
    return mu, kappa, rng.uniform(0.2, 1) / np.sqrt(kappa), mu * np.geomspace(1, kappa, 9)

# %% [markdown]
# Expect numbers below 1; the largest is how much of the budget the rule uses.

# %%
rng, used = np.random.default_rng(0), []
for _ in range(100):
    mu, kappa, forget, lam = drawn(rng)
    m = mb.Method.heavy_ball(lr=forget**2 / (2 * mu), beta=1 - forget)
    used.append(np.max(energy(m, lam, 1 - forget / 2, int(80 / forget))) * mu / forget)
print(f"lambda Gamma over eps/mu, heavy ball: {min(used):.3f} to {max(used):.3f}")
assert max(used) < 1

# %% [markdown]
# ## Nesterov's momentum has the same guarantee
#
# Garg and Dereziński treat Nesterov's momentum too. The rule becomes
#
# $$ 1-\beta = \epsilon = \min\Big(\frac{B\mu}{R},\ \frac1{\sqrt\kappa}\Big),\qquad
#    \mathrm{lr} = \frac{\epsilon^2}{2\mu},\qquad \mathrm{gap} \ge \frac{\epsilon}{2}, \tag{simple Nesterov} $$
#
# that is $\beta=1-\sqrt{2\mu\,\mathrm{lr}}$. The proof is in notebook 03, (nesterov-noise): it bounds $\lambda\Gamma$ and uses
# nothing else, so by (rows-response) it holds for rows as it stands. The same check, then the gaps on our system.

# %%
used = []
for _ in range(100):
    mu, kappa, forget, lam = drawn(rng)
    m = mb.Method.nesterov(lr=forget**2 / (2 * mu), beta=1 - forget)
    used.append(np.max(energy(m, lam, 1 - forget / 2, int(80 / forget))) * mu / forget)
print(f"lambda Gamma over eps/mu, Nesterov: {min(used):.3f} to {max(used):.3f}")
look = parallel.scaling(system, batches, parallel.simple_nesterov)
print("gap / (eps/2)   ", (look.gap / (eps / 2)).round(3))
assert max(used) < 1 and np.all(look.gap >= eps / 2)

# %% [markdown]
# Every kind of row is covered. On random systems with three unknowns and rows of unequal length, half of them projections and
# half plain gradients, we compute the exact gap of both rules and divide by the promise.

# %%
def random_system(rng, d=3):
    """Three to eight random rows with a preferred direction; projections or plain gradients."""
    A = rng.standard_normal((int(rng.integers(d, 9)), d)) + rng.uniform(0, 3) * np.ones(d)
    return System.kaczmarz(A) if rng.random() < 0.5 else System.least_squares_rows(A)


found = []
for _ in range(150):
    one, B = random_system(rng), int(10 ** rng.uniform(0, 3))
    for m in (parallel.simple_momentum(one, B), parallel.simple_nesterov(one, B)):
        found.append(row_moments.contraction_gap(one, m, B) / ((1 - m.beta) / 2))
print(f"gap over promise, 300 cases: smallest {min(found):.3f}, median {np.median(found):.3f}")
assert min(found) >= 1

# %% [markdown]
# ## Saturation, predicted and measured
#
# The two branches of the minimum meet at
#
# $$ B_{\mathrm{sat}} = \frac{R}{\mu\sqrt\kappa}. \tag{saturation} $$
#
# Beyond it the gap is constant, so the gap per row falls like $B_{\mathrm{sat}}/B$: it has *halved* at $2B_{\mathrm{sat}}$, and
# that is about what the measurement, which looks for the half, should find; the exact gap bends a little later than its
# guarantee. The form $R/(\mu\sqrt\kappa)$ is this book's.

# %%
fine = parallel.scaling(system, np.unique(np.geomspace(1, 2000, 40).round()))
bend, half = parallel.saturation_batch(system), parallel.measured_saturation(fine)
print(f"predicted bend {bend:.1f}, so half at {2 * bend:.1f}; measured half {half:.1f}")
print(f"SGD's own window: {parallel.measured_saturation(parallel.scaling(system, fine.batches, parallel.simple_sgd)):.2f}")
assert 2 * bend < half < 1.3 * 2 * bend

# %% [markdown]
# ## The simple choice and the best one
#
# Simple momentum pays for its guarantee with a constant. The tuned optimum, found by a direct search on the exact gap,
# says how much, for heavy ball, for Nesterov's momentum, and for SGD. Gaps are printed in units of $B\mu$.

# %%
best = {}
for family, tolerance in (("sgd", 0.02), ("heavy_ball", 0.02), ("nesterov", 0.1)):
    for B in (4, 64):
        best[family, B] = parallel.tuned(system, B, family, tolerance=tolerance).gap / (B * system.smallest)
    print(f"{family:<11} B=4: {best[family, 4]:.3f}   B=64: {best[family, 64]:.3f}")
ours = [simple.gap[batches.index(B)] / (B * system.smallest) for B in (4, 64)]
print(f"simple momentum {ours[0]:.3f}, {ours[1]:.3f}")
assert best["heavy_ball", 4] > 4 * ours[0] and best["heavy_ball", 64] > 2 * ours[1]

# %% [markdown]
# Tuned SGD has lost almost everything at 64 rows. Tuned heavy ball is two to five times as fast as the simple choice. It beats
# tuned SGD already at $B=4$.
#
# ## What does not carry over: the ceiling
#
# For Gaussian inputs notebook 03 proved $\mathrm{gap}\le4B\mu/\mathrm{tr}$ for every heavy ball, so momentum could not lower
# the price of a sample by more than a constant. On rows this is false. Take a system with one dominating direction $v$,
# and say how much cheaper heavy ball makes a row there.

# %%
guess_price = explore.predict("07_price")
guess_price

# %% [markdown]
# The system of the question has four unknowns, the one below eight:

# %%
steep = example_systems.with_spectrum(mb.Spectrum.power_law(8, 1.5, 1e4, binned=False), 160, np.random.default_rng(0))
hb, sgd = (parallel.tuned(steep, 1, family) for family in ("heavy_ball", "sgd"))
print(steep)
print(f"gap / (B mu) at B = 1: SGD {sgd.gap / steep.smallest:.2f}, heavy ball {hb.gap / steep.smallest:.2f}")
assert sgd.gap < 4 * steep.smallest and hb.gap > 4 * steep.smallest

# %% [markdown]
# Three independent computations confirm it. First, the exact error curve, which comes from powers of the moment
# map and not from the rate equation; second, the dense operator; third, drawn rows.

# %%
T = int(8 / hb.gap)
far = row_moments.errors_at(steep, hb.method, 1, [50, T, 2 * T])
np.testing.assert_allclose((far[2] / far[1]) ** (1 / T), 1 - hb.gap, rtol=1e-4)
operator = row_moments.second_moment_operator(steep, hb.method, 1)
rho = np.abs(np.linalg.eigvals(operator @ np.eye(operator.shape[0]))).max()
np.testing.assert_allclose(1 - rho, hb.gap, rtol=1e-4)
runs = row_sampling.simulate(steep, hb.method, 1, 50, 1000, np.random.default_rng(0))[:, -1]
print(f"after 50 rows: exact {far[0]:.4f}, 1000 runs {runs.mean():.4f} ± {runs.std(ddof=1) / np.sqrt(1000):.4f}")
assert abs(runs.mean() - far[0]) < 5 * runs.std(ddof=1) / np.sqrt(1000)

# %% [markdown]
# The reason is in the noise. For Gaussian inputs an error along $v$ makes noise in every direction, in proportion to
# $\mathrm{tr}\,H$. A projection acts on $v$ almost without noise, since nearly every row is nearly $v$: from (averaged step),
#
# $$ \mathrm{tr}\,N(vv^\top) = v^\top(EP^2-G^2)\,v = L - L^2 \quad\text{against}\quad L^2+L\,\mathrm{tr}\,H\ \text{ (Gaussian)}.
#    \tag{quiet direction} $$
#
# With $L$ close to the trace, which is 1, that is nearly nothing.

# %%
v, L = steep.basis[:, 0], steep.largest
noise = row_moments.averaged_step(steep, v, lr=1, batch=1) - (1 - L) ** 2
print(f"noise made along v: rows {noise:.2e}, Gaussian inputs {L**2 + L:.2f}")
np.testing.assert_allclose(noise, L - L**2, rtol=1e-9)

# %% [markdown]
# ## A ceiling for any rows
#
# What takes the place of the trace? Let $\tau$ be the largest constant with
#
# $$ E P^2 - G^2 \succeq \tau\,G: \tag{tau} $$
#
# the noise of the quietest direction. **Proposition A.** For every law of the rows, every batch of independent draws and
# every heavy ball that converges,
#
# $$ \mathrm{gap} \;\le\; (1+\sqrt\rho)^2\,\frac{B\mu}{\tau}. \tag{row ceiling} $$
#
# Gaussian inputs have $\tau=\mathrm{tr}+\mu$, which gives (T2) back and a little more; inputs of independent coordinates with
# [kurtosis] $k\le2$ have $\tau=\mathrm{tr}-(2-k)L$; projections have $\tau=1-L$. So on rows the Gaussian ceiling can be
# passed only where one direction carries nearly the whole trace.
#
# *Proof.* Put $x=\sqrt\rho$. Two inequalities of notebook 03, $q\le\eta\lambda x$ and $r\le(1+x)(x+\beta)$, inserted into
# (T2-response), bound the response of every mode from below:
#
# $$ \lambda_i\Gamma_{ii} \;\ge\; \eta\,\phi,\qquad \phi = \frac{x(x^2+\beta)}{(x^2-\beta)(1+x)(x+\beta)}.
#    \tag{response-below} $$
#
# Let $M\succeq0$ be the error covariance that reproduces itself at $\rho$: $M=\frac1B\,\Gamma\circ N(M)$, the leading
# eigenvector in (row gap). Read its diagonal, then use (response-below), (noise-trace) and (tau):
#
# $$ \mathrm{tr}\,GM = \frac1B\sum_i\lambda_i\Gamma_{ii}N_{ii} \;\ge\; \frac{\eta\phi}{B}\,\mathrm{tr}\,N(M)
#    \;\ge\; \frac{\eta\phi\tau}{B}\,\mathrm{tr}\,GM. \tag{row-noise} $$
#
# Since $\mathrm{tr}\,GM>0$, $\eta\tau/B\le1/\phi$: this replaces (T2-noise). Divide (T2-speed), $\eta\mu x>(1-x)(x-\beta)$, by
# it; what is left is (T2-divided) with $\tau$ in the place of the trace. $\square$
#
# Every line, on random systems, batches and heavy balls. First the covariance $M$, from the dense operator:
#
# [kurtosis]: ../NOTATION.md#kurtosis "fourth moment of an input coordinate over its squared second moment; 3 if Gaussian"

# %%
def reproduced(system, m, B):
    """rho and M: the leading eigenvalue of (row moments) and the error part of its eigenvector."""
    operator = row_moments.second_moment_operator(system, m, B)
    value, vector = np.linalg.eig(operator @ np.eye(operator.shape[0]))
    top, r = np.argmax(value.real), system.rank
    M = vector[:, top].real.reshape(2, 2, r, r)[0, 0]
    return value[top].real, M / np.trace(M)

# %% [markdown]
# Then the lines of the proof, each as a slack that must not be negative, and the equality of (row-noise) as an error.

# %%
def proposition(system, m, B):
    """rho, the error of (row-noise)'s first equality, and the slack of every line."""
    (rho, M), lam, beta = reproduced(system, m, B), system.eigenvalues, m.beta
    x, N, tau = np.sqrt(rho), row_moments.row_noise(system, M), row_moments.noise_bounds(system)[0]
    q, r = rho + beta - x * (1 + beta - m.eta * lam), rho + beta + x * (1 + beta - m.eta * lam)
    response = m.eta**2 * lam * rho * (rho + beta) / ((rho - beta) * q * r)
    phi = x * (rho + beta) / ((rho - beta) * (1 + x) * (x + beta))
    same = response @ np.diag(N) / B / (lam @ np.diag(M)) - 1
    return rho, same, [np.linalg.eigvalsh(M)[0], np.min(response / (m.eta * phi)) - 1, np.trace(N) - tau * (lam @ np.diag(M)),
                       1 / phi - m.eta * tau / B, (1 + x) ** 2 * B * system.smallest / max(tau, 1e-300) - (1 - rho)]

# %% [markdown]
# Expect no negative slack beyond rounding. The last line says how near the gap comes to its ceiling, and to $4B\mu$ over the
# trace, which is no ceiling here.

# %%
lines, shares = [], []
while len(lines) < 300:
    one, B = random_system(rng), int(10 ** rng.uniform(0, 1.5))
    m = mb.Method.heavy_ball(lr=10 ** rng.uniform(-2, 0.3) / one.largest, beta=1 - 10 ** rng.uniform(-2, 0))
    rho, same, slack = proposition(one, m, B)
    if rho < 0.999:                                         # the eigenvalue has ten digits, 1 - rho fewer
        lines.append([abs(same), *(-v for v in slack)])
        floors = np.array([row_moments.noise_bounds(one)[0], one.trace])
        shares.append((1 - rho) / (1 + np.sqrt(rho)) ** 2 / (B * one.smallest) * floors)
assert np.max(lines) < 1e-5
print("largest gap over ceiling: {:.2f}; with the trace in place of tau: {:.2f}".format(*np.max(shares, axis=0)))

# %% [markdown]
# The constant 4 is sharp on rows too. On a system with eleven equal fast directions, tuned heavy ball nearly reaches the
# ceiling; on the steep system above the ceiling leaves room, and heavy ball uses part of it.

# %%
level = example_systems.with_spectrum(mb.Spectrum.two_level(12, 1e4, top=11), 40, np.random.default_rng(0))
ceilings = [row_moments.heavy_ball_ceiling(one, 1) for one in (level, steep)]
near = parallel.tuned(level, 1, tolerance=0.02).gap / ceilings[0]
print(f"eleven fast directions: tuned gap over ceiling {near:.3f}")
print(f"steep: heavy ball {hb.gap / steep.smallest:.1f} mu, ceiling {ceilings[1] / steep.smallest:.1f} mu")
assert 0.97 < near < 1 and hb.gap < ceilings[1]

# %% [markdown]
# ## Two mirrored rows: a factor of order √κ at batch 1
#
# How much can heavy ball gain on rows? Take two rows of length one that are each other's mirror image,
# $a_\pm=(c,\pm s)$ with $c^2+s^2=1$ and $\kappa=c^2/s^2$. Then $G=\mathrm{diag}(c^2,s^2)$, and a drawn row differs from the
# mean by $\pm cs$ off the diagonal only:
#
# $$ P-G=\pm cs\begin{pmatrix}0&1\\1&0\end{pmatrix},\qquad N(M)_{11} = c^2s^2M_{22},\quad N(M)_{22} = c^2s^2M_{11}.
#    \tag{mirrored} $$
#
# Noise only *exchanges* the two modes. It reproduces itself after two exchanges, so the rate is the root of
#
# $$ o_1\,o_2 = 1,\qquad o_i=\lambda_i^2\Gamma_{ii}/B. \tag{exchange} $$

# %%
mirror, m = example_systems.mirrored_rows(100.0), mb.Method.heavy_ball(0.9, 0.8)
M = np.array([[2.0, 0.3], [0.3, 5.0]])
lam, beta, rho = mirror.eigenvalues, m.beta, 1 - row_moments.contraction_gap(mirror, m, 1)
np.testing.assert_allclose(np.diag(row_moments.row_noise(mirror, M)), lam.prod() * np.diag(M)[::-1], rtol=1e-12)
q, r = (rho + beta - sign * np.sqrt(rho) * (1 + beta - m.eta * lam) for sign in (1, -1))
o = m.eta**2 * lam**2 * rho * (rho + beta) / ((rho - beta) * q * r)
print(f"o_1 o_2 = {o.prod():.9f}")
np.testing.assert_allclose(o.prod(), 1, rtol=1e-7)

# %% [markdown]
# **Proposition B.** On these rows, at batch 1, heavy ball with $1-\beta=\epsilon=1/\sqrt\kappa$ and
# $\eta=\epsilon^2/(2\mu)$ has
#
# $$ \mathrm{gap} \ge \frac{1}{2\sqrt\kappa},\qquad\text{while SGD has}\quad \frac{\mathrm{gap}}{B} \le \frac4\kappa
#    \quad\text{at every batch.} \tag{sqrt-kappa} $$
#
# Per row heavy ball is at least $\sqrt\kappa/8$ times as efficient. By (T4) no method of the family has a gap above
# $4/\sqrt\kappa$, so no larger order is possible.
#
# *Proof.* Put $\rho=1-\epsilon/2$. The bound (rows-response) holds, since it uses $\epsilon\le1/\sqrt\kappa$ only; but now
# it is needed for the *product* of the two modes. With $\lambda_1\lambda_2=\kappa\mu^2$ and $B=1$,
#
# $$ o_1o_2 = \lambda_1\lambda_2\,(\lambda_1\Gamma_{11})(\lambda_2\Gamma_{22}) \;\le\; \kappa\mu^2\,\frac{\epsilon^2}{\mu^2}
#    = \kappa\epsilon^2 = 1. \tag{product} $$
#
# So at this $\rho$ noise does not reproduce itself, and the gap is at least $\epsilon/2$. For SGD, (T4-heavy-ball) at $\beta=0$
# has no square: $(1-x)/(1+x)\le1/\kappa$ at any batch, so gap $\le4/\kappa$. $\square$

# %%
for kappa in (1e1, 1e3, 1e4):
    mirror, eps = example_systems.mirrored_rows(kappa), 1 / np.sqrt(kappa)
    mu, m = mirror.smallest, mb.Method.heavy_ball(eps**2 / (2 * mirror.smallest), 1 - eps)
    response = energy(m, mirror.eigenvalues, 1 - eps / 2, int(80 / eps))
    assert np.all(response <= eps / mu) and np.prod(mirror.eigenvalues * response) < 1
    assert row_moments.contraction_gap(mirror, m, 1) >= eps / 2
    assert parallel.tuned(mirror, 1, "sgd", tolerance=0.1).gap <= 4 / kappa

# %% [markdown]
# Every line holds. And the tuned gap, in units of $\mu$, against $\sqrt\kappa$:

# %%
for kappa in (1e3, 1e4, 1e6):
    mirror, eps = example_systems.mirrored_rows(kappa), 1 / np.sqrt(kappa)
    rule = mb.Method.heavy_ball(eps**2 / (2 * mirror.smallest), 1 - eps)
    most = parallel.tuned(mirror, 1, tolerance=1e-3, start=rule).gap / mirror.smallest
    own = row_moments.contraction_gap(mirror, rule, 1) / mirror.smallest
    print(f"kappa {kappa:<8g} tuned gap/mu {most:6.1f} = {most / np.sqrt(kappa):.3f} sqrt(kappa), by the rule {own:6.1f}")
    assert 0.9 < most / np.sqrt(kappa) < 1

# %% [markdown]
# So the [lower bound] is universal, and the [upper bound] is a property of the law of the rows. A heavy ball that is
# cheaper than SGD's best by more than a constant exists on rows, with a known cause: noise that does not return to the
# direction that made it. For Gaussian inputs, the model of the main paper, (T2) excludes it. In the panel, raise κ to see the
# hollow squares sink below everything else.
#
# ## Which rows, drawn how
#
# The spectrum that matters is that of $G$, which the law of the rows decides. Take rows of unequal length and compare
# drawing by squared length, drawing uniformly, and plain minibatch SGD, which does not normalise and pays for it through
# $R$. Beside each stands a Gaussian stream with the same spectrum under the same rule.
#
# [upper bound]: ../NOTATION.md#upper-bound "no method of the class has a larger contraction gap"
# [lower bound]: ../NOTATION.md#lower-bound "the tuned method has at least this contraction gap"

# %%
A = np.random.default_rng(5).standard_normal((300, 10)) * np.geomspace(0.5, 2, 300)[:, None]
laws = {"by length": System.kaczmarz(A), "uniform": System.kaczmarz(A, sampling="uniform"),
        "plain rows": System.least_squares_rows(A)}
for name, law in laws.items():
    m, stream = parallel.simple_momentum(law, 8), mb.Spectrum(law.eigenvalues)
    gap, bound = row_moments.contraction_gap(law, m, 8), (1 - m.beta) / 2
    print(f"{name:<10} R/mu {law.row_energy / law.smallest:7.2f}  gap {gap:.5f}  guaranteed {bound:.5f}  "
          f"Gaussian stream {mb.contraction_gap(stream, m, 8):.5f}")
    assert gap >= bound

# %% [markdown]
# Under this rule the law of the rows hardly shows: rows and stream differ by a tenth or so; what differs is $R/\mu$. Drawing
# *without* replacement only lowers the noise, by the factor $(n-B)/(n-1)$ in (batch), to nothing at $B=n$:

# %%
law = laws["plain rows"]
m = parallel.simple_momentum(law, 150)
gaps = [row_moments.contraction_gap(law, m, 150, draws) for draws in ("replacement", "distinct")]
print("gap with and without replacement:", np.round(gaps, 6))
assert gaps[1] >= gaps[0] and same_row_weight(law, 300, "distinct") == 0

# %% [markdown]
# ## Coordinate descent is the same thing
#
# To minimise $\frac12w^\top Hw-c^\top w$ one coordinate at a time is to run Kaczmarz on $H^{1/2}$:
#
# $$ w_i' = w_i - \frac{(Hw - c)_i}{H_{ii}} \quad\Longleftrightarrow\quad
#    v' = v - \frac{a_i (a_i\cdot v - c_i)}{|a_i|^2},\quad v = H^{1/2} w,\ a_i = H^{1/2} 1_i. \tag{coordinates} $$
#
# So everything above holds for it, momentum included. The two gaps must be equal to rounding.

# %%
H = A.T @ A / 300
lam, V = np.linalg.eigh(H)
root = V @ np.diag(np.sqrt(lam)) @ V.T
pair = System.coordinate_descent(H), System.kaczmarz(root)
m = parallel.simple_momentum(pair[0], 3)
gaps = [row_moments.contraction_gap(s, m, 3) for s in pair]
print("coordinates, rows of the root:", *np.round(gaps, 10))
np.testing.assert_allclose(gaps[0], gaps[1], rtol=1e-8)

# %% [markdown]
# ## Momentum that finds itself
#
# The rule needs $\mu$, which nobody knows. But every simple momentum has the same $\eta(\epsilon)$, without $\mu$. Heavy ball
# of memory $\epsilon$ shows how fast its residuals fall; read as a $\mu$, that gives the next $\epsilon$:
#
# $$ \eta(\epsilon) = \min\Big(\frac{B\epsilon}{2R},\ \frac{1}{2L}\Big),\qquad
#    \hat\mu = \frac{\hat\gamma\,\epsilon}{2\eta},\qquad
#    \epsilon \leftarrow \min\Big(\frac{B\hat\mu}{R},\ \sqrt{\hat\mu/L}\Big). \tag{adaptive} $$
#
# No rate is proved for it. On our system it should come within a factor of two of the rule that knows $\mu$.

# %%
rng = np.random.default_rng(1)
adapted, memory = row_sampling.adaptive(system, 16, 2500, 20, rng)
knows = row_sampling.simulate(system, parallel.simple_momentum(system, 16), 16, 2500, 20, rng)
reached = [float(np.median(yardsticks.first_passage(e, 1e-4))) for e in (adapted, knows)]
print(f"iterations to 1e-4, median of 20 runs: adaptive {reached[0]:.0f}, knows mu {reached[1]:.0f}")
print(f"memory 1-beta in the end {np.median(memory[:, -1]):.4f}, rule {1 - parallel.simple_momentum(system, 16).beta:.4f}")
assert reached[0] < 2 * reached[1]

# %% [markdown]
# ## Real systems, and an honest yardstick
#
# A picture of 12 × 12 pixels seen through 800 rays: rank 144, sparse rows, so here we simulate. We count row visits until
# the squared error is a hundredth, and put `lsqr` beside them: one of its products touches all 800 rows.

# %%
rays = example_systems.tomography(12, 800, np.random.default_rng(0))
print(rays, f" predicted saturation {parallel.saturation_batch(rays):.0f}")
for B in (4, 16, 64):
    runs = row_sampling.simulate(rays, parallel.simple_momentum(rays, B), B, 16_000 // B, 6, np.random.default_rng(0))
    print(f"B = {B:>3}: {B * np.median(yardsticks.first_passage(runs, 1e-2)):>7.0f} row visits")
krylov = yardsticks.krylov(rays, 1e-2)
print(f"lsqr   : {round(800 * krylov.products, -4):>7} row visits, to the nearest ten thousand")

# %% [markdown]
# Over a sixteenfold range of batches the work stays the same, and at this modest accuracy it is that of the Krylov method.
# Row methods are for systems too large to sweep, or that arrive in pieces.
#
# A Vandermonde system, six degrees of a polynomial, is small and hopelessly conditioned. Here everything is exact again.

# %%
vander = example_systems.vandermonde(200, 6)
found = parallel.scaling(vander, [1, 16, 128, 4096])
print(vander, f" predicted saturation {parallel.saturation_batch(vander):.0f}")
print("row visits:", found.visits.round(-2).astype(int))
np.testing.assert_allclose(found.visits[:3], found.visits[0], rtol=0.02)

# %% [markdown]
# The Krylov method needs some three thousand row visits, a few more or less with the rounding of the machine:

# %%
krylov = 200 * yardsticks.krylov(vander, 1e-6).products
assert krylov < found.visits[0] / 100
print("lsqr needs less than a hundredth of the row visits:", bool(krylov < found.visits[0] / 100))

# %% [markdown]
# Perfect parallelization is perfect here too, up to the predicted batch, of a method that should not be used at batch one.
#
# ## What we learned
#
# - On rows, SGD parallelizes up to about $R/L$ rows; momentum with memory proportional to $1/B$ up to about
#   $R/(\mu\sqrt\kappa)$.
# - The guarantee uses the spectrum of $G$ and the largest row, and no other property of the data. Nesterov's momentum has
#   the same one.
# - The *upper* bound of the Gaussian model does not carry over. On any rows a ceiling holds with $\tau$, the noise of the
#   quietest direction, in the place of the trace; on projections $\tau=1-L$.
# - On two mirrored rows heavy ball needs $\sqrt\kappa/8$ times fewer rows than SGD, or better, at batch 1: a theorem.
# - Tuning is worth a constant, adaptivity costs little, and Krylov methods remain the yardstick.
#
# Whose is what: (averaged step) is Moorman et al.'s, (single row) Strohmer and Vershynin's, (coordinates) Leventhal and
# Lewis's; the proportional acceleration is Garg and Dereziński's. The constants, ([saturation]) and the two propositions are
# ours.
#
# ## Exercises
#
# 1. In the panel, set κ = 1. Why is momentum then no help at small batch, and harmful in the simple form?
#
#    <details><summary>Solution</summary>
#
#    At $\kappa=1$, $G=I/d$: there is no slow direction to accelerate. Tuned heavy ball reaches gap $1.000\,B\mu$ at
#    $B=1$, exactly tuned SGD's, by taking $\beta=0$. The simple form cannot: the constants of its guarantee cost it,
#    and it visits 172 rows where simple SGD visits 103 (eight unknowns). At 64 rows, with $\kappa=1$ past
#    everybody's [window], 689 against 382.
#
#    </details>
#
# 2. Find the smallest κ at [decay][spectrum decay] 1.5 for which tuned heavy ball beats $4B\mu$ at $B=1$.
#
#    <details><summary>Solution</summary>
#
#    Near $\kappa=138$: at 130 heavy ball's gap is $3.92\,B\mu$, at 150 it is $4.10\,B\mu$, on the panel's systems
#    (eight unknowns, 160 rows). It goes on growing, like a power of $\kappa$; SGD's stays below 4 for all $\kappa$.
#
#    </details>
#
# 3. Show from (batch) that a batch of $n$ distinct rows is gradient descent, and compute its optimal heavy ball.
#
#    <details><summary>Solution</summary>
#
#    For distinct rows $c=(n-B)/(B(n-1))$, which is 0 at $B=n$: (batch) becomes $GMG$, the step is $e'=(I-aG)e$,
#    gradient descent with no noise. Its best heavy ball is Polyak's, $\eta=4/(\sqrt L+\sqrt\mu)^2$ and
#    $\beta=\bigl((\sqrt\kappa-1)/(\sqrt\kappa+1)\bigr)^2$, and the loss shrinks by $\beta$ per step: on the 40 rows
#    below, 0.0508 by formula and by the package.
#
#    </details>
#
# The numbers in the solutions, computed:
#
# [spectrum decay]: ../NOTATION.md#spectrum-decay "how fast the eigenvalues fall: the exponent a in i to the power -a"
# [window]: ../NOTATION.md#window "range of batches over which CE stays near its best; its width is the critical batch"
# [saturation]: ../NOTATION.md#saturation "batch of rows beyond which momentum no longer turns rows into speed"

# %% tags=["solution"] jupyter={"source_hidden": true}
round_one = example_systems.with_spectrum(mb.Spectrum.flat(8), 160, np.random.default_rng(0))
visits = [parallel.scaling(round_one, [1, 64], rule).visits for rule in (parallel.simple_sgd, parallel.simple_momentum)]
np.testing.assert_allclose(visits, [[103, 382], [172, 689]], rtol=5e-3)
gaps = [parallel.tuned(round_one, 1, family, tolerance=0.02).gap for family in ("sgd", "heavy_ball")]
np.testing.assert_allclose(np.array(gaps) / round_one.smallest, 1, rtol=1e-6)
for kappa, stated in ((130, 3.92), (150, 4.10)):
    law = mb.Spectrum.power_law(8, 1.5, kappa, binned=False)
    rows = example_systems.with_spectrum(law, 160, np.random.default_rng(0))
    np.testing.assert_allclose(parallel.tuned(rows, 1, tolerance=0.02).gap / rows.smallest, stated, rtol=5e-3)
A = np.random.default_rng(5).standard_normal((40, 6))
rows = System.kaczmarz(A / np.linalg.norm(A, axis=1)[:, None])
root = np.sqrt([rows.largest, rows.smallest])
polyak = mb.Method.heavy_ball(lr=4 / root.sum() ** 2, beta=((root[0] - root[1]) / root.sum()) ** 2)
assert same_row_weight(rows, 40, "distinct") == 0
rho = 1 - row_moments.contraction_gap(rows, polyak, 40, "distinct")
np.testing.assert_allclose([rho, polyak.beta], 0.0508, rtol=2e-3)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Garg, Dereziński, *Perfect Parallelization in Mini-Batch SGD with Classical Momentum Acceleration*, arXiv 2605.18609 (2026).
# - Strohmer, Vershynin, *A Randomized Kaczmarz Algorithm with Exponential Convergence*, J. Fourier Anal. Appl. (2009).
# - Leventhal, Lewis, *Randomized Methods for Linear Constraints*, Math. Oper. Res. (2010).
# - Moorman, Tu, Molitor, Needell, *Randomized Kaczmarz with Averaging*, BIT (2021).
