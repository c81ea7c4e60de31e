"""Advice for logistic regression, judged by training: plain NumPy minibatches in shuffled epochs.

    python -m benchmarks.logistic                     all cases, as a Markdown table (some minutes)
    python -m benchmarks.logistic gaussian rare       some of them
    python -m benchmarks.logistic --unseen            four problems that nothing was adjusted on

For every case: the recommendation of ``mb.advise_logistic``, and every family at batches 8, 32 and 128; the steps that are
forecast, and the steps in which the mean excess loss of eight runs is first at 1 % of its start. Beside the recommendation:
what least squares advice says at the same batch (forecast and taken on the logistic loss), and the best of five learning
rates with momentum 0.9. Nothing of the theory is in the runs; the least loss is scipy's.
"""

import sys
from functools import partial

import numpy as np
from scipy.optimize import minimize

import mombook as mb
from benchmarks.advice import SEEDS, TARGET, Optimizers

NAIVE = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Learning rates that a practitioner tries with momentum 0.9."""
LONGEST = 4000
"""Entries whose forecast is longer are left out of the table."""


def least_loss(X, y, ridge):
    """The least of the mean logistic loss with ridge, by scipy."""
    def loss(w):
        a = X @ w
        return (np.mean(np.logaddexp(0, a) - y * a) + ridge / 2 * w @ w, X.T @ (1 / (1 + np.exp(-a)) - y) / len(y) + ridge * w)

    found = minimize(loss, np.zeros(X.shape[1]), jac=True, method="L-BFGS-B",
                     options={"maxiter": 100_000, "maxfun": 200_000, "ftol": 1e-15, "gtol": 1e-9})
    return found.fun


def runs(X, y, ridge, optimizers, batch, steps, seed, least, checks=200):
    """(times, excess loss over the start) of one run of each optimizer from zero, on the same shuffled epochs."""
    n, d = X.shape
    rng, each = np.random.default_rng(seed), max(n // batch, 1)
    w, m = np.zeros((optimizers.beta.size, d)), np.zeros((optimizers.beta.size, d))
    delta, eta, beta = (v[:, None] for v in (optimizers.delta, optimizers.eta, optimizers.beta))
    marks = set(np.round(np.geomspace(1, steps, checks)).astype(int).tolist()) if steps > checks else set(range(1, steps + 1))
    seen, order = [], None
    with np.errstate(all="ignore"):
        for t in range(steps):
            if t % each == 0:
                order = rng.permutation(n)
            rows = order[t % each * batch:(t % each + 1) * batch]
            g = (1 / (1 + np.exp(-(w @ X[rows].T))) - y[rows]) @ X[rows] / len(rows) + ridge * w
            m = beta * m + g
            w = w - delta * g - eta * m
            if t + 1 in marks:
                a = w @ X.T
                loss = np.mean(np.logaddexp(0, a) - y * a, axis=1) + ridge / 2 * np.sum(w**2, axis=1)
                seen.append((loss - least) / (np.log(2) - least))
    seen = np.array(seen)
    return np.array(sorted(marks)), np.where(np.isfinite(seen) & (seen < 1e100), seen, 1e100)


def passages(X, y, ridge, optimizers, batch, steps, least):
    """The first time at which the mean over seeds is at the target, for each optimizer."""
    mean = 0.0
    for seed in range(SEEDS):
        times, excess = runs(X, y, ridge, optimizers, batch, steps, seed, least)
        mean = mean + excess / SEEDS
    below = mean <= TARGET
    return np.where(below.any(0), times[below.argmax(0)], np.inf)


# -- the cases --------------------------------------------------------------------------------------------------------
def shipped(name, classes=None):
    """A data set of scikit-learn, or two classes of it; the second is 1."""
    from sklearn import datasets

    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    keep = np.isin(y, classes) if classes else np.ones(len(y), bool)
    return X[keep], y[keep] == (classes[1] if classes else 1)


def synthetic(kind, n=1000, d=20):
    """Rows with a power-law spectrum; labels drawn from a logistic model."""
    rng = np.random.default_rng(5)
    z = rng.normal(size=(n, d))
    if kind == "student":                                               # a random length for every row
        z = z / np.sqrt(rng.chisquare(5, size=(n, 1)) / 5)
    elif kind == "binary":
        z = (rng.random((n, d)) < np.linspace(0.5, 0.05, d)).astype(float)
    elif kind == "laplace":
        z = rng.laplace(size=(n, d))
    elif kind == "correlated":                                          # uniform, every column like the one before
        z = np.cumsum(rng.uniform(-1, 1, size=(n, d)), axis=1)
    X = z if kind in ("binary", "correlated") else z * np.arange(1.0, d + 1) ** -0.6
    a = X @ rng.normal(size=d) * (4 if kind == "sharp" else 1)
    if kind == "curved":                                                # no logistic model has these labels
        a = 3 * np.sin(a) + X[:, 0] ** 2 - 1
    if kind == "rare":                                                  # one label in ten or so is 1
        a = a - 3
    return X, rng.random(n) < 1 / (1 + np.exp(-a))


SOURCES = {
    "breast_cancer": (partial(shipped, "breast_cancer"), 1e-2),
    "breast_cancer, small ridge": (partial(shipped, "breast_cancer"), 1e-3),
    "digits 3, 8": (partial(shipped, "digits", (3, 8)), 1e-2), "digits 4, 9": (partial(shipped, "digits", (4, 9)), 1e-2),
    "digits 1, 7": (partial(shipped, "digits", (1, 7)), 1e-4),
    "iris 1, 2": (partial(shipped, "iris", (1, 2)), 1e-2), "iris 1, 2, no ridge": (partial(shipped, "iris", (1, 2)), 0.0),
    "wine 0, 1": (partial(shipped, "wine", (0, 1)), 1e-2), "wine 1, 2": (partial(shipped, "wine", (1, 2)), 1e-3),
    **{kind: (partial(synthetic, kind), 0.0) for kind in ("gaussian", "student", "binary", "sharp", "rare")},
}
"""Name -> (function that loads rows and labels, ridge)."""

UNSEEN = {"digits 0, 6": (partial(shipped, "digits", (0, 6)), 1e-4),
          **{kind: (partial(synthetic, kind), 0.0) for kind in ("laplace", "correlated", "curved")}}
"""The same for problems that were run once, when all else was settled."""

HEAD = ("data", "ridge", "method", "batch", "forecast", "taken", "taken / forecast", "least squares: forecast", "taken",
        "naive 0.9: taken")


def judged(name):
    """The lines of one case."""
    load, ridge = {**SOURCES, **UNSEEN}[name]
    design = mb.load(*load())
    X, y = np.hstack([design.rows, np.ones((design.shape[0], 1))]), (design.labels > design.labels.mean()).astype(float)
    n, least = len(X), least_loss(X, y, ridge)
    taken = lambda methods, B, steps: passages(X, y, ridge, Optimizers.of(*methods), B, steps, least)  # noqa: E731
    advice = mb.advise_logistic(design, TARGET, ridge)
    pick = advice.pick
    B, steps = round(pick.batch), max(int(np.ceil(pick.steps)), 1)
    plain = mb.advise(mb.Design(X, (y - y.mean()) / y.std(), on_span=True), TARGET, ridge=ridge, batches=[B])
    linear = plain.pick if plain.best else None
    (there,) = taken([pick.method], B, 3 * steps)
    (late,) = taken([linear.method], B, int(10 * max(linear.steps, steps))) if linear else (np.nan,)
    naive = taken([mb.Method.heavy_ball(lr, 0.9) for lr in NAIVE], B, 5 * steps).min()
    yield [name, ridge, mb.FAMILIES[pick.family].word, B, steps, there, there / steps,
           np.ceil(linear.steps) if linear else np.nan, late, naive]
    batches = [b for b in (8, 32, 128) if b <= n]
    entries = mb.advise_logistic(design, TARGET, ridge, batches=batches)
    for family, needed in entries.steps.items():
        for i, b in enumerate(batches):
            if needed[i] <= LONGEST:
                steps = max(int(np.ceil(needed[i])), 1)
                (there,) = taken([entries.methods[family][i]], b, 3 * steps)
                yield [name, ridge, mb.FAMILIES[family].word, b, steps, there, there / steps, "", "", ""]


def main(names):
    """Print the table, and what must hold of it."""
    shown = lambda v: f"{v:.3g}" if isinstance(v, float) else str(v)  # noqa: E731
    print("| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), sep="\n", flush=True)
    lines = []
    for name in UNSEEN if names == ["--unseen"] else names or SOURCES:
        for line in judged(name):
            lines.append(line)
            print("| " + " | ".join(map(shown, line)) + " |", flush=True)
    ratio = np.array([v[6] for v in lines])
    first = np.array([v[5:6] + v[4:5] + v[7:] for v in lines if v[7] != ""], float)
    within = lambda r: f"{100 * np.mean((r >= 0.5) & (r <= 2)):.0f} %"  # noqa: E731
    print(f"\n{len(ratio)} entries. Taken within a factor 2 of the forecast: {within(ratio)} (recommendations: "
          f"{within(first[:, 0] / first[:, 1])}; least squares advice: {within(first[:, 3] / first[:, 2])}). Of all entries, "
          f"90 % took between {np.quantile(ratio, 0.05):.2f} and {np.quantile(ratio, 0.95):.2f} times the forecast. Not slower "
          f"than the best of five with momentum 0.9 at the same batch: {100 * np.mean(first[:, 0] <= first[:, 4]):.0f} %.")


if __name__ == "__main__":
    main(sys.argv[1:])
