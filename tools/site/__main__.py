"""``python -m tools.site build | serve``."""

import argparse
import os
import sys
from pathlib import Path

from .places import SITE


def main(arguments=None):
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.site", description="The book as web pages.")
    commands = parser.add_subparsers(dest="command", required=True)
    make = commands.add_parser("build", help="build the site")
    make.add_argument("--pyodide", default="local", metavar="WHERE",
                      help="'local' ships Python for the browser (default), 'official' loads it from Pyodide's own "
                           "distribution, an address from there")
    make.add_argument("--repository", metavar="OWNER/NAME",
                      help="the book's repository on GitHub, for links to Colab and Binder (default: the remote origin)")
    show = commands.add_parser("serve", help="show the site on 127.0.0.1")
    show.add_argument("--port", type=int, default=8000)
    for command in (make, show):
        command.add_argument("--folder", type=Path, default=SITE)
    options = parser.parse_args(arguments)
    try:
        return _build(options) if options.command == "build" else _serve(options)
    except ValueError as refused:
        print(refused, file=sys.stderr)
        return 1


def _build(options):
    from .build import build
    from .elsewhere import repository

    missing = build(options.folder, options.pyodide, options.repository or repository())
    for sentence in missing:
        print(sentence, file=sys.stderr)
    print(f"{options.folder.name}/ is built; `make serve` shows it.")
    return int(bool(missing) and os.environ.get("MOMBOOK_REQUIRE_ALL") == "1")


def _serve(options):
    from .serve import serve

    serve(options.folder, options.port)
    return 0


if __name__ == "__main__":
    sys.exit(main())
