"""The panels of a page as data its scripts draw (``mombook.front.face.face``) and the answers they bring along.

Finished simulations and all stops of a slider take seconds, so what has been computed is kept until a line of ``mombook``
changes.
"""

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path

from mombook.front import face as fronts
from mombook.panels import definition

from . import stored
from .places import CACHE, ROOT

NEEDS = {"advisor": ["scikit-learn"]}
"""What a panel's Python needs besides mombook, in the browser."""


def made(wanted, cache=CACHE, most=stored.MOST):
    """``{(panel, line): (face, script)}`` of every pair in ``wanted``: what scripts draw, and the answers that a page brings
    along (``stored.script``). Those not remembered are computed side by side."""
    folder, stamp = Path(cache) / "figures", f"{_stamp()} {most}"
    folder.mkdir(parents=True, exist_ok=True)
    files = {pair: folder / f"{hashlib.sha256(f'{stamp} {pair}'.encode()).hexdigest()[:32]}.json" for pair in wanted}
    if lacking := [pair for pair, file in files.items() if not file.exists()]:
        with ProcessPoolExecutor(min(os.cpu_count() or 1, len(lacking)), multiprocessing.get_context("spawn")) as pool:
            for pair, text in zip(lacking, pool.map(partial(_made, most=most), lacking), strict=True):
                scratch = files[pair].with_suffix(f".{os.getpid()}")
                scratch.write_text(text, encoding="utf-8")
                scratch.replace(files[pair])
    return {pair: tuple(json.loads(file.read_text(encoding="utf-8"))) for pair, file in files.items()}


def face(name, line):
    """One panel at one scenario line, and what its Python needs."""
    return {**fronts.face(definition(name), line), "needs": NEEDS.get(name, [])}


def _made(pair, most):
    """Both, in one process: the opening's numbers are then computed once."""
    from plotly.io.json import to_json_plotly

    return to_json_plotly([face(*pair), stored.script(*pair, most)])


def _stamp():
    """What a face depends on besides its panel and line."""
    digest = hashlib.sha256(" ".join(version(p) for p in ("numpy", "scipy", "plotly")).encode())
    for file in [*sorted((ROOT / "mombook").rglob("*.py")), Path(__file__), Path(stored.__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
