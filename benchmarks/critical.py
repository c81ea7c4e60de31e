"""Critical batches judged by training: the batch at which samples to the target have doubled, predicted and measured.

    python -m benchmarks.critical                   SGD and heavy ball on all cases of ``benchmarks.advice`` (half an hour)
    python -m benchmarks.critical wine digits       some of them

Predicted is ``Advice.critical``. Measured: at every batch the method that is advised there is trained in shuffled epochs, 32
runs like those of ``benchmarks.advice``; samples are the batch times the steps after which their mean is first at the target.
Where they have doubled since batch 1 is read off as the advice reads it off.
"""

import sys

import numpy as np

import mombook as mb
from benchmarks.advice import TARGET, Optimizers, passages, problems, shown, sources
from mombook.study.advice import _crossing

HEAD = ("data", "labels", "method", "predicted", "measured", "predicted / measured")
SEEDS, LONGEST = 32, 10_000
"""Runs, more than a few, whose mean is first at the target too early at small batches; and steps. Runs that would be longer are
left out: samples are then compared with those of the smallest batch that is left, if theory has at most a fifth more there."""


def lines(name, design, kind):
    """The lines of one case."""
    X = design.rows
    y = X @ np.linalg.lstsq(X, design.labels, rcond=None)[0] if kind == "clean" else design.labels
    advice = mb.advise(mb.Design(X, y, name=name), TARGET, families=["sgd", "heavy_ball"])
    for family, steps in advice.steps.items():
        predicted, samples = advice.critical[family], advice.batches * steps
        kept = (2 * steps <= LONGEST) & (advice.batches <= 4 * predicted)
        if not np.isfinite(predicted) or not kept.any() or samples[kept][0] > 1.2 * samples[0]:
            continue
        taken = np.array([passages(X, y, Optimizers.of(method), int(batch), int(np.ceil(2 * t)) + 1, SEEDS)[0][0]
                          for batch, method, t in zip(advice.batches[kept], np.array(advice.methods[family])[kept],
                                                      steps[kept], strict=True)])
        spent = advice.batches[kept] * taken
        measured = _crossing(advice.batches[kept], spent, 2 * spent[0] * samples[0] / samples[kept][0])
        yield [name, kind, mb.FAMILIES[family].word, predicted, measured, predicted / measured]


def main(names):
    """Print the table, and what must hold of it."""
    print("| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), sep="\n", flush=True)
    ratios = []
    for case in problems(sources(), names):
        for line in lines(*case):
            ratios.append(line[-1])
            print("| " + " | ".join(map(shown, line)) + " |", flush=True)
    off = np.exp(np.abs(np.log(ratios)))
    print(f"\n{len(off)} critical batches: within a factor 1.5 {100 * np.mean(off <= 1.5):.0f} %, within 2 "
          f"{100 * np.mean(off <= 2):.0f} %, median {np.median(off):.2f}.")


if __name__ == "__main__":
    main(sys.argv[1:])
