"""What a reader takes away: texts that say where they are from, and programs whose numbers are the figure's."""

import contextlib
import csv
import io
import subprocess
import sys

import numpy as np
import pytest

import mombook
from mombook import explore
from mombook.panels import PANELS, definition, export

# Away from the defaults, at a size whose simulation takes no more than a second.
LINES = {
    "tradeoff": "kappa=300;decay=2;batch=16;d=40;methods=sgd+heavy_ball+asgd;seed=3",
    "sgd": "kappa=300;decay=2;batch=16;d=40;share=0.7;seed=3",
    "heavy_ball": "kappa=300;decay=2;batch=16;d=40;lr=0.5;forget=2;seed=3",
    "falsify": "kappa=300;decay=2;batch=16;levels=3;trials=50;seed=3",
    "asgd": "kappa=300;decay=2;batch=16;d=40;methods=heavy_ball+asgd",
    "typical": "kappa=300;decay=2;batch=16;d=40;share=1.1;seed=3",
    "parallel": "kappa=300;decay=2;batch=512;seed=3",
    "small_steps": "kappa=300;decay=2;batch=16;memory=0.2;fraction=0.3;seed=3",
    "advisor": "data=wine;batch=4;ridge=0.01;noise=0.1;target=0.05;tuned=rows;seed=3",
    "translator": "kappa=300;decay=2;batch=16;d=40;methods=sgd+asgd",
    "far_horizon": "decay=1.8;d=100000;batch=16;steps=10000;methods=sgd+asgd",
    "ruler": "kappa=300;decay=2;batch=16;d=40;quantity=steps;method=heavy_ball;law=power law;low=10;high=10000",
    "race": "kappa=300;decay=2;batch=16;d=20;steps=40;trials=4;methods=sgd+heavy_ball;seed=3",
    "symptoms": "kappa=300;decay=2;batch=16;d=40;lr=0.1;momentum=0.8;steps=300;seed=3",
}


def flat(numbers):
    """All numbers in nested dicts."""
    for value in numbers.values():
        if isinstance(value, dict):
            yield from flat(value)
        elif np.isscalar(value):
            yield float(value)


def floats(text):
    """The last word of each line that ends in a number."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, IndexError):
            yield float(line.split()[-1])


@pytest.mark.parametrize("name", PANELS)
def test_the_script_prints_every_plotted_number(name, tmp_path):
    panel = definition(name)
    line = panel.write(panel.read(LINES.get(name, "")))
    program = tmp_path / "figure.py"
    program.write_text(export.script(panel, line), encoding="utf-8")
    ran = subprocess.run([sys.executable, "-W", "error", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    headline, _, numbers = ran.stdout.partition("trace,x,y")
    header, *rows = csv.reader(io.StringIO("trace,x,y" + numbers))
    figure, empty = panel.static(panel.read(line)), panel.figure()
    fixed = {t.name for t, same in zip(figure.data, empty.data, strict=True) if len(same.x) and np.array_equal(t.x, same.x)}
    columns, expected = export.table({k: v for k, v in export.arrays(figure).items() if k not in fixed})
    rows = sorted((row for row in rows if row[0] not in fixed), key=lambda row: row[0])
    expected.sort(key=lambda row: row[0])
    assert header == columns and [r[0] for r in rows] == [r[0] for r in expected]
    np.testing.assert_array_equal(np.array([r[1:] for r in rows], float), np.array([r[1:] for r in expected], float))
    printed, said = list(floats(headline)), set(flat(panel.exact(panel.read(line)).numbers))
    assert set(printed) <= said
    assert bool(printed) == bool(panel.recipe(panel.read(line)))


@pytest.mark.parametrize("name", ["tradeoff", "sgd", "heavy_ball", "asgd"])
def test_a_recipe_is_a_few_lines_of_public_names_that_print_the_headline(name):
    panel = definition(name)
    for line in ("", LINES.get(name, "")):
        recipe = panel.recipe(panel.read(line))
        assert 4 <= len(recipe.splitlines()) <= 14 and "._" not in recipe and "panels" not in recipe
        heard = io.StringIO()
        with contextlib.redirect_stdout(heard):
            exec(recipe, {})
        printed, said = list(floats(heard.getvalue())), set(flat(panel.exact(panel.read(line)).numbers))
        assert len(printed) >= 4 and set(printed) <= said


@pytest.mark.parametrize("name", ["sgd", "translator"])
def test_the_code_brings_the_figure_back(name):
    live = getattr(explore, name)(LINES.get(name, ""), simulate=False)
    lines = live.code().splitlines()
    space = {}
    exec("\n".join(lines[:-1]), space)
    again = eval(lines[-1], space)
    assert len(lines) == 3 and again.scenario == live.scenario and repr(again) == repr(live)
    assert again.table() == live.table()


def test_csv_keeps_every_digit_of_maps_and_error_bars_too():
    panel = definition("sgd")
    traces = {"map": {"x": [1, 2], "y": [3.0], "z": [[0.1, 0.2]]}, "hidden": {"x": [1], "y": [1], "visible": False},
              "dots": {"x": [1.0], "y": [1 / 3], "error_y.array": [0.5]}}
    assert export.csv(panel, "kappa=7", traces).splitlines() == [
        f"# mombook {mombook.__version__}, sgd: kappa=7", "trace,x,y,z,error", "map,1.0,3.0,0.1,nan", "map,2.0,3.0,0.2,nan",
        f"dots,1.0,{1 / 3!r},nan,0.5"]


@pytest.mark.parametrize("name", PANELS)
def test_every_text_says_where_it_is_from(name):
    panel, line = definition(name), LINES.get(name, "")
    for text in (export.csv(panel, line, {}), export.script(panel, line), export.bibtex(panel, line)):
        assert line in text and mombook.__version__ in text
    assert export.bibtex(panel, line).count("@") == len(panel.references)
    assert panel.references or name not in LINES


@pytest.mark.parametrize("name", PANELS)
def test_a_printed_picture_is_light_wide_and_stamped(name):
    panel = definition(name)
    light = panel.static(panel.read(LINES.get(name, "")), simulate=False)
    dark = explore.LivePanel(panel, LINES.get(name, ""), simulate=False)
    dark._page.width, dark._page.dark = 400, True
    for figure in (light, dark.figure):
        picture = export.printed(panel, LINES.get(name, ""), figure)
        assert picture.layout.width == export.PRINT_WIDTH and picture.layout.paper_bgcolor == "#ffffff"
        assert picture.layout.annotations[-1].text == f"mombook {mombook.__version__}, {name}: {LINES.get(name, '')}"
        assert "#e6e8eb" not in picture.to_json() and "#111417" not in picture.to_json()
    dark._page.dark = False
    assert "#111417" not in dark.figure.to_json(), "and back"
