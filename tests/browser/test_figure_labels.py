"""Labels of every panel's figure: inside of it, not over one another or over curves, on a wide page, a phone, a projector."""

import json

import pytest

from mombook.panels import PANELS, definition, questions, style

from .front import library

EVERYTHING = (*PANELS, *questions.QUESTIONS)
WIDTHS = {"wide": 1050, "narrow": 380, "teacher": 1050}
"""Width of a figure in pixels: beside the contents on a page of 1400, and inside the margins of one of 420."""

LABELS = """([data, layout]) => (async () => {
  const place = document.createElement("div");
  document.body.replaceChildren(place);
  await Plotly.newPlot(place, data, layout, { displayModeBar: false });
  const frame = place.querySelector("svg.main-svg").getBoundingClientRect(), found = [];
  const kinds = { title: ".gtitle", annotation: ".annotation-text",
                  axis: "text.xtitle, text.ytitle, text.x2title, text.y2title, text.x3title, text.y3title",
                  legend: ".legendtext", bar: ".cbaxis text, [class*=cbtitle] text", mark: ".textpoint text",
                  tick: ["x", "y", "x2", "y2", "x3", "y3"].map((axis) => `.${axis}tick text`).join() };
  for (const [kind, css] of Object.entries(kinds)) {
    const lines = (text) => { const found = text.querySelectorAll("tspan.line"); return found.length ? [...found] : [text]; };
    for (const each of [...place.querySelectorAll(css)].flatMap(kind === "mark" ? lines : (text) => [text])) {
      const box = each.getBoundingClientRect();
      if (!box.width || !each.textContent.trim()) continue;
      found.push({ kind, text: each.textContent.slice(0, 40), x0: box.left - frame.left, x1: box.right - frame.left,
                   y0: box.top - frame.top, y1: box.bottom - frame.top });
    }
  }
  const drawn = [], grid = getComputedStyle(place.querySelector(".gridlayer path")).stroke;
  for (const line of place.querySelectorAll(".scatterlayer path.js-line")) {
    const stroke = getComputedStyle(line), at = line.getScreenCTM();
    if (!parseFloat(stroke.strokeWidth) || !line.getAttribute("d") || stroke.stroke === grid) continue;
    const whole = line.getTotalLength();
    for (let far = 0; far <= whole; far += Math.max(2, whole / 3000)) {
      const { x, y } = line.getPointAtLength(far).matrixTransform(at);
      drawn.push([x - frame.left, y - frame.top, 0]);
    }
  }
  for (const point of place.querySelectorAll(".scatterlayer path.point")) {
    const box = point.getBoundingClientRect();
    drawn.push([(box.left + box.right) / 2 - frame.left, (box.top + box.bottom) / 2 - frame.top, box.width / 2]);
  }
  const over = found.filter(({ kind }) => kind === "mark").filter(({ x0, x1, y0, y1 }) => drawn.some(([x, y, r]) =>
    x + r > x0 + 2 && x - r < x1 - 2 && y + r > y0 + 3 && y - r < y1 - 3)).map(({ text }) => text);
  return { width: frame.width, height: frame.height, labels: found, over };
})()"""


MORE = {"budget": [{"additive": True}, {"kappa": 1e6, "decay": 1.5, "d": 10000, "source": 1, "noise": 1, "samples": 65536}]}
"""Crowded scenarios in which a panel's labels are looked at in every form."""


@pytest.fixture(scope="module")
def sheet(chromium):
    """A blank page with plotly."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1400})
    page = context.new_page()
    page.set_content("<!doctype html><html><body style='margin:0;font-family:sans-serif'></body></html>")
    page.add_script_tag(path=library())
    yield page
    context.close()


def drawn(name, form, **changes):
    """A panel's figure, its simulation left out (dots carry no labels), as a host of that form shows it."""
    panel = definition(name)
    figure = panel.static(panel.read("", **changes), simulate=False, stacked=form == "narrow")
    if form == "teacher":
        style.resize(figure, panel.figure(), figure.layout.height or 450, style.LARGE)
    figure.update_layout(width=WIDTHS[form], legend_font_size={"wide": 13, "narrow": 11}.get(form))
    return json.loads(figure.to_json())


def collisions(told):
    """What is wrong with some labels, as sentences."""
    found, labels = [f"a curve or mark over {text!r}" for text in told["over"]], told["labels"]
    for a in labels:
        if a["x0"] < -3 or a["y0"] < -3 or a["x1"] > told["width"] + 3 or a["y1"] > told["height"] + 3:
            found.append(f"{a['kind']} {a['text']!r} leaves the figure")
    for k, a in enumerate(labels):
        for b in labels[:k]:
            if {a["kind"], b["kind"]} <= {"tick"}:
                continue                                                # plotly thins these itself
            across = min(a["x1"], b["x1"]) - max(a["x0"], b["x0"])
            down = min(a["y1"], b["y1"]) - max(a["y0"], b["y0"])
            if across > 2 and down > 3:
                found.append(f"{b['kind']} {b['text']!r} over {a['kind']} {a['text']!r}")
    return found


@pytest.mark.parametrize("form", WIDTHS)
@pytest.mark.parametrize("name", EVERYTHING)
def test_labels_are_inside_the_figure_and_not_over_one_another_or_over_curves(sheet, name, form):
    presets = definition(name).presets.values() if form == "wide" and name in PANELS else ()
    for changes in ({}, *presets, *MORE.get(name, ())):
        figure = drawn(name, form, **changes)
        told = sheet.evaluate(LABELS, [figure["data"], figure["layout"]])
        assert len(told["labels"]) > 5
        assert collisions(told) == [], changes


def test_a_planted_collision_is_seen(sheet):
    figure = drawn("sgd", "wide")
    figure["layout"]["annotations"][1]["xref"] = "x domain"
    told = sheet.evaluate(LABELS, [figure["data"], figure["layout"]])
    assert any("What a batch buys" in each and "Learning rates" in each for each in collisions(told))
    figure = drawn("sgd", "wide")
    line = definition("sgd").exact(definition("sgd").read()).traces["at 4B"]
    next(t for t in figure["data"] if t["name"] == "limit name").update(x=[line["x"][30]], y=[line["y"][30]])
    told = sheet.evaluate(LABELS, [figure["data"], figure["layout"]])
    assert "a curve or mark over 'limit'" in collisions(told)
    figure = drawn("sgd", "wide")
    figure["layout"]["annotations"][0].update(x=-3)
    told = sheet.evaluate(LABELS, [figure["data"], figure["layout"]])
    assert any("leaves the figure" in each for each in collisions(told))
