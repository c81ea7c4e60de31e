"""The doctor: what works is said to work, and every way of failing that it knows is shown to it."""

import json
import subprocess
import sys
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest

import mombook as mb
from mombook import checkup
from mombook.__main__ import main

REQUIRES = ["numpy>=2.4,<2.5", 'plotly<7.2,>=7.1; extra == "lab"', 'anywidget<0.12,>=0.11; extra == "lab"',
            'scikit-learn<1.10,>=1.9; extra == "data"', "pytest<10,>=9.2; extra == 'test'"]
VERSIONS = {"mombook": "0.1.0", "numpy": "2.4.6", "plotly": "7.1.0", "anywidget": "0.11.0", "scikit-learn": "1.9.1"}


@pytest.fixture
def installed(monkeypatch):
    """Pretend that these packages, and no others, are installed."""
    versions = dict(VERSIONS)

    def version(name):
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(checkup.metadata, "version", version)
    monkeypatch.setattr(checkup.metadata, "requires", lambda name: version(name) and REQUIRES)
    monkeypatch.setattr(checkup.metadata, "metadata", lambda name: version(name) and {"Requires-Python": ">=3.11"})
    return versions


def verdicts(checks):
    return {check.name: check.verdict for check in checks}


def test_what_is_right_is_said_to_be_right(installed):
    assert verdicts(checkup.packages()) == dict.fromkeys(["numpy", "plotly", "anywidget", "scikit-learn"], "ok")
    assert checkup.python_version().verdict == "ok"


@pytest.mark.parametrize(("name", "version"), [("numpy", "2.3.9"), ("numpy", "2.5.0rc1"), ("plotly", "6.9.0"),
                                               ("anywidget", "0.9.21"), ("scikit-learn", "1.10")])
def test_a_version_out_of_range_is_broken_and_the_command_names_the_range(installed, name, version):
    installed[name] = version
    (found,) = (check for check in checkup.packages() if check.verdict == "broken")
    assert found.name == name and found.says.startswith(version + ", needs >=")
    assert "-m pip install" in found.remedy and name + ">=" in found.remedy


def test_a_missing_package_is_broken_but_the_pictures_of_one_notebook_are_not(installed):
    del installed["anywidget"], installed["scikit-learn"]
    found = {check.name: check for check in checkup.packages()}
    assert found["anywidget"].verdict == "broken" and found["scikit-learn"].verdict == "note"
    assert found["anywidget"].says == "missing, needs >=0.11,<0.12 (extra lab)"


def test_an_engine_alone_is_no_fault(installed):
    for name in ("plotly", "anywidget"):
        del installed[name]
    found = {check.name: check for check in checkup.packages()}
    assert found["panels"].verdict == "note" and found["panels"].remedy.endswith("'.[lab]'  (in a copy of the book)")
    assert checkup.Report(tuple(found.values())).fine


def test_an_old_python_and_a_mombook_that_is_only_on_the_path(installed, monkeypatch):
    monkeypatch.setattr(checkup.platform, "python_version", lambda: "3.10.4")
    assert checkup.python_version().verdict == "broken"
    del installed["mombook"]
    assert checkup.python_version().verdict == "broken" and checkup.packages() == []


def test_ranges_are_those_of_packaging():
    from packaging.specifiers import SpecifierSet

    for allowed in (">=3.11", "<2.5,>=2.4", "<10,>=9.2", ">=1.9,<1.10", ">=0.11,<0.12"):
        for version in ("0.10.9", "0.11", "0.11.0", "0.12.0", "1.9.1", "1.10", "2.4", "2.4.6", "2.5", "3.9", "3.12.1", "10.0"):
            assert checkup._inside(version, allowed) == SpecifierSet(allowed).contains(version), (version, allowed)


def test_the_engine_is_checked_by_two_roads(monkeypatch):
    assert checkup.engine().verdict == "ok"
    monkeypatch.setattr(checkup, "risk_curve", lambda *args: mb.risk_curve(*args) ** 1.001)
    assert checkup.engine().verdict == "broken"


def test_more_threads_than_cores_are_noted(monkeypatch):
    fake = SimpleNamespace(threadpool_info=lambda: [{"internal_api": "openblas", "num_threads": 10_000}])
    monkeypatch.setitem(sys.modules, "threadpoolctl", fake)
    assert checkup.blas_threads().verdict == "note" and "OMP_NUM_THREADS=" in checkup.blas_threads().remedy


# -- Jupyter -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def extensions(tmp_path, monkeypatch):
    """A JupyterLab of one's own: folders for its extensions and its settings."""
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "config"))
    for name in checkup.FRONT_END:
        folder = tmp_path / "labextensions" / name
        folder.mkdir(parents=True)
        about = {"name": name, "version": "1.2.3", "jupyterlab": {"_build": {"load": "x.js"}}}
        (folder / "package.json").write_text(json.dumps(about))
    return tmp_path


def test_extensions_that_are_there_are_found(extensions):
    found = list(checkup.front_end([str(extensions / "labextensions")]))
    assert [check.verdict for check in found] == ["ok", "ok"] and "1.2.3" in found[0].says


def test_a_missing_extension_is_broken(extensions):
    (extensions / "labextensions" / "anywidget" / "package.json").unlink()
    (found,) = (check for check in checkup.front_end([str(extensions / "labextensions")]) if check.verdict == "broken")
    assert "does not find the extension anywidget" in found.says and found.remedy.startswith(checkup.pip("install"))


@pytest.mark.parametrize("entry", ["anywidget", "anywidget:plugin"])
def test_an_extension_that_is_switched_off_is_broken(extensions, entry):
    settings = extensions / "config" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "page_config.json").write_text(json.dumps({"disabledExtensions": {entry: True}}))
    (found,) = (check for check in checkup.front_end([str(extensions / "labextensions")]) if check.verdict == "broken")
    assert "anywidget is switched off" in found.says and "labextension enable anywidget" in found.remedy


@pytest.mark.parametrize(("found", "verdict"), [(None, "ok"), ("own", "ok"), ("/usr/bin/jupyter-lab", "note")])
def test_another_environments_jupyter_is_noted(monkeypatch, found, verdict):
    own = sys.executable.rpartition("/")[0] + "/jupyter-lab"
    monkeypatch.setattr(checkup.shutil, "which", lambda name: own if found == "own" else found)
    assert checkup.jupyter_command().verdict == verdict


@pytest.fixture
def kernel(tmp_path, monkeypatch):
    """Install a kernel called ``name`` that is started by these words."""
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))

    def install(name, *argv):
        folder = tmp_path / "kernels" / name
        folder.mkdir(parents=True)
        (folder / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": name, "language": "python"}))

    return install


@pytest.mark.slow
def test_a_kernel_that_works_answers_with_the_panels_sentence(kernel):
    found = checkup.kernel_round_trip()
    assert found.verdict == "ok" and "opens its first panel" in found.says


@pytest.mark.parametrize(("argv", "says"), [(("/nowhere/python", "-c", "0"), "does not start"),
                                            ((sys.executable, "-c", "raise SystemExit(1)"), "does not start")])
def test_a_kernel_that_does_not_start_is_broken(kernel, argv, says):
    kernel("faulty", *argv)
    found = checkup.kernel_round_trip("faulty", timeout=20)
    assert found.verdict == "broken" and says in found.says and "ipykernel" in found.remedy


def test_a_kernel_that_is_not_there_is_broken():
    found = checkup.kernel_round_trip("nobodys")
    assert found.verdict == "broken" and "no kernel 'nobodys'" in found.says


@pytest.mark.slow
@pytest.mark.parametrize(("before", "says"), [
    ("import sys; sys.modules['plotly'] = None", "a panel fails in it: ModuleNotFoundError"),
    ("import mombook.explore; mombook.explore.tradeoff = lambda *a, **k: 'another sentence'", "another mombook answers"),
])
def test_a_kernel_in_which_panels_do_not_work_is_broken(kernel, before, says):
    start = "from ipykernel.kernelapp import launch_new_instance; launch_new_instance()"
    kernel("odd", sys.executable, "-c", f"{before}\n{start}", "-f", "{connection_file}")
    found = checkup.kernel_round_trip("odd")
    assert found.verdict == "broken" and says in found.says


@pytest.mark.slow
def test_a_panel_that_takes_for_ever_is_broken(kernel, monkeypatch):
    monkeypatch.setattr(checkup, "PANEL", "import time; time.sleep(60)")
    assert "no answer from a panel within 2 s" in checkup.kernel_round_trip(timeout=2).says


# -- what is printed ---------------------------------------------------------------------------------------------------
def some_checks(kernel):
    yield checkup.Check("numpy", "ok", "2.4.6")
    yield checkup.Check("plotly", "broken", "missing", "pip install plotly")


def test_the_command_prints_a_line_a_check_and_fails_where_something_is_broken(monkeypatch, capsys):
    monkeypatch.setattr(checkup, "_everything", some_checks)
    assert main(["doctor"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["ok", "numpy", "2.4.6"] and lines[2].strip() == "-> pip install plotly"
    assert lines[-1] == "1 of 2 checks found something broken."
    assert main(["doctor", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)[1] == {"name": "plotly", "verdict": "broken", "says": "missing",
                                                       "remedy": "pip install plotly"}
    monkeypatch.setattr(checkup, "_everything", lambda kernel: [checkup.Check("numpy", "ok", "2.4.6")])
    assert main(["doctor"]) == 0 and capsys.readouterr().out.endswith("Everything needed works.\n")


def test_the_report_reads_like_the_command(monkeypatch):
    monkeypatch.setattr(checkup, "_everything", some_checks)
    report = mb.doctor()
    assert not report.fine and repr(report).endswith("1 of 2 checks found something broken.")
    np.testing.assert_equal([check.name for check in report.checks], ["numpy", "plotly"])


@pytest.mark.slow
def test_here_nothing_is_broken():
    run = subprocess.run([sys.executable, "-W", "error", "-m", "mombook", "doctor", "--json"], capture_output=True, text=True,
                         timeout=120)
    checks = json.loads(run.stdout)
    assert run.returncode == 0, [check for check in checks if check["verdict"] == "broken"]
    assert {"Python", "numpy", "scipy", "engine", "BLAS", "page", "jupyter lab", "kernel"} <= {c["name"] for c in checks}
