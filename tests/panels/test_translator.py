"""The translator panel: its curves are what the update rule does, its lines are dialects of the engine's methods."""

import numpy as np
import pytest

import mombook as mb
from mombook import explore
from mombook.panels.translator import TranslatorPanel

PANEL = TranslatorPanel()


@pytest.mark.parametrize(("family", "word"), [("sgd", "SGD"), ("heavy_ball", "heavy ball"), ("asgd", "ASGD")])
def test_the_response_is_that_of_the_update_rule(family, word):
    view = PANEL.exact(PANEL.read("kappa=100;batch=4;d=50"))
    method = view.numbers["methods"][family]
    w, m, moved = 0.0, 0.0, []
    for t in range(64):
        w, m = method.step(w, m, 1.0 if t == 0 else 0.0)
        moved.append(-w)
    trace = view.traces[word]
    keep = trace["x"] <= 64
    np.testing.assert_allclose(trace["y"][keep], np.array(moved)[trace["x"][keep] - 1], rtol=1e-12)
    np.testing.assert_allclose(view.numbers["long run"][family], method.long_run_step, rtol=1e-12)


def test_the_lines_are_the_dialects_of_the_tuned_methods():
    view = PANEL.exact(PANEL.read("kappa=100;batch=4;d=50;methods=heavy_ball+asgd"))
    for method in view.numbers["methods"].values():
        for line in mb.dialects(method).values():
            assert (line in view.text) != line.startswith("cannot")
    assert "heavy ball: delta=0.0" in view.text and "\nSGD: delta" not in "\n" + view.text
    H = mb.Spectrum.power_law(50, 1.5, 100)
    np.testing.assert_allclose(view.numbers["methods"]["heavy_ball"].eta, mb.tune(H, "heavy_ball", 4).method.eta, rtol=1e-3)


def test_the_words_follow_and_there_is_nothing_to_simulate():
    live = explore.translator(d=10, kappa=10, methods="heavy_ball")
    before = live.view.text
    assert "torch.optim.SGD(params, lr=" in before and not live.simulates
    live.set(kappa=100)
    assert live.view.text.splitlines()[1].strip().split()[0] == "PyTorch" and live.view.text != before
