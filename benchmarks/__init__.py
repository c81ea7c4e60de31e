"""Timings of the engine, on one core: ``python -m benchmarks`` (or ``make bench``)."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):     # before numpy is imported
    os.environ.setdefault(name, "1")
