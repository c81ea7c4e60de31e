"""Results as small HTML tables, for notebooks: what ``_repr_html_`` of a result returns.

Colours and type are the page's, light or dark; words stand at the left, since Jupyter puts all cells to the right. All text is
escaped: names of columns and data sets are a reader's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeGuard

import numpy as np

OURS = '<div class="mombook">'
"""How every table begins; ``tools/build_notebooks.py`` keeps no other HTML in a notebook."""

LEFT = 'style="text-align: left"'

MOST = 12
"""The most rows that are shown; of more, the first and the last."""


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]], notes: Iterable[str] = (),
          lead: Iterable[str] = ()) -> str:
    """A table whose first column names its rows, with sentences under it and over it.

    Args:
        caption: what it shows; head: a word for every column, or empty; rows: cells, text or numbers (see ``cell``).
        notes, lead: sentences under and over it.

    >>> print(table("Tuned", ["batch", "gap"], [[8, 0.1 + 0.2]], ["A < B."]))
    <div class="mombook">
    <table><caption style="text-align: left">Tuned</caption>
    <thead><tr><th scope="col">batch</th><th scope="col">gap</th></tr></thead>
    <tbody>
    <tr><th scope="row">8</th><td>0.3</td></tr>
    </tbody></table>
    <p>A &lt; B.</p>
    </div>
    """
    names = "".join(f'<th scope="col">{_text(word)}</th>' for word in head)
    lines = [OURS, *(f"<p>{_text(sentence)}</p>" for sentence in lead), f"<table><caption {LEFT}>{_text(caption)}</caption>",
             *([f"<thead><tr>{names}</tr></thead>"] if head else []), "<tbody>"]
    for first, *rest in rows:
        cells = "".join(f"<td>{cell(v)}</td>" if _is_number(v) else f"<td {LEFT}>{cell(v)}</td>" for v in rest)
        lines.append(f'<tr><th scope="row">{cell(first)}</th>{cells}</tr>')
    return "\n".join([*lines, "</tbody></table>", *(f"<p>{_text(note)}</p>" for note in notes), "</div>"])


def cell(value: object) -> str:
    """A number in up to six significant digits, in all of them just below 1; anything else as its text, escaped.

    >>> cell(0.1 + 0.2), cell(65536.0), cell(0.99999999), cell("a<b"), cell(True)
    ('0.3', '65536', '0.99999999', 'a&lt;b', 'yes')
    """
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not _is_number(value):
        return _text(str(value))
    text = f"{value:.6g}"
    return repr(float(value)) if text == "1" and value < 1 else text


def some(count: int) -> list[int]:
    """Which of so many rows are shown: all of them, or the first and the last.

    >>> some(3), some(100)
    ([0, 1, 2], [0, 1, 2, 3, 4, 5, 94, 95, 96, 97, 98, 99])
    """
    return [*range(count)] if count <= MOST else [*range(MOST // 2), *range(count - MOST // 2, count)]


def left_out(count: int) -> list[str]:
    """A sentence about the rows that are not shown, if there are any.

    >>> left_out(3), left_out(100)
    ([], ['88 rows in between are not shown.'])
    """
    return [] if count <= MOST else [f"{count - MOST} rows in between are not shown."]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float, np.integer, np.floating))


def _text(words):
    """Escaped to stand between tags; quotes may stay."""
    from html import escape  # here, so that `import mombook` need not load it

    return escape(words, quote=False)
