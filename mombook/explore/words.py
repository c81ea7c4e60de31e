"""The words under a figure: the sentence, lamps, text to copy, what the simulation found, and the status line."""

import html
import traceback
from pathlib import Path

import ipywidgets as w

from .pace import FIGURE


class Words:
    """Widgets that say what is seen; ``sentence``, ``text``, ``heard`` and ``status`` are shown in this order."""

    large = False

    def __init__(self, page):
        self._page = page
        self.sentence, self.text, self.heard, self.status = (w.HTML(layout=w.Layout(margin="0 8px")) for _ in range(4))

    def say(self, view, status=""):
        """A view's sentence and lamps; ``status`` is how long it took."""
        lamps = "".join(f"<div>{'●' if met else '○'} {html.escape(name)}: {html.escape(why)}</div>"
                        for name, met, why in view.lamps if not met)
        size = ";font-size:1.6em" if self.large else ""
        self.sentence.value = (f"<div role='status' aria-live='polite' style='line-height:1.45{size}'>"
                               f"{html.escape(view.sentence)}"
                               f"{lamps}</div>")
        self.text.value = f"<pre style='white-space:pre-wrap;line-height:1.4'>{html.escape(view.text)}</pre>"
        self._page.said = view.sentence
        if status or "mombook-alert" not in self.status.value:           # what went wrong stays until something else moves
            self.note(status)

    def hear(self, sentence):
        """What the simulation found; nothing, before there is one."""
        self.heard.value = f"<div style='line-height:1.4'>{html.escape(sentence)}</div>" if sentence else ""

    def note(self, sentence):
        """A word in passing."""
        self.status.value = f"<span style='opacity:.8'>{html.escape(sentence)}</span>" if sentence else ""

    def alert(self, sentence):
        """Something went wrong or was refused."""
        self.status.value = f"<span role='alert' class='mombook-alert'>{html.escape(sentence)}</span>"

    def failed(self, error, still):
        """An exception, in a line, and what is ``still`` true."""
        where = traceback.extract_tb(error.__traceback__)[-1]
        self.alert(f"{type(error).__name__}: {error} ({Path(where.filename).name}, line {where.lineno}). {still}")

    def guard(self, act):
        """``act`` as a callback: an exception shows in the status line and is raised; JupyterLab would hide it."""
        def guarded(*args):
            try:
                return act(*args)
            except Exception as error:
                self.failed(error, FIGURE)
                raise
        return guarded

    def button(self, label, tooltip, act):
        """A button whose failures are heard."""
        button = w.Button(description=label, tooltip=tooltip, layout=w.Layout(width="auto"))
        button.on_click(self.guard(act))
        return button
