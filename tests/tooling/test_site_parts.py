"""The site's parts: what is fetched is what was meant, what is missing is named, and what is served has its right type."""

import gzip
import http.client
import json
import os
import re
import shutil
import threading
import urllib.request
import zipfile
from email import message_from_bytes
from pathlib import Path

import lacking
import pytest

from tools.site import __main__, api, build, distribution, elsewhere, lite, memory, pages, places, pure, pyodide, serve, wheel
from tools.site.places import Missing

pytestmark = [pytest.mark.slow, pytest.mark.site]


@pytest.fixture(scope="module")
def fetched():
    """Pyodide as it was downloaded once; the panels' packages are downloaded too."""
    try:
        pure.fetch("lab")
        return pyodide.fetch()
    except Missing as why:
        lacking.needed(why)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """mombook's wheel."""
    try:
        return wheel.build(tmp_path_factory.mktemp("wheel"))
    except Missing as why:
        lacking.needed(why)


@pytest.fixture
def offline(monkeypatch):
    """Registries that cannot be reached."""
    for name, value in {"PIP_NO_INDEX": "1", "npm_config_offline": "true", "npm_config_cache": "/nowhere"}.items():
        monkeypatch.setenv(name, value)


# -- Pyodide -----------------------------------------------------------------------------------------------------------
def test_what_is_there_is_not_fetched_again(fetched, offline):
    assert pyodide.fetch() == fetched
    assert pure.fetch("lab")


def test_every_file_is_the_one_its_lock_names(fetched):
    files = pyodide.CORE | {entry["file_name"]: entry["sha256"] for entry in pyodide.compiled(fetched).values()}
    assert {"pyodide.asm.wasm", "pyodide-lock.json"} < files.keys() and len(files) >= 8
    for name, sha256 in files.items():
        assert pyodide.is_intact(fetched / name, sha256), name


@pytest.mark.parametrize("name", ["pyodide.mjs", "numpy"])
def test_a_file_that_was_changed_is_not_used(fetched, offline, tmp_path, name):
    shutil.copytree(fetched, tmp_path / pyodide.VERSION)
    file = next((tmp_path / pyodide.VERSION).glob(f"{name}*"))
    file.write_bytes(file.read_bytes()[:-1] + b"!")
    with pytest.raises(Missing, match="cannot be downloaded"):
        pyodide.fetch(tmp_path)


def test_other_bytes_under_the_right_name_are_refused(fetched, monkeypatch, tmp_path):
    shutil.copytree(fetched, tmp_path / pyodide.VERSION)
    scipy = next((tmp_path / pyodide.VERSION).glob("scipy*"))
    scipy.unlink()

    def carry(what, *command):
        with zipfile.ZipFile(f"{command[command.index('--dest') + 1]}/carrier.whl", "w") as archive:
            archive.writestr(f"open_webui/frontend/pyodide/{scipy.name}", b"something else")

    monkeypatch.setattr(pyodide, "_run", carry)
    with pytest.raises(Missing, match=r"scipy.* came with another sha256"):
        pyodide.fetch(tmp_path)
    assert not scipy.exists()


def test_pyodides_own_address_names_its_version(fetched):
    address = pyodide.public_address(fetched)
    assert address.startswith("https://") and address.endswith(f"v{pyodide.VERSION}/full/")


# -- the wheel and the lock --------------------------------------------------------------------------------------------
def test_the_wheel_is_the_working_copy_and_the_same_each_time(package, tmp_path):
    with zipfile.ZipFile(package) as archive:
        packed = {name for name in archive.namelist() if name.startswith("mombook/")}
        about = message_from_bytes(archive.read(next(n for n in archive.namelist() if n.endswith("METADATA"))))
    here = {str(path.relative_to(places.ROOT)) for path in (places.ROOT / "mombook").rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith(".")}
    assert packed == here
    assert about["Name"] == "mombook"
    assert wheel.build(tmp_path).read_bytes() == package.read_bytes()


def test_the_lock_lists_mombook_with_what_it_needs(fetched, package, tmp_path):
    shutil.copy(package, tmp_path)
    options = distribution.install(tmp_path, tmp_path / package.name)
    folder = tmp_path / "pyodide"
    assert options == {"indexURL": "./pyodide/", "lockFileURL": "./pyodide/pyodide-lock.json",
                       "memory": "./pyodide/python.memory", "integrity": memory.integrity(folder / "python.memory")}
    packages = json.loads((folder / "pyodide-lock.json").read_text())["packages"]
    assert set(packages["mombook"]["depends"]) >= {"numpy", "scipy"}
    for name, entry in packages.items():
        assert pyodide.is_intact(folder / entry["file_name"], entry["sha256"]), name
        assert set(entry["depends"]) <= packages.keys(), name
    assert set(lite.READY) <= packages.keys()
    assert (folder / "licences" / "numpy").is_dir() and "MPL" in (folder / "licences" / "README.txt").read_text()


def test_pyodide_from_elsewhere_ships_only_what_is_not_there(fetched, package, tmp_path):
    shutil.copy(package, tmp_path)
    options = distribution.install(tmp_path, tmp_path / package.name, remote="official")
    assert options["indexURL"] == pyodide.public_address(fetched)
    packages = json.loads((tmp_path / "pyodide" / "pyodide-lock.json").read_text())["packages"]
    assert packages["scipy"]["file_name"].startswith(options["indexURL"])
    assert packages["mombook"]["file_name"] == package.name
    assert not [*(tmp_path / "pyodide").glob("scipy*"), *(tmp_path / "pyodide").glob("pyodide*.wasm")]


def test_pythons_memory_holds_the_modules_that_are_imported_and_is_made_once(fetched, monkeypatch):
    assert {"json", "dataclasses", "importlib.resources"} <= memory.imported()
    assert not {"numpy", "mombook", "plotly"} & memory.imported()
    numpy = next(fetched.glob("numpy*"))
    kept = memory.build(fetched, numpy)
    held = gzip.decompress(kept.read_bytes())
    assert len(held) > 30e6 and held[1:4] == b"snp" and b"excel-tab" in held, "what csv says"
    assert str(places.ROOT).encode() not in held, "where it was made"
    monkeypatch.setattr(memory.subprocess, "run", lambda *_, **__: pytest.fail("made again"))
    assert memory.build(fetched, numpy) == kept


@pytest.mark.parametrize("remote", ["", "cdn", "https://somewhere", "ftp://somewhere/"])
def test_an_address_that_is_none_is_refused(package, tmp_path, remote):
    with pytest.raises(ValueError, match="remote must be 'official' or an address that ends in '/', got"):
        distribution.install(tmp_path, package, remote=remote)


# -- the whole ---------------------------------------------------------------------------------------------------------
def test_without_pyodide_there_are_still_pages_and_the_reason_is_said(monkeypatch, tmp_path):
    asked = {}

    def no_pyodide(*_, **__):
        raise Missing("no registry answers")

    def write_pages(folder, **options):
        asked.update(options)
        (folder / "index.html").write_text("the book")
        return ["index.html"]

    monkeypatch.setattr(wheel, "build", lambda folder: folder / "mombook-0.1.0-py3-none-any.whl")
    monkeypatch.setattr(distribution, "install", no_pyodide)
    monkeypatch.setattr(pages, "build", write_pages)
    monkeypatch.setattr(api, "addresses", lambda packages: {"of": packages})
    monkeypatch.setattr(api, "build", lambda folder: [folder / "index.html"])
    monkeypatch.setattr(elsewhere, "repository", lambda: None)
    said = []
    assert build.build(tmp_path, say=said.append) == [
        "The figures stand still, and there are no notebooks to run: no registry answers."]
    assert asked == {"lab": False, "live": None, "repository": None, "code": {"of": api.PACKAGES}}
    assert "1 pages to read" in said[0] and "1 pages of reference" in said[1]
    monkeypatch.delenv("MOMBOOK_REQUIRE_ALL", raising=False)
    assert __main__.main(["build", "--folder", str(tmp_path)]) == 0
    monkeypatch.setenv("MOMBOOK_REQUIRE_ALL", "1")
    assert __main__.main(["build", "--folder", str(tmp_path)]) == 1


# -- serving -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def served(tmp_path):
    """A small site, served; yields its address."""
    for name in ("index.html", "a.mjs", "a.wasm", "a.js", "a.css", "a.json", "a.svg", "a.ipynb", "a.woff2"):
        (tmp_path / name).write_text("x")
    listening = serve.server(tmp_path, 0)
    listening.folder = tmp_path
    thread = threading.Thread(target=listening.serve_forever, args=[0.01])
    thread.start()
    yield listening
    listening.shutdown()
    listening.server_close()
    thread.join()


@pytest.mark.parametrize("name, kind", [("", "text/html"), ("a.mjs", "text/javascript"), ("a.js", "text/javascript"),
                                        ("a.wasm", "application/wasm"), ("a.css", "text/css"), ("a.json", "application/json"),
                                        ("a.svg", "image/svg+xml"), ("a.ipynb", "application/json"), ("a.woff2", "font/woff2")])
def test_files_come_with_their_types_and_are_asked_for_again(served, name, kind):
    with urllib.request.urlopen(f"http://127.0.0.1:{served.server_port}/{name}", timeout=10) as answer:
        assert answer.headers.get_content_type() == kind
        assert answer.headers["Cache-Control"] == "no-cache" and answer.headers["Last-Modified"]


def asked(server, path, method="GET", **headers):
    """(status, headers, body) of a literal request: nothing is tidied up on the way."""
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host="Host" in headers, skip_accept_encoding="Accept-Encoding" in headers)
        for name, value in headers.items():
            if value is not None:
                connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_text_is_sent_compressed_to_who_takes_it(served):
    text = b"words, and more words. " * 500
    for name in ("a.js", "a.wasm"):
        (served.folder / name).write_bytes(text)
    status, headers, body = asked(served, "/a.js", **{"Accept-Encoding": "br, gzip;q=0.8"})
    assert status == 200 and headers["Content-Encoding"] == "gzip" and headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(body) == text and int(headers["Content-Length"]) == len(body) < len(text) / 10
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    known = asked(served, "/a.js", **{"Accept-Encoding": "gzip", "If-Modified-Since": headers["Last-Modified"]})
    assert known[0] == 304 and not known[2]
    for path, accepted in (("/a.js", None), ("/a.wasm", "gzip")):
        status, headers, body = asked(served, path, **{"Accept-Encoding": accepted})
        assert status == 200 and body == text and headers["Content-Encoding"] is None
    (served.folder / "a.js").write_bytes(b"new")
    os.utime(served.folder / "a.js", (2e9, 2e9))
    assert gzip.decompress(asked(served, "/a.js", **{"Accept-Encoding": "gzip"})[2]) == b"new"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(("path", "status"), [
    ("/", 200), ("/a.js?_=c9f706b", 200), ("/missing.html", 404), ("/empty/", 404),
    ("/../pyproject.toml", 400), ("/%2e%2e/pyproject.toml", 400), ("/empty/..%2f..%2fpyproject.toml", 400), ("/..", 400),
    ("/..%5cpyproject.toml", 400), ("/a\\b", 400), ("/%00", 400), ("/a.js%00.html", 400), ("/%0d%0aSet-Cookie:x", 400),
    ("/%ff", 400), ("/%ed%a0%80", 400), ("a.js", 400), ("http://127.0.0.1/a.js", 400),
    ("/" + "x" * 300, 404), ("/" + "x" * 5000, 414), ("/" + "x" * 70_000, 414),
    ("/out.html", 404), ("/out/secret.html", 404), ("/out/", 404), ("/paged/", 404), ("/loop", 404), ("/in.js", 200)])
def test_nothing_outside_the_site_is_served(served, tmp_path_factory, method, path, status):
    folder, outside = Path(served.folder), tmp_path_factory.mktemp("outside")
    (outside / "secret.html").write_text("secret")
    (outside / "index.html").write_text("secret")
    for name in ("empty", "paged"):
        (folder / name).mkdir()
    for name, target in {"out.html": outside / "secret.html", "out": outside, "paged/index.html": outside / "index.html",
                         "in.js": "a.js", "loop": "loop"}.items():
        (folder / name).symlink_to(target)
    got, headers, body = asked(served, path, method)
    assert got == status and b"secret" not in body
    assert served.server_address[0] == "127.0.0.1"
    if status != 414:                                                   # (refused before it is read)
        assert headers["X-Content-Type-Options"] == "nosniff" and "script-src 'self'" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(("host", "status"), [
    ("127.0.0.1:{}", 200), ("localhost:{}", 200), ("LOCALHOST:{}", 200), ("[::1]:{}", 200), ("127.0.0.1", 200),
    ("localhost:9", 200),
    ("evil.example:{}", 403), ("127.0.0.1.evil.example:{}", 403), ("localhost.evil.example", 403),
    ("evil.example@localhost", 403), ("", 403), (None, 403), ("0.0.0.0:{}", 403), ("localhost:x", 403)])
def test_a_foreign_name_for_this_machine_is_refused(served, host, status):
    assert asked(served, "/a.js", Host=host and host.format(served.server_port))[0] == status


def test_each_part_of_the_site_has_its_policy(served, tmp_path):
    reading = asked(served, "/a.js")[1]["Content-Security-Policy"]
    lab = asked(served, "/lab/index.html")[1]["Content-Security-Policy"]
    scripts = {policy: re.search("script-src ([^;]*);", policy)[1] for policy in (reading, lab)}
    assert scripts[reading] == "'self' 'wasm-unsafe-eval'" and "'unsafe-eval'" in scripts[lab]
    assert all("object-src 'none'" in policy and "http" not in policy for policy in (reading, lab))
    (tmp_path / "index.html").write_text(
        '<script type="application/json" id="live">{"indexURL":"https:\\u002f\\u002fpython.example\\u002fv1\\u002f"}</script>')
    for policy in serve.policies(tmp_path):
        for part in ("script-src", "connect-src"):
            assert f"{part} 'self' https://python.example" in policy


def test_pages_have_no_inline_scripts():
    for template in (places.ROOT / "web" / "reading").glob("*.j2"):
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"<script(?![^>]*(src=|type=\"application/json\"))", text), template.name
        assert not re.search(r"\son\w+=|javascript:", text), template.name


def test_a_taken_port_and_a_missing_site_are_said_in_words(served, tmp_path, capsys):
    taken = str(served.server_port)
    assert __main__.main(["serve", "--folder", str(tmp_path), "--port", taken]) == 1
    assert f"port {taken} cannot be used" in capsys.readouterr().err
    assert __main__.main(["serve", "--folder", str(tmp_path / "nowhere")]) == 1
    assert "`make site` builds it" in capsys.readouterr().err
