"""Colours stand out: 3 to 1 for what is drawn, 4.5 to 1 for what is read (WCAG 2.2), on light and on dark pages."""

import itertools
import re

import pytest

from mombook.panels import PANELS, definition, style

pytestmark = pytest.mark.slow           # every panel in every colour

LEAST = {"line.color": 3, "marker.color": 3, "marker.line.color": 3, "textfont.color": 4.5}
PAPERS = {False: style.PAPER, True: style.DARK_PAPER}


def luminance(color):
    """Relative luminance of a hex colour (WCAG 2.2)."""
    channels = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    """From 1, the same, to 21, black on white."""
    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def over(color, paper):
    """A colour, translucent or not, as it looks on paper."""
    if not color.startswith("rgba"):
        return color
    *channels, alpha = map(float, re.findall(r"[\d.]+", color))
    behind = [int(paper[i:i + 2], 16) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(alpha * c + (1 - alpha) * b):02x}" for c, b in zip(channels, behind, strict=True))


def test_contrast_of_known_pairs():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)     # the lightest grey that may be read on white


def on_map(figure, trace, paper):
    """The colours of the map that a trace lies on, as they look on paper; none where there is no map."""
    return [over(style.rgba(color, map.opacity or 1) if color[0] == "#" else color, paper)
            for map in figure.select_traces({"type": "heatmap"}) if (map.xaxis, map.yaxis) == (trace.xaxis, trace.yaxis)
            for _, color in map.colorscale or figure.layout.coloraxis.colorscale]


@pytest.mark.parametrize(("name", "dark"), [*itertools.product(PANELS, (False, True))])
def test_everything_drawn_and_read_stands_out(name, dark):
    panel = definition(name)
    figure = style.dress(panel.figure(), panel.figure(), dark)
    paper = PAPERS[dark]
    assert figure.layout.paper_bgcolor == paper
    for trace in figure.data:
        # Shades and the lines of a grid carry nothing that dots, lines and the table do not.
        if ("fill" in trace and trace.fill == "toself") or trace.name.startswith("ring "):
            continue
        for key, least in LEAST.items():
            color = trace[key] if key in trace else None
            outline = key == "marker.line.color" and color == paper
            if isinstance(color, str) and not outline and not color.startswith("rgba(0,0,0,0"):
                if key == "marker.color" and color == paper:                    # hollow: its outline is what is seen
                    continue
                for behind in on_map(figure, trace, paper) if color == style.ON_MAP else [paper]:
                    assert contrast(over(color, behind), behind) >= least, (trace.name, key, color, behind)
    for note in figure.layout.annotations:
        assert contrast(note.font.color or figure.layout.font.color, note.bgcolor or paper) >= 4.5, note.text
        for color in re.findall("color:(#[0-9a-fA-F]{6})", note.text or ""):
            assert contrast(color, paper) >= 3, note.text
    for axis in (*figure.select_xaxes(), *figure.select_yaxes()):
        assert contrast(axis.linecolor, paper) >= 3


def test_methods_are_told_apart_by_more_than_colour():
    looks = [style.METHODS[key] for key in ("sgd", "heavy_ball", "nesterov", "asgd")]
    assert len({look.marker for look in looks}) == len(looks)
    assert len({(look.marker, look.dash) for look in looks}) == len({look.color for look in looks}) == len(looks)


NUMBERED = ("asgd", "budget", "parallel", "tradeoff")
"""Panels with colours among a trace's numbers."""


def numbered(view):
    """Colours that are given point by point."""
    return {color for arrays in view.traces.values() for key in LEAST if isinstance(arrays.get(key), list)
            for color in arrays[key]}


@pytest.mark.parametrize("name", NUMBERED)
def test_colours_among_a_traces_numbers_stand_out_on_either_page(name):
    """The look of a page does not reach them: they are the same on both."""
    panel = definition(name)
    colors = numbered(panel.exact(panel.read("method=sgd(0.1)" if name == "tradeoff" else "")))
    assert colors
    for color, paper in itertools.product(colors, PAPERS.values()):
        assert contrast(color, paper) >= 3, color


def test_no_other_panel_has_colours_among_its_numbers():
    views = {name: definition(name).exact(definition(name).read(), final=False) for name in PANELS}
    assert {name for name, view in views.items() if numbered(view)} == set(NUMBERED)
