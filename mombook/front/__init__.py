"""The one front end: JavaScript and CSS that draw any panel from the protocol of ``mombook.panels.remote``.

Its hosts are thin: the widget of ``mombook.explore`` in Jupyter, and the worker of the web pages. A script here uses two names
that its host defines, ``mombook`` (an object with ``theme`` and ``onTheme``, to which the scripts add theirs) and ``Plotly``.
"""

from pathlib import Path

FOLDER = Path(__file__).parent

SCRIPTS = ("engine.js", "controls.js", "figure.js", "handles.js", "teacher.js", "takeaway.js", "spectrum.js",
           "panel.js")
"""The scripts in the order in which they run; classic scripts, so that a page also opens from a file."""

STYLE = "panel.css"


def sources():
    """The texts of the scripts and of the style sheet, by name."""
    return {name: (FOLDER / name).read_text(encoding="utf-8") for name in (*SCRIPTS, STYLE)}
