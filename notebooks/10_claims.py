# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 10 · The ledger of claims
#
# **Which of the papers' claims does this book stand behind, and on what evidence?** Below is every claim, where the book
# derives it, how it is checked, what the check measured when this page was last run, and the verdict. The checks run
# live: nothing in the table is a stored result. A claim whose check fails turns this notebook, and the tests, red.
#
# - **P1** Morwani, Meterez, Nair, Kakade, *Compute Efficiency and Serial Runtime Tradeoffs for Stochastic Momentum Methods*.
# - **P2** Garg, Dereziński, *Perfect Parallelization in Mini-Batch SGD with Classical Momentum Acceleration*.
# - **P3** Wang, Malladi, Wang, Lyu, Li, *The Marginal Value of Momentum for Small Learning Rate SGD*.
#
# The papers' abstracts state scalings; where a constant is ours, the table says so.

# %%
from IPython.display import Markdown

from mombook import claims

# %% [markdown]
# ## The table

# %%
entries = list(claims.ledger())
Markdown(claims.table(entries))

# %% [markdown]
# Everything in it holds, or this cell says what does not:

# %%
failed = [e.claim.key for e in entries if not e.finding.holds]
print(f"{len(entries)} claims checked, {len(failed)} failed {failed}")
assert not failed

# %% [markdown]
# ## What would refute the first paper
#
# A ledger in which nothing can fail proves nothing. The first paper names its own falsifier: heavy ball with a best
# [compute efficiency] above SGD's by more than a constant. Theorem T2 excludes that in this model, for any spectrum, any
# batch and any parameters; notebook 04 lets an optimiser look for it all the same. To see that the checks have teeth, change
# one character of the update rule in `mombook/method.py` and run this page again.
#
# [compute efficiency]: ../NOTATION.md#compute-efficiency "e-folds of the expected loss per sample, written CE"

# %% [markdown]
# ## Run one claim yourself
#
# A claim is data: its key picks it, and its check is a function you can call.

# %%
first = claims.claims()[0]
print(first.key, "-", first.statement)
first.check()

# %% [markdown]
# ## What we learned
#
# - Each claim has a derivation, a check and a measured number, and the three can be opened from here.
# - The scalings are the papers'; the constants, and the exact model they are proved in, are this book's.
#
# ## Exercises
#
# 1. Pick a claim whose measured number surprises you and find the cell of its notebook that derives it.
#
#    <details><summary>Solution</summary>
#
#    Yours to choose. One that surprises many is `Q-three-halves`: heavy ball *can* be ahead of SGD's best, by up to a
#    half. Its derivation is the section "Why 3/2" of notebook 04, its check the cells before it.
#
#    </details>
#
# 2. Break `Method.step` (say, `beta * m - g`). Which claims fail, and which survive? Why?
#
#    <details><summary>Solution</summary>
#
#    Six fail, `P2a`, `P2b`, `P2c`, `P2g`, `P3b` and `P3e`: those whose check *runs* the rule with momentum, on rows,
#    in the linear model or on a valley. The others survive, and rightly so: they are decided by equations for
#    $(\delta,\eta,\beta)$ in which no step is taken, or by runs of plain SGD, which has no buffer to break.
#
#    So the ledger alone would not notice that rule and equations have parted. The tests do: every method of
#    `tests/test_method.py` is run against its published form, and `risk_curve` against an operator averaged from the
#    literal update. Evidence needs two roads that meet.
#
#    </details>
#
# 3. Write a claim of your own in `mombook/claims/sgd.py`: a sentence, a check, a number.
#
#    <details><summary>Solution</summary>
#
#    For example, that on $d$ equal eigenvalues SGD's best gap is exactly $B/(d+B+1)$: `Claim("flat-gap", "book, notebook
#    02", "...", ...)` with the check of the cell below, which finds $8/59$ at $d=50$, $B=8$.
#
#    </details>
#
# The numbers in the solutions, computed:

# %% tags=["solution"] jupyter={"source_hidden": true}
from unittest.mock import patch

import numpy as np

import mombook as mb


def broken(self, w, m, g):
    m = self.beta * m - g
    return w - self.delta * g - self.eta * m, m


by_key = {c.key: c for c in claims.claims()}
with patch.object(mb.Method, "step", broken):
    assert not any(by_key[key].check().holds for key in ("P3b", "P2g"))
    assert all(by_key[key].check().holds for key in ("T1", "T2", "one-draw"))
np.testing.assert_allclose(mb.tune(mb.Spectrum.flat(50), "sgd", 8).gap, 8 / 59, rtol=1e-12)

# %% [markdown]
# Each of them holds.
#
# ## References
#
# The three papers above: arXiv 2606.19179, arXiv 2605.18609, arXiv 2307.15196.
