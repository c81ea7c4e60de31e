"""The tool that plants faults: what it plants, that a test which looks is reported, and that one which does not is, too."""

import subprocess

import pytest

from tools import plant_faults
from tools.faults import python, trial, watch, web

pytestmark = pytest.mark.slow

MODULE = '''def share(part, whole):
    """In per cent."""
    return 100 * part / whole


def label(scenario):
    """Where a curve is drawn."""
    layout = {"x": "batch B", "y": "gap", "note": f"{scenario['kappa']} at {scenario['batch']}"}
    if scenario["batch"] > 8 and layout:
        layout["y"] = "small gap"
    return layout


def unused(seed):
    import random

    return sorted(random.Random(seed).sample(range(9), 3))
'''
TEST = '''from toy import label, share


def test_share():
    assert share(1, 4) == 25


def test_label():
    assert label({"kappa": 10, "batch": 8})["x"] == "batch B"
'''


def planted(operator, text=MODULE, defaults=None):
    return [f.planted(text) for f in python.faults("toy.py", text, defaults or {}) if f.operator == operator]


@pytest.fixture
def copy(tmp_path):
    """A copy of a tree with one module and one test."""
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "toy.py").write_text(MODULE, encoding="utf-8")
    (tree / "test_toy.py").write_text(TEST, encoding="utf-8")
    subprocess.run(["git", "init", "-q"], cwd=tree, check=True)
    made = trial.Copy(tmp_path / "copy", tree)
    yield made
    made.close()


@pytest.mark.parametrize(("operator", "line"), [
    ("factor dropped", "return (part) / whole"),
    ("operator", "return 100 / part / whole"),
    ("operands swapped", "return (whole) / (100 * part)"),
    ("neighbour's name", "return 100 * whole / whole"),
    ("labels swapped", '{"x": "gap", "y": "batch B",'),
    ("numbers in a text swapped", "f\"{scenario['batch']} at {scenario['kappa']}\""),
    ("neighbour's array", 'if scenario["kappa"] > 8'),
    ("comparison flipped", 'if scenario["batch"] < 8'),
    ("condition negated", 'if not (scenario["batch"] > 8 and layout):'),
    ("condition negated", 'if scenario["batch"] > 8 or layout:'),
    ("statement deleted", "        pass"),
    ("off by one", "range(10)"),
    ("order or sign lost", "return list(random"),
    ("seed ignored", "Random(3)"),
    ("default for the scenario", "if 64 > 8"),
])
def test_each_kind_of_fault_is_planted(operator, line):
    assert any(line in text for text in planted(operator, defaults={"batch": "64"}))


def test_defaults_are_read_off_the_controls():
    assert python.control_defaults('BATCH = Slider("batch", "B", 1, 1e6, 8, 0.5, base=2)') == {"batch": "8"}


def test_only_what_is_meant_is_changed():
    for fault in python.faults("toy.py", MODULE, {}):
        if python.alters(fault, MODULE):
            before, after = fault.lines(MODULE)
            assert before and before != after and len(before.splitlines()) <= 2
            assert "In per cent" in fault.planted(MODULE)


def test_javascript_and_style_sheets():
    script = ('// what follows is code\nconst f = (a) => {\n  if (a === 3 && a.x) put(a, b);\n  this.save("from", "to");\n'
              '  other.stale = true; // if (x)\n};\n')
    found = {f.planted(script) for f in web.faults("f.js", script)}
    for fault in ("a !== 3", "=== 4", "||", "a.y", "put(b, a)", 'save("to", "from")', "= false", "if (!(a === 3 && a.x))"):
        assert any(fault in text for text in found), fault
    assert all(text.endswith("// if (x)\n};\n") for text in found)
    sheet = "/* a: b; */ @media (prefers-color-scheme: dark) { a { margin: 2px; color: var(--ink); } }"
    assert {f.operator for f in web.faults("f.css", sheet)} == {"property deleted", "condition negated"}


def test_the_same_seed_draws_the_same_faults(tmp_path):
    (tmp_path / "toy.py").write_text(MODULE, encoding="utf-8")
    every = list(plant_faults.every_fault(["toy.py"], tmp_path))
    first, again, other = (plant_faults.sample(every, 9, seed, tmp_path) for seed in (1, 1, 2))
    assert first == again != other and len(set(first)) == 9
    assert len(plant_faults.sample(every, 10_000, 0, tmp_path)) <= len(every)


def test_a_fault_is_caught_by_a_test_that_looks_and_survives_one_that_does_not(copy):
    faults = {f.planted(MODULE).partition("return ")[2].partition("\n")[0]: f for f in python.faults("toy.py", MODULE, {})
              if f.scope == "share"}
    caught, living = faults["(part) / whole"], next(f for f in python.faults("toy.py", MODULE, {}) if f.scope == "unused")
    assert copy.try_fault(caught, [["test_toy.py::test_share"]], 60)[0] == trial.CAUGHT
    assert copy.try_fault(caught, [["test_toy.py::test_label"]], 60)[0] == trial.SURVIVED
    assert copy.try_fault(living, [["test_toy.py"]], 60)[0] == trial.SURVIVED
    assert copy.try_fault(living, [], 60)[0] == trial.UNSEEN
    assert (copy.folder / "toy.py").read_text(encoding="utf-8") == MODULE, "the fault is gone again"


def test_a_fault_that_never_ends_is_told_apart(copy):
    endless = python.Fault("toy.py", "condition negated", ((0, 0, "while True:\n    pass\n"),))
    assert copy.try_fault(endless, [["test_toy.py"]], 8)[0] == trial.TIMEOUT


def test_a_later_round_that_takes_too_long_is_no_verdict(copy):
    """Nobody knows how long it takes without the fault."""
    copy.write("test_long.py", "import toy\n\n\ndef test_long():\n    while True:\n        pass\n")
    living = next(f for f in python.faults("toy.py", MODULE, {}) if f.scope == "unused")
    verdict, why = copy.try_fault(living, [["test_toy.py"], ["test_long.py"]], 3)
    assert verdict == trial.SURVIVED and "no verdict within 3 s" in why


def test_tests_are_chosen_by_what_they_call_the_quickest_first():
    fault = python.Fault("mombook/toy.py", "constant", (), "share")
    known = {"tests/test_a.py": {"tests": {"a::slow": [9.0, True, ["mombook/toy.py::share"]], "a::red": [0.1, False, []],
                                           "a::quick": [1.0, True, ["mombook/toy.py::share", "mombook/b.py::f"]],
                                           "a::beside": [0.5, True, []]}},
             "tests/test_toy.py": {"tests": {"toy::own": [2.0, True, ["mombook/toy.py::share"]]}},
             "tests/test_c.py": {"tests": {"c::other": [0.1, True, ["mombook/toy.py::label"]]}}}
    assert watch.choose(fault, known, 100)[0] == ["toy::own", "a::quick", "a::slow", "a::beside"]
    assert watch.choose(fault, known, 4) == (["toy::own", "a::quick", "a::beside"], 3.5)
    outside = python.Fault("mombook/toy.py", "constant", ())
    assert set(watch.choose(outside, known, 100)[0]) == {"toy::own", "a::quick", "a::slow", "a::beside", "c::other"}


def test_tests_are_chosen_by_name():
    among = ("tests/panels/test_drawn", "tests/panels/test_sgd", "tests/panels/test_asgd")
    chosen = watch.named(python.Fault("mombook/panels/sgd.py", "constant", ()), among)
    files = ["tests/panels/test_drawn.py", "tests/panels/test_sgd.py"]
    assert chosen == [[*files, "-k", "sgd and not asgd and (not test_drawn or -0] or -1])"], [*files, "-k", "sgd and not asgd"]]
    *files, _, word = watch.named(python.Fault("mombook/panels/questions/notebook_02.py", "constant", ()))[-1]
    assert "tests/panels/test_questions.py" in files and word == "predict_02"
    own, naming = watch.named(python.Fault("mombook/exact/renewal.py", "constant", ()))
    assert own == ["tests/exact/test_renewal.py", "mombook/exact/renewal.py"]
    assert "tests/tuning/test_budget.py" in naming and not set(own) & set(naming)
    shared = watch.named(python.Fault("mombook/panels/curves.py", "constant", ()), among)
    assert shared[0][0] == "tests/panels/test_curves.py" and "not test_drawn or" in shared[1][-1]
    assert [each[0] for each in shared[1:]] == ["tests/panels/test_drawn.py"] * 2


def test_what_is_reported_says_how_many_and_shows_the_survivors():
    told = [{"fault": f"{k}", "verdict": verdict, "diff": "-a\n+b", "tests": 3}
            for k, verdict in enumerate(["caught", "caught", "timeout", "survived", "equivalent"])]
    said = plant_faults.summary(told)
    assert "-a\n+b" in said and "noticed: 75 % of the 4" in said and "1 equivalent" in said


def test_faults_judged_equivalent_say_why():
    assert all(reason for reason in plant_faults.known_equivalent().values())
