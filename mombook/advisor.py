"""The question a practitioner brings: for my problem, which method, which momentum, how large a batch?"""

from dataclasses import dataclass, replace

import numpy as np

from . import arguments
from .data import Design
from .dialects import dialects
from .family import FAMILIES
from .fourth_moments import Inputs
from .method import Method
from .spectrum import Spectrum

LEVELS = 8
"""How many horizons are tried: a method tuned as if no eigenvalue were smaller than one of so many levels."""

TAILS = 2.0
"""A noise factor from which the advice names the heaviest row."""

NODES = 150
"""Spectra with more entries than this are merged before curves are computed from them."""


@dataclass(frozen=True, eq=False)
class Advice:
    """What ``advise`` found; arrays have one entry for each of ``batches``. Its repr is the advice in plain sentences.

    Attributes:
        inputs: what theory was told of the problem (``fourth_moments.Inputs``).
        batches: batch sizes, shape ``(n,)``.
        target: the share of the initial excess risk that training should reach.
        noise: standard deviation of the label noise.
        methods, steps: family -> tuned ``Method``s, and expected steps to the target (``inf``: not reached).
        design: the ``Design`` it is for; ``None`` where only a spectrum or ``Inputs`` were given.
    """

    inputs: Inputs
    batches: np.ndarray
    target: float
    noise: float
    methods: dict
    steps: dict
    design: Design | None = None

    @property
    def samples(self):
        """Family -> samples to the target, batches times steps."""
        return {f: self.batches * s for f, s in self.steps.items()}

    @property
    def critical(self):
        """Family -> the batch at which samples to the target have doubled from batch 1, read off between batches; ``inf``
        where they have not by the last one."""
        return {f: _crossing(self.batches, s, 2 * s[0]) for f, s in self.samples.items()}

    def doubling(self, family, batch):
        """By which factor doubling the batch divides the steps: 2 where it is free, 1 where it is wasted.

        Raises:
            ValueError: a family that was not asked for, or a batch whose double is not among ``batches``.
        """
        steps = self.steps[arguments.choice("family", family, tuple(self.steps))]
        here, there = (np.flatnonzero(self.batches == b) for b in (batch, 2 * batch))
        if not here.size or not there.size:
            arguments.refuse("batch", batch, f"one of {self.batches.tolist()} whose double is there too")
        return float(steps[here[0]] / steps[there[0]])

    @property
    def best(self):
        """(family, index into ``batches``) of the recommendation.

        Of every family the largest batch that costs at most twice the fewest samples of all; of those the one of fewest
        steps, where a method with more parameters must save a tenth.
        """
        samples, found = self.samples, None
        least = min(s.min() for s in samples.values())
        for family in sorted(samples, key=list(FAMILIES).index):
            affordable = np.flatnonzero(samples[family] <= 2 * least)
            if affordable.size and np.isfinite(least):
                steps = self.steps[family][affordable[-1]]
                if found is None or steps < 0.9 * found[0]:
                    found = steps, family, int(affordable[-1])
        return None if found is None else found[1:]

    def torch(self, family, index):
        """The tuned method at ``batches[index]`` as a line to copy; see ``line``."""
        return line(self.methods[family][index])

    def table(self):
        """The advice as a Markdown table: every family at a few batches."""
        lines = ["| method | batch | steps | samples | doubling the batch divides steps by | parameters |",
                 "|---|---|---|---|---|---|"]
        for f, steps in self.steps.items():
            for i in _few(self.batches.size):
                gain = f"{steps[i] / steps[i + 1]:.2f}" if i + 1 < steps.size and np.isfinite(steps[i]) else ""
                cells = (FAMILIES[f].word, f"{self.batches[i]:g}", count(steps[i]), count(self.batches[i] * steps[i]), gain,
                         f"`{self.torch(f, i)}`")
                lines.append("| " + " | ".join(cells) + " |")
        return "\n".join(lines)

    def sentences(self):
        """The advice, a list of sentences."""
        H, tau = self.inputs.spectrum, self.inputs.factor
        ridge = f" with ridge {self.inputs.ridge:g}" if self.inputs.ridge else ""
        said = [f"{H.name}: {H.dim:.6g} weights, kappa {self.inputs.kappa:.3g}{ridge}, tr/L {H.trace / H.largest:.3g}."]
        if self.design is not None and abs(np.log(tau)) > np.log(1.1):
            more = "more" if tau > 1 else "less"
            said.append(f"Its rows are {more} noisy than Gaussian ones: a batch of B does what B/{tau:.3g} Gaussian samples "
                        f"would.")
        elif self.design is not None:
            said.append("Its rows are as noisy as Gaussian ones, within a tenth.")
        if self.design is not None and tau > TAILS:
            row, times, column = self.design.heaviest
            said.append(f"Rare heavy rows do that, first of all row {row}, {times:.3g} times the mean squared length, by "
                        f"column {column}: the mean below is theirs, and typical runs are faster. Look at those rows; clipping "
                        f"them, or leaving columns in their units (standardise=False), may pay more than any tuning.")
        goal = f"To bring the excess risk to {100 * self.target:.3g} % of its start"
        goal += f" under label noise {self.noise:.3g}" if self.noise else ""
        if self.best is None:
            return [*said, f"{goal}: no method tried gets there; larger batches, less noise or a milder target would help."]
        family, i = self.best
        B, steps = self.batches[i], self.steps[family]
        said.append(f"{goal}, take {FAMILIES[family].word} at batch {B:g}: {count(steps[i])} steps.")
        said.append(f"In PyTorch: {self.torch(family, i)}." if "torch" in self.torch(family, i) else
                    f"PyTorch's SGD has no such method; as {self.torch(family, i)}.")
        if i + 1 < steps.size:
            said.append(f"Doubling the batch would divide the steps by {steps[i] / steps[i + 1]:.2f}.")
        ends = [f"{FAMILIES[f].word} " + (count(c) if np.isfinite(c) else f"above {self.batches[-1]:g}")
                for f, c in self.critical.items()]
        said.append(f"Batches at which the samples needed have doubled: {', '.join(ends)}.")
        said.append("Learning rates are for standardised columns and the loss (1/2)(y - x.w)^2, averaged over the batch; "
                    "without the 1/2 (PyTorch's MSELoss) halve them.")
        return said

    def __repr__(self):
        return "\n".join(self.sentences())


def advise(source, target=0.01, noise=0.0, ridge=0.0, batches=None, families=("sgd", "heavy_ball", "asgd"), start=None):
    r"""Tuned methods, expected steps and critical batches for a problem.

    $$ T_B = \min\{t : E R_t \le \text{target} \cdot R_0\}, \qquad B\,T_B = 2\,T_1 \text{ at the critical batch}
       \tag{advice} $$

    For every family and batch, methods tuned for the long run on several truncations of the spectrum, at several step sizes,
    are raced on the exact expected risk (tailed-moments): within a few per cent of the best there is.

    Args:
        source: a ``Design``, a ``Spectrum`` (Gaussian inputs), or ``fourth_moments.Inputs``.
        target: share of the initial excess risk to reach, in (0, 1).
        noise: standard deviation of the label noise; ``"labels"``: that of the residuals of a ``Design`` with labels.
        ridge: weight decay >= 0 (for ``Inputs``: theirs).
        batches: batch sizes in increasing order; by default powers of two, up to n or past heavy ball's critical batch.
        families: names out of ``mombook.FAMILIES``.
        start: E e_i^2 at the start, one number or one for each eigenvalue; by default that of training from zero where
            there are labels, and 1 where there are none.

    Returns:
        ``Advice``.

    Raises:
        ValueError: an argument of the wrong kind or out of range.

    >>> print(advise(Spectrum.flat(10), families=["sgd"], batches=[1, 2, 4, 8]).sentences()[1])
    To bring the excess risk to 1 % of its start, take SGD at batch 8: 8.4 steps.
    """
    target = arguments.number("target", target, above=0.0, below=1.0)
    families = arguments.words("families", families, FAMILIES)
    if isinstance(source, Inputs):
        inputs = source
    elif isinstance(source, Spectrum):
        inputs = Inputs(source, ridge=ridge)
    else:
        inputs = Inputs.of(arguments.instance("source", source, Design), ridge)
    design = source if isinstance(source, Design) else None
    labelled = design is not None and design.labels is not None
    if isinstance(noise, str) and noise == "labels" and labelled:
        noise = float(np.sqrt(np.mean(design.residuals(inputs.ridge) ** 2)))
    noise = arguments.number("noise", noise, low=0.0, allowed="a finite number >= 0, or 'labels' for a design with labels")
    if start is None:
        start = design.solution(inputs.ridge) ** 2 if labelled else 1.0
    start = arguments.each("start", start, 0.0, inputs.share.shape)
    if batches is None:
        last = design.shape[0] if design is not None else 4 * inputs.critical_batches(["heavy_ball"])["heavy_ball"]
        batches = 2.0 ** np.arange(1 + int(np.clip(np.log2(last), 1, 20)))
    batches = arguments.array("batches", batches, low=1.0, ndim=1)
    if np.any(np.diff(batches) <= 0):
        arguments.refuse("batches", batches, "in increasing order")
    methods, steps = tune_for(inputs, families, batches, target * inputs.initial_risk(start), noise, start)
    return Advice(inputs, batches, target, noise, methods, steps, design)


def tune_for(inputs, families, batches, target, noise, start, levels=LEVELS):
    """The race behind ``advise``, without its checks: family -> best methods, family -> their steps, over batches.

    ``target`` is a risk; with fewer ``levels`` it is faster, and steps may come out a tenth too many.
    """
    rough, rough_start = merged(inputs, start, 1.4)
    fine, fine_start = merged(inputs, start, 1.02) if len(inputs.spectrum) > NODES else (inputs, start)
    tried = {f: [[] for _ in batches] for f in families}
    lam = rough.spectrum.eigenvalues
    for level in lam[0] * np.geomspace(1 / min(rough.kappa, 4.0), lam[-1] / lam[0], levels):
        clipped = replace(rough, spectrum=Spectrum(np.maximum(lam, level), rough.spectrum.counts))
        for f, found in clipped.frontier(families, batches, 1e-4).items():
            for i, method in enumerate(found.methods):
                for m in _shortened(rough, method, batches[i], target, noise):
                    tried[f][i].append((rough.steps_to(m, batches[i], target, noise, rough_start), m))

    def final(candidates, batch):                                       # the winner of the rough race, run exactly
        for _, m in sorted(candidates, key=lambda pair: pair[0])[:3]:
            t = fine.steps_to(m, batch, target, noise, fine_start)
            if np.isfinite(t):                                          # (stable on the merged spectrum only: the next one)
                break
        return m, t

    won = {f: [final(c, B) for c, B in zip(found, batches, strict=True)] for f, found in tried.items()}
    return {f: [m for m, _ in w] for f, w in won.items()}, {f: np.array([t for _, t in w]) for f, w in won.items()}


def _shortened(inputs, method, batch, target, noise):
    """The method, and with steps divided by powers of two: to where its noise floor is below half the target, and beyond."""
    short = lambda j: Method(method.delta / 2**j, method.eta / 2**j, method.beta)  # noqa: E731
    j = 0
    while noise and j < 40 and inputs.floor(short(j), batch, noise) > target / 2:
        j += 1
    return [short(k) for k in (j - 0.5, j, j + 0.5) if k >= 0]


def merged(inputs, start, ratio):
    """Coarser inputs and start: eigenvalues within a factor ``ratio`` become one, of their mean, with their initial risk."""
    H = inputs.spectrum
    lam, n, s = H.eigenvalues, H.counts, np.broadcast_to(start, H.eigenvalues.shape)
    group = np.floor(np.log(lam[0] / lam) / np.log(ratio) + 1e-9)
    group[0], group[-1] = -0.5, group[-1] + 0.5                         # the ends limit step and pace: kept as they are
    first = np.flatnonzero(np.diff(group, prepend=-1.0))
    total = lambda v: np.add.reduceat(v, first)  # noqa: E731
    count = total(n)
    mean = total(n * lam) / count
    return replace(inputs, spectrum=Spectrum(mean, count, H.name)), total(n * lam * s) / (count * mean)


def _crossing(x, y, level):
    """Where y first passes above ``level``, log-linear between points; inf where it does not."""
    above = np.flatnonzero(y > level)
    if not above.size or not np.isfinite(level):
        return np.inf
    k = above[0]
    share = np.log(level / y[k - 1]) / np.log(y[k] / y[k - 1]) if np.isfinite(y[k]) else 0.0
    return float(np.exp(np.log(x[k - 1]) + share * np.log(x[k] / x[k - 1])))


def line(method):
    """A method as a line to copy, three figures each: PyTorch's where it has the method, QHM's letters else."""
    found = dialects(_rounded(method))["PyTorch"]
    if not found.startswith("cannot"):
        return found
    q = method.as_qhm()
    return f"QHM(lr={q['lr']:.3g}, nu={_beside_one(q['nu'])!r}, beta={_beside_one(q['beta'])!r})"


def _rounded(method):
    """Three figures, as one would type them; of the memory, three figures of 1 - beta."""
    three, beta = lambda v: float(f"{v:.3g}"), _beside_one(method.beta)
    if method.delta and method.eta and abs(method.eta - method.beta * method.delta) <= 1e-9 * method.eta:
        return Method.nesterov(three(method.delta), beta)
    return Method(three(method.delta), three(method.eta), beta)


def _beside_one(x):
    """x to three figures of 1 - x."""
    return round(1 - float(f"{1 - x:.3g}"), 12)


def count(x):
    """A number of steps, samples or rows for people: two figures below ten, whole above, three figures."""
    if not np.isfinite(x):
        return "never"
    return f"{x:.2g}" if x < 10 else f"{float(f'{x:.3g}'):,.0f}"


def _few(n):
    """Indices of at most six of n batches, both ends included."""
    return np.unique(np.linspace(0, n - 1, min(n, 6)).round().astype(int))
