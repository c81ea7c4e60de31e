"""Does the page answer?  The doctor's question to the front end, asked through the smallest widget there can be."""

import asyncio
import time
from pathlib import Path

import anywidget
import traitlets
from IPython.display import display

PATIENCE = 6
"""Seconds after which a silent page is told what to do about it; an answer that comes later still counts."""

WAITING = "page: waiting for it to answer ..."
SILENT = """\
page: no answer. The kernel works, but this page cannot show panels. What to do, in this order:
  1. reload the page (F5) and run this cell again;
  2. in a terminal, with the Python that started JupyterLab:  python -m mombook doctor
  3. is the notebook in an editor or a service of its own?  Its support for widgets must be switched on; the JupyterLab
     that `make lab` starts has it.
Until then a panel is its sentence, as text."""
ANSWERED = "page: ok, it answers in {:.0f} ms"


class Probe(anywidget.AnyWidget):
    """Answers the page, and hears from it how long that took."""

    _esm = Path(__file__).with_name("probe.js")
    answered = traitlets.Float(allow_none=True, default_value=None)
    """Milliseconds from page to kernel and back; None while the page is silent."""

    def __init__(self, say):
        super().__init__()
        self._say = say
        self.on_msg(self._heard)

    def _heard(self, _, message, __):
        if message.get("asks"):
            self.send({"sent": message["sent"]})
        elif isinstance(message.get("ms"), int | float):
            self.answered = float(message["ms"])
            self._say(ANSWERED.format(self.answered))

    def give_up(self):
        """Say what to do, if nothing has come by now."""
        if self.answered is None:
            self._say(SILENT)


class _Line:
    """Text as it is, without quotation marks."""

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return self.text


def show(patience=PATIENCE):
    """Ask the page; what it says, or what to do if it says nothing, appears in the cell's output."""
    line = display(_Line(WAITING), display_id=f"mombook-doctor-{time.monotonic_ns()}")
    probe = Probe(lambda text: line.update(_Line(text)))
    display(probe)
    asyncio.get_running_loop().call_later(patience, probe.give_up)
    return probe
