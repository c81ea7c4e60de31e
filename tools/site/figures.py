"""The panels of a page as data its scripts draw: controls, plotly figure at one scenario, words.

A finished simulation takes seconds, so what has been computed is kept until a line of ``mombook`` changes.
"""

import hashlib
import json
import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import version
from pathlib import Path

from mombook.panels import definition, export, style
from mombook.panels.frame import change
from mombook.panels.remote import described

from .places import CACHE, ROOT

NEEDS = {"advisor": ["scikit-learn"]}
"""What a panel's Python needs besides mombook, in the browser."""


def faces(wanted, cache=CACHE):
    """``{(panel, line): face}`` of every pair in ``wanted``; those not remembered are computed side by side."""
    folder, stamp = Path(cache) / "figures", _stamp()
    folder.mkdir(parents=True, exist_ok=True)
    files = {pair: folder / f"{hashlib.sha256(f'{stamp} {pair}'.encode()).hexdigest()[:32]}.json" for pair in wanted}
    if lacking := [pair for pair, file in files.items() if not file.exists()]:
        with ProcessPoolExecutor(min(os.cpu_count() or 1, len(lacking)), multiprocessing.get_context("spawn")) as pool:
            for pair, text in zip(lacking, pool.map(_text, lacking), strict=True):
                scratch = files[pair].with_suffix(f".{os.getpid()}")
                scratch.write_text(text)
                scratch.replace(files[pair])
    return {pair: json.loads(file.read_text()) for pair, file in files.items()}


def face(name, line):
    """One panel at one scenario line: ``described(panel)`` and the figure with its finished simulation."""
    panel = definition(name)
    scenario = panel.read(line)
    view, figure = panel.exact(scenario, final=True), panel.static(scenario, simulate=False)
    arrived, said = {}, ""
    for piece in panel.sample(scenario):
        arrived |= {name: {**arrived.get(name, {}), **new} for name, new in piece.traces.items()}
        said = piece.sentence or said
    change(figure, arrived)
    return {**described(panel), "needs": NEEDS.get(name, []), "line": panel.write(scenario),
            "values": {c.name: c.text(scenario[c.name]) for c in panel.controls},
            "sentence": view.sentence, "lamps": [list(lamp) for lamp in view.lamps], "text": view.text, "simulated": said,
            "axes": export.axes(figure),
            "table": export.html_table(panel, panel.write(scenario), export.arrays(figure), export.axes(figure)),
            "colors": {"light": _colors(panel, False), "dark": _colors(panel, True)},
            "figure": figure.to_plotly_json(), "wide": panel.wide(), "stacked": panel.stacked()}


def _colors(panel, dark):
    """What a page's theme changes: trace name -> attributes, the notes' colours, and what the layout takes."""
    light, night = (style.dress(panel.figure(), panel.figure(), d).to_plotly_json() for d in (False, True))
    figure, other = (night, light) if dark else (light, night)
    swapped = {}
    for here, there in zip(figure["data"], other["data"], strict=True):
        if changes := dict(_leaves(here) - _leaves(there)):
            swapped[here["name"]] = changes
    axes = {name: {k: value[k] for k in ("gridcolor", "linecolor", "tickcolor")}
            for name, value in figure["layout"].items() if name[1:5] == "axis"}
    layout = {k: figure["layout"][k] for k in ("paper_bgcolor", "plot_bgcolor", "font")}
    notes = [(note.get("font") or {}).get("color") for note in figure["layout"].get("annotations", ())]
    return {"traces": swapped, "notes": notes, "layout": {**layout, **axes}}


def _leaves(tree, path=""):
    """(dotted path, text) of every text in nested dicts."""
    return set().union(*(_leaves(value, f"{path}{key}.") if isinstance(value, dict) else {(path + key, value)}
                         for key, value in tree.items() if isinstance(value, dict | str)))


def _text(pair):
    from plotly.io.json import to_json_plotly

    return to_json_plotly(face(*pair))


def _stamp():
    """What a face depends on besides its panel and line."""
    digest = hashlib.sha256(" ".join(version(p) for p in ("numpy", "scipy", "plotly")).encode())
    for file in [*sorted((ROOT / "mombook").rglob("*.py")), Path(__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
