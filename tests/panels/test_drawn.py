"""Every trace, number, title and sentence of every panel against a second way, wherever its controls reach."""

import re
import time
from functools import lru_cache

import numpy as np
import pytest

from mombook.panels import PANELS, definition
from mombook.panels.frame import hide_theory, problems
from mombook.panels.scenario import Slider, Written
from mombook.prose import slips

from . import printed, scenarios, ways
from .ways.common import SIMULATED, Drawn

SECONDS = 5.0
"""Seconds of computing that one update may take."""

EVERY = [pytest.param(name, k, id=f"{name}-{k}", marks=[pytest.mark.slow] if k or name in scenarios.DEAR else [])
         for name in scenarios.EVERYTHING for k in range(1 + len(scenarios.presets(name)) + len(scenarios.covering(name)))]


@lru_cache(maxsize=600)
def drawn(name, k, final=True):
    """A panel at its k-th scenario: the opening, the presets and guides, the covering ones."""
    cases = [scenarios.opening(name), *scenarios.presets(name), *scenarios.covering(name)]
    return Drawn(definition(name), cases[k], final)


@pytest.mark.parametrize(("name", "k"), EVERY)
def test_every_trace_is_the_engines_by_a_second_way(name, k):
    traces_agree(name, drawn(name, k))


def traces_agree(name, c):
    """Hold a view's traces and numbers against their second ways."""
    way = ways.of(name)
    for trace, check in way.TRACES.items():
        shown = c.view.traces.get(trace, {})
        if check is not SIMULATED and shown.get("visible", True) and (shown or trace not in c.view.traces):
            check(c)
    if hasattr(way, "numbers"):
        way.numbers(c)


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_no_trace_is_without_a_second_way(name):
    """A trace that is new, or renamed, is held against nothing: it needs an entry in ``ways``."""
    way, figure = ways.of(name), {t.name for t in scenarios.figure(name).data}
    assert figure == set(way.TRACES) == set(way.AXES)
    for k in range(1 + len(scenarios.presets(name))):
        assert set(drawn(name, k).view.traces) <= figure
    if name not in PANELS:
        c = drawn(name, 0)
        shown = {trace for trace, arrays in c.view.traces.items() if arrays.get("visible", True)} - {"your guess"}
        assert shown == {curve.name for curve in c.panel.curves if not curve.hidden}, "known before the answer"


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_a_drag_shows_the_same_in_fewer_points(name):
    """While dragging: the same second ways, with the tolerance of coarser bins."""
    for k in range(1 + len(scenarios.presets(name))):
        c = drawn(name, k, final=False)
        for trace, check in ways.of(name).TRACES.items():
            shown = c.view.traces.get(trace, {})
            if check is not SIMULATED and shown.get("visible", True) and len(shown.get("x", ())):
                check(c)


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_axes_are_called_what_their_arrays_are(name):
    figure = scenarios.figure(name)
    for trace in figure.data:
        for letter, meant in zip("xy", ways.of(name).AXES[trace.name], strict=True):
            title = figure.layout[f"{letter}axis{(trace[f'{letter}axis'] or letter)[1:]}"].title.text or ""
            assert meant in title if meant else title == "", f"{trace.name}: {letter} is {meant!r}, its axis says {title!r}"


@pytest.mark.parametrize(("name", "k"), EVERY)
def test_every_number_said_is_the_engines(name, k):
    """What is told in figures is computed again where its words say what it is, and no number is told that is not known."""
    words_agree(name, drawn(name, k))


def words_agree(name, c):
    """Hold a view's sentence and titles against what belongs at their places."""
    way = ways.of(name)
    texts = {"sentence": c.view.sentence, **{f"title {n}": printed.plain(t) for n, t in enumerate(c.view.titles)}}
    told = dict.fromkeys(texts, ())
    patterns = [("sentence", *each) for each in getattr(way, "said", lambda c: ())(c)]
    patterns += [(f"title {n}", *each) for n, *each in getattr(way, "titles", lambda c: ())(c)]
    for where, pattern, expected, *figures in patterns:
        start, end, number = printed.found(texts[where], pattern)
        assert printed.agrees(number, expected, *figures), f"{pattern}: {expected} in {texts[where]!r}"
        told[where] = (*told[where], (start, end))
    for where, text in texts.items() if name in PANELS else ():
        for start, end, number in printed.numbers(text):
            if not any(a < end and start < b for a, b in told[where]):
                label = text[max(0, start - 12):start]
                assert _in_context(c, label, number) or _is_constant(way, text, start, end), \
                    f"{text[max(0, start - 30):end + 15]!r} of {text!r}"


CONSTANTS = ("1 − β", "1−β", "(β = 0)", "3/2", "80 %", "√ρ = 1 −")


def _is_constant(way, text, start, end):
    """Whether a number is a piece of a symbol or a fixed name."""
    return any(m.start() <= start and end <= m.end()
               for piece in (*CONSTANTS, *getattr(way, "CONSTANTS", ())) for m in re.finditer(re.escape(piece), text))


LABELS = {"kappa": "κ", "decay": "decay", "d": "d", "batch": "B", "steps": "T", "noise": "noise"}


def _in_context(c, label, number):
    """Whether the words before a number name a control of the panel, and the number is what it is set to."""
    said = label.rstrip().rstrip("=").rstrip()
    own = {} if c.given is None else {"kappa": c.given.kappa, "d": c.given.dim}
    for control, symbol in LABELS.items():
        if control in {**c.s, **own} and (said.endswith(f" {symbol}") or said == symbol):
            return printed.agrees(number, {**c.s, **own}[control])
    return False


@pytest.mark.slow
@pytest.mark.parametrize("name", PANELS)
def test_lamps_say_whether_the_assumptions_hold(name):
    way, count = ways.of(name), 1 + len(scenarios.presets(name)) + len(scenarios.covering(name))
    seen = set()
    for k in range(count):
        c = drawn(name, k)
        lit = [bool(met) for _, met, _ in c.view.lamps]
        assert lit == [bool(met) for met in getattr(way, "lamps", lambda c: ())(c)], c.panel.write(c.s)
        assert all(bool(why) != met for _, met, why in c.view.lamps if not met)
        seen |= set(lit)
    assert seen in (set(), {True}, {True, False}, {False})


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_nothing_is_wrong_at_any_corner_and_it_is_drawn_in_time(name):
    """While dragging: every control at its least, middle and greatest, and every pair at extremes."""
    panel, found = definition(name), []
    for s in [*scenarios.ends(name), *scenarios.covering(name)]:
        started = time.process_time()                                   # not the clock: the machine may be busy elsewhere
        view = panel.exact(s, final=False)
        took = time.process_time() - started
        found += problems(panel, s, view, scenarios.screen(name))
        if took > SECONDS:
            found.append(f"{panel.write(s)}: {took:.1f} s of computing for one update")
    assert found == []


@pytest.mark.parametrize(("name", "k"), EVERY)
def test_nothing_is_wrong_at_rest_and_the_line_brings_it_back(name, k):
    c = drawn(name, k)
    assert problems(c.panel, c.s, c.view, scenarios.screen(name)) == []
    back = c.panel.read(c.panel.write(c.s))
    assert back.keys() == c.s.keys()
    assert [k for k, v in c.s.items() if back[k] != (v if isinstance(v, (str, tuple)) else pytest.approx(v))] == []


@pytest.mark.parametrize("name", scenarios.EACH)
def test_everything_a_panel_says_beside_its_sentence_is_well_written(name):
    """Sentences, titles and lamps are held to it by ``frame.problems`` at every scenario; here is the rest."""
    panel, figure = definition(name), scenarios.figure(name)
    said = [panel.title, panel.help, *panel.presets, *panel.guides, *panel.searches]
    said += [word for c in panel.controls for word in (c.label, c.help, *getattr(c, "words", {}).values())]
    said += [t.hovertemplate or "" for t in figure.data] + [a.text or "" for a in figure.layout.annotations]
    said += [str(axis.title.text) for axis in (*figure.select_xaxes(), *figure.select_yaxes())]
    well_written([*said, *texts(drawn(name, 0).view)])


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_presets_are_well_written(name):
    for k in range(1, 1 + len(scenarios.presets(name))):
        well_written(texts(drawn(name, k).view))


def texts(view):
    """All that a view says or writes at its traces."""
    return [view.sentence, *view.titles, *view.guess, *(why for *_, why in view.lamps),
            *(str(label) for t in view.traces.values() for label in np.ravel(t.get("text", [])))]


def well_written(said):
    """No text has a slip, templates and tags left aside."""
    wrong = {text: slips(re.sub(r"%\{[^}]*\}|<[^>]*>", "", text)) for text in said}
    assert {text: what for text, what in wrong.items() if what} == {}


@pytest.mark.parametrize("name", scenarios.EACH)
def test_nothing_sent_to_a_page_is_a_number_that_json_lacks(name):
    """Plotly's JSON of the static figure parses strictly: no NaN, no Infinity in a map."""
    c = drawn(name, 0)
    for trace, arrays in c.view.traces.items():
        if "z" in arrays:
            assert np.isfinite(np.asarray(arrays["z"], float)).all(), trace


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_a_value_that_no_control_has_is_refused_by_name(name):
    """Out of range, no number, or no control of this panel; nothing is half applied."""
    panel = definition(name)
    for control in panel.controls:
        wrong = ["abc", *([] if isinstance(control, Written) else [""])]     # an empty method is none
        if isinstance(control, Slider):
            wrong += [str(control.high * 1.1 + 1), str(control.low - abs(control.low) * 0.1 - 1e-9), "nan"]
        for value in wrong:
            with pytest.raises(ValueError, match=rf"^{control.name} must be"):
                panel.read(f"{control.name}={value}")
    with pytest.raises(ValueError, match=r"^this panel has no 'pitch'; it has "):
        panel.read("pitch=3")


@pytest.mark.parametrize("name", [each for each in scenarios.EACH if each.values[0] in PANELS])
def test_theory_names_traces_and_hides_them(name):
    c = drawn(name, 0)
    assert c.panel.theory and set(c.panel.theory) < {t.name for t in scenarios.figure(name).data}
    hidden, back = (hide_theory(c.panel, c.s, c.view, on) for on in (True, False))
    assert all(hidden.traces[n]["visible"] is False for n in c.panel.theory)
    for n, shown in c.view.traces.items():
        assert back.traces[n].get("visible", True) is shown.get("visible", True)
    assert hidden.sentence != c.view.sentence == back.sentence and not hidden.text and "Theory is hidden" in hidden.sentence
