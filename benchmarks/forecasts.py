"""How far off forecasts are: steps that were forecast and steps that were taken, for all families at a few batches.

    python -m benchmarks.forecasts > benchmarks/forecasts.csv       (a quarter of an hour)

The cases, the runs and what counts as taken are those of ``benchmarks.advice``; here the entries were not run on the moments of
the rows before. ``mombook.study.certainty`` has the interval that follows, and a test holds it against the file.
"""

import sys

import numpy as np

import mombook as mb
from benchmarks.advice import TARGET, Optimizers, passages, sources

HEAD = "data,labels,noise factor,family,batch,forecast,taken"
LONGEST = 3000
"""Runs that would be longer are left out."""


def lines(name, design, kind):
    """The lines of one case: every family at four batches, from the smallest to all rows."""
    X = design.rows
    y = X @ np.linalg.lstsq(X, design.labels, rcond=None)[0] if kind == "clean" else design.labels
    largest = 2.0 ** np.floor(np.log2(len(X)))
    batches = np.unique(np.round(2.0 ** np.linspace(1, np.log2(largest), 4)))
    advice = mb.advise(mb.Design(X, y, name=name), TARGET, batches=batches)
    for family, steps in advice.steps.items():
        for batch, method, forecast in zip(batches, advice.methods[family], steps, strict=True):
            if np.isfinite(forecast) and 3 * forecast < LONGEST and (family, batch) not in mended(advice):
                (taken,), _ = passages(X, y, Optimizers.of(method), int(batch), int(np.ceil(3 * forecast)) + 1)
                yield f"{name},{kind},{advice.inputs.factor:.3g},{family},{batch:.0f},{forecast:.4g},{taken:.4g}"


def mended(advice):
    """The recommendation is no forecast: it was computed on the rows."""
    return set() if advice.best is None else {(advice.best[0], float(advice.batches[advice.best[1]]))}


def main(names):
    """Print the lines."""
    print(HEAD, flush=True)
    for name, load in sources().items():
        if names and name not in names:
            continue
        try:
            design = load()
        except ImportError as missing:                                  # photographs need Pillow
            print(f"{name}: not run: {missing}", file=sys.stderr)
            continue
        for kind in ("clean", "noisy"):
            for line in lines(name.replace(", ", " "), design, kind):
                print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
