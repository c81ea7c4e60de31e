"""One look for the whole book: what a method, a bound and a simulation look like, wherever they appear."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from ..model.family import FAMILIES

# Okabe & Ito's palette, told apart by every kind of colour vision; markers and dashes say the same again.
INK, PAPER, GRID, MUTED = "#1f2328", "#ffffff", "#e4e7eb", "#57606a"
DARK_INK, DARK_PAPER, DARK_GRID, DARK_MUTED = "#e6e8eb", "#111417", "#343a41", "#a8b0ba"
ON_MAP = "#15181c"
"""What lies on a map's light colours: dark on light pages and on dark ones."""

EITHER = "#7A828C"
"""Stands out on light pages and on dark ones: for a colour among a trace's numbers, which the look of a page does not reach."""

ACCENT = "#B87F00"
"""For the one thing in a plot that is no method's: the palette's orange, darkened until it stands out on white too."""


@dataclass(frozen=True)
class Look:
    """How one method is drawn and named."""

    word: str
    color: str
    marker: str
    dash: str


_OWN = {
    "sgd": ("#0072B2", "circle", "solid"),
    "heavy_ball": ("#D55E00", "square", "12px,2px"),
    "nesterov": ("#009E73", "diamond", "8px,3px"),
    "asgd": ("#CC79A7", "triangle-up", "solid"),
}
_SPARE = (("#7A5CC9", "cross", "4px,2px"), ("#8A7A00", "star", "10px,3px,2px,3px"), ("#7A7A7A", "x", "2px,2px"))


class _Looks(Mapping[str, Look]):
    """Name of a family -> ``Look``, for every family there is by now: the book's four, then the spare ones in turn."""

    def __getitem__(self, name):
        word = FAMILIES[name].word
        if name in _OWN:
            return Look(word, *_OWN[name])
        return Look(word, *_SPARE[[f for f in FAMILIES if f not in _OWN].index(name) % len(_SPARE)])

    def __iter__(self):
        return iter(FAMILIES)

    def __len__(self):
        return len(FAMILIES)


METHODS = _Looks()

YOURS = Look("your method", INK, "x", "6px,3px")
"""A method that a reader has written into a panel."""


def theme(dark=False):
    """The layout colours of a light or a dark page."""
    ink, paper, grid, muted = (DARK_INK, DARK_PAPER, DARK_GRID, DARK_MUTED) if dark else (INK, PAPER, GRID, MUTED)
    return {"ink": ink, "paper": paper, "grid": grid, "muted": muted}


def axis(title, dark=False, **more):
    """A log or linear axis in the house look."""
    c = theme(dark)
    return {"title": {"text": title, "standoff": 6}, "gridcolor": c["grid"], "linecolor": c["muted"], "zeroline": False,
            "showline": True, "ticks": "outside", "tickcolor": c["muted"], "ticklen": 4, "automargin": True,
            "exponentformat": "power", "fixedrange": False, **more}


def log_axis(title, **more):
    """A log axis, decades labelled, its range never changed by plotly itself."""
    return axis(title, type="log", dtick=1, autorange=False, **more)


def bare_axis(title, ends, **more):
    """An axis with a name and no numbers, its range never changed by plotly itself."""
    return axis(title, range=list(ends), autorange=False, showticklabels=False, ticks="", **more)


def layout(dark=False, **more):
    """What every figure shares."""
    c = theme(dark)
    return {"paper_bgcolor": c["paper"], "plot_bgcolor": c["paper"], "font": {"color": c["ink"], "size": 13},
            "hovermode": "closest", "dragmode": "zoom", "uirevision": "keep", "showlegend": True,
            "margin": {"l": 64, "r": 16, "t": 56, "b": 52}, **more}


# Where two or three subplots stand: (span of each along the split, height in pixels, height of the legend, which leaves two
# lines for titles).
_BESIDE = {2: (([0, 0.46], [0.56, 1]), 470, 1.13), 3: (([0, 0.27], [0.365, 0.635], [0.73, 1.0]), 470, 1.13)}
_UNDER = {2: (([0.58, 1], [0, 0.42]), 860, 1.06), 3: (([0.73, 1.0], [0.365, 0.635], [0, 0.27]), 1150, 1.05)}


def columns(count):
    """Layout changes that set two or three subplots beside one another, as on a wide page."""
    return _placed("x", "y", *_BESIDE[count])


def rows(count):
    """Layout changes that set two or three subplots under one another, as on a phone."""
    return _placed("y", "x", *_UNDER[count])


def _placed(split, whole, spans, height, legend):
    names = ["", *range(2, len(spans) + 1)]
    return {"height": height, "legend": {"y": legend},
            **{f"{split}axis{k}": {"domain": span} for k, span in zip(names, spans, strict=True)},
            **{f"{whole}axis{k}": {"domain": [0, 1]} for k in names}}


_DARK = {INK: DARK_INK, PAPER: DARK_PAPER, GRID: DARK_GRID, MUTED: DARK_MUTED}
_COLORED = ("line.color", "marker.color", "marker.line.color", "textfont.color", "error_y.color")


def titles(plots):
    """Empty titles over the left ends of so many subplots; a view fills them in."""
    return [{"text": "", "xref": f"x{k} domain", "yref": f"y{k} domain", "x": 0, "y": 1.02, "yanchor": "bottom",
             "xanchor": "left", "align": "left", "showarrow": False, "font": {"size": 14}} for k in ("", 2, 3)[:plots]]


TITLE = {2: (41, 41), 3: (28, 28, 24)}
"""Letters in a line of each title that fit over its subplot in teacher mode, by the number of subplots; all but the last may
reach into the space between two."""


def lines(texts):
    """Titles of as many subplots, broken into lines that fit there in every size of type.

    >>> lines(["<b>What a batch</b> buys", "", "Learning curve at the batch <b>B = 4096</b>"])
    ['<b>What a batch</b> buys', '', 'Learning curve at<br>the batch <b>B = 4096</b>']
    """
    return [_broken(text, most) for text, most in zip(texts, TITLE[len(texts)], strict=True)] if len(texts) in TITLE else texts


@lru_cache(maxsize=512)
def _broken(text, most):
    """Words in as few lines of at most ``most`` letters as will do, of about one length; an equation stays in one line."""
    words = re.split(r"<br>|(?<![=×]) (?![=×]|[^<]*>)", text)
    fewest = _filled(words, most)
    return "<br>".join(next(lines for n in range(1, most + 1) if len(lines := _filled(words, n)) == len(fewest)))


def _filled(words, most):
    found = [words[0]]
    for word in words[1:]:
        longer = f"{found[-1]} {word}"
        found[-1:] = [longer] if len(re.sub("<[^>]*>", "", longer)) <= most else [found[-1], word]
    return found


def names(figure, name, plot="", **font):
    """Add a trace of texts to a subplot ("", 2 or 3); a view says where they stand (see ``labels``)."""
    figure.add_scatter(name=name, x=[], y=[], text=[], mode="text", xaxis=f"x{plot}", yaxis=f"y{plot}", hoverinfo="skip",
                       showlegend=False, textfont={"size": 12, "color": MUTED, **font})


def dress(figure, light, dark):
    """Give a figure the colours of a light or a dark page; ``light`` is the same panel's empty figure, made for a light one.

    Methods keep their colours, which stand out on both; ink, paper and greys are swapped.
    """
    def shade(color):
        return _DARK.get(color, color) if dark and isinstance(color, str) else color

    for trace, original in zip(figure.data, light.data, strict=True):
        for key in _COLORED:
            if key in original and isinstance(original[key], str) and original[key] in _DARK:
                trace[key] = shade(original[key])
    for note, original in zip(figure.layout.annotations, light.layout.annotations, strict=False):
        if original.font.color:
            note.font.color = shade(original.font.color)
    look, line = layout(dark), axis("", dark)
    figure.update_layout(paper_bgcolor=look["paper_bgcolor"], plot_bgcolor=look["plot_bgcolor"],
                         font_color=look["font"]["color"])
    for each in (figure.update_xaxes, figure.update_yaxes):
        each(gridcolor=line["gridcolor"], linecolor=line["linecolor"], tickcolor=line["tickcolor"])
    return figure


LARGE = 1.45
"""How much larger type is in teacher mode."""


def resize(figure, light, height, factor):
    """Scale type, lines, marks and ``height`` by a factor from what the empty figure ``light`` has."""
    for trace, original in zip(figure.data, light.data, strict=True):
        for key in ("line.width", "marker.size", "marker.line.width", "textfont.size"):
            if key in original and isinstance(original[key], int | float):
                trace[key] = original[key] * (factor if "font" in key else 1 + 0.8 * (factor - 1))
    for note, original in zip(figure.layout.annotations, light.layout.annotations, strict=False):
        note.font.size = (original.font.size or light.layout.font.size) * factor
    bar = light.layout.coloraxis.colorbar
    for part, original in ((figure.layout.coloraxis.colorbar.tickfont, bar.tickfont),
                           (figure.layout.coloraxis.colorbar.title.font, bar.title.font)):
        if original.size:
            part.size = original.size * factor
    for each in (*figure.select_xaxes(), *figure.select_yaxes()):
        size = None if factor == 1 else light.layout.font.size * factor       # None: plotly's own proportions
        each.title.font.size, each.tickfont.size = size, size and 0.8 * size
    figure.update_layout(font_size=light.layout.font.size * factor, height=round(height * (1 + 0.75 * (factor - 1))))
    return figure


def rgba(color, alpha):
    """A hex colour with transparency."""
    r, g, b = (int(color[i:i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},{alpha})"
