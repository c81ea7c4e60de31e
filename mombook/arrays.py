"""Names for the types that many signatures share; shapes are in the docstrings."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
"""An array of floats."""

Ints = NDArray[np.int64]
"""An array of whole numbers."""

Bools = NDArray[np.bool_]
"""An array of truth values."""

Vector = Sequence[float] | NDArray[Any]
"""Several numbers where one would do as well."""

Draws = Literal["replacement", "distinct"]
"""How a batch of rows is drawn."""

Side = Literal["upper", "lower"]
"""From which side a bound holds."""
