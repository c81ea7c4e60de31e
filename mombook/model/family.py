r"""Families of methods that can be tuned: what is free in them, read off their constructor.

$$ \delta = a\,e^{z_0}, \qquad \eta = (b + c\,\beta)\,e^{z_0}\ \text{or}\ e^{z_1}, \qquad \beta = \mathrm{logistic}(z_2)
   \ \text{or fixed} \tag{family} $$

Every family is such a map from three free coordinates z, two log steps and the logit of beta, to (method); families differ
in a, b, c and in which coordinates they listen to. So all of them climb together, as columns of one array.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike

from .. import arguments, markup
from .method import Method

_PROBES = (0.0, 0.25, 0.5, 0.875)                                       # exact in binary; three would settle a, b and c


@dataclass(frozen=True)
class Family:
    r"""A set of methods to tune in.

    Args:
        word: what to call it in a legend or a sentence.
        make: function that returns a ``Method``. Its parameters are what is free: ``lr``; ``lr`` and ``beta``; or
            ``delta``, ``eta`` and ``beta``. With ``lr`` alone, or with ``beta``, it must have the form (family): delta a
            fixed share of lr, eta a share of lr that is linear in beta, so that beta and the step can be told apart.

    Raises:
        ValueError: a ``make`` with other parameters or of another form, or whose long-run step is not positive.

    To give mombook a family of your own, under a name of your own, before a panel is opened:

    >>> from mombook import FAMILIES, Spectrum, tune
    >>> FAMILIES["qhm"] = Family("QHM, ν = 0.7", lambda lr, beta: Method.qhm(lr, 0.7, beta))
    >>> round(tune(Spectrum.power_law(50, 1.5), "qhm", batch=8).method.as_qhm()["nu"], 12)
    0.7
    >>> del FAMILIES["qhm"]
    """

    word: str
    make: Callable[..., Method]
    row: tuple[float, ...] = field(init=False, repr=False, compare=False)
    """(a, whether eta = e^z1, b, c, whether beta is free, 1 - beta where it is not)."""

    def __post_init__(self):
        if not isinstance(self.word, str) or not self.word:
            arguments.refuse("word", self.word, "a non-empty string")
        object.__setattr__(self, "row", _row(self.make))


    @classmethod
    def of_row(cls, word: str, row: ArrayLike) -> Family:
        """The family of given numbers (a ``row``), for a process in which its constructor was never defined."""
        row = tuple(arguments.array("row", row, shape=(6,)).tolist())
        a, own, b, c, free, eps = row
        make = Method if own else ((lambda lr, beta: Method(a * lr, (b + c * beta) * lr, beta)) if free else
                                   (lambda lr: Method(a * lr, b * lr, 1 - eps)))
        try:
            family = cls(word, make)
        except ValueError as wrong:
            if str(wrong).startswith("word "):
                raise
            arguments.refuse("row", row, f"the row of a family (here {str(wrong).rstrip('.')})")
        object.__setattr__(family, "row", row)                          # to the last bit, which probing might not give
        return family


@dataclass(frozen=True)
class Tuned:
    """The best of a family at one batch: what every search for parameters returns.

    Attributes:
        family, batch: what was asked for.
        method: the tuned ``Method`` (of ``buffers.tune``: whatever its constructor makes).
        gap: its contraction gap.
    """

    family: str
    batch: float
    method: Method
    gap: float

    def _repr_html_(self) -> str:
        m = self.method
        steps = [("δ", m.delta), ("η", m.eta), ("β", m.beta)] if isinstance(m, Method) else [("method", repr(m))]
        return markup.table(f"Tuned: {self.family} at batch {markup.cell(self.batch)}", (), [("gap", self.gap), *steps])


def _row(make):
    """The numbers of (family) for a constructor."""
    try:
        free = tuple(inspect.signature(make).parameters) if callable(make) else ()
    except ValueError:                                                  # a type or function that shows no signature
        free = ()

    def made(*given):
        try:
            return arguments.instance("make", make(*given), Method)
        except ValueError as wrong:
            if str(wrong).startswith("make "):
                raise
            arguments.refuse("make", make, f"a function that returns a Method for {', '.join(free)} = "
                             f"{', '.join(map('{:g}'.format, given))} (here {str(wrong).rstrip('.')})")

    if free == ("delta", "eta", "beta"):
        _same_form(made, free, lambda beta: (2.0, 3.0, beta), lambda beta: (2.0, 3.0))
        return (1.0, 1.0, 0.0, 0.0, 1.0, 1.0)
    if free not in (("lr",), ("lr", "beta")):
        arguments.refuse("make", make, "a function of lr, of lr and beta, or of delta, eta and beta, that returns a Method")
    unit = [made(*(1.0, beta)[:len(free)]) for beta in _PROBES]
    a, b = unit[0].delta, unit[0].eta
    c = (unit[2].eta - b) / _PROBES[2] if "beta" in free else 0.0
    _same_form(made, free, lambda beta: (2.0, beta)[:len(free)], lambda beta: (2 * a, 2 * (b + c * beta)))
    if not all(method.long_run_step > 0 for method in unit):
        arguments.refuse("make", make, "a function whose methods have a positive long-run step at lr = 1")
    return (a, 0.0, b, c, float("beta" in free), 1.0 if "beta" in free else 1.0 - unit[0].beta)


def _same_form(make, free, given, steps):
    """Hold a constructor against (family) at every probe."""
    for beta in _PROBES:
        method = make(*given(beta))
        fine = np.allclose([method.delta, method.eta], steps(beta), rtol=1e-12, atol=1e-12)
        if not fine or ("beta" in free and method.beta != beta):
            arguments.refuse("make", make, "of the form (family): delta = a lr, eta = (b + c beta) lr, and beta as it is given")


FAMILIES = {
    "sgd": Family("SGD", Method.sgd),
    "heavy_ball": Family("heavy ball", Method.heavy_ball),
    "nesterov": Family("Nesterov", Method.nesterov),
    "asgd": Family("ASGD", Method),
}
"""Name -> ``Family``: what ``tune``, ``frontier`` and the panels know. "asgd" is the whole family: delta >= 0, eta >= 0 and
0 <= beta < 1 all free. A family added here is known to all of them at once."""

BOOK = MappingProxyType(dict(FAMILIES))
"""The book's own families, whatever a reader adds or puts in their place."""


def known(family: str | Family) -> Family:
    """A ``Family`` as it is, or that of a name in ``FAMILIES``.

    Raises:
        ValueError: neither.

    >>> known("sgd").word
    'SGD'
    """
    return family if isinstance(family, Family) else FAMILIES[arguments.choice("family", family, FAMILIES)]
