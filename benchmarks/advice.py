"""Advice judged by training: plain NumPy minibatches in shuffled epochs on public and synthetic data, clean and noisy.

    python -m benchmarks.advice                     all cases, as a Markdown table (some minutes)
    python -m benchmarks.advice wine digits         some of them
    python -m benchmarks.advice --unseen            ten others, six of them made after the advice

For every case: the steps that ``mb.advise`` names, and its interval; the steps in which the mean of eight runs is first at the
target, and what is left in that mean after the advised steps; the fewest steps (at the advised batch) and the fewest samples
(at any) of a grid of learning rates, momenta and batches, heavy ball and Nesterov; and the best of five learning rates with
momentum 0.9 at the advised batch. Nothing of the theory is in the runs, and the advice was trained on other orders of the rows.
"""

import sys
from dataclasses import dataclass

import numpy as np

import mombook as mb

TARGET, SEEDS = 0.01, 8
RATES = 10.0 ** np.arange(-4, 0.51, 0.2)
"""Learning rates of the grid, in units of 1/L."""
MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99)
NAIVE = (1e-3, 3e-3, 1e-2, 3e-2, 0.1)
"""Learning rates (for MSELoss) that a practitioner tries with momentum 0.9."""


@dataclass
class Optimizers:
    """Many one-buffer methods at once, each an array ``(k,)``."""

    delta: np.ndarray
    eta: np.ndarray
    beta: np.ndarray

    @classmethod
    def grid(cls, largest):
        """Heavy ball and Nesterov over learning rates and momenta."""
        lr, beta, ahead = (v.ravel() for v in np.meshgrid(RATES / largest, MOMENTA, [0.0, 1.0], indexing="ij"))
        return cls(lr * ahead, np.where(ahead > 0, lr * beta, lr), beta)

    @classmethod
    def of(cls, *methods):
        return cls(*(np.array([getattr(m, name) for m in methods]) for name in ("delta", "eta", "beta")))


def runs(X, y, optimizers, batch, steps, seed, checks=200):
    """(times, excess risk over the start) of one run of each optimizer from zero, on the same shuffled epochs."""
    n, d = X.shape
    w_star = np.linalg.lstsq(X, y, rcond=None)[0]
    root = np.linalg.cholesky(X.T @ X / n + 1e-14 * np.eye(d))
    rng, each = np.random.default_rng(seed), max(n // batch, 1)
    w, m = np.zeros((optimizers.beta.size, d)), np.zeros((optimizers.beta.size, d))
    delta, eta, beta = (v[:, None] for v in (optimizers.delta, optimizers.eta, optimizers.beta))
    marks = np.unique(np.round(np.geomspace(1, steps, checks)).astype(int)) if steps > checks else np.arange(1, steps + 1)
    first, seen, order = float(np.sum((w_star @ root) ** 2)), [], None
    with np.errstate(all="ignore"):
        for t in range(steps):
            if t % each == 0:
                order = rng.permutation(n)
            rows = order[t % each * batch:(t % each + 1) * batch]
            g = (w @ X[rows].T - y[rows]) @ X[rows] / len(rows)
            m = beta * m + g
            w = w - delta * g - eta * m
            if t + 1 in marks:
                seen.append(np.sum(((w - w_star) @ root) ** 2, axis=1) / first)
    seen = np.array(seen)
    return marks, np.where(np.isfinite(seen) & (seen < 1e100), seen, 1e100)


def passages(X, y, optimizers, batch, steps, seeds=SEEDS):
    """The first time at which the mean over seeds is at the target, and that mean at the end, for each optimizer."""
    mean = 0.0
    for seed in range(seeds):
        times, risk = runs(X, y, optimizers, batch, steps, seed)
        mean = mean + risk / seeds
    below = mean <= TARGET
    return np.where(below.any(0), times[below.argmax(0)], np.inf), mean[-1]


# -- the cases --------------------------------------------------------------------------------------------------------
def patches():
    """Natural image patches of 6 x 6 out of scikit-learn's photographs; the label is the pixel after the last."""
    from sklearn.datasets import load_sample_image

    rng = np.random.default_rng(0)
    grey = load_sample_image("china.jpg").mean(axis=2) / 255
    at = [(rng.integers(grey.shape[0] - 6), rng.integers(grey.shape[1] - 6)) for _ in range(2000)]
    flat = np.array([grey[i:i + 6, j:j + 6].ravel() for i, j in at])
    return flat[:, :-1], flat[:, -1]


def synthetic(tails, n=1000, d=20):
    """Rows with a power-law spectrum, Gaussian or with heavy tails, and noisy linear labels."""
    rng = np.random.default_rng(3)
    z = rng.normal(size=(n, d))
    if tails == "student":                                              # a random length for every row
        z = z / np.sqrt(rng.chisquare(5, size=(n, 1)) / 5)
    elif tails == "sparse":                                             # every column is mostly zero
        z = z * (rng.random((n, d)) < 0.05) / np.sqrt(0.05)
    elif tails == "lognormal":
        z = np.exp(z)
    X = z * np.arange(1.0, d + 1) ** -0.6
    return X, X @ rng.normal(size=d) + X.std() * rng.normal(size=n)


def sources():
    """name -> function that loads a ``Design``."""
    made = {name: lambda name=name: mb.load(name)
            for name in ("diabetes", "wine", "breast_cancer", "digits", "iris", "linnerud")}
    made["patches"] = lambda: mb.load(*patches())
    for name, j in (("iris", 3), ("wine", 9), ("breast_cancer", 13)):   # a column from the others
        made[f"{name}, column {j}"] = lambda name=name, j=j: mb.load(np.delete(mb.load(name).rows, j, axis=1),
                                                                     mb.load(name).rows[:, j])
    for tails in ("gaussian", "student", "sparse", "lognormal"):
        made[tails] = lambda tails=tails: mb.load(*synthetic(tails))
    return made


def unseen():
    """The same for other problems: those of ``benchmarks.forecasts``, and more, most of them with heavy tails."""
    from benchmarks import forecasts

    rng = np.random.default_rng(77)
    noisy = lambda X, s: (X, X @ rng.normal(size=X.shape[1]) + s * X.std() * rng.normal(size=len(X)))  # noqa: E731
    made = {"t4": noisy(rng.standard_t(4, size=(800, 12)) * np.arange(1.0, 13) ** -0.7, 0.5)}
    X = rng.exponential(size=(600, 8))
    X[:, 1:] += X[:, :1]
    made["exponential"] = noisy(X, 1.0)
    made["random lengths"] = noisy(rng.normal(size=(500, 15)) * np.exp(0.8 * rng.normal(size=(500, 1))), 0.7)
    made["rare ones"] = noisy((rng.random((700, 25)) < np.arange(1, 26) ** -1.0) * 1.0, 0.5)
    made["lognormal, 0.7"] = noisy(np.exp(0.7 * rng.normal(size=(300, 6))), 1.0)
    made["60 rows"] = noisy(rng.normal(size=(60, 10)), 0.3)
    return {**forecasts.unseen(), **{name: lambda pair=pair: mb.load(*pair) for name, pair in made.items()}}


def problems(made, names):
    """(name, ``Design``, "clean" or "noisy") of every case, or of some names; says on stderr which cannot be had here."""
    names = [name for name in names if not name.startswith("--")]
    for name, load in made.items():
        if not names or name in names:
            try:
                design = load()
            except ImportError as missing:                              # photographs need Pillow
                print(f"{name}: not run: {missing}", file=sys.stderr)
                continue
            yield from ((name, design, kind) for kind in ("clean", "noisy"))


def judged(name, design, kind):
    """One line of the table."""
    X = design.rows
    solution = np.linalg.lstsq(X, design.labels, rcond=None)[0]
    y = X @ solution if kind == "clean" else design.labels
    advice = mb.advise(mb.Design(X, y, name=name), TARGET, critical="forecast")
    if advice.best is None:
        return [name, kind, "flagged"]
    pick = advice.pick
    steps, B = max(int(np.ceil(pick.steps)), 1), round(pick.batch)
    (taken,), (left,) = passages(X, y, Optimizers.of(pick.method), B, steps)
    if not taken < np.inf:
        (taken,), _ = passages(X, y, Optimizers.of(pick.method), B, 3 * steps)
    naive, _ = passages(X, y, Optimizers.of(*(mb.Method.heavy_ball(2 * lr, 0.9) for lr in NAIVE)), B, 4 * steps)
    grid, found = Optimizers.grid(design.eigenvalues[0]), {}
    most = 2.5 * min(s.min() for s in advice.samples.values())
    for batch in sorted({2, 8, 32, 128, B}):
        if batch <= len(X) and most / batch <= 5000:
            longest = int(np.ceil(max(most / batch, 1.5 * steps if batch == B else 1)))
            found[batch] = float(passages(X, y, grid, batch, longest)[0].min())
    fewest = min(b * t for b, t in found.items())
    late = "yes" if any("shortened" in said for said in advice.told) or advice.inputs.factor > 2 else ""
    return [name, kind, mb.FAMILIES[pick.family].word, B, steps, taken, 100 * left, found[B], naive.min(), B * taken / fewest,
            pick.interval, late]


def shown(value):
    """A cell of the table."""
    if isinstance(value, tuple):
        return " to ".join(f"{v:.0f}" for v in value)
    return f"{value:.3g}" if isinstance(value, float) else str(value)


HEAD = ("data", "labels", "advised", "batch", "steps", "taken", "left, %", "grid", "naive 0.9", "samples / fewest", "likely",
        "flagged")


def main(names):
    """Print the table, and what must hold of it."""
    print("| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD), sep="\n", flush=True)
    new, lines = "--unseen" in names, []
    for name, design, kind in problems(unseen() if new else sources(), names):
        lines.append(judged(name, design, kind))
        print("| " + " | ".join(map(shown, lines[-1])) + " |", flush=True)
    full = [v for v in lines if len(v) == len(HEAD)]
    share = lambda holds: f"{100 * np.mean([bool(holds(v)) for v in full]):.0f} %"  # noqa: E731
    print(f"\n{len(full)} cases. Arrived within 1.5 times the advised steps: {share(lambda v: v[5] <= 1.5 * v[4])}; samples "
          f"within twice the grid's fewest: {share(lambda v: v[9] <= 2)}; not slower than the best of five with momentum 0.9 "
          f"at the same batch: {share(lambda v: v[5] <= v[8])}; mean risk after the advised steps at most 1.5 times the "
          f"target: {share(lambda v: v[6] <= 150 * TARGET)}; arrived within the advised interval: "
          f"{share(lambda v: v[10][0] <= v[5] <= v[10][1])}.")


if __name__ == "__main__":
    main(sys.argv[1:])
