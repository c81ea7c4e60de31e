r"""SVAG (Li, Malladi & Arora 2021), which removes the curvature term of stability without momentum.

Linear model with Gaussian inputs and batch B. In the long-run step h, stability has a noise part, the same for SGD and
SGD with momentum, and a curvature part, which momentum takes away: see ``thresholds.long_run_threshold``.
"""

from __future__ import annotations

from itertools import islice

from numpy.typing import ArrayLike

from .. import arguments
from ..arrays import Floats
from ..model.method import Method
from ..model.spectrum import Spectrum
from . import recursion
from .moments import risks


def svag_curve(spectrum: Spectrum, method: Method, batch: float, steps: int, level: float = 1.0,
               start: ArrayLike = 1.0) -> Floats:
    r"""Risk of a method under SVAG(l), after 0, 1, .., ``steps`` units of time, each of l steps of size 1/l.

    $$ S' = M S M^\top + \frac lB\,[\,\lambda^2 S_{ee} + 2\lambda R\,]\, b b^\top,\qquad
       (\delta, \eta) \to (\delta, \eta)/l \tag{svag moments} $$

    Exact for Gaussian inputs and no label noise: a SVAG gradient (see ``Oracle.svag``) has l times the covariance of
    a batch gradient. As l grows the curve of any method tends to that of the same long-run step without curvature
    effects. beta is kept.

    Args:
        spectrum: a ``Spectrum``.
        method: any ``Method``.
        batch: B >= 1.
        steps: units of time.
        level: l, a whole number >= 1; 1 is the method itself.
        start: E e_i^2 at t = 0, a number or one for each entry of the spectrum.

    Returns:
        shape ``(steps + 1,)``.

    Raises:
        ValueError: an argument out of range.

    >>> svag_curve(Spectrum.flat(1), Method.sgd(lr=0.5), batch=1, steps=1)
    array([0.5  , 0.375])
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    arguments.instance("method", method, Method)
    level, steps = arguments.whole("level", level, low=1), arguments.whole("steps", steps)
    arguments.affordable("level" if level > steps else "steps", max(level, steps), min(level, max(steps, 1)), 500_000,
                         ", so that level times steps ends")
    batch = arguments.number("batch", batch, low=1.0) / level           # l times the noise
    small = Method(method.delta / level, method.eta / level, method.beta)
    each = risks(spectrum, small, batch, 0.0, recursion.start_squares(start, spectrum), 3.0)
    return recursion.curve_of(islice(each, 0, None, level), steps)
