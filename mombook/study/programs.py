"""Advice as code to paste: a method as a line of PyTorch, and a script that trains with it."""

from ..model.dialects import dialects
from ..model.method import Method

LOSS = {"mse": "torch.nn.MSELoss()", "half": "lambda found, wanted: torch.nn.functional.mse_loss(found, wanted) / 2",
        "logistic": "torch.nn.BCEWithLogitsLoss()"}
"""The squared error in each convention, and the logistic loss, as PyTorch has them."""

SCRIPT = """\
# {word} at batch {batch}: {steps} steps, from w = 0
import torch
from torch.utils.data import DataLoader, TensorDataset

import mombook as mb
import mombook.torch

design = {recipe}
X, y = (torch.tensor(v, dtype=torch.float32) for v in (design.rows, {labels}))
batches = DataLoader(TensorDataset(X, y), batch_size={batch}, shuffle=True, drop_last=True)
model = torch.nn.Linear(X.shape[1], 1, bias={bias})
for weights in model.parameters():
    torch.nn.init.zeros_(weights)
params = model.parameters()
optimizer = {line}
loss_of = {loss}

steps = 0
while steps < {steps}:
    for rows, labels in batches:
        optimizer.zero_grad()
        loss_of(model(rows)[:, 0], labels).backward()
        optimizer.step()
        steps += 1
        if steps == {steps}:
            break

with torch.no_grad():
    print(f"loss after {{steps}} steps: {{loss_of(model(X)[:, 0], y):.4g}}")
"""
"""What ``script`` fills in."""

ORIGINAL = """\
weights, intercept = design.original_weights(model.weight.detach().numpy()[0])     # for the columns as they came
"""
"""How a program for linear regression ends."""


def script(word: str, batch: int, steps: int, recipe: str, optimizer: str, loss: str) -> str:
    """A PyTorch program that trains a linear model, or a logistic one, on a design, from w = 0.

    Args:
        word: what the method is called; batch: rows in a batch; steps: to take.
        recipe: the expression that loads the design; optimizer: the one that makes the optimizer, as from ``line``.
        loss: a key of ``LOSS``. With ``"logistic"`` the larger of two labels is 1, and the model has an intercept.
    """
    logistic = loss == "logistic"
    labels = "design.labels > design.labels.mean()" if logistic else "design.labels"
    program = SCRIPT if logistic else SCRIPT + ORIGINAL
    return program.format(word=word, batch=batch, steps=steps, recipe=recipe, line=optimizer, loss=LOSS[loss], labels=labels,
                          bias=logistic)


def line(method: Method, loss: str = "half", ridge: float = 0.0) -> str:
    """A method as a line of PyTorch to copy, three figures each: of ``torch.optim.SGD`` where that has the method, else of
    ``mombook.torch.Momentum``.

    Args:
        method: a ``Method``; loss: as ``Method.as_torch``; ridge: r of (r/2)|w|^2 beside the loss (1/2)(y - x.w)^2.
    """
    m = _rounded(method.for_loss(loss))
    found = dialects(m)["PyTorch"]
    if found.startswith("cannot"):
        found = f"mombook.torch.Momentum(params, delta={m.delta!r}, eta={m.eta!r}, beta={m.beta!r})"
    decay = ridge * (2 if loss == "mse" else 1)
    return found if not decay else f"{found[:-1]}, weight_decay={decay!r})"


def _rounded(method):
    """Three figures, as one would type them; of the memory, three figures of 1 - beta."""
    typed, beta = lambda v: float(f"{v:.3g}"), _beside_one(method.beta)
    if method.delta and method.eta and abs(method.eta - method.beta * method.delta) <= 1e-9 * method.eta:
        return Method.nesterov(typed(method.delta), beta)
    return Method(typed(method.delta), typed(method.eta), beta)


def _beside_one(x):
    """x to three figures of 1 - x."""
    return round(1 - float(f"{1 - x:.3g}"), 12)
