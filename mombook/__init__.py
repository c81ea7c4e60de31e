"""mombook: exact mathematics of stochastic momentum on least squares, made to be explored.

Needs numpy and scipy only; panels (``mombook.explore``) bring plotly and ipywidgets in when they are first asked for.
"""

from . import bounds
from .checkup import doctor
from .data.loading import load
from .exact import buffers, schedule
from .exact.buffers import Buffers
from .exact.moments import contraction_gap, contraction_gaps, is_stable, noise_floor, risk_at, risk_curve, steps_to
from .exact.schedule import Schedule
from .exact.spread import risk_spread
from .exact.thresholds import step_limit
from .model.design import Design
from .model.dialects import dialects
from .model.family import FAMILIES, Family, Tuned
from .model.logistic import Logistic
from .model.method import Method
from .model.spectrum import Spectrum
from .sample.gaussian import Progress, simulate, simulate_blocks
from .study import phase_diagram
from .study.advice import Advice
from .study.advisor import advise
from .study.logistic_advice import advise_logistic
from .study.scaling import fit_exponent
from .study.typical import Typical, sgd_profile, typical_blocks, typical_rate
from .sweeps.results import Table, read_sweep
from .sweeps.run import SweepError, SweepInterrupted, sweep
from .tuning.budget import Budget, tune_budget, tune_risk, tune_steps
from .tuning.frontiers import Frontier, critical_batch, critical_batches, frontier, overlap, window
from .tuning.horizon import settled_risk
from .tuning.long_run import tune
from .tuning.schedules import TunedSchedule, tune_schedule
from .versions import __version__ as __version__

__all__ = [
    "FAMILIES",
    "Advice",
    "Budget",
    "Buffers",
    "Design",
    "Family",
    "Frontier",
    "Logistic",
    "Method",
    "Progress",
    "Schedule",
    "Spectrum",
    "SweepError",
    "SweepInterrupted",
    "Table",
    "Tuned",
    "TunedSchedule",
    "Typical",
    "advise",
    "advise_logistic",
    "bounds",
    "buffers",
    "contraction_gap",
    "contraction_gaps",
    "critical_batch",
    "critical_batches",
    "dialects",
    "doctor",
    "fit_exponent",
    "frontier",
    "is_stable",
    "load",
    "noise_floor",
    "overlap",
    "phase_diagram",
    "read_sweep",
    "risk_at",
    "risk_curve",
    "risk_spread",
    "schedule",
    "settled_risk",
    "sgd_profile",
    "simulate",
    "simulate_blocks",
    "step_limit",
    "steps_to",
    "sweep",
    "tune",
    "tune_budget",
    "tune_risk",
    "tune_schedule",
    "tune_steps",
    "typical_blocks",
    "typical_rate",
    "window",
]
