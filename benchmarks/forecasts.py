"""How far off forecasts are: steps that were forecast and steps that were taken, for all families at a few batches.

    python -m benchmarks.forecasts > benchmarks/forecasts.csv       (a quarter of an hour)
    python -m benchmarks.forecasts --unseen                         (four problems that the interval was not made of)

The cases, the runs and what counts as taken are those of ``benchmarks.advice``; here nothing was run on the rows before.
``mombook.study.certainty`` has the interval that follows, and a test holds it against the file.
"""

import sys

import numpy as np

import mombook as mb
from benchmarks.advice import TARGET, Optimizers, passages, problems, sources
from mombook.tuning.steps import whole_epochs

HEAD = "data,labels,noise factor,family,batch,forecast,taken"
LONGEST = 3000
"""Runs that would be longer are left out."""


def lines(name, design, kind):
    """The lines of one case: every family at four batches, from the smallest to all rows."""
    X = design.rows
    y = X @ np.linalg.lstsq(X, design.labels, rcond=None)[0] if kind == "clean" else design.labels
    largest = 2.0 ** np.floor(np.log2(len(X)))
    batches = np.unique(np.round(2.0 ** np.linspace(1, np.log2(largest), 4)))
    advice = mb.advise(mb.Design(X, y, name=name), TARGET, batches=batches, critical="forecast")
    for family, steps in advice.steps.items():
        steps = whole_epochs(steps, batches, len(X) if advice.noise else None)
        for batch, method, forecast in zip(batches, advice.methods[family], steps, strict=True):
            if np.isfinite(forecast) and 3 * forecast < LONGEST and (family, batch) not in mended(advice):
                (taken,), _ = passages(X, y, Optimizers.of(method), int(batch), int(np.ceil(3 * forecast)) + 1)
                yield f"{name},{kind},{advice.inputs.factor:.3g},{family},{batch:.0f},{forecast:.4g},{taken:.4g}"


def mended(advice):
    """The recommendation is no forecast: it was run on the rows."""
    return set() if advice.best is None else {(advice.best[0], float(advice.batches[advice.best[1]]))}


def unseen():
    """name -> function that loads a ``Design``: rows of other kinds, with linear labels and noise, and with curved ones."""
    rng = np.random.default_rng(11)
    noisy = lambda X, s: X @ rng.normal(size=X.shape[1]) + s * X.std() * rng.normal(size=len(X))  # noqa: E731
    X = (rng.random((400, 12)) < 0.3) * 1.0
    made = {"binary": (X, noisy(X, 0.5))}
    X = rng.uniform(-1, 1, (500, 20)) @ (rng.normal(size=(20, 20)) / 4 + np.eye(20))
    made["uniform"] = X, noisy(X, 1.0)
    X = rng.laplace(size=(400, 10)) * np.arange(1, 11) ** -0.5
    made["laplace"] = X, noisy(X, 0.7)
    X = rng.poisson(1.0, (300, 8)) * 1.0
    made["counts"] = X, np.sqrt(X.sum(1)) + 0.3 * rng.normal(size=300)
    return {name: lambda pair=pair: mb.load(*pair) for name, pair in made.items()}


def main(names):
    """Print the lines."""
    print(HEAD, flush=True)
    for name, design, kind in problems(unseen() if "--unseen" in names else sources(), names):
        for line in lines(name.replace(", ", " "), design, kind):
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
