"""Names of curves stand inside, off every curve and off one another; long titles are broken where nothing is lost."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mombook.panels import style
from mombook.panels.frame import View
from mombook.panels.labels import ABOVE_OR_BELOW, LETTER, LINE, SIDES, Plot

X = np.geomspace(1, 1e4, 60)


def plot(columns=2, **more):
    """Log axes from 1 to 10^4 and from 10^-4 to 1."""
    return Plot((0, 4), (-4, 0), columns, **more)


def box(x, y, text, side, columns):
    """What a text covers, in decades: (left, right, lower, upper)."""
    across, up = SIDES[side]
    width, height = 4 * LETTER[columns] * len(re.sub("<[^>]*>", "", text)), 4 * LINE
    x, y = np.log10(x) + (across - 1) / 2 * width, np.log10(y) + (up - 1) / 2 * height
    return x, x + width, y, y + height


def boxes(names, columns=2):
    """Of all names of a trace."""
    return [box(*each, columns) for each in zip(names["x"], names["y"], names["text"], names["textposition"], strict=True)]


@given(st.lists(st.tuples(st.floats(-3.5, -0.5), st.floats(-0.7, 0.7)), min_size=1, max_size=3), st.sampled_from([1, 2, 3]))
def test_names_are_inside_and_cover_neither_curves_nor_one_another(lines, columns):
    """Straight lines through the picture: there is always a place."""
    p, curves = plot(columns), []
    for k, (level, slope) in enumerate(lines):
        curves.append((f"c{k}", p.curve(X, 10.0 ** (level + slope * (np.log10(X) - 2)))))
    found = boxes(p.names(curves), columns)
    drawn = [(np.log10(X), level + slope * (np.log10(X) - 2)) for level, slope in lines]
    assert len(found) == len(lines)
    for k, (a, b, low, high) in enumerate(found):
        assert a >= -0.05 and b <= 4.05 and low >= -4.05 and high <= 0.05
        fine = np.linspace(a, b, 50)
        for x, y in drawn:
            height = np.interp(fine, x, y)
            assert not np.any((height > low + 0.02) & (height < high - 0.02) & (fine > a + 0.02) & (fine < b - 0.02))
        for c, d, foot, top in found[:k]:
            assert min(b, d) - max(a, c) < 1e-9 or min(high, top) - max(low, foot) < 1e-9


def test_a_name_is_by_its_own_curve_and_one_outside_has_none():
    p = plot()
    high, low = p.curve(X, np.full(X.size, 0.5)), p.curve(X, np.full(X.size, 1e-3))
    out = p.curve(X, np.full(X.size, 1e-9))
    names = p.names([("high", high), ("low", low), ("out", out)], ABOVE_OR_BELOW)
    assert names["text"] == ["high", "low"]
    np.testing.assert_allclose(np.log10(names["y"]), np.log10([0.5, 1e-3]), atol=0.2)
    assert p.names([]) == {"x": [], "y": [], "text": [], "textposition": "top center"}


def test_a_text_whose_point_is_outside_is_never_placed_where_another_place_is():
    """Plotly hides it, although the text itself would be inside."""
    x, _ = plot().best("name", [(1.015, 0.5), (0.5, 0.5)], ["middle left"], ease=2.0)
    assert 1 < x[0] < 1e3


def test_a_name_without_a_free_place_is_left_to_the_legend():
    for legend in (False, True):
        p = plot()
        for level in np.arange(-3.95, 0, 0.1):
            p.curve(X, np.full(X.size, 10**level))
        found = p.names([("name", p.curve(X, np.full(X.size, 1e-2)))], legend=legend)
        assert found["text"] == ([] if legend else ["name"]) and len(p.boxes) == (not legend)


def test_acronyms_are_wider_and_larger_type_needs_more():
    sizes = []
    for name, scale in (("sgds", 1.0), ("SGDS", 1.0), ("sgds", 2.0)):
        p = plot()
        p.best(name, [(0.5, 0.5)], scale=scale)
        (a, low, b, high), = p.boxes
        sizes.append((b - a, high - low))
    np.testing.assert_allclose(np.array(sizes) / sizes[0], [[1, 1], [1.25, 1], [2, 2]], rtol=1e-9)


def test_an_upright_points_at_what_it_is_about():
    p = plot(3)
    lines, names = p.uprights([("first", 10.0), ("second", 1000.0)], [1e-2, None])
    np.testing.assert_allclose(sorted(lines[0]["y"])[0], 1e-2, rtol=1e-9)
    np.testing.assert_allclose(sorted(lines[1]["y"])[0], 1e-4, rtol=1e-9)
    assert min(names["y"]) > 0.01


def test_marks_are_kept_free():
    for x in (30.0, 8000.0):
        p = plot(3)
        p.marks([x], [0.1])
        (a, b, low, high), = boxes(p.names([("name", p.curve(X, np.full(X.size, 0.1)))]), 3)
        assert not (a < np.log10(x) + 0.1 and b > np.log10(x) - 0.1 and low < -0.9 and high > -1.1), "a mark has a size"


@pytest.mark.parametrize("places", [(10.0, 11.0), (1.01, 3.0), (5000.0, 9000.0), (4.0, 4.0)])
def test_uprights_end_at_their_names_one_below_another(places):
    p = plot(3)
    lines, names = p.uprights([("first", places[0]), ("second", places[1])])
    (a, b, low, high), (c, d, foot, top) = boxes(names, 3)
    assert min(b, d) <= max(a, c) or min(high, top) <= max(low, foot) + 1e-9
    for place, line, y in zip(places, lines, names["y"], strict=True):
        np.testing.assert_allclose(line["x"], place)
        ends = np.log10(line["y"])
        assert np.abs(ends - np.log10(y)).min() < 0.2 and max(np.abs(ends - [-4, 0])) < 1
    assert min(a, c) > -0.05 and max(b, d) < 4.05


def test_a_regions_name_is_in_it_and_a_narrow_one_has_none():
    x, y = np.geomspace(1, 1e4, 40), np.geomspace(1e-4, 1, 40)
    codes = np.zeros((40, 40), int)
    codes[:, 25:], codes[:, 24] = 1, 2
    p = plot()
    p.marks([x[10]], [y[20]])
    names = p.regions(x, y, codes, ["left", "right", "between"], least=1.5)
    assert names["text"] == ["left", "right"] and names["x"][0] < x[24] < names["x"][1]
    a, b, low, high = boxes(names)[0]
    assert not (a < np.log10(x[10]) < b and low < np.log10(y[20]) < high)


WORDS = st.lists(st.sampled_from(["a", "heavy", "ball's", "<b>critical batch</b>", "η =", "× limit", "0.0383", "curve"]),
                 min_size=1, max_size=12).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=3))
def test_titles_are_broken_between_words_and_say_the_same(texts):
    view = View({}, titles=texts)
    assert [t.replace("<br>", " ") for t in view.titles] == texts
    assert View({}, titles=view.titles).titles == view.titles, "once is enough"
    for title, most in zip(view.titles, style.TITLE.get(len(texts), [10**6]), strict=True):
        assert not re.search("[=×]<br>|<br>[=×]", title), "an equation is in one line"
        for line in title.split("<br>"):
            bare = re.sub("<[^>]*>", "", line)
            assert len(bare) <= most or not re.search(r"(?<![=×]) (?![=×])", bare), line


def test_equal_lines_are_preferred():
    assert style.lines(["", "", "ASGD against heavy ball, worst batch"])[2] == "ASGD against heavy<br>ball, worst batch"


def test_a_name_without_a_free_place_is_taken_back():
    plot = Plot((0, 1), (0, 1), 1, log=(False, False))
    plot.curve([0, 1], [0.5, 0.5])
    for spot, kept in ((np.array([[0.5, 0.8]]), True), (np.array([[0.5, 0.5]]), False), (np.array([[0.0, 0.8]]), False)):
        before = len(plot.boxes)
        plot.best("a name", spot, ("middle center",))
        assert plot.kept() is kept and len(plot.boxes) == before + kept
