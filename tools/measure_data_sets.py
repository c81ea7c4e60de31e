"""Write mombook/data/measured.json: what theory needs of scikit-learn's data sets, six figures each, and none of their rows.

    python -m tools.measure_data_sets            write it
    python -m tools.measure_data_sets --check    fail if it would change in the fifth figure
"""

import argparse
import json
from pathlib import Path

import numpy as np

from mombook.data.loading import load
from mombook.data.measured import Facts, kept

TARGET = Path(__file__).resolve().parents[1] / "mombook" / "data" / "measured.json"
NAMES = ("wine", "diabetes", "breast_cancer", "digits")


def measured():
    """name -> facts, as JSON holds them."""
    found = {}
    for name in NAMES:
        f = Facts.of(load(name))
        numbers = {k: [float(f"{v:.6g}") for v in getattr(f, k)] for k in ("eigenvalues", "factors", "pull")}
        found[name] = {"name": f.name, "rows": f.rows, **numbers}
    return found


def check():
    """Raise AssertionError where the file says something else than the data sets."""
    for name, new in measured().items():
        old = kept()[name]
        assert (old.name, old.rows) == (new["name"], new["rows"])
        for k in ("eigenvalues", "factors"):
            np.testing.assert_allclose(getattr(old, k), new[k], rtol=2e-5)
        np.testing.assert_allclose(np.abs(old.pull), np.abs(new["pull"]), rtol=1e-3, atol=1e-5)     # signs are eigenvectors'


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    if parser.parse_args().check:
        check()
    else:
        TARGET.write_text(json.dumps(measured(), indent=1) + "\n", encoding="utf-8")
        print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
