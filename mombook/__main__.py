"""``python -m mombook COMMAND``: what the book can do without a notebook."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__, checkup
from .study import phase_diagram

COMMANDS = (phase_diagram, checkup)
"""Rooms that are commands: each has NAME and HELP, ``arguments_of(parser)`` and ``run(options)``, which returns the exit
status."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser("python -m mombook", description="mombook: exact mathematics of stochastic momentum.")
    whole.add_argument("--version", action="version", version=f"mombook {__version__}")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for room in COMMANDS:
        command = commands.add_parser(room.NAME, help=room.HELP)
        room.arguments_of(command)
        command.set_defaults(run=room.run)
    return whole


def main(words: Sequence[str] | None = None) -> int:
    """Parse the words of a command line (those of this process by default) and do what they say."""
    options = parser().parse_args(words)
    return options.run(options)


if __name__ == "__main__":
    sys.exit(main())
