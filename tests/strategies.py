"""Random spectra, batches and methods for hypothesis, the corners (long memories, huge batches) included; and wild values."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from mombook import Method, Spectrum

SETTINGS = {"deadline": None, "derandomize": True, "database": None}


def log_uniform(low, high):
    """Floats whose logarithm is spread evenly."""
    return st.floats(np.log(low), np.log(high)).map(lambda x: float(np.exp(x)))


@st.composite
def spectra(draw, largest_kappa=1e7):
    """Up to eight distinct eigenvalues between 1/kappa and 1, with multiplicities up to 10^4, in any units."""
    kappa = draw(log_uniform(1.0, largest_kappa))
    kind = draw(st.sampled_from(["any", "two levels", "power law", "geometric", "flat"]))
    if kind == "flat":
        return Spectrum.flat(draw(st.integers(1, 1000)))
    if kind == "two levels":
        top = int(draw(log_uniform(1, 1e4)))
        return Spectrum.two_level(top + int(draw(log_uniform(1, 1e4))), kappa, top)
    if kind == "power law":
        return Spectrum.power_law(draw(st.integers(2, 60)), draw(st.floats(0.1, 3.0)), kappa=kappa)
    if kind == "geometric":
        return Spectrum.geometric(draw(st.integers(2, 60)), kappa)
    inner = draw(st.lists(st.floats(0, 1), max_size=6))
    counts = draw(st.lists(log_uniform(1, 1e4).map(int), min_size=len(inner) + 2, max_size=len(inner) + 2))
    return Spectrum(kappa ** -np.array([0.0, *inner, 1.0]), counts).scaled(draw(st.sampled_from([1.0, 1e-3, 50.0])))


batches = st.one_of(st.integers(1, 8), log_uniform(1, 1e6).map(round)).map(float)


@st.composite
def methods(draw, spectrum, batch, delta=True, eta=True, positive=True):
    """A random method, its steps anywhere below (and a little above) what the noise and the curvature allow."""
    largest = 4 / spectrum.largest * min(1.0, batch * spectrum.largest / spectrum.trace)
    memory = draw(st.one_of(st.floats(0, 0.999), log_uniform(1e-6, 1).map(lambda eps: 1 - eps), st.just(0.0)))
    signs = [1.0] if positive else [1.0, 1.0, -1.0]
    short = draw(log_uniform(1e-4, 1)) * largest * draw(st.sampled_from(signs)) if delta else 0.0
    long = draw(log_uniform(1e-4, 3)) * largest * (1 - memory) * draw(st.sampled_from(signs)) if eta else 0.0
    return Method(short, long, memory)


WILD = [
    [None], [True, False, np.True_], ["", "1", "abc", "1e3", "٣", b"1"], [object(), abs, int], [1j], [[], (), np.array([])],
    [{}, {1, 2}], [[1.0], range(2), np.arange(3)], [[[1.0]], np.array(1.0)], [[[1.0, 2.0], [3.0]]], [["a"], np.array(["1"])],
    [[None], np.array([1.0, 2.0], dtype=object)], [[True]], [[float("nan")]], [[float("inf")]], [[0.0], [-1.0]],
    [[1e308], [5e-324]], [[10**400]], [[Fraction(1, 3)]], [float("nan"), Decimal("NaN")], [float("inf")], [-float("inf")],
    [0, -0.0], [-1, -1e308], [2, 3], [0.5, 1.5, np.float32(0.1), Fraction(1, 3), Decimal("0.5")], [5e-324, 1e-300], [1e-12],
    [1 - 1e-16], [1e7, 1e12], [1e18, 10**18], [1e200, 1e308], [10**400, -10**400, Fraction(10) ** 400],
]
"""What may be passed by mistake, in kinds: each argument gets a value of every kind, and all arguments together get all."""
