"""A web server for site/, for this machine only: it answers no page of another site, and shows nothing outside the folder."""

import functools
import gzip
import http.server
import io
import json
import os
import re
import sys
from http import HTTPStatus
from pathlib import Path
from urllib.parse import unquote, urlsplit

from . import lite
from .places import SITE

LONGEST = 4096
"""Characters of an address; the site's own are far shorter."""

LIVE = re.compile(r'<script type="application/json" id="live">(.*?)</script>', re.DOTALL)
"""Where a page keeps what ``loadPyodide`` needs."""

PACKED = (".js", ".mjs", ".css", ".html", ".json", ".svg", ".ipynb")
"""What is sent compressed, as web hosts do: text."""

LOCAL = ("127.0.0.1", "localhost", "[::1]")
"""What this machine calls itself. Another name in ``Host`` means that a foreign site's name was made to point here."""


def policies(folder):
    """What a page may load and run, as Content-Security-Policy: for the pages to read, and for JupyterLite.

    Everything is the site's own, and Python where the site loads it from elsewhere. WebAssembly may be compiled. Inline
    styles are KaTeX's and plotly's. JupyterLite also has inline scripts, evaluates code and starts workers from blobs.
    """
    own = " ".join(["'self'", *_python_origin(Path(folder))])
    rest = (f"connect-src {own} data: blob:; img-src 'self' data: blob:; font-src 'self' data:; "
            f"style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'")
    reading = f"default-src 'self'; script-src {own} 'wasm-unsafe-eval'; worker-src 'self'; {rest}"
    lab = (f"default-src 'self'; script-src {own} 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob: data:; "
           f"worker-src 'self' blob: data:; frame-src 'self' blob: data:; media-src 'self' blob: data:; {rest}")
    return reading, lab


def _python_origin(folder):
    """Where the site's pages load Python from, if from elsewhere, as a list."""
    try:
        page = (folder / "index.html").read_text(encoding="utf-8")
        url = urlsplit(json.loads(LIVE.search(page)[1])["indexURL"])
    except (OSError, ValueError, KeyError, TypeError):                  # no pages, or pages without Python
        return []
    return [f"{url.scheme}://{url.netloc}"] if url.netloc else []


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files as a web host would send them: browsers run neither modules nor wasm under a wrong type."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map,            # noqa: RUF012
                      ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css",
                      ".json": "application/json", ".ipynb": "application/json", ".svg": "image/svg+xml",
                      ".woff2": "font/woff2", ".whl": "application/zip", ".webmanifest": "application/manifest+json"}

    def __init__(self, *request, policies, **more):
        self._reading, self._lab = policies
        super().__init__(*request, **more)

    def end_headers(self):
        """Let browsers keep what they have but ask each time whether it is still right: a rebuilt site shows at once."""
        in_lab = getattr(self, "path", "").startswith(f"/{lite.FOLDER}/")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", self._lab if in_lab else self._reading)
        super().end_headers()

    def send_head(self):
        """The answer to GET and HEAD: a file of the folder, or why not."""
        no = self._refusal()
        if no:
            self.send_error(no)
            return None
        file = Path(self.translate_path(self.path))
        if file.suffix in PACKED and file.is_file() and re.search(r"\bgzip\b", self.headers.get("Accept-Encoding", "")):
            return self._packed(file)
        return super().send_head()

    def _packed(self, file):
        """The same for a file that is sent compressed."""
        changed = int(file.stat().st_mtime)
        stamp, content = self.date_time_string(changed), _compressed(file, changed)
        is_known = self.headers.get("If-Modified-Since") == stamp
        self.send_response(HTTPStatus.NOT_MODIFIED if is_known else HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(file))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Vary", "Accept-Encoding")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Last-Modified", stamp)
        self.end_headers()
        return None if is_known else io.BytesIO(content)

    def list_directory(self, path):
        """Nothing: folders without a page are not shown."""
        self.send_error(HTTPStatus.NOT_FOUND)

    def _refusal(self):
        """The status of an answer without a file; ``None`` where there is one to send."""
        hosts = self.headers.get_all("Host", [])
        names = {*LOCAL, self.server.server_address[0]}
        if len(hosts) != 1 or re.sub(r":\d+$", "", hosts[0].strip().lower()) not in names:      # (a tunnel has another port)
            return HTTPStatus.FORBIDDEN
        if len(self.path) > LONGEST:
            return HTTPStatus.REQUEST_URI_TOO_LONG
        path = unquote(re.split("[?#]", self.path)[0], errors="replace")
        odd = not path.startswith("/") or "\\" in path or "\N{REPLACEMENT CHARACTER}" in path or any(ord(c) < 32 for c in path)
        if odd or ".." in path.split("/"):
            return HTTPStatus.BAD_REQUEST
        file, root = Path(self.translate_path(self.path)), os.path.realpath(self.directory)
        for each in (file, file / "index.html", file / "index.htm"):
            if not Path(os.path.realpath(each)).is_relative_to(root):   # a link that leads out
                return HTTPStatus.NOT_FOUND
        return None

    def log_message(self, *_):
        """Nothing: the terminal is the reader's."""


@functools.lru_cache(maxsize=512)
def _compressed(file, changed):
    """A file's bytes as gzip, kept until it has ``changed``."""
    return gzip.compress(file.read_bytes(), 6, mtime=changed)


class Server(http.server.ThreadingHTTPServer):
    """Answers several readers at once."""

    def handle_error(self, request, client_address):
        """A reader who leaves in the middle of a file is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(folder=SITE, port=8000):
    """A server of ``folder`` on 127.0.0.1, listening but not yet answering; port 0 takes a free one.

    Raises:
        ValueError: the folder has not been built, or the port is taken.
    """
    folder = Path(folder)
    if not (folder / "index.html").exists() and not (folder / "lab").exists():
        raise ValueError(f"there is no site in {folder}; `make site` builds it")
    try:
        return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(folder), policies=policies(folder)))
    except OSError as taken:
        raise ValueError(f"port {port} cannot be used ({taken.strerror}); take another:  make serve PORT={port + 1}") from None


def serve(folder=SITE, port=8000):
    """Serve until Ctrl-C."""
    with server(folder, port) as listening:
        print(f"http://127.0.0.1:{listening.server_port}/  serves {Path(folder).name}/; Ctrl-C stops it", flush=True)
        try:
            listening.serve_forever()
        except KeyboardInterrupt:
            print()
