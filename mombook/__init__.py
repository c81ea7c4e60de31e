"""mombook: exact mathematics of stochastic momentum on least squares, made to be explored.

Needs numpy and scipy only; panels (``mombook.explore``) bring plotly and ipywidgets in when they are first asked for.
"""

from . import bounds, buffers, phase_diagram
from .advisor import Advice, advise
from .buffers import Buffers
from .checkup import doctor
from .data import Design, load
from .dialects import dialects
from .family import FAMILIES, Family
from .horizon import settled_risk, tune_risk
from .learning_rate import step_limit
from .method import Method
from .moments import contraction_gap, contraction_gaps, is_stable, noise_floor, risk_at, risk_curve, steps_to
from .results import Table, read_sweep
from .scaling import fit_exponent
from .simulate import Progress, simulate, simulate_blocks
from .spectrum import Spectrum
from .sweep import SweepError, SweepInterrupted, sweep
from .tradeoff import Frontier, critical_batch, critical_batches, frontier, overlap, tune_steps, window
from .tuning import Tuned, tune
from .typical import Typical, sgd_profile, typical_blocks, typical_rate

__version__ = "0.1.0"
__all__ = [
    "FAMILIES", "Advice", "Buffers", "Design", "Family", "Frontier", "Method", "Progress", "Spectrum", "SweepError",
    "SweepInterrupted", "Table", "Tuned", "Typical", "advise", "bounds", "buffers", "contraction_gap",
    "contraction_gaps", "critical_batch", "critical_batches", "dialects", "doctor", "fit_exponent", "frontier",
    "is_stable", "load", "noise_floor", "overlap", "phase_diagram", "read_sweep", "risk_at", "risk_curve",
    "settled_risk", "sgd_profile", "simulate", "simulate_blocks", "step_limit", "steps_to", "sweep", "tune",
    "tune_risk", "tune_steps", "typical_blocks", "typical_rate", "window",
]
