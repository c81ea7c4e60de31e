"""study/phase_diagram.py and the command line: the regimes against their definition, and the command as a user runs it."""

import errno
import os
import subprocess
import sys

import numpy as np
import pytest

import mombook as mb
from mombook import __main__ as command
from mombook.study import phase_diagram
from mombook.study.phase_diagram import REGIMES

SMALL = ["--kappa", "10", "1e4", "3", "--decay", "0.5", "2", "2", "--batch", "1", "4096", "5", "--d", "60"]


@pytest.mark.slow
def test_regimes_are_those_of_the_definition_at_every_point():
    """(regimes), point by point, from tuned methods found one by one."""
    table = mb.sweep(phase_diagram.grid((10, 1e4, 3), (0.5, 2, 2), (1, 4096, 5), d=60), progress=False)
    found = phase_diagram.read(table)
    assert found.regime.shape == (3, 2, 5)
    met = set()
    for i, kappa in enumerate(found.kappa):
        for j, decay in enumerate(found.decay):
            H = mb.Spectrum.power_law(60, decay, kappa)

            def ce(family, batch, H=H):
                return -np.log1p(-mb.tune(H, family, batch).gap) / batch

            for k, batch in enumerate(found.batch):
                now, first = ({f: ce(f, b) for f in phase_diagram.FAMILIES} for b in (batch, 1.0))
                if now["asgd"] >= 2 * max(now["sgd"], now["heavy_ball"]):
                    expected = "compute"
                elif now["sgd"] >= first["sgd"] / 2:
                    expected = "plain"
                elif now["heavy_ball"] >= first["heavy_ball"] / 2:
                    expected = "speed"
                else:
                    expected = "spent"
                met.add(expected)
                assert list(REGIMES)[found.regime[i, j, k]] == expected, (kappa, decay, batch)
                np.testing.assert_allclose(found.advantage("asgd", "sgd")[i, j, k], now["asgd"] / now["sgd"], rtol=1e-6)
    assert met == set(REGIMES)


def test_an_unfinished_diagram_says_where_it_has_nothing(tmp_path):
    grid = phase_diagram.grid((10, 1e4, 40), (0.5, 2, 2), (1, 64, 4), d=30)
    with pytest.raises(mb.SweepInterrupted):
        mb.sweep(grid, "serial", _stop, folder=tmp_path)
    found = phase_diagram.read(tmp_path)
    assert (found.regime[0] >= 0).all() and (found.regime[-1] == -1).all()


def _stop(done, total):
    raise KeyboardInterrupt


def test_the_command_computes_a_map_resumes_and_tells_what_it_found(tmp_path, capsys):
    words = ["phase-diagram", *SMALL, "--folder", str(tmp_path / "map"), "--executor", "serial", "--quiet"]
    assert command.main(words) == 0
    said = capsys.readouterr().out
    assert "90 tuned methods (3 kappa x 2 decay x 3 family x 5 batch)" in said
    lines = [line.split("%  ")[1] for line in said.splitlines() if "%" in line]
    assert lines == [f"{name:<8} {words}" for name, words in REGIMES.items()]
    assert sum(map(float, _shares(said))) == pytest.approx(100, abs=0.3)
    before = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "map").iterdir()}
    assert command.main(words) == 0
    assert {p.name: p.stat().st_mtime_ns for p in (tmp_path / "map").iterdir()} == before
    assert _shares(capsys.readouterr().out) == _shares(said)

    assert command.main([*words, "--d", "61"]) == 2
    assert "d has 60 there, 61 here" in capsys.readouterr().out
    assert command.main([*words, "--batch", "2", "8", "3"]) == 2
    assert "batch must be from 1 upwards" in capsys.readouterr().out


def _shares(said):
    return [line.split("%")[0].strip() for line in said.splitlines() if "%" in line]


@pytest.mark.slow
def test_the_command_line_explains_itself():
    def run(*words):
        return subprocess.run([sys.executable, "-m", "mombook", *words], capture_output=True, text=True, timeout=60)

    nothing, helped, version = run(), run("phase-diagram", "--help"), run("--version")
    assert nothing.returncode == 2 and "COMMAND" in nothing.stderr
    assert helped.returncode == 0 and "the same command goes on where" in helped.stdout and "--scheduler" in helped.stdout
    assert version.stdout == f"mombook {mb.__version__}\n"


def test_the_command_stops_cleanly(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(phase_diagram, "sweep", lambda *a, **k: mb.sweep(*a[:2], _stop, **k))
    assert command.main(["phase-diagram", *SMALL, "--folder", str(tmp_path), "--executor", "serial"]) == 130
    assert "the same sweep goes on from there" in capsys.readouterr().out


def test_the_command_says_what_it_found_and_what_it_could_not_write(tmp_path, capsys, monkeypatch):
    words = ["phase-diagram", *SMALL, "--folder", str(tmp_path / "map"), "--executor", "serial", "--quiet"]
    assert command.main(words) == 0
    victim = next((tmp_path / "map").glob("part-*"))
    victim.write_bytes(b"")
    capsys.readouterr()
    assert command.main(words) == 0
    assert f"{victim.name} does not match its checksum" in capsys.readouterr().out
    monkeypatch.setattr(os, "fsync", _full)
    assert command.main([*words, "--folder", str(tmp_path / "new")]) == 2
    said = capsys.readouterr().out
    assert said.startswith("phase-diagram: folder must be one that can be read and written (No space left on device: make room")
    next((tmp_path / "map").glob("part-*")).unlink()
    assert command.main(words) == 2
    assert "phase-diagram: part 0 could not be written (No space left on device: make room" in capsys.readouterr().out


def _full(descriptor):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_source_that_will_not_do_is_refused_with_the_reason(tmp_path):
    for source, said in ((tmp_path / "nowhere", "this one does not exist"), (tmp_path, "its grid.json is missing"),
                         (3, "the path of")):
        with pytest.raises(ValueError, match=rf"^source must be a mombook.Table or the folder of a sweep: folder .*{said}"):
            phase_diagram.read(source)
    table = mb.sweep({"decay": 1.0, "d": 10, "family": "sgd", "batch": 1}, progress=False)
    with pytest.raises(ValueError, match=r"^source must be a sweep over kappa, decay, one d"):
        phase_diagram.read(table)
