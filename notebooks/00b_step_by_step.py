# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0b · Step by step
#
# Four small figures explain the first one. Here one weight rolls down a noisy slope. Each step follows the mean gradient of 8
# samples. Drag the **learning rate**: too small is slow, too large keeps the noise. Which directions forbid a larger rate,
# once there is more than one?

# %%
from mombook import explore

slope = explore.slope()
slope

# %% [markdown]
# The band holds 80 % of 400 runs. The thick line is exact: the root of the mean squared distance from the best weight. In
# between lies a best rate, and it depends on how long you train.
#
# ## A narrow valley
#
# Two weights, and no noise. **SGD** must keep its steps small enough for the steep direction. So it zigzags there and crawls
# along the flat one. **Heavy ball** adds momentum. Drag **κ**: SGD's steps grow like κ, heavy ball's like √κ.
# What does it cost to average so much noise away?

# %%
valley = explore.valley()
valley

# %% [markdown]
# The [condition number] κ is the steepest curvature over the flattest. Drag the starting point, too. Across the valley past
# gradients cancel; along it they add up.
#
# ## Two meters
#
# The noise is back. A step averages **B** gradients. Raise B: the runs draw together, but the valley keeps its shape. Soon the
# steps hardly fall, while the samples keep rising. A real loss has many more directions: which of them take so long?
#
# [condition number]: ../NOTATION.md#condition-number "largest over smallest eigenvalue of H, written κ"

# %%
meters = explore.meters()
meters

# %% [markdown]
# The two meters have names. Steps come one after another, so their number is the [serial runtime]. Samples are the work done,
# the **compute**. Both count what a [tenfold fall] of the expected loss takes, in the long run. Theory prefers the [e-fold], a
# fall by the factor $e$. The e-folds that one sample buys are the [compute efficiency].
#
# ## Many directions
#
# A real loss has many curvatures. Sorted, they are its **spectrum**. Drag the last bar: the **[decay][spectrum decay]** says
# how fast the bars fall. Steep directions are learned first. Later the flat ones carry what is left. Where, then, does a
# larger batch stop paying?
#
# [spectrum decay]: ../NOTATION.md#spectrum-decay "how fast the eigenvalues fall: the exponent a in i to the power -a"
# [e-fold]: ../NOTATION.md#e-fold "a fall of the expected loss by the factor e = 2.718…"
# [tenfold fall]: ../NOTATION.md#tenfold-fall "a fall of the expected loss to a tenth: 2.3 e-folds"
# [serial runtime]: ../NOTATION.md#serial-runtime "steps per e-fold of the expected loss"
# [compute efficiency]: ../NOTATION.md#compute-efficiency "e-folds of the expected loss per sample, written CE"

# %%
modes = explore.modes()
modes

# %% [markdown]
# A thin share stays in the steepest direction: the noise of the batch keeps feeding it. The steep directions limit the
# learning rate, and the flat ones take the time. Both meet in the fifth figure, which is that of
# [notebook 00](00_what_a_batch_buys.ipynb). It draws the price over the batch: flat at first, then a bend. SGD's price bends
# early, heavy ball's up to $\sqrt\kappa$ times later.
#
# ## The same in numbers
#
# On the slope, at the noise of the figure:

# %%
import numpy as np

import mombook as mb

best, risk = mb.tune_risk(mb.Spectrum([1.0]), "sgd", batch=8, steps=50, noise=1.5)
f"learning rate {best.method.delta:.3f} leaves {2 * risk:.1%} of the loss"

# %% [markdown]
# In the valley, on the full gradient, and how many times as many steps SGD takes:

# %%
from mombook.tuning.full_gradient import full_gradient

H = mb.Spectrum([1.0, 1 / 50])
rates = [-np.log1p(-mb.contraction_gap(H, method, 1e15)) for method in full_gradient(H).values()]
steps = np.log(10) / np.array(rates)
np.round([*steps, steps[0] / steps[1]], 1)

# %% [markdown]
# Both meters of tuned SGD, for batch sizes 1, 4 and 1024:

# %%
sgd = mb.frontier(H, ["sgd"], [1, 4, 1024])["sgd"]
(np.log(10) * np.array([sgd.serial, sgd.compute])).round().astype(int)

# %% [markdown]
# And the direction from which on the flatter ones carry half of the loss, after 1, 10, 100 and 1000 steps:

# %%
from mombook.exact.moments import risk_by_direction
from mombook.exact.thresholds import step_limit

many = mb.Spectrum.power_law(d=60, decay=1.5)
risk = risk_by_direction(many, mb.Method.sgd(step_limit(many, 64) / 2), 64, [1, 10, 100, 1000])
[int(np.searchsorted(np.cumsum(r / r.sum()), 0.5)) + 1 for r in risk]

# %% [markdown]
# [The next notebook](01_the_paper_in_one_figure.ipynb) puts all of this into one figure.
#
# ## References
#
# - Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Comp. Math. 4 (1964).
# - Goh, *Why momentum really works*, Distill (2017).
# - McCandlish, Kaplan, Amodei, *An empirical model of large-batch training*, arXiv 1812.06162 (2018).
