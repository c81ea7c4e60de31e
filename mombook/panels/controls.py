"""The book's controls: the same three sliders, in the same order and ranges, in every notebook."""

from .scenario import Seed, Slider, Toggles
from .style import METHODS as LOOKS

KAPPA = Slider("kappa", "κ", 1, 1e6, 1e3, step=0.1, base=10, help="condition number of H, largest over smallest eigenvalue")
DECAY = Slider("decay", "decay", 0.1, 3, 1.5, step=0.05, help="exponent of the power-law spectrum: how fast it falls")
BATCH = Slider("batch", "B", 1, 65536, 8, step=0.5, base=2, whole=True, help="batch size, samples per step")
DIM = Slider("d", "d", 2, 10000, 200, step=0.1, base=10, whole=True, help="number of eigenvalues")


class _Methods(Toggles):
    """Every family there is by now, the reader's own included."""

    name, label, help = "methods", "methods", "which methods to show"
    options = default = property(lambda self: tuple(LOOKS))
    words = property(lambda self: {k: v.word for k, v in LOOKS.items()})

    def __init__(self):
        """All that it holds is read when it is asked for."""


METHODS = _Methods()
SEED = Seed()

SHAPES = {
    "flat": {"kappa": 1, "decay": 1.5, "batch": 8, "d": 200},
    "slow decay": {"kappa": 15.8, "decay": 0.5, "batch": 8, "d": 200},
    "fast decay": {"kappa": 39800, "decay": 2, "batch": 8, "d": 200},
}
"""The paper's regimes in one click; the last two are nearly i**-0.5 and i**-2, whose kappa is d**decay."""
