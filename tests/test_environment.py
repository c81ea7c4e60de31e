"""One set of versions: environment.yml and constraints.txt say what pyproject.toml says; `import mombook` is light."""

import subprocess
import sys
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def ranges(lines):
    """Package name to version range."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in requirements}


READER = ranges(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
                + PROJECT["optional-dependencies"]["data"])
EVERYTHING = READER | {name: allowed for lines in PROJECT["optional-dependencies"].values()
                       for name, allowed in ranges(lines).items()}
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
CONSTRAINTS = ranges(
    line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"
)


def test_environment_has_the_ranges_of_pyproject():
    conda = {line for line in ENVIRONMENT if isinstance(line, str)} - {"python=3.11", "pip"}
    assert ranges(conda) == READER


def test_environment_has_a_python_pyproject_allows_and_installs_mombook():
    pythons = [line.partition("=")[2] for line in ENVIRONMENT if isinstance(line, str) and line.startswith("python=")]
    assert len(pythons) == 1 and Requirement(f"python{PROJECT['requires-python']}").specifier.contains(pythons[0])
    assert {"pip": ["-e ."]} in ENVIRONMENT


def test_extras_that_name_the_same_package_allow_the_same_versions():
    for lines in PROJECT["optional-dependencies"].values():
        assert ranges(lines).items() <= EVERYTHING.items()


def test_every_range_is_bounded_above():
    for name, allowed in EVERYTHING.items():
        assert {part.operator for part in allowed} == {">=", "<"}, name


def test_constraints_pick_one_version_out_of_each_range():
    assert CONSTRAINTS.keys() == EVERYTHING.keys()
    for name, exact in CONSTRAINTS.items():
        (pin,) = exact
        assert pin.operator == "==" and EVERYTHING[name].contains(pin.version), name


def test_importing_mombook_needs_numpy_and_scipy_only():
    heavy = ("{'plotly', 'sklearn', 'tqdm', 'distributed', 'threadpoolctl', 'pandas', 'ipywidgets', 'IPython', 'anywidget', "
             "'jupytext', 'ipykernel', 'jupyterlab'}")
    code = f"import sys, mombook; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"


def test_every_panel_computes_its_view_with_numpy_and_scipy_only():
    code = """if True:
        import sys
        for name in ("plotly", "ipywidgets", "anywidget", "IPython", "threadpoolctl", "sklearn"):
            sys.modules[name] = None
        from mombook.panels import PANELS, definition
        for name in PANELS:
            panel = definition(name)
            assert panel.name == name and panel.exact(panel.read(), final=False).sentence
        print(len(PANELS))"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    from mombook.panels import PANELS

    assert int(run.stdout) == len(PANELS) > 8
