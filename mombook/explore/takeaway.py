"""The row under a panel from which a reader takes things away: scenario line, files, code, pictures."""

import ipywidgets as w

from .figurewidget import figure_widget


class TakeAway:
    """The scenario line and the buttons beside it; ``press`` is where pictures for print are drawn unseen."""

    def __init__(self, live, page, words):
        self._live, self._page, self._words = live, page, words
        self.line = w.Text(description="scenario", continuous_update=False, layout=w.Layout(width="min(640px, 100%)"))
        self.press = w.Box([]).add_class("mombook-print")
        self._printing = None
        file = f"mombook_{live.panel.name}"
        buttons = [
            ("Copy", "copy the scenario line", lambda: page.copy(live.scenario)),
            ("Copy code", "copy three lines that bring this figure back in a cell", lambda: page.copy(live.code())),
            ("CSV", "download the plotted numbers", lambda: page.download(f"{file}.csv", live.csv(), "text/csv")),
            ("Script", "download a program that computes and prints every number in the figure",
             lambda: page.download(f"{file}.py", live.script(), "text/x-python")),
            ("BibTeX", "download the works this panel rests on", lambda: page.download(f"{file}.bib", live.bibtex())),
            ("PNG", "download the picture, in print size", lambda: self._print("png")),
            ("SVG", "download the picture as a drawing", lambda: self._print("svg")),
        ]
        self._tabled = w.ToggleButton(description="Table", tooltip="the plotted numbers as a table",
                                      layout=w.Layout(width="auto"))
        self._tabled.observe(words.guard(lambda _: self.tabulate()), names="value")
        self.table = w.HTML()
        self.boxes = [self.line, *(words.button(label, tip, lambda _, act=act: act()) for label, tip, act in buttons),
                      self._tabled, self.press]

    def tabulate(self):
        """Fill the table anew while it is open."""
        if self._tabled.value:
            self.table.value = ("<div tabindex='0' role='region' aria-label='table of the plotted numbers' "
                                "style='overflow:auto;max-height:420px'>" + self._live.html_table() + "</div>")
        elif self.table.value:
            self.table.value = ""

    def _print(self, format):
        """Draw the picture and ask the page to save it; ``printed`` hears when it has."""
        self.printed()
        self._words.note("drawing the picture ...")
        self._printing = figure_widget(self._live.picture())
        self.press.children = [self._printing]
        self._page.picture(f"mombook_{self._live.panel.name}", format)

    def printed(self):
        """The page has saved the picture, or never will: take it off the press."""
        if self._printing is not None:
            self.press.children = []
            self._printing.close()
            self._printing = None
