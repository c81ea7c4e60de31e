"""mombook/sweeps/folder.py, versions.py, results.py: whatever befalls a sweep's folder is said, and what was computed stays."""

import builtins
import errno
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import mombook as mb
from mombook import versions
from mombook.sweeps import folder as folders
from mombook.sweeps.folder import Folder
from mombook.sweeps.grid import Grid
from mombook.sweeps.run import SweepError, SweepInterrupted
from sweeps.shared import TUNED, assert_same, parts, small_parts, until  # noqa: F401
from tools import kill_sweeps

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("small_parts")]
OTHER = TUNED | {"d": 41}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder of a finished sweep and its table; to be copied, not touched."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mombook.sweeps.grid.PART_SECONDS", 0.01)
        path = tmp_path_factory.mktemp("whole") / "results"
        return path, mb.sweep(TUNED, "serial", False, folder=path)


@pytest.fixture
def finished(whole, tmp_path):
    """A copy of that folder, and the table."""
    shutil.copytree(whole[0], tmp_path / "results")
    return tmp_path / "results", whole[1]


def again(folder, grid=TUNED):
    """The same sweep once more; its table, and how many parts it computed."""
    computed = []
    table = mb.sweep(grid, "serial", lambda done, total: computed.append(done), folder=folder)
    return table, len(computed)


# -- resuming ---------------------------------------------------------------------------------------------------------
KILLED = """
import mombook as mb, sys, time
from mombook.sweeps import grid
if __name__ == "__main__":
    grid.PART_SECONDS = 0.01
    mb.sweep({grid}, {executor!r}, lambda done, total: time.sleep(0.02), folder=sys.argv[1])
"""


@pytest.mark.parametrize("executor", ["serial", "processes"])
def test_a_sweep_killed_in_the_middle_goes_on_where_it_was(tmp_path, executor):
    script, folder = tmp_path / "script.py", tmp_path / "results"
    grid = TUNED | {"kappa": np.geomspace(10, 1e6, 12).tolist()}
    script.write_text(KILLED.format(grid=grid, executor=executor))
    run = subprocess.Popen([sys.executable, script, folder], start_new_session=True)
    until(lambda: len(parts(folder)) >= 5, 60)
    os.killpg(run.pid, signal.SIGKILL)                                  # the sweep and its workers, no warning given
    run.wait()
    before = parts(folder)
    assert 5 <= len(before) < Grid(grid).parts
    half = mb.read_sweep(folder)
    assert half.missing > 0

    table, computed = again(folder, grid)
    assert computed == Grid(grid).parts - len(before)
    assert before.items() <= parts(folder).items()                      # none was written again
    assert_same(table, mb.sweep(grid, "serial", False))
    assert_same(table, mb.read_sweep(folder))
    there = np.isfinite(half["gap"])
    np.testing.assert_array_equal(half["gap"][there], table["gap"][there])


def test_two_writers_killed_at_random_moments_leave_the_undisturbed_bits(tmp_path):
    """A few kills; ``python -m tools.kill_sweeps`` does fifty."""
    killed, _, faults = kill_sweeps.run(tmp_path, kills=3, seed=5, kappas=20, pause=0.03, longest=2.0)
    assert killed.total() == 3 and faults == []


def test_that_tool_sees_what_is_wrong(finished):
    folder, _ = finished
    expected = mb.read_sweep(folder)                                    # of its own: changed below
    assert kill_sweeps.compare(folder, expected, 6) == []
    assert kill_sweeps.compare(folder, expected, 7) == ["7 files for 7 parts and grid.json"]
    expected.columns["gap"] = expected["gap"] + 1e-16
    assert kill_sweeps.compare(folder, expected, 6) == ["gap differs"]
    sorted(folder.glob("part-*"))[0].rename(folder / "part-00005.npz")
    said = kill_sweeps.compare(folder, expected, 6)
    assert said[0] == "6 rows are missing" and said[1].startswith("part-00005.npz does not have the name") and len(said) == 8


def test_the_last_part_may_be_shorter(tmp_path, monkeypatch):
    monkeypatch.setattr("mombook.sweeps.grid.PART_SECONDS", 0.02)
    grid = TUNED | {"kappa": np.geomspace(10, 1e5, 5).tolist(), "decay": [1.0]}
    table, computed = again(tmp_path, grid)
    assert computed == 3 and sorted(len(np.load(part)["gap"]) for part in tmp_path.glob("part-*")) == [6, 12, 12]
    assert_same(mb.read_sweep(tmp_path), table)
    sorted(tmp_path.glob("part-*"))[2].unlink()
    assert mb.read_sweep(tmp_path).missing == 6
    assert_same(again(tmp_path, grid)[0], mb.sweep(grid, "serial", False))


@pytest.mark.parametrize("umask", [0o002, 0o022, 0o077, 0o000])
def test_files_follow_the_umask(tmp_path, umask):
    before = os.umask(umask)
    try:
        mb.sweep(TUNED, "serial", False, folder=tmp_path / "results")
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "results").iterdir()}
    assert len(modes) == 7 and set(modes.values()) == {0o666 & ~umask}
    assert (tmp_path / "results").stat().st_mode & 0o777 == 0o777 & ~umask


# -- parts that are none ----------------------------------------------------------------------------------------------
def forged(columns, **options):
    """Harm: another content under a checksum that matches it."""
    def harm(victim):
        content = io.BytesIO()
        np.savez(content, **columns(np.load(victim)), **options)
        return forge(victim, content.getvalue())
    return harm


def forge(victim, content):
    part, folder = int(victim.name[5:10]), Folder.open(victim.parent)
    victim.unlink()
    new = victim.with_name(f"part-{part:05d}.{folder._checksum(part, content)}.npz")
    new.write_bytes(content)
    return new


class Pickled:
    """Harm that shows if anything unpickles it."""

    def __reduce__(self):
        return (exec, ("import builtins; builtins.unpickled = True",))


def npy(victim):
    content = io.BytesIO()
    np.save(content, np.arange(6.0))
    return forge(victim, content.getvalue())


def rewritten(change):
    def harm(victim):
        content = victim.read_bytes()
        victim.write_bytes(change(content))
        return victim
    return harm


def replaced(by):
    def harm(victim):
        victim.unlink()
        by(victim)
        return victim
    return harm


def from_elsewhere(victim):
    other = victim.parent.parent / "other"
    mb.sweep(OTHER, "serial", False, folder=other)
    victim.unlink()
    return Path(shutil.copy(sorted(other.glob("part-00001*"))[0], victim.parent))


def columns_of(file, **change):
    return {name: change.get(name, file[name]) for name in file.files}


CHECKSUM = "does not match its checksum: it is damaged, was renamed, or comes from another sweep"
NAME = "does not have the name of a part of this sweep"
HARMS = {
    "cut": (rewritten(lambda c: c[:-40]), CHECKSUM), "empty": (rewritten(lambda c: b""), CHECKSUM),
    "flip": (rewritten(lambda c: c[:500] + bytes([c[500] ^ 1]) + c[501:]), CHECKSUM),
    "huge": (rewritten(lambda c: c + bytes(100_000)), "is larger than a part of this sweep"),
    "from another sweep": (from_elsewhere, CHECKSUM),
    "no checksum": (lambda v: v.rename(v.with_name("part-00001.npz")), NAME),
    "a copy": (lambda v: v.rename(v.with_name(v.name.replace(".npz", " (1).npz"))), NAME),
    "a folder": (replaced(Path.mkdir), "is not a file"),
    "a full folder": (replaced(lambda v: (v / "work").mkdir(parents=True)), "is not a file"),
    "a pipe": (replaced(os.mkfifo), "is not a file"),
    "a link": (replaced(lambda v: v.symlink_to("nowhere")), "is a link to nothing"),
    "too short": (forged(lambda f: columns_of(f, gap=f["gap"][:-1])), "does not have 6 numbers in its column gap"),
    "too long": (forged(lambda f: columns_of(f, eta=np.append(f["eta"], 0))), "does not have 6 numbers in its column eta"),
    "one number": (forged(lambda f: columns_of(f, beta=np.array(0.5))), "does not have 6 numbers in its column beta"),
    "a matrix": (forged(lambda f: columns_of(f, ce=f["ce"][:, None])), "does not have 6 numbers in its column ce"),
    "integers": (forged(lambda f: columns_of(f, ce=np.arange(6))), "does not have 6 numbers in its column ce"),
    "single precision": (forged(lambda f: columns_of(f, ce=f["ce"].astype("f4"))), "does not have 6 numbers in its column ce"),
    "another column": (forged(lambda f: columns_of(f) | {"loss": f["gap"]}), "does not have the columns gap, serial, ce, "),
    "a column fewer": (forged(lambda f: {"gap": f["gap"]}), "does not have the columns gap, serial, ce, "),
    "objects": (forged(lambda f: columns_of(f, gap=np.array([Pickled()] * 6, object))),
                "cannot be read as arrays of numbers (ValueError)"),
    "no zip": (lambda v: forge(v, b"six numbers"), "cannot be read as arrays of numbers"),
    "one array": (npy, "cannot be read as arrays of numbers"),
}


@pytest.mark.parametrize("kind", HARMS)
def test_a_part_that_is_none_is_named_and_computed_again(finished, kind):
    folder, first = finished
    harm, wrong = HARMS[kind]
    victim = harm(sorted(folder.glob("part-00001*"))[0])
    good = {name: time for name, time in parts(folder).items() if name != victim.name}
    assert len(good) == 5

    read = mb.read_sweep(folder)
    assert read.missing == np.isnan(read["gap"]).sum() == 6 and len(read.notes) == 1
    assert read.notes[0].startswith(f"{victim.name} {wrong}") and read.notes[0].endswith("; it is not used.")
    table, computed = again(folder)
    assert_same(table, first)
    assert computed == 1 and good.items() <= parts(folder).items()
    assert len(table.notes) == 1 and table.notes[0].startswith(f"{victim.name} {wrong}")
    assert table.notes[0].endswith(f"its part has been computed again, and the file is now named unusable-{victim.name}.")
    assert os.path.lexists(folder / f"unusable-{victim.name}")          # nothing is deleted
    assert not hasattr(builtins, "unpickled")

    assert again(folder)[1] == 0 and again(folder)[0].notes == mb.read_sweep(folder).notes == []
    assert_same(mb.read_sweep(folder), first)


def test_a_part_that_is_damaged_twice_is_kept_twice(finished):
    folder, first = finished
    victim = sorted(folder.glob("part-00001*"))[0]
    kept = []
    for content in (b"once", b"twice"):
        victim.write_bytes(content)
        table, _ = again(folder)
        assert_same(table, first)
        kept.append(re.search(r"the file is now named (unusable-\S+)\.$", table.notes[0])[1])
    assert [(folder / name).read_bytes() for name in kept] == [b"once", b"twice"]


def test_a_part_under_another_s_number_is_not_taken(finished):
    folder, first = finished
    one, two = (sorted(folder.glob(f"part-0000{k}*"))[0] for k in (1, 2))
    one.rename(folder / "aside")                                        # swap their numbers, keep their checksums
    two.rename(folder / two.name.replace("00002", "00001"))
    (folder / "aside").rename(folder / one.name.replace("00001", "00002"))
    read = mb.read_sweep(folder)
    assert read.missing == 12 and [CHECKSUM in note for note in read.notes] == [True, True]
    table, computed = again(folder)
    assert_same(table, first)
    assert computed == 2 and len(table.notes) == 2


@pytest.mark.parametrize("name", ["part-00006.{sum}.npz", "part-1.{sum}.npz", "part-000001.{sum}.npz", "part-first.npz",
                                  "part-99999999999999999999999.{sum}.npz", "part-٠٠٠٠١.{sum}.npz"])
def test_a_part_too_many_is_named_and_not_used(finished, name):
    folder, first = finished
    extra = shutil.copy(sorted(folder.glob("part-00001*"))[0], folder / name.format(sum="0" * 32))
    for table in (mb.read_sweep(folder), again(folder)[0]):
        assert_same(table, first)
        assert table.notes == [f"{Path(extra).name} {NAME}; it is not used."]
    assert Path(extra).exists()


def test_two_machines_that_round_differently_give_one_table(finished):
    """Both files are parts; the first by name counts, for every reader."""
    folder, first = finished
    part = Folder.open(folder)
    columns = {name: values + 1e-16 for name, values in part.load()[1].items()}
    part.save(1, columns)
    assert len(list(folder.glob("part-00001*"))) == 2
    read = mb.read_sweep(folder)
    lowest = np.load(sorted(folder.glob("part-00001*"))[0])
    np.testing.assert_array_equal(read["gap"][6:12], lowest["gap"])
    assert read.notes == [] and read.missing == 0
    assert_same(again(folder)[0], read)
    np.testing.assert_array_equal(read["gap"][:6], first["gap"][:6])


@pytest.mark.parametrize("name", [".DS_Store", "._part-00001.npz", "Thumbs.db", "desktop.ini", "lost+found/", ".nfs0001",
                                  "notes.txt", "part-00001.txt", "old/"])
def test_foreign_files_in_a_sweep_s_folder_are_left_alone(finished, name):
    folder, first = finished
    (folder / name).mkdir() if name.endswith("/") else (folder / name).write_bytes(b"\0mine")
    table, computed = again(folder)
    assert_same(table, first)
    assert computed == 0 and table.notes == mb.read_sweep(folder).notes == [] and (folder / name).exists()


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db", "desktop.ini", "lost+found/", "writing-1", ".nfs0001"])
def test_a_folder_with_nothing_but_a_system_s_files_is_as_good_as_empty(tmp_path, whole, name):
    (tmp_path / name).mkdir() if name.endswith("/") else (tmp_path / name).write_bytes(b"\0")
    assert_same(again(tmp_path)[0], whole[1])
    assert (tmp_path / name).exists()


def test_what_a_killed_writer_left_is_cleared_when_it_is_old(finished):
    folder, _ = finished
    old, new = folder / "writing-old", folder / "writing-new"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    mb.sweep(TUNED, "serial", False, folder=folder)
    assert not old.exists() and new.exists()                            # the new one may be another's, at work beside us


# -- its note ---------------------------------------------------------------------------------------------------------
def edited(**change):
    return lambda content: json.dumps(json.loads(content) | change).encode()


def another_axis(content):
    told = json.loads(content)
    told["grid"]["axes"]["kappa"][0] = 11.0
    return json.dumps(told).encode()


NOTES = {
    "a list": (lambda c: b"[]", "is damaged or not mombook's"), "a word": (lambda c: b'"grid"', "is damaged or not mombook's"),
    "empty": (lambda c: b"", "is damaged"), "truncated": (lambda c: c[:200], "is damaged"),
    "binary": (lambda c: bytes(range(256)), "is damaged"), "nested": (lambda c: b"[" * 100_000, "is damaged"),
    "another's": (lambda c: b'{"format": "geojson"}', "is damaged or not mombook's"),
    "no grid": (edited(grid=None), "is damaged or was changed"), "edited": (another_axis, "is damaged or was changed"),
    "rows": (edited(part_rows=7), "is damaged or was changed"),
    "versions": (edited(versions={"mombook": "0.0.1"}), "is damaged or was changed"),
    "deleted": (None, "is missing"), "a folder": (Path.mkdir, "is not a file"), "a pipe": (os.mkfifo, "is not a file"),
}


def harmed(folder, kind):
    note, (harm, wrong) = folder / "grid.json", NOTES[kind]
    content = note.read_bytes()
    note.unlink()
    if kind in ("a folder", "a pipe"):
        harm(note)
    elif harm is not None:
        note.write_bytes(harm(content))
    return content, wrong


@pytest.mark.parametrize("kind", NOTES)
def test_a_damaged_note_is_written_anew_beside_the_parts_of_this_sweep(finished, kind):
    folder, first = finished
    sorted(folder.glob("part-*"))[0].unlink()
    content, wrong = harmed(folder, kind)
    with pytest.raises(ValueError, match=r"^folder must be one that mombook.sweep has written \(its grid.json "
                       rf"{re.escape(wrong)}; the sweep that wrote it repairs it when it is called again\); got .*"):
        mb.read_sweep(folder)
    with pytest.raises(ValueError, match=r"^folder must be .*grid.json.*(no part there is|no part of this sweep)"):
        mb.sweep(OTHER, "serial", False, folder=folder)
    table, computed = again(folder)
    assert_same(table, first)
    assert computed == 1 and table.notes == [f"grid.json {wrong}; it has been written anew, and 5 of 6 parts are kept."]
    assert (folder / "grid.json").read_bytes() == content
    assert again(folder)[0].notes == mb.read_sweep(folder).notes == []


@pytest.mark.parametrize("kind", [kind for kind in NOTES if kind != "deleted"])
def test_a_note_that_may_be_someone_else_s_is_not_touched(finished, kind):
    folder, _ = finished
    for path in folder.glob("part-*"):
        path.unlink()
    _, wrong = harmed(folder, kind)
    before = (folder / "grid.json").lstat()
    with pytest.raises(ValueError, match=rf"^folder must be new, or that .* \(its grid.json {re.escape(wrong)}, "
                       "and no part there is of this sweep\\): move grid.json away or choose another folder; got '.*results'"):
        again(folder)
    assert (folder / "grid.json").lstat() == before and len(list(folder.iterdir())) == 1


def test_a_note_of_a_newer_layout_is_not_touched(finished):
    folder, _ = finished
    (folder / "grid.json").write_bytes(edited(format=3)((folder / "grid.json").read_bytes()))
    for call in (again, mb.read_sweep):
        with pytest.raises(ValueError, match=r"its grid.json was written by a newer mombook[),]"):
            call(folder)


def layout_one(folder):
    """Rewrite a folder as mombook 0.1.0 first wrote them."""
    told = json.loads((folder / "grid.json").read_text())
    old = {"format": 1, "mombook": "0.1.0", "columns": told["columns"], "grid": told["grid"]}
    (folder / "grid.json").write_text(json.dumps(old, indent=1))
    for path in list(folder.glob("part-*")):
        path.rename(path.with_name(f"{path.name[:10]}.{hashlib.sha256(path.read_bytes()).hexdigest()[:32]}.npz"))
    return old


def test_the_earlier_layout_is_read_but_not_continued(finished, monkeypatch):
    folder, first = finished
    old = layout_one(folder)
    assert_same(mb.read_sweep(folder), first)
    monkeypatch.setitem(folders.VERSIONS, "mombook", "9.9")
    assert mb.read_sweep(folder).notes == [
        "These numbers were computed by other code than is installed here: mombook 0.1.0 there, 9.9 here."]
    with pytest.raises(ValueError, match=r"this one has layout 1, of an earlier mombook\): choose another folder; mombook"):
        again(folder)
    rewritten(lambda c: c[:500] + bytes([c[500] ^ 1]) + c[501:])(sorted(folder.glob("part-*"))[0])
    assert mb.read_sweep(folder).missing == 6
    for change in ({"grid": []}, {"grid": {"axes": [], "part_rows": 1}}, {"grid": old["grid"] | {"part_rows": 0}},
                   {"columns": None}, {"grid": old["grid"] | {"axes": {"kappa": []}}}):
        (folder / "grid.json").write_text(json.dumps(old | change))
        with pytest.raises(ValueError, match=r"^folder must be one that mombook.sweep has written \(its grid.json is damaged"):
            mb.read_sweep(folder)


# -- whose it is ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("change", "said"), [
    ({"kappa": [10.0, 1e3]}, "kappa has 3 values, 10.0 to 100000.0, there, 2 values, 10.0 to 1000.0, here"),
    ({"d": 41}, "d has 40 there, 41 here"), ({"batch": [1, 16, 257]}, "batch has 3 values"),
    ({"kappa": None}, "kappa has 3 values, 10.0 to 100000.0, there, no values here")])
def test_the_folder_of_another_grid_is_refused_in_words(finished, change, said):
    folder, _ = finished
    other = {k: v for k, v in (TUNED | change).items() if v is not None}
    before = parts(folder)
    with pytest.raises(ValueError, match=r"^folder must be new, or one of this very sweep; this one belongs to another: ") as e:
        mb.sweep(other, "serial", False, folder=folder)
    assert said in str(e.value) and str(folder) in str(e.value) and parts(folder) == before


def test_spectra_are_told_apart_by_their_numbers(tmp_path):
    grid = {"spectrum": {"mine": mb.Spectrum([1.0, 0.1])}, "family": "sgd", "batch": 1}
    mb.sweep(grid, "serial", False, folder=tmp_path)
    with pytest.raises(ValueError, match=r"the spectra's numbers differ"):
        mb.sweep(grid | {"spectrum": {"mine": mb.Spectrum([1.0, 0.2])}}, "serial", False, folder=tmp_path)


@pytest.mark.parametrize(("name", "said"), [
    ("mombook", "mombook {there} there, 9 here"), ("source", "mombook's source differs"),
    ("numpy", "numpy {there} there, 9 here"), ("scipy", "scipy {there} there, 9 here")])
def test_numbers_of_other_code_are_read_with_a_note_and_never_mixed(finished, monkeypatch, name, said):
    folder, first = finished
    sorted(folder.glob("part-*"))[0].unlink()
    before, said = parts(folder), said.format(there=versions.VERSIONS[name])
    monkeypatch.setitem(folders.VERSIONS, name, "9")
    with pytest.raises(ValueError, match=r"^folder must be new, or one computed by the code that runs here, because numbers of "
                       rf"different code are not mixed \({said}\): go on with that code or choose another folder; "
                       r"mombook.read_sweep reads what is there; got '.*results'\.$"):
        again(folder)
    assert parts(folder) == before
    table = mb.read_sweep(folder)
    assert table.notes == [f"These numbers were computed by other code than is installed here: {said}."]
    np.testing.assert_array_equal(table["gap"][6:], first["gap"][6:])
    for path in folder.glob("part-*"):                                  # a part of other code is not taken by its name either
        path.unlink()
    (folder / "grid.json").unlink()
    assert again(folder)[1] == 6


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in a folder, and a function that gives the digest of it."""
    path = tmp_path / "engine"
    for folder in ("panels", "exact"):
        (path / folder).mkdir(parents=True)
    for name, text in (("__init__", ""), ("one", "x = 1\ny = 2\n"), ("panels/__init__", "z = 3\n"), ("exact/one", "u = 5\n")):
        (path / f"{name}.py").write_bytes(text.encode())
    monkeypatch.syspath_prepend(tmp_path)
    yield path, lambda: versions.source_digest("engine")
    for name in [name for name in sys.modules if name.partition(".")[0] == "engine"]:
        del sys.modules[name]


def test_the_source_s_digest_changes_with_every_byte_that_counts(package):
    path, digest = package
    first = digest()
    assert re.fullmatch("[0-9a-f]{16}", first)
    for name, text, same in (("one", b"x = 1\r\ny = 2\r\n", True), ("panels/__init__", b"z = 4\n", True),
                             ("one", b"x = 1\ny = 3\n", False), ("exact/one", b"u = 6\n", False), ("two", b"", False)):
        before = (path / f"{name}.py").read_bytes() if (path / f"{name}.py").exists() else None
        (path / f"{name}.py").write_bytes(text)
        assert (digest() == first) == same, (name, text)
        (path / f"{name}.py").unlink() if before is None else (path / f"{name}.py").write_bytes(before)
    (path / "one.py").rename(path / "two.py")
    assert digest() != first
    (path / "two.py").unlink()
    (path / "exact" / "one.py").unlink()
    (path / "__init__.py").unlink()
    assert digest() == "none"


def test_the_source_s_digest_is_the_same_from_a_zip_file(package, tmp_path, monkeypatch):
    path, digest = package
    unpacked = digest()
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as file:
        for name in ("engine/__init__.py", "engine/one.py", "engine/exact/one.py", "engine/panels/__init__.py"):
            file.write(tmp_path / name, name)
    shutil.rmtree(path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "engine"]:
        del sys.modules[name]
    monkeypatch.syspath_prepend(tmp_path / "package.zip")
    assert digest() == unpacked


def test_this_source_s_digest_is_that_of_its_files():
    root = Path(mb.__file__).parent
    files = {p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob("*.py")}
    kept = {name: text for name, text in files.items() if name.split("/")[0] not in ("claims", "explore", "panels")}
    assert "exact/moments.py" in kept and len(kept) < len(files)
    content = b"".join(f"{name} {len(kept[name])} ".encode() + kept[name] for name in sorted(kept))
    assert versions.VERSIONS["source"] == hashlib.sha256(content).hexdigest()[:16]


def test_folders_that_are_none_of_ours_are_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("months of work")
    (tmp_path / "zebra.tex").write_text("")
    for path, said in ((tmp_path, "has no grid.json, and holds thesis.tex and 1 more, no part of this sweep"),
                       (tmp_path / "thesis.tex", "where there is nothing yet"), ("", "the path of a folder"),
                       (3, "the path of a folder"), ("a\0b", "the path of a folder"),
                       (tmp_path / ("x" * 300), r"that can be read and written \(File name too long: choose another folder\)"),
                       (tmp_path / "thesis.tex" / "below", r"that can be read and written \(Not a directory: choose another")):
        with pytest.raises(ValueError, match=rf"^folder must be .*{said}"):
            mb.sweep(TUNED, "serial", False, folder=path)
    for path, said in ((tmp_path, "its grid.json is missing"), (tmp_path / "nowhere", "this one does not exist"),
                       (tmp_path / "thesis.tex", "this one is not a folder")):
        with pytest.raises(ValueError, match=rf"^folder must be one that mombook.sweep has written \({said}\)"):
            mb.read_sweep(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.tex", "zebra.tex"]


# -- a disk that will not -----------------------------------------------------------------------------------------------
def fails(code, after):
    """A function that does what the system's does ``after`` times, and then fails."""
    def instead(original):
        calls = []

        def call(*args, **kwargs):
            calls.append(args)
            if len(calls) > after:
                raise OSError(code, os.strerror(code))
            return original(*args, **kwargs)
        return call
    return instead


FULL = "No space left on device: make room there or choose another folder"
DISKS = {"full": (errno.ENOSPC, FULL), "quota": (errno.EDQUOT, "Disk quota exceeded: make room there or choose another folder"),
         "read-only": (errno.EROFS, "Read-only file system: choose another folder"),
         "forbidden": (errno.EACCES, "Permission denied: change its permissions or choose another folder"),
         "broken": (errno.EIO, "Input/output error: choose another folder")}


@pytest.mark.parametrize("where", ["open", "fsync", "replace"])
@pytest.mark.parametrize("disk", DISKS)
def test_a_part_that_cannot_be_written_is_said_and_nothing_is_lost(tmp_path, whole, monkeypatch, disk, where):
    code, said = DISKS[disk]
    with monkeypatch.context() as patch:
        before = {"open": open, "fsync": os.fsync, "replace": os.replace}[where]
        spoilt = fails(code, after=2 if where == "replace" else 3)(before)   # grid.json is linked, not replaced
        patch.setattr(folders, "open", spoilt, raising=False) if where == "open" else patch.setattr(os, where, spoilt)
        with pytest.raises(SweepError, match=rf"^part 2 could not be written \({said}\): 12 of 36 rows are computed; they are "
                           f"in {tmp_path}; the same sweep goes on from there\\.$") as error:
            again(tmp_path)
    assert error.value.__cause__.errno == code
    assert error.value.table.missing == 18                              # the part in hand is in the table
    np.testing.assert_array_equal(error.value.table["gap"][:18], whole[1]["gap"][:18])
    assert len(parts(tmp_path)) == 2 and not list(tmp_path.glob("writing-*"))
    table, computed = again(tmp_path)
    assert_same(table, whole[1])
    assert computed == 4 and table.notes == []


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_that_shows_while_writing(tmp_path, whole, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(folders, "open", lambda path, mode: open("/dev/full" if len(parts(tmp_path)) == 2 else path,
                                                               "wb" if len(parts(tmp_path)) == 2 else mode), raising=False)
        with pytest.raises(SweepError, match=rf"^part 2 could not be written \({FULL}\): 12 of 36 rows"):
            again(tmp_path)
    assert again(tmp_path)[1] == 4


@pytest.mark.parametrize("disk", DISKS)
@pytest.mark.parametrize("where", ["mkdir", "open"])
def test_a_folder_that_cannot_be_used_is_refused_in_words(tmp_path, monkeypatch, disk, where):
    code, said = DISKS[disk]
    if where == "open":
        monkeypatch.setattr(folders, "open", fails(code, after=0)(open), raising=False)
    else:
        monkeypatch.setattr(Path, "mkdir", fails(code, after=0)(Path.mkdir))
    with pytest.raises(ValueError, match=rf"^folder must be one that can be read and written \({said}\); got '{tmp_path}/new'"):
        again(tmp_path / "new")


def test_a_finished_sweep_is_read_where_nothing_can_be_written(finished, monkeypatch):
    folder, first = finished
    for name in ("replace", "rename", "unlink", "link"):
        monkeypatch.setattr(os, name, fails(errno.EROFS, after=0)(getattr(os, name)))
    monkeypatch.setattr(folders, "open", fails(errno.EROFS, after=0)(open), raising=False)
    (folder / "writing-old").touch()
    os.utime(folder / "writing-old", (0, 0))
    assert_same(again(folder)[0], first)
    assert_same(mb.read_sweep(folder), first)


def test_a_part_or_a_folder_that_may_not_be_read_is_said(finished, monkeypatch):
    folder, first = finished
    victim = sorted(folder.glob("part-00001*"))[0]
    original = Path.read_bytes
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda path: fails(errno.EACCES, 0)(original)() if path == victim else original(path))
        assert mb.read_sweep(folder).notes == [f"{victim.name} cannot be read (Permission denied); it is not used."]
        assert_same(again(folder)[0], first)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda path: fails(errno.EACCES, 0)(original)())
        with pytest.raises(ValueError, match=r"its grid.json cannot be read \(Permission denied\)"):
            mb.read_sweep(folder)
    monkeypatch.setattr(Path, "iterdir", fails(errno.EACCES, 0)(Path.iterdir))
    with pytest.raises(ValueError, match=r"^folder must be one that can be read \(Permission denied: change its permissions"):
        mb.read_sweep(folder)


@pytest.mark.parametrize("code", [errno.EPERM, errno.ENOTSUP, None])
def test_a_file_system_without_links_will_do(tmp_path, whole, monkeypatch, code):
    if code is None:
        monkeypatch.delattr(os, "link")
    else:
        monkeypatch.setattr(os, "link", fails(code, 0)(os.link))
    assert_same(again(tmp_path)[0], whole[1])
    assert_same(mb.read_sweep(tmp_path), whole[1])


def test_ctrl_c_while_writing_leaves_no_half_file(tmp_path, monkeypatch):
    def stop(*args):
        if len(parts(tmp_path)) == 2:
            raise KeyboardInterrupt
        return os.replace.__wrapped__(*args)

    stop.__wrapped__ = os.replace
    monkeypatch.setattr(os, "replace", stop)
    with pytest.raises(SweepInterrupted, match=r"^stopped: 12 of 36 rows are computed; they are in .*; the same sweep goes on"):
        again(tmp_path)
    assert not list(tmp_path.glob("writing-*")) and len(parts(tmp_path)) == 2


# -- two at once ------------------------------------------------------------------------------------------------------
def test_of_two_sweeps_that_claim_a_folder_at_once_one_is_refused(tmp_path, monkeypatch):
    write = folders._write

    def another_is_faster(path, *args, **kwargs):
        monkeypatch.setattr(folders, "_write", write)
        mb.sweep(OTHER, "serial", False, folder=tmp_path)
        write(path, *args, **kwargs)

    monkeypatch.setattr(folders, "_write", another_is_faster)
    with pytest.raises(ValueError, match=r"this one belongs to another: d has 41 there, 40 here"):
        again(tmp_path)
    assert again(tmp_path, OTHER)[1] == 0


@pytest.mark.parametrize("faster", ["has claimed it", "is finished", "is another's"])
def test_of_two_sweeps_that_begin_at_once_the_slower_accepts_the_note(tmp_path, whole, monkeypatch, faster):
    """The faster one writes between the other's look for grid.json and its look around the folder."""
    load = Folder.load

    def late(folder):
        monkeypatch.setattr(Folder, "load", load)
        if faster == "has claimed it":
            Folder.claim(tmp_path, Grid(TUNED))
        else:
            mb.sweep(TUNED if faster == "is finished" else OTHER, "serial", False, folder=tmp_path)
        return load(folder)

    monkeypatch.setattr(Folder, "load", late)
    if faster == "is another's":
        with pytest.raises(ValueError, match=r"^folder must be empty, new, or that .* holds part-00000.* and 5 more, "):
            again(tmp_path)
        assert again(tmp_path, OTHER)[1] == 0
        return
    table, computed = again(tmp_path)
    assert_same(table, whole[1])
    assert table.notes == [] and computed == (0 if faster == "is finished" else 6)


def test_of_two_equal_sweeps_at_once_both_are_right(tmp_path, whole, monkeypatch):
    write, inner = folders._write, []

    def another_in_between(path, *args, **kwargs):
        if path.name.startswith("part-00002"):                          # another sweep comes, and is faster
            monkeypatch.setattr(folders, "_write", write)
            inner.append(again(tmp_path))
        write(path, *args, **kwargs)

    monkeypatch.setattr(folders, "_write", another_in_between)
    outer = again(tmp_path)
    assert outer[1] == 6 and inner[0][1] == 4
    for table in (outer[0], inner[0][0], mb.read_sweep(tmp_path)):
        assert_same(table, whole[1])
        assert table.notes == []
    assert len(parts(tmp_path)) == 6


def test_a_part_that_another_sweep_replaces_while_it_is_read_is_no_fault(finished, monkeypatch):
    folder, _ = finished
    victim, original = sorted(folder.glob("part-00001*"))[0], Path.read_bytes

    def gone(path):
        if path == victim:
            victim.unlink(missing_ok=True)
        return original(path)

    monkeypatch.setattr(Path, "read_bytes", gone)
    read = mb.read_sweep(folder)
    assert read.missing == 6 and read.notes == []


def test_a_part_that_another_sweep_has_open_is_as_good_as_written(finished, monkeypatch):
    """Windows does not replace an open file. If it holds the same bytes, nothing is left to do."""
    folder, first = finished
    part = Folder.open(folder)
    columns = part.load()[1]
    monkeypatch.setattr(os, "replace", fails(errno.EACCES, 0)(os.replace))
    part.save(1, columns)
    assert_same(mb.read_sweep(folder), first)
    assert not list(folder.glob("writing-*"))
    with pytest.raises(PermissionError):
        part.save(1, {name: values + 1 for name, values in columns.items()})


def test_a_damaged_part_that_another_sweep_has_mended_meanwhile(finished):
    folder, first = finished
    victim = sorted(folder.glob("part-00001*"))[0]
    columns = dict(np.load(victim))
    victim.write_bytes(b"")
    mine, other = Folder.open(folder), Folder.open(folder)
    for each in (mine, other):
        each.load()
    other.save(1, columns)
    mine.save(1, columns)                                               # both set the same name aside
    assert_same(mb.read_sweep(folder), first)


def test_a_table_shows_that_it_has_notes(finished):
    folder, _ = finished
    assert not repr(mb.read_sweep(folder)).endswith("in .notes)")
    sorted(folder.glob("part-*"))[0].write_bytes(b"")
    assert repr(mb.read_sweep(folder)).endswith("; 1 in .notes)")
