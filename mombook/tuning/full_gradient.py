r"""SGD and heavy ball on the full gradient, where nothing but the condition number matters."""

from __future__ import annotations

import numpy as np

from .. import arguments
from ..model.method import Method
from ..model.spectrum import Spectrum


def full_gradient(spectrum: Spectrum) -> dict[str, Method]:
    r"""SGD with its best learning rate, and heavy ball with the same learning rate and the best momentum for it.

    $$ \eta = \frac{2}{L+\mu}, \qquad \beta = \bigl(1-\sqrt{\eta\mu}\,\bigr)^2 \tag{full-gradient} $$

    A step then multiplies the risk by $\bigl(\tfrac{\kappa-1}{\kappa+1}\bigr)^2$ under SGD and by $\beta$ under heavy ball, in
    the long run and without noise: steps grow like $\kappa$ and like $\sqrt\kappa$. The learning rate of Polyak 1964 is up to
    twice as large. With it heavy ball takes up to $\sqrt2$ times fewer steps, but its error along the steepest direction first
    grows to some $\sqrt\kappa/e$ times what it was.

    Args:
        spectrum: a ``Spectrum``.

    Returns:
        ``{"sgd": Method, "heavy_ball": Method}``.

    Raises:
        ValueError: not a ``Spectrum``.

    >>> both = full_gradient(Spectrum([1.0, 1 / 7]))
    >>> both["sgd"].delta, both["heavy_ball"].beta
    (1.75, 0.25)
    """
    arguments.instance("spectrum", spectrum, Spectrum)
    lr = 2 / (spectrum.largest + spectrum.smallest)
    return {"sgd": Method.sgd(lr), "heavy_ball": Method.heavy_ball(lr, float(1 - np.sqrt(lr * spectrum.smallest))**2)}
