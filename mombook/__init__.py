"""mombook: exact mathematics of stochastic momentum on least squares, made to be explored.

Needs numpy and scipy only; panels (``mombook.explore``) bring plotly and ipywidgets in when they are first asked for.
"""

from . import bounds
from .method import Method
from .moments import contraction_gap, is_stable, noise_floor, risk_at, risk_curve, steps_to
from .simulate import Progress, simulate, simulate_blocks
from .spectrum import Spectrum
from .tradeoff import Frontier, critical_batch, critical_batches, frontier, overlap, tune_steps, window
from .tuning import FAMILIES, Tuned, tune

__version__ = "0.1.0"
__all__ = [
    "FAMILIES", "Frontier", "Method", "Progress", "Spectrum", "Tuned", "bounds", "contraction_gap", "critical_batch",
    "critical_batches", "frontier", "is_stable", "noise_floor", "overlap", "risk_at", "risk_curve", "simulate",
    "simulate_blocks", "steps_to", "tune", "tune_steps", "window",
]
