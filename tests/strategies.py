"""Random spectra, batches and methods for hypothesis: the corners (kappa near 1, huge batches, long memories) included."""

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
