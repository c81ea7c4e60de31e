# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 8 · Small learning rates, and where momentum pays
#
# **If SGD takes small steps anyway, does momentum do anything?** Matched by their *[long-run step]* $h=\eta/(1-\beta)$, SGD
# and SGD with momentum (SGDM) follow the same distribution as $h\to0$: this is the result of Wang, Malladi, Wang, Lyu and Li,
# and in the linear model we can watch it exactly. Momentum averages the noise of a step and carries it over to the next, so
# the end point gains nothing. What momentum does take away is a *curvature* term of stability, and that term matters when
# the batch is large. One line, the threshold in $h$, joins this to everything else in the book.
#
# Drag **B** from 1 to 65536 at a fixed **step**: the two curves on the right are one curve, then two.
#
# [long-run step]: ../NOTATION.md#long-run-step "how far a constant unit gradient moves w per step in the long run"

# %%
import numpy as np

import mombook as mb
from mombook import explore, schedule
from mombook.exact import small_steps
from mombook.exact.svag import svag_curve
from mombook.exact.thresholds import long_run_threshold
from mombook.sample import network, noisy_gradient, slow_manifold, svag_network

# %% [markdown]
# Left: below its line a method is stable. In the shaded region no momentum, however long, moves the line by a quarter.
# The ring is the step both methods take on the right.

# %%
panel = explore.small_steps(kappa=10, decay=0.5, batch=512, fraction=0.1, memory=0.1)
panel

# %% [markdown]
# Try the presets. **Small batch** and **small steps**: momentum is inert. **Large batch, large steps**: SGD diverges where
# SGDM converges. **Too much [memory]**: SGDM only lags.
#
# ## Two methods, one long-run step
#
# A *[noisy gradient oracle with scale][noisy gradient oracle]* returns
#
# $$ g = \nabla L(w) + \sigma v,\qquad E\,v = 0,\quad \mathrm{Cov}\,v = \Sigma(w). \tag{ngos} $$
#
# SGD is $z'=z-\eta g$. SGDM in the averaging form is $m'=\beta m+(1-\beta)g$, $x'=x-\eta m'$; the form $m'=\beta m+g$ of the
# libraries has $\gamma=\eta(1-\beta)$ in the place of $\eta$. A gradient that stays moves either by $\eta$ per step.
#
# [memory]: ../NOTATION.md#memory "how long the momentum buffer remembers a gradient: about 1/(1 − β) steps"
# [noisy gradient oracle]: ../NOTATION.md#noisy-gradient-oracle "gradient plus σ times noise; NGOS for short"

# %%
sgd, sgdm = small_steps.matched(lr=0.1, beta=0.9)
print(sgd, sgdm, sep="\n")
np.testing.assert_allclose([sgd.long_run_step, sgdm.long_run_step], 0.1, rtol=1e-12)

# %% [markdown]
# ## The noise is held back, then handed over
#
# At $\beta=0.9$ a step of SGDM has a nineteenth of the noise of SGD's. What has the end point?

# %%
guess_noise = explore.predict("08_noise")
guess_noise

# %% [markdown]
# Nearly all of it. Where does the rest of the averaging go?
#
# In one SGDM step the noise is a weighted mean of old noises, and its variance is that of SGD times
#
# $$ (1-\beta)^2\sum_k \beta^{2k} = \frac{1-\beta}{1+\beta}. \tag{step noise} $$
#
# But successive steps share their noises. Without gradients, the noise of step $k$ has entered the end point $x_K$ with
# weight $1-\beta^{K-k+1}$, so
#
# $$ \mathrm{Var}\,x_K = \eta^2\sigma^2\sum_{j=1}^{K}(1-\beta^j)^2
#    = \eta^2\sigma^2\Big[K - \frac{2\beta(1-\beta^K)}{1-\beta} + \frac{\beta^2(1-\beta^{2K})}{1-\beta^2}\Big],
#    \tag{end point} $$
#
# which is SGD's $\eta^2\sigma^2K$ but for a constant. Fed the *same* noise, the two differ only by what the buffer holds:
#
# $$ E|x_K - z_K|^2 = \eta^2\sigma^2\,\frac{\beta^2(1-\beta^{2K})}{1-\beta^2} \;\le\; \frac{\eta^2\sigma^2}{1-\beta}.
#    \tag{coupling} $$
#
# Each line, from the sum and from the exact moments; the ratio at the end should tend to one although a step is 19 times
# less noisy.

# %%
beta, K = 0.9, 2000
j = np.arange(1, K + 1)
ends = [small_steps.end_point_variance(0.1, b, K) for b in (0.0, beta)]
np.testing.assert_allclose(ends[1], 0.01 * np.sum((1 - beta**j) ** 2), rtol=1e-10)
np.testing.assert_allclose(ends[1], small_steps.linear_moments([0.0], sgdm, K)[1][-1, 0], rtol=1e-10)
np.testing.assert_allclose(small_steps.coupled_difference(0.1, beta, K), 0.01 * np.sum(beta ** (2 * j)), rtol=1e-10)
print(f"noise in a step, SGDM over SGD: {small_steps.step_noise_ratio(beta):.4f}; at the end: {ends[1] / ends[0]:.4f}")
print(f"distance under the same noise, over the spread: {small_steps.coupled_difference(0.1, beta, K) / ends[0]:.5f}")
assert ends[1] / ends[0] > 0.98

# %% [markdown]
# The mean behaves the same way. Momentum turns the slow mode's factor into the larger root of
#
# $$ z^2 - (1+\beta-\eta(1-\beta)\lambda)\,z + \beta = 0,\qquad
#    1 - z = \eta\lambda\Big(1 + \frac{\beta}{1-\beta}\,\eta\lambda + \dots\Big): \tag{slow rate} $$
#
# to first order SGD's, $\eta\lambda$. The correction divided by its predicted size should tend to one.

# %%
for eta in (1e-2, 1e-3, 1e-4):
    excess = small_steps.slow_rate([1.0], eta, beta)[0] / eta - 1
    print(f"eta {eta:g}: excess {excess:.3e}, over prediction {excess / (9 * eta):.4f}")
assert abs(excess / (9 * eta) - 1) < 0.01

# %% [markdown]
# ## How fast the difference vanishes
#
# Mean and variance in the linear model obey
#
# $$ s' = T s + \sigma v\,b:\qquad E s' = T\,E s,\qquad
#    \mathrm{Cov}\, s' = T\,\mathrm{Cov}(s)\,T^\top + \sigma^2 b b^\top, \tag{linear moments} $$
#
# so the largest difference of $E\,w^2$ between SGD and SGDM over one unit of $\eta$-time is exact. Let the memory grow as the
# step falls, $1-\beta=\eta^\alpha$. The lag of the buffer is $\eta/(1-\beta)$ in $\eta$-time, so the slope should rise
# towards $1-\alpha$ (and to 1 for a fixed $\beta$). The paper's general guarantee is half of that, in test functions of
# any kind; this is the linear model.

# %%
etas = 2.0 ** -np.arange(9, 14)
for alpha in (0.0, 0.25, 0.5):
    betas = [small_steps.scheduled_beta(eta, alpha, memory=0.1 if alpha == 0 else 1.0) for eta in etas]
    gaps = [small_steps.weak_difference(eta, b) for eta, b in zip(etas, betas, strict=True)]
    fit, local = small_steps.measured_slope(etas, gaps), -np.diff(np.log2(gaps))
    print(f"alpha {alpha:<4}  slope {fit.value:.3f} [{fit.low:.3f}, {fit.high:.3f}], last pair {local[-1]:.3f}, to {1 - alpha}")
    assert np.all(np.diff(local) > 0) and 0.85 * (1 - alpha) < local[-1] < 1 - alpha

# %% [markdown]
# The interval is that of the straight-line fit; the points bend, and every local slope is above the one before and below
# the limit. In the long run, the variance settles: at $\delta=0$ and long-run step $\eta$,
#
# $$ \frac{\mathrm{Var}\,w}{\sigma^2} = \frac{\eta(1+\beta)}{\lambda\,(2(1+\beta)-\eta(1-\beta)\lambda)}, \tag{settled} $$
#
# for SGD $\eta/(\lambda(2-\eta\lambda))$: the same as $\eta\to0$, with the curvature term $\eta\lambda$ shrunk by
# $(1-\beta)/(1+\beta)$ otherwise. Keep an eye on that factor.

# %%
for eta in (1.0, 0.1, 0.01):
    pair = [small_steps.stationary_variance([1.0], m)[0] for m in small_steps.matched(eta, beta)]
    print(f"eta {eta:g}: SGD {pair[0] / eta:.5f} eta, SGDM {pair[1] / eta:.5f} eta")
    np.testing.assert_allclose(pair[1], eta * (1 + beta) / (2 * (1 + beta) - eta * (1 - beta)), rtol=1e-12)

# %% [markdown]
# ## The error against step, memory and noise
#
# The same exact difference, one thing changed at a time. It should fall with the step, grow like the memory $1/(1-\beta)$,
# and not depend on $\sigma$ until the noise outweighs the start; from there it grows like $\sigma^2$. The paper allows noise
# up to
# $\sigma=\eta^{-1/2}$, at which a run still has variance of order one.

# %%
by_step = [small_steps.weak_difference(eta, 0.9) for eta in (0.002, 0.001)]
by_memory = [small_steps.weak_difference(1e-4, 1 - eps) for eps in (0.02, 0.01)]
by_noise = [small_steps.weak_difference(1e-3, 0.9, noise=sigma) for sigma in (0.01, 1, 1000, 2000)]
loud = [small_steps.weak_difference(eta, 0.9, noise=eta**-0.5) for eta in (0.002, 0.001)]
print(f"half the step {by_step[0] / by_step[1]:.2f}, twice the memory {by_memory[1] / by_memory[0]:.2f}, "
      f"noise 0.01 to 1 {by_noise[1] / by_noise[0]:.2f}, 1000 to 2000 {by_noise[3] / by_noise[2]:.2f}, "
      f"half the step at the largest noise {loud[0] / loud[1]:.2f}")
assert 1.8 < by_step[0] / by_step[1] < 2.1 and 1.8 < by_memory[1] / by_memory[0] < 2.1
assert abs(by_noise[1] / by_noise[0] - 1) < 0.05 and 3.8 < by_noise[3] / by_noise[2] < 4.1 and 1.8 < loud[0] / loud[1] < 2.1

# %% [markdown]
# ## Schedules
#
# Do they still coincide when rate and memory move? Match them at every step:
#
# $$ h_t = \delta_t + \frac{\eta_t}{1-\beta_t}. \tag{matched steps} $$
#
# Over two units of $\eta$-time the exact difference of the risks should still halve with the step, for any fixed shape in that
# time. A memory that grows as the step falls, so that it always spans a quarter of a unit, is the exception.

# %%
line = mb.Spectrum([1.0])
shapes = {"linear to zero": (schedule.linear, lambda t: np.full(t, 0.9)),
          "cut by ten": (lambda t: schedule.step_decay(t, (0.5,)), lambda t: np.full(t, 0.9)),
          "growing memory": (schedule.constant, lambda t: 1 - np.linspace(0.5, 0.1, t)),
          "memory of the run": (schedule.constant, lambda t: np.full(t, 1 - 8 / t))}
for name, (factors, memory) in shapes.items():
    gaps = []
    for n in (500, 1000):
        beta = memory(2 * n)
        plan = mb.Schedule(0.0, factors(2 * n) / n * (1 - beta), beta, np.ones(2 * n))
        gaps.append(small_steps.schedule_difference(line, plan))
    print(f"{name:<18} {gaps[1]:.4f}, at twice the step {gaps[0] / gaps[1]:.2f} times that")
    assert (gaps[0] / gaps[1] > 1.8) == (name != "memory of the run")

# %% [markdown]
# A cut of the rate is no exception: what the buffer still holds of the old rate is one memory's worth, and that shrinks with
# the step. Only a memory as long as the run itself keeps the two apart.
#
# ## Stability in the long-run step: the line that joins the papers
#
# Back to the book's model, Gaussian inputs and batch $B$, where the noise grows with the error. Heavy ball's threshold from
# notebook 03, written in $h=\eta/(1-\beta)$, reads
#
# $$ \sum_i \frac{c_i}{1-c_i} = 1,\qquad
#    c_i = \frac{h\lambda_i(1+\beta)}{B\,[\,2(1+\beta) - h(1-\beta)\lambda_i/l\,]} \tag{long-run step} $$
#
# with $l=1$ (other $l$ below). At $\beta=0$ and as $\beta\to1$ it becomes
#
# $$ \sum_i\frac{h\lambda_i}{2B-h\lambda_i(B+1)} = 1 \qquad\text{and}\qquad
#    \sum_i\frac{h\lambda_i}{2B-h\lambda_i} = 1. \tag{two limits} $$
#
# From which batch on does that difference matter?

# %%
guess_batch = explore.predict("08_batch")
guess_batch

# %% [markdown]
# The only difference is the term $Bh\lambda_i$: curvature. Where $BL\ll\mathrm{tr}\,H$, noise decides first and momentum is
# inert; where $BL\gg\mathrm{tr}\,H$, curvature would have decided and momentum removes it.

# %%
H = mb.Spectrum.power_law(d=200, decay=0.5, kappa=10)
lam = H.expanded()
for B in (1, 8, 64, 512, 4096):
    plain, limit = (long_run_threshold(H, B, b) for b in (0.0, 1.0))
    np.testing.assert_allclose(np.sum(plain * lam / (2 * B - plain * lam * (B + 1))), 1, rtol=1e-9)
    np.testing.assert_allclose(np.sum(limit * lam / (2 * B - limit * lam)), 1, rtol=1e-9)
    nine = long_run_threshold(H, B, 0.9)
    print(f"B {B:>4}, B L/tr {B * H.largest / H.trace:7.3f}: h L up to {plain * H.largest:.4f} (SGD), "
          f"{nine * H.largest:.4f} (0.9), {limit * H.largest:.4f} (limit)")

# %% [markdown]
# The first rows agree to the precision one would ever tune to; the last differ by orders of magnitude. The engine knows
# nothing of this formula, so let it say which methods are stable just below and just above the line.

# %%
for B, b in ((1, 0.9), (64, 0.9), (512, 0.99)):
    h = long_run_threshold(H, B, b)
    assert mb.is_stable(H, mb.Method.ema(lr=0.999 * h, beta=b), B)
    assert not mb.is_stable(H, mb.Method.ema(lr=1.001 * h, beta=b), B)
small, large = (long_run_threshold(H, B, 1.0) / long_run_threshold(H, B) for B in (1, 4096))
print(f"the most that any momentum gains: {small:.3f} times at B = 1, {large:.0f} times at B = 4096")
assert small < 1.1 and large > 30

# %% [markdown]
# ## Curvature removed without momentum: SVAG
#
# To tell whether momentum helps by averaging noise or by taming curvature, take the curvature away some other way. [SVAG][svag]
# (Li, Malladi, Arora) mixes two independent batches so that the mean stays and the covariance grows $l$ times,
#
# $$ g = \tfrac{1+s}{2}\,g_1 + \tfrac{1-s}{2}\,g_2,\quad s = \sqrt{2l-1}
#    \qquad\Rightarrow\qquad E\,g = \nabla L,\quad \mathrm{Cov}\,g = l\,\sigma^2\Sigma, \tag{svag} $$
#
# and takes $l$ times more steps of size $\eta/l$: the noise per unit time as before, curvature effects $l$ times smaller. First
# the weights, then the thresholds: $l\to\infty$ and $\beta\to1$ must have the *same* limit.
#
# [svag]: ../NOTATION.md#svag "mixing two batches so that noise stays and the effect of curvature shrinks"

# %%
for level in (1, 4, 16):
    s = np.sqrt(2 * level - 1)
    np.testing.assert_allclose([((1 + s) ** 2 + (1 - s) ** 2) / 4, ((1 + s) + (1 - s)) / 2], [level, 1], rtol=1e-12)
    print(f"l {level:>2}: h up to {long_run_threshold(H, 512, level=level):.3f}")
ends = long_run_threshold(H, 512, beta=1.0), long_run_threshold(H, 512, level=np.inf)
print(f"beta to 1: {ends[0]:.6f}, l to infinity: {ends[1]:.6f}")
np.testing.assert_allclose(ends[0], ends[1], rtol=1e-12)

# %% [markdown]
# Learning curves say it too. At a step where SGD at batch 512 diverges, both SVAG and momentum converge:

# %%
small_H = H.compressed(2)
h = 3 * long_run_threshold(small_H, 512)
for name, method, level in (("SGD", mb.Method.sgd(lr=h), 1), ("SVAG(8)", mb.Method.sgd(lr=h), 8),
                            ("SGDM, beta 0.9", mb.Method.ema(lr=h, beta=0.9), 1)):
    risk = svag_curve(small_H, method, 512, 60, level)
    print(f"{name:<15} risk after 60 units of time / at the start: {risk[-1] / risk[0]:.3g}")
    assert (risk[-1] > risk[0]) == (name == "SGD")

# %% [markdown]
# ## Very long times: the valley
#
# Over $1/\eta$ steps the two agree. Over $1/\eta^2$ steps noise itself pushes the iterate along a manifold of minima. The
# smallest example is $L=\frac12(1+x^2)y^2$ with label noise,
#
# $$ \tfrac12 (f - \sigma\xi)^2:\qquad g = (f - \sigma\xi)\,\nabla f,\qquad
#    \nabla L = \binom{x y^2}{(1+x^2) y},\quad
#    v = -\xi\,\nabla f = -\xi\binom{x y/\sqrt{1+x^2}}{\sqrt{1+x^2}}, \tag{valley} $$
#
# where $f=y\sqrt{1+x^2}$. Across the valley, noise and curvature are both $1+x^2$, and $y$ settles at
#
# $$ E y^2 = \frac{\eta\sigma^2(1+\beta)}{2(1+\beta) - \eta(1-\beta)(1+x^2)} \;\to\; \frac{\eta\sigma^2}{2}, \tag{across} $$
#
# so the mean gradient along it, $xy^2$, drags $x$ to the flattest point,
#
# $$ \frac{dx}{dk} = -\eta\,x\,E y^2 = -\frac{\eta^2\sigma^2}{2}\,x,\qquad x(k) = x_0\,e^{-\eta^2\sigma^2 k/2},
#    \tag{slow flow} $$
#
# the same for both methods. We measure the rate of $\log x$ per unit of $\eta^2k$, which should be $-\frac12$ as $\eta\to0$.

# %%
for eta in (0.05, 0.02):
    every = int(0.05 / eta**2)
    for name, method in zip(("SGD", "SGDM"), small_steps.matched(eta, 0.9), strict=True):
        valley, rng = slow_manifold.valley(), np.random.default_rng(0)
        paths = noisy_gradient.simulate(valley, method, 40 * every, 300, rng, [2.0, 0.0], every)
        drift = slow_manifold.measured_drift(paths, eta, every)
        error = drift.std(ddof=1) / np.sqrt(300)
        print(f"eta {eta}: {name:<4} drift {drift.mean():.4f} ± {error:.4f}")
        assert abs(drift.mean() + 0.5) < 5 * error + eta

# %% [markdown]
# What remains of a difference at the larger step is (across) again: SGD's curvature term makes $y$, and so the drift, a little
# larger. Momentum has less of it. And the path itself, against the flow:

# %%
k = every * np.arange(41)
flow = slow_manifold.slow_flow(2.0, eta, k)
print("x of SGDM:", np.median(paths[..., 0], axis=0)[::10].round(3), "  flow:", flow[::10].round(3))
assert np.max(np.abs(np.median(paths[..., 0], axis=0) - flow)) < 0.1

# %% [markdown]
# ## A valley with diffusion
#
# There the noise along the valley vanishes on it, and the slow law is a flow. Let the noise point along it as well:
#
# $$ L = \tfrac12 e^{x^2}y^2,\qquad v\sim N\bigl(0,\mathrm{diag}(a^2,1)\bigr). \tag{diffusing valley} $$
#
# Across, $y$ settles at $E y^2=\eta\sigma^2/(2e^{x^2})$; along it, the mean gradient $x e^{x^2}y^2$ and the noise of a step
# add up to
#
# $$ dX = -\tfrac{\sigma^2}{2}\,X\,d\tau + \sigma a\,dW,\qquad \tau=\eta^2k: \qquad
#    E X = x_0e^{-\sigma^2\tau/2},\quad \mathrm{Var}\,X = a^2(1-e^{-\sigma^2\tau}). \tag{slow SDE} $$
#
# Mean and variance of 1000 runs at $\tau=1$, beside the law:

# %%
eta, a = 0.04, 0.3
law_mean, law_variance = slow_manifold.slow_law(1.0, eta, 625, a)
print(f"law:  mean {law_mean:.3f}, standard deviation {law_variance**0.5:.3f}")
for name, method in zip(("SGD", "SGDM"), small_steps.matched(eta, 0.9), strict=True):
    x = noisy_gradient.simulate(slow_manifold.diffusing_valley(a), method, 625, 1000, np.random.default_rng(0), [1.0, 0.0], 625)
    x = x[:, -1, 0]
    print(f"{name:<4}: mean {x.mean():.3f}, standard deviation {x.std():.3f}")
    assert abs(x.mean() - law_mean) < 5 * x.std() / 1000**0.5 + eta and abs(x.std() / law_variance**0.5 - 1) < 0.11 + eta

# %% [markdown]
# The same diffusion for both, on the slow time scale too: momentum adds nothing to it and takes nothing away.
#
# ## A small network
#
# Last, something that is not a quadratic: 1797 pictures of digits, one hidden layer of 32 units, scikit-learn's plain SGD,
# with SGD and SGDM ($\beta=0.9$) from the same weights over the same batches at the same long-run step. First batch 32.
# The accuracies on the held-out third should coincide.

# %%
coincide = network.compare(batches=[32], rates=[0.05, 0.2], seeds=3, epochs=8)
for name, row in zip(("SGD ", "SGDM"), coincide.band()[1, :, 0], strict=True):
    print(name, dict(zip(coincide.rates.tolist(), row.round(2).tolist(), strict=True)))
assert np.max(np.abs(np.diff(coincide.band()[1], axis=0))) < 0.05

# %% [markdown]
# Then half of the training data in one batch, thirty epochs, and rates up to four. The small rate should coincide, the
# large ones should not.

# %%
differ = network.compare(batches=[599], rates=[0.5, 2.0, 4.0], seeds=2, epochs=30)
for name, row, digit in zip(("SGD ", "SGDM"), differ.band()[1, :, 0], (1, 2), strict=True):
    print(name, dict(zip(differ.rates.tolist(), row.round(digit).tolist(), strict=True)))
last = differ.accuracy[:, 0, :, :, -1].mean(-1)
assert abs(last[0, 0] - last[1, 0]) < 0.1 and np.all(last[1, 1:] > last[0, 1:] + 0.3)

# %% [markdown]
# The map of the panel, on data with no exact theory: at small steps momentum is inert, at large batches and large steps it
# is the difference between training and not.
#
# Is it curvature that separates them, as the paper says? Take curvature away by SVAG: batches of 599, a long-run step of 3, and
# 40 units of time. At $l=1$ only SGDM should train; at $l=8$ both, to the same accuracy and along the same loss.

# %%
svag = svag_network.train(599, 3.0, levels=(1, 8), seeds=2, units=40)
ends, losses = svag.accuracy.mean(-1), np.median(svag.loss, -2)[..., 10]
for k, level in enumerate(svag.levels):
    print(f"l {level}: accuracy {ends[0, k]:.1f} (SGD), {ends[1, k]:.1f} (SGDM); "
          f"loss after 10 units {losses[0, k]:.1f}, {losses[1, k]:.1f}")
assert ends[0, 0] < 0.3 < 0.9 < ends[1, 0] and ends[:, 1].min() > 0.9 and abs(ends[0, 1] - ends[1, 1]) < 0.05

# %% [markdown]
# That is the paper's evidence on a network small enough for a notebook: with the curvature term removed, SGD does what SGDM
# does.
#
# ## What we learned
#
# - At a matched, small long-run step SGD and SGDM are the same in distribution; the difference falls with slope $1-\alpha$.
# - Momentum makes each step less noisy by $(1-\beta)/(1+\beta)$ and the end point not at all: noise is carried over.
# - In the long-run step the two thresholds differ by the curvature term alone. Momentum is inert while $BL\ll\mathrm{tr}\,H$,
#   and pays when the batch is large: the same large batches at which the rest of the book finds its [window].
# - SVAG removes the same term without momentum, and reaches the same limit; on a network it closes the gap between SGD and
#   SGDM.
# - Schedules of rate and memory change none of this, as long as the memory is short beside the run.
#
# The setting and the statements are those of Wang et al.; the exact thresholds and slopes in the linear model are ours.
#
# ## Exercises
#
# 1. Find, in the panel, a step at which SGD is stable and SGDM is *worse* for the first thousand steps. Why?
#
#    <details><summary>Solution</summary>
#
#    The preset *too much memory* is one: $B=1$, $1-\beta=10^{-3}$, a step a third of SGD's limit. After 1000 steps
#    the risk of SGDM is ten times that of SGD, at $1-\beta=0.01$ it is 1.5 times, at 0.1 it is 1.02 times. A memory
#    of $1/(1-\beta)$ steps first has to be filled, during which little happens, and then has to be emptied, during
#    which the iterate overshoots. In the long run both are stable and alike.
#
#    </details>
#
# 2. Derive (two limits) from (long-run step), and the batch at which the two thresholds differ by a factor two if all
#    eigenvalues are equal.
#
#    <details><summary>Solution</summary>
#
#    At $\beta=0$, $c=h\lambda/(B(2-h\lambda))$ and $c/(1-c)=h\lambda/(2B-h\lambda(B+1))$. As $\beta\to1$ the
#    curvature term in $c$ vanishes: $c=h\lambda/(2B)$ and $c/(1-c)=h\lambda/(2B-h\lambda)$.
#
#    With $d$ equal eigenvalues the two conditions read $h\lambda<2B/(d+B+1)$ and $h\lambda<2B/(d+1)$, a factor two
#    apart at $B=d+1$: for $d=200$, 1 and 2 at $B=201$.
#
#    </details>
#
# 3. Set the label noise of the valley to zero. What do SGD and SGDM do over $1/\eta^2$ steps?
#
#    <details><summary>Solution</summary>
#
#    They go down to the valley and stop. Started on it, neither moves at all; started at $(2,0.5)$ with $\eta=0.05$
#    they come to rest at $x=1.943$ (SGD) and $1.832$ (SGDM, $\beta=0.9$, which takes longer to come down) and stay
#    there. After 800 steps, two units of $\eta^2k$, the median run with label noise has drifted to 0.69 and 0.72. The
#    drift to flat ground is an effect of the noise and of nothing else.
#
#    </details>
#
# The numbers in the solutions, computed:
#
# [window]: ../NOTATION.md#window "range of batches over which CE stays near its best; its width is the critical batch"

# %% tags=["solution"] jupyter={"source_hidden": true}
wide = mb.Spectrum.power_law(200, 0.5, 10)
h = 0.316 * long_run_threshold(wide, 1, 1.0)
for memory, stated in ((1e-3, 10), (1e-2, 1.52), (0.1, 1.018)):
    pair = small_steps.matched(h, 1 - memory)
    ends = [mb.risk_curve(wide, m, 1, 1000)[-1] for m in pair]
    np.testing.assert_allclose(ends[1] / ends[0], stated, rtol=5e-3)
    assert all(mb.is_stable(wide, m, 1) for m in pair)
flat = mb.Spectrum.flat(200)
np.testing.assert_allclose([long_run_threshold(flat, 201, b) for b in (0.0, 1.0)], [1, 2], rtol=1e-9)
for method, rest, noisy in zip(small_steps.matched(0.05, 0.9), (1.943, 1.832), (0.69, 0.72), strict=True):
    still, rng = slow_manifold.valley(noise=0.0), np.random.default_rng(0)
    on, off = (noisy_gradient.simulate(still, method, 800, 1, rng, start, 400)[0, :, 0] for start in ([2.0, 0.0], [2.0, 0.5]))
    np.testing.assert_allclose(on, 2.0)
    np.testing.assert_allclose(off[1:], rest, rtol=1e-3)
    drifted = noisy_gradient.simulate(slow_manifold.valley(), method, 800, 100, np.random.default_rng(0), [2.0, 0.0], 400)
    np.testing.assert_allclose(np.median(drifted[:, -1, 0]), noisy, atol=0.01)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Wang, Malladi, Wang, Lyu, Li, *The Marginal Value of Momentum for Small Learning Rate SGD*, arXiv 2307.15196 (2023).
# - Li, Malladi, Arora, *On the Validity of Modeling SGD with Stochastic Differential Equations*, NeurIPS (2021).
# - Blanc, Gupta, Valiant, Valiant, *Implicit Regularization for Deep Neural Networks Driven by an Ornstein-Uhlenbeck Like
#   Process*, COLT (2020).
# - Li, Wang, Arora, *What Happens after SGD Reaches Zero Loss?*, ICLR (2022).
