"""Claims about rows that are not Gaussian: notebook 09. Nothing here needs scikit-learn: see ``measured``."""

import numpy as np

from ..data.fourth_moments import Inputs
from ..data.loading import load
from ..data.measured import kept
from ..exact import row_moments
from ..exact.row_moments import expected_risk
from ..sample.minibatch import fewest_steps, train
from ..study.advisor import advise
from . import Claim, Finding


def _tailed(rng):
    """Rows with heavy tails: Student's t with 4 degrees of freedom, 400 rows, 10 mixed columns."""
    return load(rng.standard_t(4, size=(400, 10)) @ (np.eye(10) + 0.3 * rng.normal(size=(10, 10))))


def _factor():
    blind, told = [], []
    for seed in range(4):
        design = _tailed(np.random.default_rng(seed))
        for inputs, found in ((Inputs.of(design, gaussian=True), blind), (Inputs.of(design), told)):
            for family, batch in (("sgd", 1), ("heavy_ball", 16)):
                f = inputs.frontier([family], [batch])[family]
                found.append(row_moments.contraction_gap(design.system, f.methods[0], batch) / f.gap[0])
    return Finding(f"eight cases with heavy tails: gap on the rows over the gap claimed, Gaussian theory {min(blind):.2f} to "
                   f"{max(blind):.2f}, told tau {min(told):.2f} to {max(told):.2f}",
                   bool(max(blind) < 0.8 and 0.8 < min(told) and max(told) < 1.2))


def _critical():
    ratios = {k: f.inputs().critical_batches(["sgd"])["sgd"] / f.inputs(gaussian=True).critical_batches(["sgd"])["sgd"]
              for k, f in kept().items()}
    said = ", ".join(f"{kept()[k].name} {r:.2f} (tau {kept()[k].factors[0]:.2f})" for k, r in ratios.items())
    order = sorted(ratios, key=lambda k: kept()[k].factors[0])
    return Finding(f"critical batch over the Gaussian one: {said}", order == sorted(ratios, key=ratios.get))


def _ridge():
    rng = np.random.default_rng(0)
    design = _tailed(rng)
    (method,) = Inputs.of(design, 0.1).frontier(["heavy_ball"], [8])["heavy_ball"].methods
    how = {"noise": 0.5, "ridge": 0.1, "start": np.ones(10)}
    exact, runs = expected_risk(design, method, 8, 12, **how), train(design, method, 8, 12, 3000, rng, **how)
    far = float(np.abs((runs.mean(0) - exact)[1:] / (runs.std(0, ddof=1)[1:] / 3000**0.5)).max())
    return Finding(f"3000 runs with ridge and label noise: mean within {far:.1f} standard errors of the rows' exact moments",
                   far < 5)


def _advice():
    rng, worst = np.random.default_rng(1), 0.0
    X = rng.normal(size=(1000, 12)) * np.arange(1.0, 13) ** -0.6
    design = load(X, X.sum(axis=1), standardise=False)
    found = advise(design, target=0.1, noise=0.0, families=["sgd", "heavy_ball"], batches=[1, 8, 64])
    for family, methods in found.methods.items():
        for i, B in enumerate((1, 8, 64)):
            steps, _ = fewest_steps(design, methods[i], B, 0.1, rng, shares=[0.5, 0.7, 1.0, 1.4, 2.0], runs=40, limit=2000)
            worst = max(worst, abs(np.log(steps / found.steps[family][i])))
    return Finding(f"Gaussian rows, six cases: measured and advised steps differ by a factor {np.exp(worst):.2f} at most",
                   bool(worst < np.log(1.4)))


CLAIMS = [
    Claim("noise-factor", "book",
          r"On rows with heavy tails methods tuned for Gaussian inputs fail; with the measured noise factor "
          r"$\tau$ the theory is right to a tenth or two.", "notebook 09, (noise-factor)", "exact moments of the rows",
          _factor, "the factor; P1 assumes Gaussian covariates", origin="this book"),
    Claim("tailed-critical", "book", "SGD's critical batch grows with the noise factor of the data.",
          "notebook 09, (tailed-moments)", "exact tuned gaps on four data sets' measured facts", _critical, "the factor",
          origin="this book"),
    Claim("row-moments", "book", "Minibatch training on fixed rows, with label noise and weight decay, has exactly "
          "computable means.", "notebook 09, (row-risk)", "mean of runs, in standard errors", _ridge, "derivation",
          origin="this book"),
    Claim("advice", "book", "Where rows are Gaussian the advisor's steps are those that real training needs at its best "
          "learning rate.", "notebook 09, (advice)", "minibatch runs over learning rates", _advice, "the advisor",
          origin="this book"),
]
"""Claims: see the package."""
