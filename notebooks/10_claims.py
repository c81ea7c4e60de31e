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
# 2. Break `Method.step` (say, `beta * m - g`). Which claims fail, and which survive? Why?
# 3. Write a claim of your own in `mombook/claims/sgd.py`: a sentence, a check, a number.
#
# ## References
#
# The three papers above: arXiv 2606.19179, arXiv 2605.18609, arXiv 2307.15196.
