"""Panel ``meters``: prices by a search of the gap over the learning rate, runs by the law of their gradients."""

from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy

import mombook as mb

from .common import NEAR, same, shares

RUNS, LARGE, START = 12, 65536, (0.1, -0.9)
SHARES = (1.0, 0.1)
RINGS = [f"ring {np.sqrt(share):g}" for share in SHARES]


@lru_cache(maxsize=512)
def tuned(kappa, batch):
    """(best learning rate of SGD, its steps for each tenfold fall of the expected loss)."""
    H = mb.Spectrum([1.0, 1 / kappa])
    found = scipy.optimize.minimize_scalar(lambda v: -mb.contraction_gap(H, mb.Method.sgd(np.exp(v)), batch),
                                           bounds=(np.log(0.1), np.log(2)), method="bounded", options={"xatol": 1e-10})
    return np.exp(found.x), np.log(10) / -np.log1p(found.fun)


def fall(c, batch):
    """Steps of tuned SGD."""
    return tuned(c.s["kappa"], float(batch))[1]


def count(c):
    """Steps of each run that is drawn."""
    return int(np.ceil(fall(c, LARGE)))


def runs(c):
    """Each step adds gradients whose law is that of a batch of Gaussian inputs (see ``start``); all of them may be tested."""
    along, across = (v.reshape(RUNS, -1) for v in c["runs"])
    assert np.isnan(along[:, -1]).all() and along.shape[1] == count(c) + 2
    lam, square = np.array([1.0, 1 / c.s["kappa"]]), []
    lr = mb.tune(mb.Spectrum(lam), "sgd", c.batch).method.delta
    same(lr, tuned(c.s["kappa"], float(c.batch))[0], rtol=3e-3)         # at an optimum the gap is flat
    for e in np.stack([across, along], axis=-1)[:, :-1]:
        same(e[0], START)
        for now, after in pairwise(e):
            mean = lam * now
            off = (now - after) / lr - mean
            cover = ((now @ mean) * np.diag(lam) + np.outer(mean, mean)) / c.batch
            square.append(off @ np.linalg.solve(cover, off))
    assert abs(np.mean(square) - 2) < 5 * max(np.std(square), 2.0) / np.sqrt(len(square))
    ends = c.figure.layout
    same([*c["last steps"]], [np.clip(along[:, -2], *ends.xaxis.range), np.clip(across[:, -2], *ends.yaxis.range)])


def shade(k):
    """A shade ends where so much of the start's loss is left."""
    def check(c):
        x, y = c[RINGS[k]]
        loss = (y**2 + x**2 / c.s["kappa"]) / (START[0]**2 + START[1]**2 / c.s["kappa"])
        same(loss, SHARES[k], rtol=1e-9)
        assert x.max() > 0 > x.min()
    return check


def tenth(c):
    """The name stands by the outline where a tenth is left."""
    assert c.whole("name of the tenth", "text") == ["loss ÷ 10"]
    assert np.hypot(*(shares(c, *c[RINGS[1]]) - shares(c, *c["name of the tenth"])).T).min() < NEAR


def begin(c):
    """The name stands beside the start."""
    assert c.whole("start: name", "text") == ["start"]
    assert np.hypot(*(shares(c, *c["start: name"]) - shares(c, *c["start"])).T).max() < NEAR


def bar(name, row, times):
    """A meter begins at one and ends at its count."""
    def check(c):
        x, y = c[name]
        same(x, [1, times(c) * fall(c, c.batch)], rtol=1e-6)
        same(y, [row] * 2)
    return check


def limit(name, row, batch):
    """The mark of a limit stands on its meter."""
    def check(c):
        x, y = c[name]
        same(x, [fall(c, batch)] * 2, rtol=1e-6)
        assert y[0] < row < y[1]
    return check


def meters(c):
    """What the meters show stands over them, to three digits."""
    steps, samples = c.whole("names of the meters", "text")
    _, y = c["names of the meters"]
    assert steps == f"<b>{mb.prose.whole(fall(c, c.batch))} steps</b> (serial runtime)"
    assert samples == f"<b>{mb.prose.whole(c.batch * fall(c, c.batch))} samples</b> (compute)"
    assert y[0] > 3.2 > y[1] > 1.05


def limits(c):
    """What bounds them stands under them."""
    steps, samples = c.whole("names of the limits", "text")
    _, y = c["names of the limits"]
    assert steps == f"┃ at least {mb.prose.whole(fall(c, LARGE))}, however large B" and 1.05 < y[0] < 3.2
    assert samples == f"┃ at least {mb.prose.whole(fall(c, 1))}, however small B" and y[1] < 1.05
    same(fall(c, LARGE), fall(c, 1e9), rtol=3e-3)                       # "however large"


TRACES = {**{name: shade(k) for k, name in enumerate(RINGS)}, "runs": runs, "last steps": runs,
          "start": lambda c: same([*c["start"]], [[START[1]], [START[0]]]),
          "least loss": lambda c: same([*c["least loss"]], [[0.0], [0.0]]), "start: name": begin, "name of the tenth": tenth,
          "steps": bar("steps", 3.2, lambda c: 1), "samples": bar("samples", 1.05, lambda c: c.batch),
          "least steps": limit("least steps", 3.2, LARGE), "least samples": limit("least samples", 1.05, 1),
          "names of the meters": meters, "names of the limits": limits}
LEFT = (*RINGS, "runs", "last steps", "start", "least loss", "start: name", "name of the tenth")
AXES = {name: ("along the valley", "across the valley") if name in LEFT else ("steps, and samples", "") for name in TRACES}


def said(c):
    """How many fewer steps, and how many times as many samples."""
    saved, more = fall(c, 1) / fall(c, c.batch), c.batch * fall(c, c.batch) / fall(c, 1)
    if c.batch == 1:
        yield "B = #", 1
        yield ": # steps, and as many samples", round(fall(c, 1))           # a count: no decimals from ten up
        return
    yield "Against B = #", 1
    yield (": #× fewer steps" if saved >= 1.5 else ": # times as many steps"), saved if saved >= 1.5 else 1 / saved
    yield "#× as many samples", more


def titles(c):
    """Steps and batch size over the left plot."""
    yield 0, "of # steps", count(c)
    yield 0, "B = #", c.batch


def numbers(c):
    """The view's numbers again."""
    serial = fall(c, c.batch)
    for B in (1, c.batch, LARGE):
        same([c.n["steps"][B], c.n["samples"][B]], [fall(c, B), B * fall(c, B)], rtol=1e-6)
    same([c.n["saved"], c.n["more"]], [fall(c, 1) / serial, c.batch * serial / fall(c, 1)], rtol=1e-6)
