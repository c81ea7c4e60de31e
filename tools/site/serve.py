"""A web server for site/, for this machine only."""

import functools
import http.server
import sys
from pathlib import Path

from .places import SITE


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files as a web host would send them: browsers run neither modules nor wasm under a wrong type."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map,            # noqa: RUF012
                      ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".css": "text/css",
                      ".json": "application/json", ".ipynb": "application/json", ".svg": "image/svg+xml",
                      ".woff2": "font/woff2", ".whl": "application/zip", ".webmanifest": "application/manifest+json"}

    def end_headers(self):
        """Let browsers keep what they have but ask each time whether it is still right: a rebuilt site shows at once."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, *_):
        """Nothing: the terminal is the reader's."""


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
        return Server(("127.0.0.1", port), functools.partial(Handler, directory=str(folder)))
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
