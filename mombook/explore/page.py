"""What a panel needs of the page it stands on: width and theme, clipboard, downloads, names for what ipywidgets leaves
nameless (page.js)."""

from pathlib import Path

import anywidget
import ipywidgets as w
import traitlets

from ..panels.style import LARGE, dress, resize

NARROW = 760
"""Pages narrower than this (pixels) get the subplots under one another."""


class Page(anywidget.AnyWidget):
    """The invisible widget that talks to the page; it acts on the panel it is a child of."""

    _esm = Path(__file__).with_name("page.js")
    _css = Path(__file__).with_name("page.css")
    width = traitlets.Int(0).tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)
    pressed = traitlets.List().tag(sync=True)              # keys that are the panel's while it is taught with
    said = traitlets.Unicode("").tag(sync=True)         # the figure's text for those who do not see it

    def __init__(self):
        super().__init__(layout=w.Layout(width="100%", height="0px"))

    def copy(self, text):
        """Put a text on the clipboard; the page answers with a message ``{"action": "copy", "done": ...}``."""
        self.send({"action": "copy", "text": text})

    def download(self, name, text, kind="text/plain"):
        """Save a text as a file."""
        self.send({"action": "download", "name": name, "type": kind, "text": text})

    def picture(self, name, format):
        """Save the figure that stands in the panel's ``mombook-print`` box as ``png`` or ``svg``."""
        self.send({"action": "picture", "name": name, "format": format})


class Frame:
    """Keeps a figure as wide as its page, in the page's colours, with subplots beside or under one another."""

    def __init__(self, panel, figure):
        self._panel, self._figure, self._light = panel, figure, panel.figure()
        self._narrow = self._dark = self._large = False

    def fit(self, width, dark, large):
        """Follow the page, and whether type is to be large."""
        figure, narrow = self._figure, 0 < width < NARROW
        if width > 0 and figure.layout.width != width:
            figure.layout.width = width
        if (narrow, large) != (self._narrow, self._large):
            self._narrow, self._large = narrow, large
            arranged = self._panel.stacked() if narrow else self._panel.wide()
            figure.update_layout(arranged)
            resize(figure, self._light, arranged.get("height") or self._light.layout.height or 450, LARGE if large else 1)
        if dark != self._dark:
            self._dark = dark
            dress(figure, self._light, dark)
