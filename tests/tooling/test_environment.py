"""One set of versions in all files; installations are pinned by hash and fail in words; `import mombook` is light."""

import importlib.metadata
import re
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import lacking
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import install, pins

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def ranges(lines):
    """Package name to version range."""
    requirements = [Requirement(line) for line in lines]
    return {canonicalize_name(r.name): r.specifier for r in requirements}


READER = ranges(PROJECT["dependencies"] + PROJECT["optional-dependencies"]["lab"]
                + PROJECT["optional-dependencies"]["data"])
NOT_INSTALLED = {"torch", "optax"}
"""Extras for libraries that the project installs nowhere itself (``lacking.OPTIONAL``), so that they have no pins."""

EVERYTHING = READER | {name: allowed for extra, lines in PROJECT["optional-dependencies"].items() if extra not in NOT_INSTALLED
                       for name, allowed in ranges(lines).items()}
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def named(path):
    """Package name to version range, in a file of one requirement a line."""
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return ranges(line for line in lines if line and line[0] != "#")


def pinned(path):
    """Package name to its requirement, in a file of pinned packages."""
    blocks = install.pins((ROOT / path).read_text(encoding="utf-8"))
    return {name: Requirement(block.partition("\\")[0].strip()) for name, block in blocks.items()}


CONSTRAINTS = named("constraints.txt")
SITE = named("tools/site/requirements.in")
TOOLS = {"pip", "setuptools", "uv"}
HELD_BACK = {"argon2-cffi-bindings"}
"""In constraints.txt for a reason that stands there, though nothing names them."""

PINNED_FILES = [*(venv.pins for venv in install.VENVS.values()), pins.UV]


def test_environment_has_the_ranges_of_pyproject():
    conda = {line for line in ENVIRONMENT if isinstance(line, str)} - {"python=3.11", "pip"}
    assert ranges(conda) == READER


def test_environment_has_a_python_pyproject_allows_and_installs_mombook():
    pythons = [line.partition("=")[2] for line in ENVIRONMENT if isinstance(line, str) and line.startswith("python=")]
    assert len(pythons) == 1 and Requirement(f"python{PROJECT['requires-python']}").specifier.contains(pythons[0])
    assert {"pip": ["-e ."]} in ENVIRONMENT


def test_extras_that_name_the_same_package_allow_the_same_versions():
    for extra, lines in PROJECT["optional-dependencies"].items():
        assert extra in NOT_INSTALLED or ranges(lines).items() <= EVERYTHING.items()
        assert (extra in NOT_INSTALLED) == (not ranges(lines).keys() <= EVERYTHING.keys())
    assert NOT_INSTALLED <= set(lacking.OPTIONAL)


def test_every_range_is_bounded_above():
    apart = ranges(line for extra in NOT_INSTALLED for line in PROJECT["optional-dependencies"][extra])
    for name, allowed in {**EVERYTHING, **apart}.items():
        assert {part.operator for part in allowed} == {">=", "<"}, name


def test_constraints_pick_one_version_of_every_package_that_is_named():
    assert CONSTRAINTS.keys() == EVERYTHING.keys() | SITE.keys() | TOOLS | HELD_BACK
    for name, exact in CONSTRAINTS.items():
        (pin,) = exact
        assert pin.operator == "==" and EVERYTHING.get(name, exact).contains(pin.version), name


# -- pinned packages ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", PINNED_FILES)
def test_every_package_has_one_version_and_the_hashes_of_its_files_and_no_address(path):
    text = (ROOT / path).read_text(encoding="utf-8")
    starts = re.findall(r"^([a-z0-9][a-z0-9-]*)==", text, re.MULTILINE)
    assert len(starts) == len(set(starts)) == len(install.pins(text)) and pinned(path).keys() == set(starts)
    for name, block in install.pins(text).items():
        requirement, *hashes = block.rstrip().split(" \\\n    ")
        assert re.fullmatch(r"\S+==[\w.]+( ; [\w .<>='!()]+)?", requirement), requirement
        assert hashes and all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", each) for each in hashes), name
    assert "/" not in text and "@" not in text and not re.search(r"^\s*-(?!-hash=)", text, re.MULTILINE)


def test_pinned_versions_are_those_of_the_constraints_and_the_same_in_every_file():
    files = [pinned(path) for path in PINNED_FILES]
    versions = {name: requirement.specifier for each in files for name, requirement in each.items()}
    for each in files:
        assert {name: requirement.specifier for name, requirement in each.items()}.items() <= versions.items()
    assert CONSTRAINTS.items() <= versions.items()
    venv, site, uv = files
    assert EVERYTHING.keys() | {"pip", "setuptools"} <= venv.keys() and SITE.keys() <= site.keys() and uv.keys() == {"uv"}


def test_everything_installed_here_is_pinned():
    stamp = Path(sys.prefix) / ".installed"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != install.PINNED:
        lacking.needed("this Python's packages were not installed from requirements.txt, as `make test` does")
    found = importlib.metadata.distributions(path=[sysconfig.get_path("purelib")])
    here = {canonicalize_name(each.name): each.version for each in found}
    for name, requirement in pinned(install.VENVS[".venv"].pins).items():
        if requirement.marker is None or requirement.marker.evaluate():
            assert requirement.specifier.contains(here.pop(name)), name
    assert here.keys() == {"mombook"} or not lacking.required()        # a reader may add packages


# -- installing --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("version", "implementation", "why"), [
    ((3, 11), "cpython", ""), ((3, 14), "cpython", ""), ((3, 15), "cpython", "for Python 3.11 to 3.14, and this is 3.15"),
    ((3, 11), "pypy", "for CPython, and this is pypy")])
def test_a_python_without_pinned_wheels_is_named(version, implementation, why):
    found = install.not_pinned_for(version, implementation)
    assert (found == "") == (why == "") and why in found


NO_NETWORK = """\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError'
ERROR: Could not find a version that satisfies the requirement anyio==4.16.0 (from versions: none)
ERROR: No matching distribution found for anyio==4.16.0
"""
WRONG_HASH = """\
ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. If you have updated the package versions, ...
    anyio==4.16.0 from file:///x/anyio-4.16.0-py3-none-any.whl (from -r requirements.txt (line 2)):
        Expected sha256 59bb
"""


@pytest.mark.parametrize(("output", "words"), [
    (NO_NETWORK, "cannot be downloaded (No matching distribution found for anyio==4.16.0); check the network"),
    (WRONG_HASH, "the file of anyio==4.16.0 that pip was sent is not the one pinned in requirements.txt"),
    ("OSError: [Errno 28] No space left on device\n", "no space left on the disk for .venv"),
    ("ERROR: No matching distribution found for playwright==1.65.2\n", "add PINNED=no"),
    ("", "it says nothing")])
def test_a_failed_installation_is_told_in_one_sentence(output, words):
    sentence = install.reason(output, ".venv")
    assert words in sentence and "\n" not in sentence and sentence.endswith(".")


@pytest.fixture
def steps(tmp_path, monkeypatch):
    """A repository in which programs only pretend to run; returns pip's arguments, call by call."""
    def runs(*command):
        if "venv" in command:
            (Path(command[-1]) / "bin").mkdir(parents=True)
            (Path(command[-1]) / "bin" / "python").touch()
        return Path(command[0]).exists()

    done = []
    (tmp_path / "tools" / "site").mkdir(parents=True)
    for venv in install.VENVS.values():
        (tmp_path / venv.pins).write_text((ROOT / venv.pins).read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(install, "ROOT", tmp_path)
    monkeypatch.setattr(install, "_runs", runs)
    monkeypatch.setattr(install, "_pip", lambda python, arguments, name: done.append(arguments))
    return done


def test_only_pinned_files_are_installed(steps, tmp_path):
    assert install.main([".venv"]) == 0 and (tmp_path / ".venv" / ".installed").read_text() == install.PINNED
    *packages, (*how, _) = steps
    assert all({"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(each) for each in packages)
    assert {"--no-deps", "--no-build-isolation", "--no-index"} <= set(how)
    assert [each[-1] for each in steps] == [tmp_path / ".venv" / "pip.txt", "requirements.txt", "."]
    assert install.pins((tmp_path / ".venv" / "pip.txt").read_text()).keys() == {"pip"}


def test_an_installation_without_pins_is_loud(steps, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(install, "PINNED_FOR", ((3, 9), (3, 10)))
    assert install.main([".venv-site"]) == 0
    assert steps == [("-c", "constraints.txt", "-r", "tools/site/requirements.in")]
    assert (tmp_path / ".venv-site" / ".installed").read_text() != install.PINNED
    assert "WARNING: the pinned packages are for Python 3.9 to 3.10, and this is" in capsys.readouterr().out
    steps.clear()
    assert install.main([".venv", "--unpinned"]) == 0 and steps == [("-c", "constraints.txt", "-e", ".[lab,data,test]")]


def test_an_interrupted_installation_is_begun_anew(steps, tmp_path, monkeypatch, capsys):
    def interrupted(*_):
        (tmp_path / ".venv" / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(install, "_pip", interrupted)
        assert install.main([".venv"]) == 130
    assert (tmp_path / ".venv" / "half").exists() and not (tmp_path / ".venv" / ".installed").exists()
    assert install.main([".venv"]) == 0 and "did not finish: beginning anew" in capsys.readouterr().out
    assert not (tmp_path / ".venv" / "half").exists() and (tmp_path / ".venv" / ".installed").exists()
    (tmp_path / ".venv" / "kept").touch()
    assert install.main([".venv"]) == 0 and (tmp_path / ".venv" / "kept").exists()


def test_what_pip_itself_gives_up_is_kept_and_gone_on_with(steps, tmp_path, monkeypatch, capsys):
    def failed(*_):
        (tmp_path / ".venv" / "kept").touch()
        raise install.Failed("No network.")

    with monkeypatch.context() as patch:
        patch.setattr(install, "_pip", failed)
        assert install.main([".venv"]) == 1 and capsys.readouterr().err == "No network.\n"
    assert not (tmp_path / ".venv" / ".installed").exists()
    assert install.main([".venv"]) == 0 and (tmp_path / ".venv" / "kept").exists()


def test_a_python_that_cannot_make_a_venv_is_told(steps, monkeypatch, capsys):
    monkeypatch.setattr(install, "_runs", lambda *_: False)
    assert install.main([".venv"]) == 1
    assert "its venv module is missing (on Debian and Ubuntu: apt install python3-venv)" in capsys.readouterr().err


# -- mombook itself ----------------------------------------------------------------------------------------------------
def test_importing_mombook_needs_numpy_and_scipy_only():
    heavy = ("{'plotly', 'sklearn', 'tqdm', 'distributed', 'threadpoolctl', 'pandas', 'ipywidgets', 'IPython', 'anywidget', "
             "'jupytext', 'ipykernel', 'jupyterlab', 'torch', 'optax', 'jax'}")
    code = f"import sys, mombook; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "[]"


@pytest.mark.slow
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
