"""What the second ways share: a drawn panel, places to look at, spectra from public constructors, literal curves.

Tolerances. Two ways to one number agree to 1e-6 or better. Where a looser one stands, it has one of these reasons:

- 1e-5 (1e-3 while dragging): the gap of a tuned method. A panel tunes along all batches at once, the second way at a few in
  another order, and takes the gap from the method alone; either search stops at this precision.
- 1e-3 to 1e-2: parameters of a tuned method, and what follows from them: its curve, its marks. At an optimum the gap is flat:
  a gap known to 1e-5 leaves parameters known to the root of that, 3e-3.
- 5e-3 to 2e-2 (3e-2 to 0.2 while dragging): read off a curve between the batches at which it was tuned, as a critical batch is.
- 0.1 to 0.2 while dragging: learning curves in coarser bins, see ``mombook/panels/spectra.py``.

Any other reason is given at its place.
"""

from collections import defaultdict
from functools import cached_property, lru_cache

import numpy as np
import scipy

import mombook as mb
from mombook.model.family import Tuned
from mombook.panels import spectra, style

from .. import printed, scenarios

SIMULATED = "simulated"
"""In place of a check: the trace is of a simulation, and ``test_simulated`` holds it against the runs."""

LITERAL = 400
"""Steps that the literal recursion is run for."""


class Drawn:
    """A panel's view at a scenario, and what its second ways need.

    Attributes:
        panel, s, view, final: the panel, its scenario, what it shows of it, and whether at rest.
        given: the spectrum that was put in the place of the sliders' power law, or ``None``.
    """

    def __init__(self, panel, s, final=True, given=None):
        self.panel, self.s, self.final, self.given = panel, s, final, given
        self.view = panel.exact(s, final)
        self.n = self.view.numbers

    def __getitem__(self, name):
        """x and y of a trace."""
        trace = self.view.traces[name]
        return np.asarray(trace["x"], float), np.asarray(trace["y"], float)

    def whole(self, name, key):
        """Another of a trace's arrays."""
        return self.view.traces[name][key]

    def tolerance(self, rest, drag=2e-2):
        """A relative tolerance: what holds at rest, and what a coarser answer while dragging may be off."""
        return rest if self.final else max(rest, drag)

    def spectrum(self, per_octave, d=None):
        """The power law of the sliders, or what was given in its place, in bins (``None``: all of it)."""
        if self.given is None:
            return law(self.s["kappa"], self.s["decay"], d or self.s["d"], per_octave)
        return binned(self.given, per_octave)

    @property
    def figure(self):
        """The panel's empty figure, only to be read."""
        return scenarios.figure(self.panel.name)

    @cached_property
    def H(self):
        """The spectrum in the bins in which gaps are computed at rest."""
        return self.spectrum(spectra.GAPS)

    @cached_property
    def curves(self):
        """The same in the finer bins of learning curves."""
        return self.spectrum(spectra.CURVES)

    @property
    def batch(self):
        """The scenario's batch size."""
        return self.s["batch"]


@lru_cache(maxsize=256)
def law(kappa, decay, d, per_octave):
    """A power law, binned."""
    H = mb.Spectrum.power_law(d, decay, kappa)
    return H if per_octave is None else H.compressed(per_octave)


@lru_cache(maxsize=64)
def binned(H, per_octave):
    """A spectrum in bins."""
    return H if per_octave is None else H.compressed(per_octave)


def same(drawn, expected, rtol=1e-6, atol=0.0, what=""):
    """Hold numbers against each other."""
    np.testing.assert_allclose(np.asarray(drawn, float), np.asarray(expected, float), rtol=rtol, atol=atol, err_msg=what)


def places(x, count=3):
    """Indices of so many of the points, ends included."""
    return np.unique(np.linspace(0, len(x) - 1, min(count, len(x))).round().astype(int)) if len(x) else np.array([], int)


_TUNED = defaultdict(dict)


def tuned(H, family, batch):
    """The tuned method; of an array of batches a list, those not yet known being tuned together, the largest first."""
    known, batches = _TUNED[H, family], [float(B) for B in np.ravel(batch)]
    if new := sorted(set(batches) - set(known), reverse=True):
        f = mb.frontier(H, [family], new)[family]
        known |= {B: Tuned(family, B, *best) for B, *best in zip(new, f.methods, f.gap.tolist(), strict=True)}
    return [known[B] for B in batches] if np.ndim(batch) else known[batches[0]]


@lru_cache(maxsize=256)
def searched(H, make, batch):
    """The best of ``make(lr, beta)`` by scipy's simplex in log lr and logit beta, roughly from two starts, then finely."""
    def method(z):
        return make(float(np.exp(z[0])), float(scipy.special.expit(z[1])))

    def loss(z):
        gap = mb.contraction_gap(H, method(z), batch)
        return -np.log(gap) if gap > 0 else 1e3

    def descent(z, x, f):
        return scipy.optimize.minimize(loss, z, method="Nelder-Mead", options={"xatol": x, "fatol": f})

    starts = [(np.log(batch / (H.trace + batch * H.largest) / 4), z) for z in (0.0, 3.0)]
    rough = min((descent(z, 0.3, 1e-2) for z in starts), key=lambda each: each.fun)
    return method(descent(rough.x, 1e-5, 1e-10).x)


def gap(H, family, batch):
    """Its gap again, from the method alone; of an array of batches, of each."""
    if np.ndim(batch):
        return np.array([mb.contraction_gap(H, best.method, best.batch) for best in tuned(H, family, batch)])
    return mb.contraction_gap(H, tuned(H, family, batch).method, batch)


def rate(H, family, batch):
    """E-folds per step of the tuned method, of one batch or an array of them."""
    return -np.log1p(-gap(H, family, batch))


def unit(H):
    """The compute efficiency that plots are in units of: mu / tr H."""
    return H.smallest / H.trace


def half(H, family, B, at=None):
    """Whether a batch is the critical one: there the compute efficiency is half that of batch 1."""
    same(rate(H, family, B) / B, rate(H, family, 1) / 2, rtol=2e-3)


def stepped(H, method, batch, x, noise=0.0):
    """Risk over the first risk by the literal recursion, and which of the times it reaches."""
    x = np.asarray(x, float)
    seen = np.flatnonzero(x <= LITERAL)
    if not seen.size:
        return seen, np.empty(0)
    return seen, _stepped(H, method, batch, noise)[x[seen].astype(int)]


def literal(c, name, H, method, noise=0.0, rtol=1e-6, top=np.inf):
    """A drawn learning curve is the literal recursion's."""
    x, y = c[name]
    assert np.all(x == np.rint(x)), name
    seen, expected = stepped(H, method, c.batch, x, noise)
    same(y[seen], np.minimum(expected, top), rtol=rtol, what=name)


def looks(c, name, families):
    """A trace's marks have the colours of these families, in order; the reader's own method has one of its own."""
    colors = [style.EITHER if f == "your method" else style.METHODS[f].color for f in families]
    assert list(c.whole(name, "marker.line.color")) == colors, name


YOURS = "your method"
OWN = {"heavy_ball(0.05, 0.9)": mb.Method(0.0, 0.05, 0.9), "qhm(lr, 0.7, beta)": lambda lr, beta: mb.Method.qhm(lr, 0.7, beta),
       **{f"sgd({lr})": mb.Method(lr, 0.0, 0.0) for lr in (1.9, 0.3, 1e-8)}, "Method(0, 0, 0)": mb.Method(0.0, 0.0, 0.0)}
"""What the written lines of the scenarios mean."""


FAMILIES = {line: mb.Family("the reader's", make) for line, make in OWN.items() if not isinstance(make, mb.Method)}
"""Those of them that are tuned."""


def methods(c):
    """The families that are on, and ``"yours"`` where the reader has written a method."""
    return [*c.s["methods"], *["yours"] * bool(c.s["method"])]


def asked_for(c, family):
    """What a search of the engine is asked for: a family's name, or the reader's own; its ``Method`` where that is fixed."""
    line = c.s["method"]
    return family if family != "yours" else FAMILIES.get(line) or OWN[line]


def fixed(c, family):
    """Whether nothing is tuned in it."""
    return isinstance(asked_for(c, family), mb.Method)


def own_method(c, batch):
    """The reader's own method at a batch; where it is to be tuned, by another search."""
    own = OWN[c.s["method"]]
    return own if isinstance(own, mb.Method) else searched(c.H, own, float(batch))


def own_rate(c, batch):
    """E-folds per step of the reader's own method; nan where it does not converge."""
    gap = mb.contraction_gap(c.H, own_method(c, batch), float(batch))
    return -np.log1p(-gap) if gap > 0 else np.nan


def _stable_from(c, before):
    """The batch said after these words, at which the reader's own method converges, and at one less not."""
    at = next(each for *_, each in printed.numbers(c.view.sentence.split(before)[1]))
    assert np.isnan(own_rate(c, at - 1)) and np.isfinite(own_rate(c, at))
    return at


def converges(c, pattern, of):
    """Patterns of what is said of the reader's own method: ``of`` its rate at the batch, and where it converges."""
    if not c.s["method"]:
        assert "our method" not in c.view.sentence
    elif np.isfinite(rate := own_rate(c, c.batch)):
        yield pattern, of(rate), 2.3
        if "below B" in c.view.sentence:
            yield "below B = # it does not converge", _stable_from(c, "below B =")
        else:
            assert np.isfinite(own_rate(c, 1))
    elif "on it does" in c.view.sentence:
        yield "from B = # on it does", _stable_from(c, "not converge here; from B =")
    else:
        yield "nor at any batch up to #", 65536
        assert np.isnan(own_rate(c, 65536))


def within(c, x, y, axes):
    """Whether any of the points lies inside two logarithmic axes."""
    (left, right), (low, high) = (c.view.ranges[axis] for axis in axes)
    return bool(((x >= 10**left) & (x <= 10**right) & (y >= 10**low) & (y <= 10**high)).any())


NEAR = 0.05
"""How far a name stands from what it names, at most, as a share of its subplot: a line of text."""


def shares(c, x, y, plot=""):
    """Points as shares of a subplot's axes ("", 2 or 3), shape ``(n, 2)``."""
    figure = c.figure
    found = []
    for letter, values in (("x", x), ("y", y)):
        axis = f"{letter}axis{plot}"
        low, high = c.view.ranges.get(axis) or figure.layout[axis].range
        with np.errstate(divide="ignore", invalid="ignore"):
            along = np.log10(np.asarray(values, float)) if figure.layout[axis].type == "log" else np.asarray(values, float)
        found.append((along - low) / (high - low))
    return np.transpose(found)


def named(names, of, plot=""):
    """Each name stands beside its own line; ``of``: from a ``Drawn``, text -> the trace that it names."""
    def check(c):
        where, texts = shares(c, *c[names], plot), c.whole(names, "text")
        lines = of(c)
        assert set(texts) <= set(lines) and len(set(texts)) == len(texts)
        assert np.all((where > -0.01) & (where < 1.01)), "inside"
        for text, trace in lines.items():
            line = shares(c, *c[trace], plot)
            line = line[np.isfinite(line).all(axis=1)]
            inside = np.all((line > 0) & (line < 1), axis=1).any() or len(line) == 2
            assert text in texts or not inside, f"{trace} has no name"
            if text in texts:
                at = np.linspace(0, len(line) - 1, 4000)
                fine = np.transpose([np.interp(at, np.arange(len(line)), v) for v in line.T])
                assert np.hypot(*(fine - where[texts.index(text)]).T).min() < NEAR, f"{text} is far from {trace}"
    return check


def upright(c, name, at, axis="yaxis2", ends=0.0):
    """A vertical from one end of an axis to the other, or to so near it as its name allows."""
    x, y = c[name]
    same(x, at, rtol=1e-9, what=name)
    low, high = c.view.ranges.get(axis) or c.figure.layout[axis].range
    off = np.abs(np.log10([y[0], y[-1]]) - [low, high]) / (high - low)
    assert min(off) < 1e-9 and max(off) <= ends + 1e-9, name


def last(word):
    """The marker stands where the run ends, on the edge if that is outside."""
    def check(c):
        layout, (along, across) = c.figure.layout, (v[-1:] for v in c[f"{word}: one run"])
        same([*c[f"{word}: last step"]], [np.clip(along, *layout.xaxis.range), np.clip(across, *layout.yaxis.range)])
    return check


@lru_cache(maxsize=256)
def _stepped(H, method, batch, noise):
    """The literal recursion, as long as it ever is."""
    return mb.risk_curve(H, method, batch, LITERAL, noise=noise) / (H.trace / 2)
