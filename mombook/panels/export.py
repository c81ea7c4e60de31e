"""What a reader takes away: the plotted numbers as text, stamped with the scenario they belong to."""

import csv as _csv
import io

import numpy as np


def rows(figure):
    """Every visible point as ``(trace, x, y)``."""
    found = []
    for trace in figure.data:
        if trace.visible is not False and trace.x is not None:
            found += [(trace.name, float(x), float(y)) for x, y in zip(np.asarray(trace.x), np.asarray(trace.y), strict=True)]
    return found


def csv(figure, scenario):
    """The plotted numbers as CSV, the scenario in a first comment line; floats keep every digit."""
    text = io.StringIO()
    text.write(f"# mombook {scenario}\n")
    writer = _csv.writer(text, lineterminator="\n")
    writer.writerow(["trace", "x", "y"])
    writer.writerows((name, repr(x), repr(y)) for name, x, y in rows(figure))
    return text.getvalue()
