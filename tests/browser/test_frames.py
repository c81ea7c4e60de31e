"""While a simulation runs only its dots are drawn anew: nothing else may leave the picture."""

import pytest

from .front import FrontPage, face

PANELS = {"heavy_ball": "d=20", "typical": "", "small_steps": "", "parallel": "kappa=10;batch=4", "race": "d=10;steps=30",
          "sgd": "d=20", "symptoms": "d=20", "tradeoff": "d=20;kappa=100;methods=sgd+heavy_ball", "start": "", "meters": "",
          "slope": ""}
MARKS = """(plot) => Object.fromEntries([...plot.querySelectorAll('.cartesianlayer > .subplot')].map((subplot) =>
  [subplot.classList[1], subplot.querySelectorAll('.scatterlayer > .trace, .heatmaplayer > *').length]))"""
ANEW = f"""async (panel) => {{
  const place = document.body.appendChild(document.createElement('div')), {{ data, layout }} = panel.figure;
  await Plotly.newPlot(place, structuredClone(data), structuredClone(layout));
  const found = ({MARKS})(place);
  Plotly.purge(place);
  place.remove();
  return found;
}}"""


@pytest.fixture(scope="module")
def tab(chromium):
    """One page of them all."""
    tab = FrontPage(chromium, {name: face(name, line) for name, line in PANELS.items()})
    yield tab
    assert not tab.errors
    tab.close()


@pytest.mark.parametrize("name", PANELS)
def test_a_picture_that_was_drawn_in_parts_has_every_mark_of_one_drawn_at_once(tab, name):
    tab.settle(name)
    tab.page.locator(f"#panel-{name} input[type=range]").first.press("ArrowRight")
    tab.settle(name)
    drawn = tab.part(name, ".plot").evaluate(MARKS)
    whole = tab.page.evaluate(f"() => ({ANEW})({tab.panel(name)})")
    assert drawn == whole and min(whole.values()) > 0
