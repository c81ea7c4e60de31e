"""What a reader takes away: texts that say where they are from, and programs whose numbers are the figure's."""

import contextlib
import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest

import mombook
from mombook import explore
from mombook.model.family import BOOK
from mombook.panels import PANELS, definition, export, style

pytestmark = pytest.mark.slow

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
    "schedules": "noise=1;memory=0.2;steps=64;decay=2;batch=16;k1=2;k2=2;k3=1.5;k4=1.2;k5=0.8;k6=0.4;k7=0.1;k8=0.05",
    "symptoms": "kappa=300;decay=2;batch=16;d=40;lr=0.1;momentum=0.8;steps=300;seed=3",
}


def flat(numbers):
    """All numbers in nested dicts and tuples."""
    for value in numbers.values() if isinstance(numbers, dict) else numbers:
        if isinstance(value, dict | tuple):
            yield from flat(value)
        elif np.isscalar(value):
            yield float(value)


def floats(text):
    """The last word of each line that ends in a number."""
    for line in text.splitlines():
        with contextlib.suppress(ValueError, IndexError):
            yield float(line.split()[-1])


def printed_by(text):
    """What a program prints before its numbers, their header and they as rows; children are run further below."""
    heard = io.StringIO()
    with contextlib.redirect_stdout(heard):
        exec(text, {})
    headline, _, numbers = heard.getvalue().partition("trace,x,y")
    return headline, *csv.reader(io.StringIO(f"trace,x,y{numbers}", newline=""))


def once(panel, monkeypatch):
    """The panel, which now computes each scenario once; ``test_pure`` says that it would answer the same again."""
    def kept(answer):
        known = {}

        def again(self, scenario, *final, **named):
            at = self.write(scenario), *(final or named.values() or [True])
            known[at] = known.get(at) or answer(self, scenario, *final, **named)
            return known[at]

        return again

    for name in ("exact", "simulated"):
        monkeypatch.setattr(type(panel), name, kept(getattr(type(panel), name)))
    return panel


@pytest.mark.parametrize("name", PANELS)
def test_the_script_prints_every_plotted_number(name, monkeypatch):
    panel = once(definition(name), monkeypatch)
    line = panel.write(panel.read(LINES.get(name, "")))
    headline, header, *rows = printed_by(export.script(panel, line))
    figure, empty = panel.static(panel.read(line)), panel.figure()
    fixed = {t.name for t, same in zip(figure.data, empty.data, strict=True) if len(same.x) and np.array_equal(t.x, same.x)}
    columns, expected = export.table({k: v for k, v in export.arrays(figure).items() if k not in fixed})
    rows = sorted((row for row in rows if row[0] not in fixed), key=lambda row: row[0])
    expected.sort(key=lambda row: row[0])
    assert header == columns and [r[0] for r in rows] == [r[0] for r in expected]
    np.testing.assert_array_equal(*(np.array([r[1:] for r in table], float) for table in (rows, expected)))
    printed, said = list(floats(headline)), np.array([*flat(panel.exact(panel.read(line)).numbers)], float)
    for number in printed:
        assert np.isclose(said, number, rtol=1e-13, atol=0).any(), number
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
        printed, said = list(floats(heard.getvalue())), np.array([*flat(panel.exact(panel.read(line)).numbers)], float)
        assert len(printed) >= 4
        for number in printed:                                          # asgd's recipe reads its curves off by scipy's cubics
            assert np.isclose(said, number, rtol=1e-13, atol=0).any(), number


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


# Names and words of families as nobody should choose them; each tries to leave a mark when it is run.
MARK = "__import__('pathlib').Path('mark').touch()"
HOSTILE = {
    f'x") or {MARK} or ("': "quotes",
    f"x') or {MARK} or ('": f'a "word"\n{MARK}',
    "a\\": f"{{{MARK}}}",
    f"#{MARK}": f"=HYPERLINK(\"x\")\\'''\n{MARK}",
    '"""': "@SUM(1)",
}


@pytest.fixture
def own():
    """Give mombook families of one's own, and take them away again."""
    yield mombook.FAMILIES
    mombook.FAMILIES.clear()
    mombook.FAMILIES.update(BOOK)


def qhm(nu):
    """A family of one's own."""
    return lambda lr, beta: mombook.Method.qhm(lr, nu, beta)


def run(program, *given):
    """Run a program in a child process, beside its file: what it says before its numbers, and these as rows."""
    ran = subprocess.run([sys.executable, "-W", "error", program, *given], capture_output=True, text=True, cwd=program.parent)
    assert ran.returncode == 0, ran.stderr
    headline, _, numbers = ran.stdout.partition("trace,x,y")
    return headline, list(csv.reader(io.StringIO(f"trace,x,y{numbers}", newline="")))[1:]


def same_numbers(rows, panel, scenario):
    """Hold a program's rows against the panel's; of a family given in numbers the last bits may differ."""
    expected = list(export.cells(export.table(panel.finished(scenario))[1]))
    assert [row[0] for row in rows] == [row[0] for row in expected] and len(rows) > 20
    np.testing.assert_allclose(np.array([r[1:] for r in rows], float), np.array([r[1:] for r in expected], float), rtol=1e-9)


def test_a_program_with_hostile_names_runs_nothing_of_theirs(own, tmp_path):
    for k, (name, word) in enumerate(HOSTILE.items()):
        own[name] = mombook.Family(word, qhm(0.5 + k / 16))
    panel, program = definition("translator"), tmp_path / "figure.py"
    line = panel.write(panel.read("kappa=300;decay=2;batch=16;d=40"))
    program.write_text(export.script(panel, line), encoding="utf-8")
    rows = run(program)[1]
    same_numbers(rows, panel, panel.read(line))
    assert not (tmp_path / "mark").exists() and {row[0][:2] for row in rows} >= {"'=", "'@"}
    for text in (export.csv(panel, f"{line}\n=1", {}), export.bibtex(panel, f"{line}\n=1")):
        assert f"{line} =1" in text.splitlines()[0]


def test_a_program_defines_the_readers_own_families(own, tmp_path):
    own["qhm"] = mombook.Family("QHM, ν = 0.3", qhm(0.3))
    own["fixed"] = mombook.Family("heavy ball, fixed", lambda lr: mombook.Method.heavy_ball(lr, 0.3))
    own["all"] = mombook.Family("all of them", mombook.Method)
    own["unused"] = mombook.Family("unused", mombook.Method.ema)
    own["nesterov"] = mombook.Family("average", mombook.Method.ema)     # in the place of one of the book's
    panel, program = definition("tradeoff"), tmp_path / "figure.py"
    line = panel.write(panel.read("kappa=300;decay=2;batch=16;d=40;methods=sgd+nesterov+qhm+fixed+all;seed=3"))
    text = export.script(panel, line)
    assert "unused" not in text and "FAMILIES['qhm'] = Family('QHM, ν = 0.3', lambda lr, beta: Method(0.7 * lr, " in text
    program.write_text(text, encoding="utf-8")
    headline, rows = run(program)
    assert "qhm steps per e-fold" in headline
    same_numbers(rows, panel, panel.read(line))
    assert "'average'" in export.script(definition("sgd"), "")
    own["nesterov"] = BOOK["nesterov"]
    assert "FAMILIES" not in export.script(definition("sgd"), "")


def test_families_that_no_scenario_line_can_hold_are_refused(own):
    for name in ("a;b", "a+b", "a,b", "a\nb", " a", "", 3):
        own[name] = mombook.Family("word", mombook.Method.ema)
        with pytest.raises(ValueError, match=r"^FAMILIES must have names .*; got "):
            definition("tradeoff").read("")
        del own[name]


def test_a_program_of_the_readers_own_data_says_that_it_lacks_them(tmp_path):
    pytest.importorskip("pandas")
    file, program = tmp_path / "mine.csv", tmp_path / "figure.py"
    np.savetxt(file, np.random.default_rng(0).normal(size=(60, 3)), delimiter=",", header="a,b,c", comments="")
    live = explore.advisor("batch=2;seed=3", data=file, simulate=False)
    top = live.script().splitlines()[:5]
    assert any("does not hold the rows of your data" in line for line in top) and all(line.startswith("#") for line in top)
    program.write_text(live.script(), encoding="utf-8")
    same_numbers(run(program, str(file))[1], live.panel, live.panel.read(live.scenario))
    without = subprocess.run([sys.executable, program], capture_output=True, text=True)
    assert without.returncode == 1 and without.stderr.startswith("usage: ") and "Traceback" not in without.stderr
    head, _ = live.answer("text", "a", "advisor", live.scenario, "script")
    assert json.loads(head)["text"] == live.script() and "does not hold the rows of your data" in json.loads(head)["lacks"]
    space = {"data": file}
    exec("\n".join(live.code().splitlines()[:-1]), space)
    assert space["panel"].scenario == live.scenario
    assert "does not hold" not in export.script(definition("advisor"), LINES["advisor"])


@pytest.mark.parametrize(("start", "safe"), [
    *((text, f"'{text}") for text in ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\t1", " =1")),
    ("\r=1", "' =1"), ("\n=1", "' =1"), ("a\r=1", "a =1"), ("a,\"b\"", "a,\"b\"")])
def test_a_text_cell_is_no_formula_and_a_number_stays_one(start, safe):
    text = export.csv(definition("sgd"), "", {start: {"x": [-1.0], "y": [-np.inf]}, "fine - =": {"x": [2.0], "y": [0.5]}})
    rows = list(csv.reader(io.StringIO(text.partition("\n")[2], newline="")))
    assert rows == [["trace", "x", "y"], [safe, "-1.0", "-inf"], ["fine - =", "2.0", "0.5"]]


@pytest.mark.parametrize("name", PANELS)
def test_every_text_says_where_it_is_from(name):
    panel, line = definition(name), LINES.get(name, "")
    for text in (export.csv(panel, line, {}), export.script(panel, line), export.bibtex(panel, line)):
        assert line in text and mombook.__version__ in text
    assert export.bibtex(panel, line).count("@") == len(panel.references)
    assert panel.references or name not in LINES


@pytest.mark.parametrize("name", PANELS)
def test_a_printed_picture_is_light_wide_and_stamped(name, monkeypatch):
    panel = once(definition(name), monkeypatch)
    light = panel.static(panel.read(LINES.get(name, "")), simulate=False)
    dark = style.dress(panel.static(panel.read(LINES.get(name, "")), simulate=False, stacked=True), panel.figure(), dark=True)
    assert "#111417" in dark.to_json()
    for figure in (light, dark):
        picture = export.printed(panel, LINES.get(name, ""), figure)
        assert picture.layout.width == export.PRINT_WIDTH and picture.layout.paper_bgcolor == "#ffffff"
        assert picture.layout.annotations[-1].text == f"mombook {mombook.__version__}, {name}: {LINES.get(name, '')}"
        assert "#e6e8eb" not in picture.to_json() and "#111417" not in picture.to_json()
