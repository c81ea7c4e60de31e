# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 1 · The paper in one figure
#
# **How large a batch can you use before it stops paying, and does momentum move that point?**
# For least squares the answer is exact: plain SGD scales perfectly up to a *[critical batch]* of about $\mathrm{tr}\,H/L$.
# Heavy ball does not make small batches any cheaper, but it keeps SGD's price over a [window] that is up to
# $\sqrt\kappa$ times wider, and turns it into serial speed. ASGD is cheaper still at small batches when the spectrum
# falls fast, and hands that advantage back as speed when the batch grows.
#
# Drag **κ**, **[decay][spectrum decay]** and **B** in the figure below and watch all three statements move.
#
# [spectrum decay]: ../NOTATION.md#spectrum-decay "how fast the eigenvalues fall: the exponent a in i to the power -a"
# [critical batch]: ../NOTATION.md#critical-batch "batch at which compute efficiency has halved"
# [window]: ../NOTATION.md#window "range of batches over which CE stays near its best; its width is the critical batch"

# %%
import numpy as np

import mombook as mb
from mombook import explore

# %% [markdown]
# Every point of the figure is a method *tuned* for its batch size: the learning rate and the momentum that make the
# expected loss shrink fastest, found from an exact equation and not from runs. Lines are exact expectations; dotted
# lines are proved bounds; dots and shade are simulated runs, which start when you let go. A dot is the mean of the runs:
# filled where so many runs can show it, hollow where runs too rare to be among them carry it (notebook 06). Theory also says
# how close to its line a filled dot should be, four times in five. The sentence under the figure counts how many are.

# %%
panel = explore.tradeoff(kappa=1e3, decay=1.5, batch=8)
panel

# %% [markdown]
# The sentence under the figure is the figure in words, and its numbers are the engine's.
#
# Try the presets. **Flat**: all methods coincide, momentum buys nothing. **Slow decay**: ASGD lies on heavy ball.
# **Fast decay**: at small batch ASGD is far cheaper, and the gap closes as B grows.
#
# Then write the optimizer you use into the field *your method* (behind *more*):
# `torch.optim.SGD(params, lr=0.05, momentum=0.9)` is drawn as it is, `qhm(lr, 0.7, beta)` is tuned at every batch.

# %% [markdown]
# Now a prediction. At κ = 1000 the diamonds of the middle plot stand where [compute efficiency] has halved. At κ = 100 000,
# where $\sqrt\kappa = 316$, you are shown SGD's place: where is heavy ball's? Drag the guess, then reveal the answer.
#
# [compute efficiency]: ../NOTATION.md#compute-efficiency "e-folds of the expected loss per sample, written CE"

# %%
guess_window = explore.predict("01_window", case="steep")
guess_window

# %% [markdown]
# Guesses are scored in decades, 0.3 being a factor of two.

# %% [markdown]
# ## The model in three lines
#
# Inputs are Gaussian, $x\sim N(0,H)$, and targets are $y=\langle w_\star,x\rangle$ (noise comes later). A step uses the mean
# gradient $g$ of $B$ fresh samples, and every method of the book is one update:
#
# $$ m' = \beta m + g, \qquad w' = w-\delta g-\eta m'. \tag{method} $$
#
# SGD is $\eta=0$, heavy ball is $\delta=0$, Nesterov is $\eta=\delta\beta$, and ASGD is everything with $\delta,\eta\ge0$.
# Only the eigenvalues of $H$ matter; here are ours.

# %%
H = mb.Spectrum.power_law(d=200, decay=1.5, kappa=1e3)
H

# %% [markdown]
# Tuning heavy ball at batch 8 returns the method and its *[contraction gap]*: the expected loss is multiplied by
# $1-\mathrm{gap}$ per step in the long run.
#
# [contraction gap]: ../NOTATION.md#contraction-gap "share of the expected loss that a step removes in the long run: 1 − ρ"

# %%
best = mb.tune(H, "heavy_ball", batch=8)
print(f"lr {best.method.eta:.4g}, beta {best.method.beta:.4g}, gap {best.gap:.4g}")
print(f"{1 / -np.log1p(-best.gap):.4g} steps and {8 / -np.log1p(-best.gap):.5g} samples per e-fold of the loss")

# %% [markdown]
# ## Three roads to the same curve
#
# The claim "exact" is cheap to make, so check it. The first road is the moment recursion, the second the long-run rate
# from the [secular equation], the third is brute force: sample gradients and average.
#
# [secular equation]: ../NOTATION.md#secular-equation "one scalar equation whose root is the contraction factor ρ"

# %%
curve = mb.risk_curve(H, best.method, batch=8, steps=400)
far = mb.risk_at(H, best.method, batch=8, times=[400, 401, 60_000, 60_001])
print(f"risk shrinks per step by {far[1] / far[0]:.6f} after 400 steps, by {far[3] / far[2]:.9f} after 60 000")
print(f"the secular equation says  {1 - best.gap:.9f}")
np.testing.assert_allclose(far[0], curve[-1], rtol=1e-10)
np.testing.assert_allclose(far[3] / far[2], 1 - best.gap, rtol=1e-6)

# %% [markdown]
# And two thousand simulated runs, early on where an average can be trusted (notebook 06 is about why not later). Its
# standard error, too, is exact:

# %%
runs = mb.simulate(H, best.method, batch=8, steps=40, runs=2000, rng=np.random.default_rng(0))
error = mb.risk_spread(H, best.method, batch=8, steps=40)[40] / np.sqrt(len(runs))
distance = (runs[:, 40].mean() - curve[40]) / error
print(f"after 40 steps: simulated {runs[:, 40].mean():.4f} ± {error:.4f}, exact {curve[40]:.4f}")
assert abs(distance) < 5

# %% [markdown]
# A second prediction: only samples count, and the batch is 1. Which of the four tuned methods needs the fewest?

# %%
guess_cheapest = explore.predict("01_cheapest")
guess_cheapest

# %% [markdown]
# Ask both cases, fast decay and slow decay: they have different answers, and the table below lies between them.

# %% [markdown]
# ## What a batch buys
#
# The [frontier] of a family is its best gap at every batch. In units of $\mu/\mathrm{tr}\,H$ per sample, compute efficiency
# (CE) is a number between 0 and about 4 for SGD and heavy ball, and the table shows the window: SGD's falls first,
# heavy ball's much later.
#
# [frontier]: ../NOTATION.md#frontier "the best a family of methods can do, at every batch size"

# %%
batches = [1, 4, 16, 64, 256, 1024]
found = mb.frontier(H, batches=batches)
print("batch      " + "".join(f"{b:>9}" for b in batches))
for family, f in found.items():
    print(f"{family:<11}" + "".join(f"{ce * H.trace / H.smallest:9.3f}" for ce in f.ce))

# %% [markdown]
# Heavy ball never beats SGD's best CE by more than a constant, and ASGD beats both at small batch:

# %%
assert found["heavy_ball"].ce.max() < 1.6 * found["sgd"].ce.max()
assert found["asgd"].ce[0] > 2 * found["heavy_ball"].ce[0]
advantage = found["asgd"].ce / found["heavy_ball"].ce
print("ASGD over heavy ball:", np.round(advantage, 2))

# %% [markdown]
# Read from left to right: a large advantage at batch 1 that is gone at batch 1024. What is lost in compute efficiency
# has been paid out in steps.

# %%
saved = found["sgd"].serial / found["asgd"].serial
print("SGD steps per ASGD step:", np.round(saved, 1))
assert np.all(np.diff(saved[1:]) > 0)

# %% [markdown]
# ## The window
#
# The *measured* critical batch is where CE has fallen to half its value at batch 1. The [upper bounds][upper bound] of
# notebooks 02 and 03 bend at $\mathrm{tr}H/L$ and $\sqrt\kappa\,\mathrm{tr}H/L$. Their ratio $\sqrt\kappa$ is a property of
# these bounds, not of the methods: the measured ratio is smaller, because the exact curves round the corner.
#
# [upper bound]: ../NOTATION.md#upper-bound "no method of the class has a larger contraction gap"

# %%
critical = mb.critical_batches(H, ["sgd", "heavy_ball"])
ratio = critical["heavy_ball"] / critical["sgd"]
print(f"critical batch: SGD {critical['sgd']:.2f}, heavy ball {critical['heavy_ball']:.1f}")
print(f"heavy ball's window is {ratio:.2f} times as wide; sqrt(kappa) = {H.kappa**0.5:.2f}")
bends = mb.bounds.bend(H, "heavy_ball") / mb.bounds.bend(H, "sgd")
np.testing.assert_allclose(bends, H.kappa**0.5, rtol=1e-12)

# %% [markdown]
# ## From the figure to your terminal
#
# Every tuned point can be written in the words of a library you use (notebook 03 has a panel of them). For PyTorch:

# %%
{name: round(value, 6) for name, value in best.method.as_torch().items()}

# %% [markdown]
# ## What we learned
#
# - Batches are free up to a critical size set by the spectrum: for SGD about $\mathrm{tr}\,H/L$.
# - Momentum does not buy compute; it buys a *window*, up to $\sqrt\kappa$ wider, in which compute turns into speed.
# - ASGD's small-batch advantage depends on how fast the spectrum falls, and is traded for speed.
# - On one figure the bound, the exact value and the simulation agree as far as each can.
#
# The constants in the bounds are ours; the papers state the scalings.
#
# ## Exercises
#
# 1. Drag the [condition number] κ from 10 to 10⁶ with B = 64. Which curves in the left plot move, and which corner do they move
#    towards?
#
#    <details><summary>Solution</summary>
#
#    All four move up and to the right, slower and dearer, but not alike. At $B=64$ and $\kappa=10$ the four points
#    lie within 12 % of each other. At $\kappa=10^6$ SGD needs 260 000 steps per [e-fold], heavy ball 8300, Nesterov 460
#    and ASGD 330.
#
#    In the slow upper corner of the plot SGD's curve becomes a horizontal line: beyond its window it pays more
#    samples for the same number of steps, which is what moving *right* at constant height means. The curves of the
#    others keep falling.
#
#    </details>
#
# 2. Find a scenario in which heavy ball needs more samples per e-fold than SGD, however small the difference.
#
#    <details><summary>Solution</summary>
#
#    There is none at the same batch: SGD is heavy ball with $\beta=0$, so the tuned heavy ball is never behind. Over
#    16 scenarios and 7 batches the smallest advantage is zero to the precision of the tuning.
#
#    Across batches there is: at $\kappa=1000$, decay 1.5, heavy ball at $B=4096$ needs 37 000 samples per e-fold, SGD
#    at $B=1$ only 1440. Beyond its window heavy ball wastes samples like anybody else.
#
#    </details>
#
# 3. Set decay to 0.5, then 2.5, with κ fixed. Why does only ASGD (and Nesterov) notice at small batch?
#
#    <details><summary>Solution</summary>
#
#    SGD and heavy ball at batch 1 are limited by noise alone, and T1 and T2 pin both between fixed multiples of
#    $\mu/\mathrm{tr}\,H$: at $\kappa=1000$ their CE in this unit is 1.5 and 1.9 for decay 0.5, 3.4 and 3.6 for decay
#    2.5. A method with two step sizes can also use that a steep spectrum makes noise in few directions only: ASGD
#    goes from 4.2 to 11.4.
#
#    With $\kappa$ fixed even decay 0.5 is steep at its very top ($\mathrm{tr}\,H/L=1.4$), which is why ASGD's 4.2 is
#    more than twice heavy ball's 1.9; compare the preset *slow decay*, where the two agree.
#
#    </details>
#
# The numbers in the solutions, computed:
#
# [condition number]: ../NOTATION.md#condition-number "largest over smallest eigenvalue of H, written κ"
# [e-fold]: ../NOTATION.md#e-fold "a fall of the expected loss by the factor e = 2.718…"

# %% tags=["solution"] jupyter={"source_hidden": true}
def serial(kappa, batch):
    found = mb.frontier(mb.Spectrum.power_law(200, 1.5, kappa), batches=[batch])
    return np.array([found[name].serial[0] for name in ("sgd", "heavy_ball", "nesterov", "asgd")])


mild, steep = serial(10, 64), serial(1e6, 64)
assert 100 * (mild.max() / mild.min() - 1) < 12
np.testing.assert_allclose(steep, [260_000, 8300, 460, 330], rtol=0.015)
laws = [mb.Spectrum.power_law(200, a, k).compressed(2) for a in (0.1, 0.5, 1.5, 3) for k in (1, 10, 1e3, 1e5)]
pairs = [mb.frontier(S, ["sgd", "heavy_ball"], [1, 4, 16, 64, 256, 1024, 65536]) for S in laws]
assert min((f["heavy_ball"].ce / f["sgd"].ce).min() for f in pairs) > 1 - 1e-6
np.testing.assert_allclose([4096 * serial(1e3, 4096)[1], serial(1e3, 1)[0]], [37_000, 1440], rtol=0.01)
for a, stated in ((0.5, [1.5, 1.9, 4.2]), (2.5, [3.4, 3.6, 11.4])):
    H = mb.Spectrum.power_law(200, a, 1e3)
    found = mb.frontier(H, ["sgd", "heavy_ball", "asgd"], [1.0]).values()
    np.testing.assert_allclose([f.ce[0] * H.trace / H.smallest for f in found], stated, rtol=0.03)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# - Morwani, Meterez, Nair, Kakade, *Compute Efficiency and Serial Runtime Tradeoffs for Stochastic Momentum Methods*,
#   arXiv 2606.19179 (2026).
# - Garg, Dereziński, *Perfect Parallelization in Mini-Batch SGD with Classical Momentum Acceleration*, arXiv 2605.18609 (2026).
# - Wang, Malladi, Wang, Lyu, Li, *The Marginal Value of Momentum for Small Learning Rate SGD*, arXiv 2307.15196 (2023).
# - Goh, *Why Momentum Really Works*, Distill (2017).
