"""Critical batches judged by training: the batch at which samples to the target have doubled, advised and taken.

    python -m benchmarks.critical                   SGD and heavy ball on all cases of ``benchmarks.advice`` (some minutes)
    python -m benchmarks.critical wine digits       some of them

Advised is ``Advice.critical``, which the advice measures itself where it can (``mombook.study.ladders``); the forecast is what
it has without runs. Taken: at every batch the method that is advised there is trained in shuffled epochs, 512 runs in plain
NumPy, on other orders of the rows than those of the advice. Samples are the batch times the steps after which the mean of the
runs is first at the target, log-linear between steps. Where they have doubled since batch 1 is read off as the advice does.
"""

import sys
from dataclasses import replace

import numpy as np

import mombook as mb
from benchmarks.advice import TARGET, problems, shown, sources
from mombook.study.advice import _crossing

HEAD = ("data", "labels", "method", "forecast", "advised", "kind", "taken", "advised / taken")
RUNS, LONGEST = 512, 10_000
"""Runs, and steps. Runs that would be longer are left out: samples are then compared with those of the smallest batch that is
left, if theory has at most a fifth more there."""


def passage(X, y, method, batch, steps):
    """Steps after which the mean of the runs is first at the target, log-linear between steps; inf: not within so many."""
    n, d = X.shape
    w_star = np.linalg.lstsq(X, y, rcond=None)[0]
    H, rng = X.T @ X / n, np.random.default_rng(0)
    w, m, before = np.zeros((RUNS, d)), np.zeros((RUNS, d)), 1.0
    for t in range(steps):
        k = t % max(n // batch, 1)
        if k == 0:
            orders = rng.permuted(np.tile(np.arange(n), (RUNS, 1)), axis=1)
        rows = orders[:, k * batch:(k + 1) * batch]
        if 4 * batch < n:
            x = X[rows]
            g = np.einsum("rb,rbd->rd", np.einsum("rbd,rd->rb", x, w) - y[rows], x) / batch
        else:                                                           # the rows of the batch, as weights of all rows
            chosen = np.zeros((RUNS, n))
            np.put_along_axis(chosen, rows, 1.0, axis=1)
            g = (chosen * (w @ X.T - y)) @ X / batch
        m = method.beta * m + g
        w = w - method.delta * g - method.eta * m
        e = w - w_star
        now = np.mean(np.einsum("rd,rd->r", e @ H, e)) / (w_star @ H @ w_star)
        if now <= TARGET:
            return t + np.log(before / TARGET) / np.log(before / now)
        before = now
    return np.inf


def lines(name, design, kind):
    """The lines of one case."""
    X = design.rows
    y = X @ np.linalg.lstsq(X, design.labels, rcond=None)[0] if kind == "clean" else design.labels
    advice = mb.advise(mb.Design(X, y, name=name), TARGET, families=["sgd", "heavy_ball"])
    forecasts = replace(advice, ladders={}).critical
    for family, steps in advice.steps.items():
        forecast, advised, samples = forecasts[family], advice.critical[family], advice.samples[family]
        kept = (2 * steps <= LONGEST) & (advice.batches <= 4 * max(forecast, advised))
        if not kept.any() or samples[kept][0] > 1.2 * samples[0]:
            continue
        taken = np.array([passage(X, y, method, int(batch), int(np.ceil(2 * t)) + 1) for batch, method, t in zip(
            advice.batches[kept], np.array(advice.methods[family])[kept], steps[kept], strict=True)])
        spent = advice.batches[kept] * taken
        found = _crossing(advice.batches[kept], spent, 2 * spent[0] * samples[0] / samples[kept][0])
        yield [name, kind, mb.FAMILIES[family].word, forecast, advised, "measured" if family in advice.ladders else "forecast",
               found, factor(advised, found)]


def factor(one, other):
    """One over the other; 1 where both are beyond the last batch."""
    return 1.0 if one == other else one / other if np.isfinite(other) else 0.0


def main(names):
    """Print the table, and what must hold of it."""
    print("| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), sep="\n", flush=True)
    found = []
    for case in problems(sources(), names):
        for line in lines(*case):
            found.append(line)
            print("| " + " | ".join(map(shown, line)) + " |", flush=True)
    for what, column in (("advised", 4), ("forecast", 3)):
        ratios = np.array([factor(line[column], line[6]) for line in found])
        off = np.maximum(ratios, 1 / np.maximum(ratios, 1e-9))
        print(f"\n{len(off)} critical batches, {what}: within a factor 1.5 {100 * np.mean(off <= 1.5):.0f} %, within 2 "
              f"{100 * np.mean(off <= 2):.0f} %, median {np.median(off):.2f}.")


if __name__ == "__main__":
    main(sys.argv[1:])
