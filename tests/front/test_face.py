"""A panel as the front end gets it: the figure at its scenario, and looks that come and go without a trace."""

import json

import numpy as np
import pytest
from plotly.io.json import to_json_plotly

from mombook.front.face import face, looks
from mombook.panels import PANELS, definition, questions, style

SMALL = {"sgd": "kappa=100;d=20;seed=1", "tradeoff": "kappa=100;d=20;methods=sgd+asgd"}


def put(tree, dotted):
    """Nested dicts with dotted attributes replaced, as the front end does it; ``None`` is no attribute."""
    for path, value in dotted.items():
        *names, last = path.split(".")
        into = tree
        for name in names:
            into = into.setdefault(name, {})
        into[last] = value
    return tree


def dressed(figure, look):
    """A figure as plain data in a look."""
    made = json.loads(figure.to_json())
    for trace in made["data"]:
        put(trace, look["traces"].get(trace["name"], {}))
    put(made["layout"], look["layout"])
    for note, font in zip(made["layout"].get("annotations", []), look["notes"], strict=True):
        put(note.setdefault("font", {}), font)
    return bare(made)


def bare(tree):
    """Plain data without what is ``None`` or empty, without heights and template."""
    if isinstance(tree, dict):
        kept = {key: bare(value) for key, value in tree.items() if key not in ("height", "template")}
        return {key: value for key, value in kept.items() if value is not None and value != {}}
    return [bare(each) for each in tree] if isinstance(tree, list) else tree


@pytest.mark.slow
@pytest.mark.parametrize("name", [*PANELS, *questions.QUESTIONS])
def test_a_look_is_what_style_makes_and_its_counterpart_undoes_it(name):
    panel = definition(name)
    told, plain = looks(panel), panel.figure()
    height = plain.layout.height or 450
    dark = style.dress(panel.figure(), plain, dark=True)
    large = style.resize(panel.figure(), plain, height, style.LARGE)
    for word, back, figure in (("dark", "light", dark), ("large", "normal", large)):
        want = bare(json.loads(figure.to_json()))
        assert dressed(plain, told[word]) == want != bare(json.loads(plain.to_json()))
        assert dressed(figure, told[back]) == bare(json.loads(plain.to_json()))
    np.testing.assert_allclose(told["large"]["tall"], large.layout.height / height)


@pytest.mark.parametrize(("name", "simulate"), [
    ("sgd", True), ("tradeoff", False), pytest.param("sgd", False, marks=pytest.mark.slow),
    pytest.param("tradeoff", True, marks=pytest.mark.slow)])
def test_a_face_holds_the_figure_and_the_words_at_its_scenario(name, simulate):
    panel = definition(name)
    scenario = panel.read(SMALL[name])
    made, view = face(panel, SMALL[name], simulate), panel.exact(scenario)
    sent = json.loads(to_json_plotly(made))
    wanted = json.loads(panel.static(scenario, simulate=simulate).to_json())["data"]
    assert {trace["name"]: trace for trace in sent["figure"]["data"]} == {trace["name"]: trace for trace in wanted}
    assert (made["line"], made["sentence"], made["text"]) == (panel.write(scenario), view.sentence, view.text)
    assert made["values"] == {c.name: c.text(scenario[c.name]) for c in panel.controls}
    assert made["simulated"].startswith("Simulation (" if simulate else "") and bool(made["simulated"]) == simulate
