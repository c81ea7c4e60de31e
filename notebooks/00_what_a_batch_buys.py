# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 0 · What a batch buys
#
# Two methods run down the same noisy valley: **SGD**, and SGD with momentum, called **heavy ball**. A step uses the mean
# gradient of **B** samples. Drag B. Both take the same number of steps: who arrives, and what does it cost?

# %%
from mombook import explore

start = explore.start()
start

# %% [markdown]
# ## What you see
#
# **On the left** is a valley with two directions, one steep and one flat. The number $\kappa$ says how much steeper: it is the
# [condition number]. SGD must keep its steps small enough for the steep direction, so it crawls along the flat one. Heavy ball
# adds up past gradients. Across the valley they cancel; along it they build up speed.
#
# **On the right** is the price of each method: the samples for each [tenfold fall] of the expected loss, in the long run. Both
# methods are tuned for every batch size, and these rates are exact.
#
# [condition number]: ../NOTATION.md#condition-number "largest over smallest eigenvalue of H, written κ"
# [tenfold fall]: ../NOTATION.md#tenfold-fall "a fall of the expected loss to a tenth: 2.3 e-folds"

# %% [markdown]
# ## Three things to try
#
# 1. Set B to 1. Both methods get about equally far, and heavy ball saves less than a third of SGD's samples. A gradient of
#    one sample is so noisy that both need small steps.
# 2. Raise B slowly. SGD soon pays: at B = 2 a third more samples, at B = 4 twice as many. Its steps stay short because the
#    valley is narrow, so less noise hardly helps.
# 3. Heavy ball's price rises later. At B = 4 it is a tenth higher, and it doubles only at B = 41. The bracket joins the two
#    batches at which a price has doubled. Move $\kappa$: for large $\kappa$ the bracket spans about $0.3\sqrt\kappa$, and
#    never more than $\sqrt\kappa$.
#
# So momentum hardly makes samples cheaper. It lets a larger batch be used at the same price, and so saves steps, one after
# another, that no second machine could do at the same time.

# %% [markdown]
# ## The same in numbers
#
# The two curvatures of the valley are the eigenvalues of a covariance $H$. Tuning returns the method that shrinks the expected
# loss fastest; `compute` is the number of samples for each fall of the loss by a factor $e$.

# %%
import numpy as np

import mombook as mb

H = mb.Spectrum([1.0, 1 / 1000])
price = mb.frontier(H, ["sgd", "heavy_ball"], [1, 2, 4, 64, 4096])
sgd, heavy_ball = (np.log(10) * f.compute for f in price.values())
assert 2 / 3 < heavy_ball[0] / sgd[0] and 1.3 < sgd[1] / sgd[0] < 1.36 and 1.9 < sgd[2] / sgd[0] < 2
assert 1.05 < heavy_ball[2] / heavy_ball[0] < 1.12
np.round([sgd, heavy_ball], -1)

# %% [markdown]
# The bend is where the price has doubled.

# %%
bends = mb.critical_batches(H, ["sgd", "heavy_ball"])
{family: round(batch, 1) for family, batch in bends.items()}

# %% [markdown]
# The ratio of the two is the width of heavy ball's [window].
#
# [window]: ../NOTATION.md#window "range of batches over which CE stays near its best; its width is the critical batch"

# %%
ratio = bends["heavy_ball"] / bends["sgd"]
wider = [mb.critical_batches(mb.Spectrum([1.0, 1 / k]), ["sgd", "heavy_ball"]) for k in (10, 1e4, 1e6, 1e8)]
shares = [each["heavy_ball"] / each["sgd"] / np.sqrt(k) for each, k in zip(wider, (10, 1e4, 1e6, 1e8), strict=True)]
assert max(ratio / np.sqrt(H.kappa), *shares) < 1 and round(bends["heavy_ball"]) == 41
np.testing.assert_allclose([ratio / np.sqrt(H.kappa), *shares[1:]], 0.3, atol=0.03)
f"{ratio:.1f} times as wide; the square root of kappa is {np.sqrt(H.kappa):.1f}"

# %% [markdown]
# A real problem has more than two directions. What then decides where SGD's price bends, and can a method be cheaper than SGD
# even at batch 1? [The next notebook](00b_step_by_step.ipynb) goes there in four small figures, and
# [notebook 01](01_the_paper_in_one_figure.ipynb) shows the paper in one.
#
# ## References
#
# - Morwani, Meterez, Nair, Kakade, *Compute Efficiency and Serial Runtime Tradeoffs for Stochastic Momentum Methods*,
#   arXiv 2606.19179 (2026).
# - Polyak, *Some methods of speeding up the convergence of iteration methods*, USSR Comp. Math. 4 (1964).
