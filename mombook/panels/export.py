"""What a reader takes away of a panel, each piece stamped with the scenario and the version it belongs to.

Texts are made from the panel's arrays alone (trace name -> ``x``, ``y``, ...), without plotly and without any host.
"""

import csv as _csv
import html
import io
import textwrap

import numpy as np

from ..model.family import BOOK, FAMILIES
from ..references import bibtex as _bibtex
from ..versions import __version__
from . import spectra, style

FORMULA = ("=", "+", "-", "@")
"""What a text begins with that a spreadsheet takes for a formula."""

PRINT_WIDTH = 1050
"""Width of a printed picture in CSS pixels; a host saves it at three device pixels each."""


def stamp(panel, line):
    """One line that says where something comes from: version, panel and the scenario ``line``."""

    return f"mombook {__version__}, {panel.name}: {_one_line(line)}"


def short_stamp(panel, line):
    """The same where there is little room: of a spectrum of the reader's own only its beginning."""
    return stamp(panel, spectra.shortened(line))


def _one_line(text):
    """A text without line breaks, as it must be in a comment."""
    return " ".join(str(text).splitlines())


def arrays(figure):
    """The arrays of a figure's visible traces, as ``Panel.finished`` gives them."""
    found = {}
    for trace in figure.data:
        if trace.visible is not False and trace.x is not None:
            found[trace.name] = {"x": trace.x, "y": trace.y}
            if "z" in trace:
                found[trace.name]["z"] = trace.z
            if "error_y" in trace and trace.error_y.array is not None:
                found[trace.name]["error_y.array"] = trace.error_y.array
    return found


def table(traces):
    """Every visible number, point by point.

    Args:
        traces: trace name -> its arrays.

    Returns:
        The column names ``trace, x, y``, with ``z`` where there is a map and ``error`` where there are error bars, and the
        rows, plain floats; a map's points come row by row.
    """
    shown = {name: t for name, t in traces.items() if t.get("visible", True) is not False and "x" in t and "y" in t}
    extra = {"z": "z", "error_y.array": "error"}
    extra = {key: word for key, word in extra.items() if any(key in t for t in shown.values())}
    rows = []
    for name, t in shown.items():
        x, y = np.asarray(t["x"], float), np.asarray(t["y"], float)
        if "z" in t:
            x, y = (v.ravel() for v in np.meshgrid(x, y))
        more = [np.ravel(np.asarray(t[key], float)) if key in t else np.full(x.shape, np.nan) for key in extra]
        rows += [(name, *map(float, point)) for point in zip(x, y, *more, strict=True)]
    return ["trace", "x", "y", *extra.values()], rows


def axes(figure):
    """Trace name -> what its two axes are called."""
    def called(letter, anchor):
        return figure.layout[f"{letter}axis{(anchor or letter)[1:]}"].title.text or letter
    return {t.name: (called("x", t.xaxis), called("y", t.yaxis)) for t in figure.data}


def html_table(panel, line, traces, called, most=10):
    """The numbers of ``table`` for a screen reader or the eye: each trace thinned to at most ``most`` points.

    Args:
        traces: trace name -> its arrays; called: trace name -> the names of its axes (see ``axes``).
    """
    say = html.escape
    header, rows = table(traces)
    groups = {}
    for name, *point in rows:
        groups.setdefault(name, []).append(point)
    bodies = []
    for name, points in groups.items():
        kept = [points[k] for k in np.unique(np.linspace(0, len(points) - 1, min(most, len(points))).round().astype(int))]
        x, y = called.get(name, ("x", "y"))
        told = f"{say(name)}<br>{say(y)} at {say(x)}" + (f"<br>{len(kept)} of {len(points)} points" * (len(kept) < len(points)))
        cells = ["".join(f"<td>{v:.4g}</td>" if np.isfinite(v) else "<td>–</td>" for v in point) for point in kept]
        bodies.append(f"<tbody><tr><th scope='rowgroup' rowspan='{len(kept)}'>{told}</th>"
                      + "</tr><tr>".join(cells) + "</tr></tbody>")
    heads = "".join(f"<th scope='col'>{say(column)}</th>" for column in header)
    return (f"<table class='mombook-table'><caption>{say(panel.title)}: the plotted numbers, every one of which is in the CSV "
            f"file. {say(short_stamp(panel, line))}</caption><thead><tr>{heads}</tr></thead>{''.join(bodies)}</table>")


def csv(panel, line, traces):
    """The numbers of ``table`` as CSV under a comment line with the stamp; floats keep every digit."""
    header, rows = table(traces)
    text = io.StringIO()
    text.write(f"# {stamp(panel, line)}\n")
    _csv.writer(text, lineterminator="\n").writerows(cells([header, *rows]))
    return text.getvalue()


def cells(rows):
    """Rows for a CSV file: texts on one line, those that a spreadsheet would run with an apostrophe in front; numbers stay."""
    def harmless(text):
        text = _one_line(text)
        return f"'{text}" if text.startswith("\t") or text.lstrip().startswith(FORMULA) else text

    for row in rows:
        yield [harmless(cell) if isinstance(cell, str) else cell for cell in row]


def code(panel, line):
    """Three lines for a notebook cell that bring the figure back."""
    return f"from mombook import explore\npanel = explore.{panel.call(line)}\npanel"


def script(panel, line):
    """A program that prints every number in the figure; it needs nothing but mombook, numpy and scipy.

    It begins with the definitions of families that a reader has given mombook. Its next part, where the panel has a
    ``recipe``, is the engine's public names at work on the sentence's numbers; the last prints ``table`` of the exact layer
    and the finished simulation. What it cannot hold is said at its top (``Panel.lacks``).
    """

    scenario = panel.read(line)
    recipe = panel.recipe(scenario).strip()
    engine = f"\n# The sentence under the figure, from the engine.\n{recipe}\n" if recipe else ""
    lacks = "".join(f"\n# {each}" for each in textwrap.wrap(panel.lacks(scenario), 120))
    return f'''\
# {panel.title}: the numbers in the figure of mombook's panel "{panel.name}" at
#   {_one_line(spectra.shortened(line))}{lacks}
# Made by mombook {__version__}. To run it: "pip install ." in a copy of the book (numpy and scipy
# come along), then  python {panel.name}.py
{_own_families(scenario)}{engine}
# Every point of the figure as CSV: the exact layer and the finished simulation, trace by trace.
import csv
import sys

from mombook.panels.export import cells, table
{panel.opening(scenario)}
traces = panel.finished(panel.read({str(line)!r}))
header, rows = table(traces)
csv.writer(sys.stdout, lineterminator="\\n").writerows(cells([header, *rows]))
'''


def _own_families(scenario):
    """Lines that define the families of the scenario which are not the book's, from the numbers read off them."""
    shown = [name for value in scenario.values() for name in (value if isinstance(value, tuple) else (value,))
             if isinstance(name, str) and name in FAMILIES]
    own = [name for name in dict.fromkeys([*BOOK, *shown]) if FAMILIES.get(name) not in (None, BOOK.get(name))]
    if not own:
        return ""
    lines = ["", "# Families of methods that are not the book's, in numbers: lr is the learning rate, beta the momentum.",
             "from mombook import FAMILIES, Family, Method", ""]
    for name in own:
        delta, free_eta, eta, slope, free_beta, rest = map(float, FAMILIES[name].row)
        make = ("Method" if free_eta else
                f"lambda lr, beta: Method({delta!r} * lr, ({eta!r} + {slope!r} * beta) * lr, beta)" if free_beta else
                f"lambda lr: Method({delta!r} * lr, {eta!r} * lr, {1.0 - rest!r})")
        lines.append(f"FAMILIES[{name!r}] = Family({FAMILIES[name].word!r}, {make})")
    return "\n".join([*lines, ""])


def bibtex(panel, line):
    """The works the panel rests on, as BibTeX under a comment line with the stamp."""
    return f"% {short_stamp(panel, line)}\n{_bibtex(panel.references)}"


def captioned(figure, sentence, width=None):
    """A copy of ``figure`` with a sentence under it, for where there are no widgets to say it; ``None`` fits the page."""
    lines = textwrap.wrap(html.escape(sentence), (width or 900) // 7)
    picture = type(figure)(figure)
    height, foot = figure.layout.height or 450, 17 * len(lines) + 12
    picture.update_layout(height=height + foot, margin_b=(figure.layout.margin.b or 52) + foot)
    picture.layout.width = width
    return picture.add_annotation(text="<br>".join(lines), xref="paper", yref="paper", x=0, y=0, xanchor="left", yanchor="top",
                                  xshift=-40, yshift=-58, align="left", showarrow=False, font={"size": 12})


def printed(panel, line, figure):
    """A copy of ``figure`` for paper: light, ``PRINT_WIDTH`` wide, subplots beside one another, the stamp at its foot."""
    light = panel.figure()
    picture = style.dress(type(light)(figure.to_dict()), light, dark=False)
    picture.update_layout(panel.wide())
    height, foot = picture.layout.height or 450, 26
    picture.update_layout(width=PRINT_WIDTH, height=height + foot, margin_b=(picture.layout.margin.b or 52) + foot)
    return picture.add_annotation(
        text=short_stamp(panel, line), xref="paper", yref="paper", x=1, y=0, xanchor="right", yanchor="top",
        yshift=-(picture.layout.margin.b - 22), showarrow=False, font={"size": 10, "color": style.MUTED})
