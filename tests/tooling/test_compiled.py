"""The browser's wheels with compiled modules against the wheels they are made of."""

import json
import zipfile
from hashlib import sha256

import lacking
import pytest

from tools.site import compiled, distribution, pyodide, wheel
from tools.site.places import Missing

pytestmark = pytest.mark.site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with Python for the browser in it, and where the official wheels are."""
    folder = tmp_path_factory.mktemp("compiled")
    try:
        package = wheel.build(folder)
        distribution.install(folder, package, groups=())
        return folder / distribution.FOLDER, {package.name.split("-")[0]: package, **{
            path.name.split("-")[0]: path for path in pyodide.fetch().glob("*.whl")}}
    except Missing as why:
        lacking.needed(why)


@pytest.mark.parametrize("name", compiled.NAMES)
def test_a_compiled_wheel_has_all_its_modules_and_the_same_bytes_of_all_else(site, name):
    folder, official = site
    with zipfile.ZipFile(official[name]) as given, zipfile.ZipFile(folder / official[name].name) as made:
        there, names = set(made.namelist()), {n for n in given.namelist() if "/tests/" not in n and not n.endswith("/")}
        modules = {n for n in names if n.endswith(".py") and ".dist-info" not in n and ".data/" not in n}
        compiled_as = {n: f"{n}c" if name != "mombook" else "{}/__pycache__/{}.cpython-314.pyc".format(
            *n.removesuffix(".py").rsplit("/", 1)) for n in modules}
        assert len(modules) > 100 and set(compiled_as.values()) <= there
        assert modules <= there if name == "mombook" else not modules & there
        assert not any("/tests/" in n for n in there)
        for path in sorted(set(compiled_as.values()))[:20]:
            magic, flags = made.read(path)[:4], made.read(path)[4:8]
            assert magic[2:] == b"\r\n" and flags == b"\x01\0\0\0", "a hash that is not held against the source"
        kept = {n for n in names - modules if n.endswith((".so", ".json", ".npz", ".txt", "METADATA", ".js", ".bib"))}
        assert kept <= there
        for path in kept:
            assert made.read(path) == given.read(path), path


def test_the_lock_has_the_sha256_of_what_is_shipped(site):
    folder, _ = site
    for name, entry in json.loads((folder / "pyodide-lock.json").read_text())["packages"].items():
        assert sha256((folder / entry["file_name"]).read_bytes()).hexdigest() == entry["sha256"], name


def test_what_is_compiled_is_kept(site, monkeypatch):
    monkeypatch.setattr(compiled.subprocess, "run", lambda *_, **__: pytest.fail("compiled again"))
    _, official = site
    made = compiled.wheels([official["numpy"]], pyodide.fetch())
    assert made[official["numpy"]].exists()
