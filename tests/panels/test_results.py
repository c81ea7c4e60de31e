"""mombook/panels/results.py: what is drawn is what was computed, and a figure that needs no notebook."""

import subprocess
import sys

import numpy as np
import pytest

import mombook as mb
from mombook.panels import style
from panels.test_contrast import PAPERS, contrast

pytest.importorskip("plotly")


@pytest.fixture(scope="module")
def advice():
    return mb.advise(mb.Spectrum.power_law(60, 1.2), 0.05, families=["sgd", "heavy_ball"], batches=[1, 4, 16, 64, 256])


def drawn(figure):
    return {trace.name: trace for trace in figure.data}


def test_curves_are_steps_and_samples(advice):
    found = drawn(advice.plot())
    for family, word in (("sgd", "SGD"), ("heavy_ball", "heavy ball")):
        for name, power in ((word, 0), (f"{word}, samples", 1)):
            np.testing.assert_array_equal(found[name].x, [1, 4, 16, 64, 256])
            np.testing.assert_allclose(found[name].y, np.array([1, 4, 16, 64, 256.0])**power * advice.steps[family], rtol=1e-12)
            assert found[name].line.color == style.METHODS[family].color
            assert ("samples" if power else "steps") in found[name].hovertemplate
            assert found[name].yaxis == ("y2" if power else None)


def test_marks_stand_at_the_recommendation_and_at_critical_batches(advice):
    figure = advice.plot()
    found, (family, i) = drawn(figure), advice.best
    for name, y in (("recommendation, steps", advice.steps[family][i]),
                    ("recommendation", advice.batches[i] * advice.steps[family][i])):
        assert (list(found[name].x), list(found[name].y)) == ([advice.batches[i]], [y])
        assert mb.FAMILIES[family].word in found[name].hovertemplate
    ring = found["SGD, critical batch"]
    np.testing.assert_allclose([*ring.x, *ring.y], [advice.critical["sgd"], 2 * advice.steps["sgd"][0]], rtol=1e-12)
    least = min(B * np.ceil(t) for s in advice.steps.values() for B, t in zip(advice.batches, s, strict=True))
    band = found["at most twice the fewest samples"]
    assert set(band.y) == {least, 2 * least} and set(band.x) == {1, 256} and band.yaxis == "y2"
    titles = [f"<b>{what}</b> to 5 % of the excess risk" for what in ("Steps", "Samples")]
    assert [note.text for note in figure.layout.annotations] == titles
    assert [figure.layout.yaxis.title.text, figure.layout.yaxis2.title.text] == ["steps to the target", "samples to the target"]


def test_what_is_not_reached_is_not_drawn():
    never = mb.advise(mb.Spectrum.power_law(40, 0.2), 1e-9, 1e7, batches=[1, 2], families=["sgd"])
    found = drawn(never.plot())
    assert len(found["SGD"].x) == 0 and not any("recommendation" in name or "fewest" in name for name in found)


@pytest.mark.parametrize("dark", [False, True])
def test_everything_stands_out(advice, dark):
    figure = advice.plot(dark=dark)
    assert figure.layout.paper_bgcolor == PAPERS[dark] and contrast(figure.layout.font.color, PAPERS[dark]) > 4.5
    for trace in figure.data:
        for color in (trace.line.color, trace.marker.color):
            assert color is None or contrast(color, PAPERS[dark]) > 3, (trace.name, color)


@pytest.mark.slow
def test_a_script_writes_a_page(tmp_path):
    code = f"""import sys, mombook as mb
sys.modules["IPython"] = sys.modules["ipywidgets"] = None
mb.advise(mb.Spectrum.flat(5), batches=[1, 2], families=["sgd"]).plot({str(tmp_path / 'advice.html')!r})"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    page = (tmp_path / "advice.html").read_text(encoding="utf-8")
    assert "plotly.js" in page and "recommendation" in page and '<script src="http' not in page


@pytest.mark.parametrize(("values", "named"), [({"path": "a.png"}, "path"), ({"path": 3}, "path"), ({"dark": 1}, "dark")])
def test_bad_arguments_are_refused(advice, values, named):
    with pytest.raises(ValueError, match=f"^{named} must be"):
        advice.plot(**values)


def test_without_plotly_one_sentence_says_so(advice, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(ImportError, match=r"^plot needs plotly, which is missing: pip install plotly\.$"):
        advice.plot()
