# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 12 · Which schedule wins?
#
# **The same samples, the same method: how much does the shape of the learning rate decide?** Drag the orange knots: what is
# left at the end of the run follows at once.

# %%
import numpy as np

import mombook as mb
from mombook import explore, schedule
from mombook.exact.schedule_stack import final_risks
from mombook.study.schedule_ranking import rank_schedules

# %% [markdown]
# Your curve starts as the best constant rate. On the right is its rank.

# %%
panel = explore.schedules()
panel

# %% [markdown]
# The button *draw the best one* puts the knots where Newton's method wants them. Then move the noise: with much of it the best
# rate falls early, with little it stays up until the very end.
#
# ## What is a decay worth?
#
# Before the theory, a guess.

# %%
guess_decay = explore.predict("12_decay", case="little")
guess_decay

# %% [markdown]
# ## The model
#
# Inputs are Gaussian with covariance eigenvalues $\lambda_i = i^{-a}$, the labels carry noise of size $\sigma$, and every
# sample is used once. At step $t$ the [learning-rate schedule] sets the rate $\eta_t$ and the batch $B_t$. For SGD the expected
# squared errors $s_i = E e_i^2$ obey
#
# $$ s_i' = (1-\eta_t\lambda_i)^2 s_i + \frac{\eta_t^2}{B_t}\bigl[\lambda_i^2 s_i + \lambda_i(2R_t+\sigma^2)\bigr],
#    \qquad R_t = \tfrac12\sum_i\lambda_i s_i. \tag{sgd schedule} $$
#
# Nothing in it asks for a constant rate. With momentum three moments a mode replace one, and `mb.risk_curve` takes any
# `mb.Schedule`. Three steps by hand should agree with it.
#
# [learning-rate schedule]: ../NOTATION.md#learning-rate-schedule "learning rate, momentum or batch as functions of the step"

# %%
H = mb.Spectrum.power_law(200, 1.5)
plan = mb.Schedule(delta=[0.5, 0.4, 0.1], eta=0.0, beta=0.0, batch=[8, 8, 16])
s, lam = np.ones(200), H.expanded()
for eta, B in zip(plan.delta, plan.batch, strict=True):
    s = (1 - eta * lam) ** 2 * s + eta**2 / B * (lam**2 * s + lam * (lam @ s + 0.25))
np.testing.assert_allclose(mb.risk_curve(H, plan, noise=0.5)[-1], lam @ s / 2, rtol=1e-12)

# %% [markdown]
# ## The ranking
#
# Each schedule below is at its own best step size. One is the best through eight knots, found by Newton's method. The numbers
# are final risks over that one's, at three sizes of noise.

# %%
coarse = H.compressed(2)
ranks = {noise: rank_schedules(coarse, mb.Method.sgd(1.0), 8, 256, noise) for noise in (0.05, 0.5, 2.0)}
over = {noise: {name: each.risk / found["best"].risk for name, each in found.items()} for noise, found in ranks.items()}
for noise, row in over.items():
    print(f"noise {noise}:", {name: round(ratio, 2) for name, ratio in row.items()})
    assert min(ratio for name, ratio in row.items() if name != "average") == 1 and row["steps"] > 1.2
assert sorted(over[0.05], key=over[0.05].get)[1] == "stable" and over[2.0]["average"] < 1 and over[2.0]["linear"] <= 1.02
more = [row["ramp"] - row["cosine"] for row in over.values()]
assert min(more[:2]) > 0.04 and abs(more[2]) < 0.02

# %% [markdown]
# With noise 0.5 falling linearly to zero leaves 1.19 times the risk of the best schedule, a constant rate 1.65
# times. With little noise a long plateau and a short final drop is the winner among the usual ones. With much noise a straight
# fall to zero is within 2 % of the best, as Defazio et al. (2023) find in the worst case. Two cuts by ten are never near the
# top.
#
# No schedule of the last iterate beats the best one found. An average of the weights can, and does at noise 2.
#
# ## The best schedule
#
# The last risk is a smooth function of every $\eta_t$. Its derivatives cost one pass backwards through the steps. With $P_t$
# the derivative of the last risk by the moments after $t$ steps,
#
# $$ \frac{\partial R_T}{\partial \eta_t} = P_{t+1}\cdot\frac{\partial\, (\text{step } t)(s_t)}{\partial \eta_t}, \qquad
#    P_t = (\text{step } t)^{\mathsf T} P_{t+1}. \tag{backwards} $$
#
# One entry of that gradient against a difference of two risks:

# %%
linear = mb.Schedule.of(mb.Method.sgd(1.0), 8, schedule.linear(256))
risk, slopes = schedule.final_risk_gradient(H, linear, noise=0.5)
moved = [mb.Schedule(linear.delta + h * np.eye(256)[100], 0.0, 0.0, 8.0) for h in (-1e-5, 1e-5)]
low, high = (schedule.final_risk(H, each, noise=0.5) for each in moved)
np.testing.assert_allclose(slopes["delta"][100], (high - low) / 2e-5, rtol=1e-5)

# %% [markdown]
# `mb.tune_schedule` descends on it with L-BFGS. It should reach what Newton's method with differences has reached.

# %%
best = mb.tune_schedule(H, "sgd", samples=2048, steps=256, noise=0.5, knots=8)
print("L-BFGS over Newton:", round(best.risk / ranks[0.5]["best"].risk, 3), "after", best.evaluations, "gradients")
np.testing.assert_allclose(best.risk, ranks[0.5]["best"].risk, rtol=2e-3)

# %% [markdown]
# For one weight with label noise alone the optimum is known in closed form. Each step should divide by the information so far,
# as a Kalman filter does:
#
# $$ \frac1{v_{t+1}} = \frac1{v_t} + \frac{\lambda B}{\sigma^2}, \qquad \eta_t = \frac{v_{t+1}B}{\sigma^2}. \tag{filter} $$
#
# That is a rate like $1/t$. Stepped exactly, it ends where the formula says, and any other rate ends higher.

# %%
v = 1 / (1 + np.arange(41) * 0.8 * 2 / 0.25)
filter_plan = mb.Schedule(v[1:] * 2 / 0.25, 0.0, 0.0, np.full(40, 2.0))
end = mb.risk_curve(mb.Spectrum([0.8]), filter_plan, noise=0.5, noise_model="additive")[-1]
np.testing.assert_allclose(end, 0.8 * v[-1] / 2, rtol=1e-12)
slope = schedule.final_risk_gradient(mb.Spectrum([0.8]), filter_plan, noise=0.5, noise_model="additive")[1]["delta"]
assert np.abs(slope).max() < 1e-12

# %% [markdown]
# So $1/t$ is right for one direction that is all noise. With many directions it falls too fast for the slow ones: in the
# ranking *inverse* leaves 1.2 to 1.4 times the risk of the best.
#
# ## A constant rate, and an average
#
# Keep the rate constant and report the mean of the weights over the second half: the noise averages out, and nobody needs to
# know the horizon when the run begins. Its moments are exact too:
#
# $$ A_{t+1} = p_t A_t + q_t e_{t+1}: \qquad E[e_{t+1}A_{t+1}] = p_t\,(1-\eta_t\lambda)\,E[e_t A_t] + q_t\,s_{t+1}.
# \tag{averaged} $$
#
# How it fares as the budget grows, over the best schedule of the last iterate and beside the linear [decay][spectrum decay]:
#
# [spectrum decay]: ../NOTATION.md#spectrum-decay "how fast the eigenvalues fall: the exponent a in i to the power -a"

# %%
for T in (64, 256, 1024):
    found = rank_schedules(coarse, mb.Method.sgd(1.0), 8, T, 0.5, rounds=10)
    ratio = {name: found[name].risk / found["best"].risk for name in ("average", "linear", "constant")}
    print(f"T {T:>4}:", {name: round(value, 2) for name, value in ratio.items()})
    assert 1 < ratio["average"] < 1.055
averaged, plain = (mb.risk_curve(H, mb.Method.sgd(1.0), 8, 256, noise=0.5, tail=tail) for tail in (128, None))
np.testing.assert_allclose(averaged[:129], plain[:129], rtol=1e-12)
assert averaged[-1] < 0.7 * plain[-1]

# %% [markdown]
# At this noise the average stays within 5 % of the best schedule at every budget, while the constant rate falls behind without
# end. That is the message of Meterez et al. (2026) on horizon-free training, here in exact numbers. With momentum the average
# does even better: try the preset *momentum 0.9*.
#
# ## Cut the rate, or grow the batch
#
# Instead of lowering the rate by a factor $f$ one can raise the batch by $1/f$, a [batch ramp]. This takes fewer steps. How
# many?
#
# [batch ramp]: ../NOTATION.md#batch-ramp "a batch that grows where a schedule would have cut the learning rate"

# %%
guess_ramp = explore.predict("12_ramp")
guess_ramp

# %% [markdown]
# The steps are the mean of $f$ over the samples. For small steps the risk hardly notices: per sample, the drift is $\eta/B$
# times the gradient, and the noise it leaves is $(\eta/B)^2$ times the variance of one sample's gradient, so
#
# $$ (\eta, B)\to(f\eta,\, B) \quad\text{and}\quad (\eta, B)\to(\eta,\, B/f) \qquad\text{share}\qquad
#    \eta/B\to f\,\eta/B. \tag{seesaw} $$
#
# Meterez et al. (2025) prove it for SGD up to constant factors, and call the rule for Adam Seesaw. The error as a number, at
# two halvings: the step shrinks, $\eta T$ stays.

# %%
errors = {0.0: [], 0.9: []}
for beta, row in errors.items():
    for h, T in ((0.4, 200), (0.2, 400), (0.1, 800), (0.05, 1600)):
        method, factors = mb.Method.ema(h, beta), schedule.step_decay(T, at=(0.4, 0.7), factor=0.5)
        pair = [mb.Schedule.of(method, 8, factors), schedule.batch_ramp(method, 8, factors)]
        cut, ramp = final_risks(coarse, pair, noise=1.0)
        row.append(100 * abs(ramp / cut - 1))
    print(f"beta {beta}: final risks apart by", [f"{e:.2g} %" for e in row], f"in {pair[1].steps / T} of the steps")
assert errors[0.0][-1] < 0.01 and errors[0.9][-1] < 0.1 and errors[0.9][0] < 2

# %% [markdown]
# For SGD the error falls faster than the step. With momentum the buffer still holds gradients of the old batch, a [memory]'s
# worth of them, and the error falls more slowly. It is below a tenth of a per cent all the same.
#
# The trade ends where the batch is no longer noise-limited. Ramp a decay to zero and the last batches exceed
# $\mathrm{tr}\,H/L$. At noise 0.05 and 0.5, *growing batch* (`ramp`) in the ranking leaves more than the cosine that it
# replaces. At noise 2, where the labels still limit large batches, it leaves as much. Merrill et al. (2025) grow the
# batch no further than the critical one.
#
# ## Momentum that grows
#
# With $\sigma=0$ and a power law of decay $a$, the risk falls like $t^{-(1-1/a)}$ for SGD, and for heavy ball at any fixed
# memory: momentum changes the constant and not the exponent. Let the memory grow, $1-\beta_t\sim t^{-q}$ at a fixed momentum
# step. The [long-run step]
# $\eta/(1-\beta_t)$ then grows like $t^q$, and the distance covered like $t^{1+q}$, so we expect
#
# $$ R_t \sim t^{-(1+q)(1-1/a)} \qquad\text{as long as noise does not take over.} \tag{growing memory} $$
#
# This is a heuristic, and here is its evidence: exponents between 250, 1000, 4000 and 16000 steps, at batch 1024.
#
# [long-run step]: ../NOTATION.md#long-run-step "how far a constant unit gradient moves w per step in the long run"
# [memory]: ../NOTATION.md#memory "how long the momentum buffer remembers a gradient: about 1/(1 − β) steps"

# %%
wide = mb.Spectrum.power_law(10**6, 1.5, binned=1, ends="top")
times, t = np.array([250, 1000, 4000, 16000]), np.arange(16000)
exponents = {}
for q in (0.0, 0.25, 0.5, 1.0):
    eps = 1 / (2 + t**q) if q else np.full(t.size, 0.1)
    risk = mb.risk_curve(wide, mb.Schedule(0.0, 0.05, 1 - eps, np.full(t.size, 1024.0)))[times]
    exponents[q] = -np.diff(np.log(risk)) / np.log(4)
    print(f"q {q}: {exponents[q].round(2)}, expected {(1 + q) / 3:.2f}")
assert all(abs(exponents[q][1] - (1 + q) / 3) < 0.03 for q in (0.0, 0.25, 0.5)) and exponents[1.0][-1] < 0.4

# %% [markdown]
# Up to $q=\frac12$ the rule holds, and the exponent really changes. At $q=1$ it begins well and then noise takes over:
# gradient noise grows with the memory. The dimension-adapted schedules of Ferbach et al. (2025), in notebook 05, shrink the
# momentum step to avoid this. Let the same run go on at batch 64, and the risk turns around. `diverges_at` tells from which
# step on.

# %%
plan = mb.Schedule(0.0, 0.05, 1 - 1 / (2.0 + t), np.full(t.size, 64.0))
at = schedule.diverges_at(mb.risk_curve(wide, plan))
stable = [mb.is_stable(wide, plan.method(k), 64) for k in (10, at)]
print("above its start from step", at, "on; each step's own method stable early, then not:", stable)
assert stable == [True, False]

# %% [markdown]
# ## What we learned
#
# - At one budget the shape of the schedule is worth a factor: 1.65 between a constant rate and the best, at noise 0.5.
# - Linear decay is nearly optimal when noise dominates; when bias does, keep the rate up and drop it at the end.
# - A constant rate with averaging needs no horizon. Where there is noise it comes within 5 % of the best, or wins.
# - Growing the batch does what cutting the rate does, while steps are small and the batch is below the critical one.
# - A memory that grows changes the exponent; a fixed one does not.
#
# Whether SGD and SGDM still coincide under a schedule is asked in notebook 08.
#
# ## Exercises
#
# 1. Draw, in the panel, a schedule that leaves less than 1.1 times the best one's risk at noise 0.5. Which knots matter?
#
#    <details><summary>Solution</summary>
#
#    The preset *draw: hold, then drop* leaves 1.02 times: twice the best constant rate on the plateau, then 1, 0.25 and 0.06
#    at the last three knots. The level of the plateau and the fall over the last fifth of the run matter. The last knot alone
#    hardly does: at 0.2 instead of 0.06 the ratio is 1.02 still.
#
#    </details>
#
# 2. Free the batch as well as the rate in `mb.tune_schedule`, at the same samples and steps. How much is gained, and where do
#    the samples go?
#
#    <details><summary>Solution</summary>
#
#    The risk falls by another 3.6 %. The batch stays near 6 for most of the run and rises above 18 at the last two knots, where
#    noise is what is left. The rate then hardly needs to fall before the end: the two are substitutes, as (seesaw) says.
#
#    </details>
#
# 3. In (filter), let the noise vanish. What becomes of the rate, and why is that right?
#
#    <details><summary>Solution</summary>
#
#    $v_1 = 1/(1+\lambda B/\sigma^2)\to\sigma^2/(\lambda B)$, so $\eta_0\to1/\lambda$: without noise one step of Newton's
#    method is exact. At $\sigma=0.01$,
#    $\lambda=0.8$, $B=2$ the first rate is 1.2499, against 1.25.
#
#    </details>
#
# The numbers in the solutions, computed:

# %% tags=["solution"] jupyter={"source_hidden": true}
constant, held = ranks[0.5]["constant"].schedule.method(0), [2, 2, 2, 2, 2, 1, 0.25]
for last in (0.06, 0.2):
    own = mb.Schedule.of(constant, 8, schedule.through(256, [*held, last]))
    print(f"last knot {last}: {final_risks(coarse, [own], 0.5)[0] / ranks[0.5]['best'].risk:.3f} times")
both = mb.tune_schedule(coarse, "sgd", samples=2048, steps=256, free=("lr", "batch"), noise=0.5, knots=8)
gain, sizes = 100 * (1 - both.risk / best.risk), both.knots["batch"][1]
print(f"rate and batch: {gain:.1f} % less; batch", sizes.round().astype(int))
np.testing.assert_allclose([gain, sizes[3]], [3.6, 6], atol=0.5)
first = 1 / (1 + 0.8 * 2 / 0.01**2) * 2 / 0.01**2
print(f"first rate {first:.4f}")
assert round(first, 4) == 1.2499

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Defazio, Cutkosky, Mehta, Mishchenko, *Optimal Linear Decay Learning Rate Schedules and Further Refinements*,
#   arXiv 2310.07831 (2023).
# - Ferbach, Everett, Gidel, Paquette, Paquette, *Dimension-adapted Momentum Outscales SGD*, arXiv 2505.16098 (2025).
# - Merrill, Arora, Groeneveld, Hajishirzi, *Critical Batch Size Revisited*, arXiv 2505.23971 (2025).
# - Meterez, Morwani, Wu, Oncescu, Pehlevan, Kakade, *Seesaw*, arXiv 2510.14717 (2025).
# - Meterez, Nair, Morwani, Pehlevan, Kakade, *Anytime Pretraining*, arXiv 2602.03702 (2026).
# - Wu, Zou, Braverman, Gu, Kakade, *Last Iterate Risk Bounds of SGD with Decaying Stepsize for Overparameterized Linear
#   Regression*, ICML 2022, arXiv 2110.06198.
# - Bordelon, Mori, *Theory of Optimal Learning Rate Schedules and Scaling Laws for a Random Feature Model*,
#   arXiv 2602.04774 (2026).
