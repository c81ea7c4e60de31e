"""Teacher mode: large type, presets under the number keys, theory hidden until the class has guessed."""

import html

import ipywidgets as w

from .steering import WRAP


class Teacher:
    """The button that starts and ends it, what its keys do, and the line that lists them.

    Args:
        panel: the definition; page: hears the keys; steering: goes to presets.
        enlarge: called with whether type is to be large; hide: with whether theory is to be hidden; simulate: starts a run.
        button: makes a button from a label, a tooltip and what it does; guard: lets a callback's failures be heard.
    """

    def __init__(self, panel, page, steering, enlarge, hide, simulate, button, guard):
        self.on = self.hides = False
        self._presets, self._at = list(panel.presets), -1
        self._page, self._steering, self._enlarge, self._hide = page, steering, enlarge, hide
        self._theory = button("Hide theory", "hide what theory says until the class has guessed (t)", lambda _: self.veil())
        self._acts = {"0": self._reset, "n": lambda: self._step(1), "PageDown": lambda: self._step(1),
                      "p": lambda: self._step(-1), "PageUp": lambda: self._step(-1), "Escape": lambda: self.teach(False)}
        self._acts |= {str(k + 1): lambda k=k: self._go(k) for k in range(min(9, len(self._presets)))}
        if panel.theory:
            self._acts["t"] = self.veil
        if simulate:
            self._acts["s"] = simulate
        self.toggle = w.ToggleButton(description="Teach", tooltip="large type; keys step through presets and hide theory",
                                     layout=w.Layout(width="auto"))
        self.toggle.observe(guard(lambda change: self.teach(change["new"])), names="value")
        numbered = [f"<b>{k + 1}</b> {html.escape(label)}" for k, label in enumerate(self._presets[:9])]
        told = [*numbered, "<b>0</b> paper's values", "<b>n</b> <b>p</b> next, previous",
                *(["<b>t</b> theory"] if panel.theory else []), *(["<b>s</b> simulate"] if simulate else []),
                "<b>Esc</b> leave"]
        self.box = w.Box([*([self._theory] if panel.theory else []),
                          w.HTML(f"<div class='mombook-keys'>keys: {' · '.join(told)}</div>")],
                         layout=w.Layout(**{**WRAP, "display": "none"}))

    def teach(self, on):
        """Begin or end; at the end theory is shown again."""
        if on == self.on:
            return
        self.on = self.toggle.value = on
        self._page.pressed = sorted(self._acts) if on else []               # keys work before they are listed
        self.box.layout.display = "flex" if on else "none"
        self._enlarge(on)
        if not on and self.hides:
            self.veil()

    def veil(self):
        """Hide theory, or show it again."""
        self.hides = not self.hides
        self._theory.description = "Show theory" if self.hides else "Hide theory"
        self._hide(self.hides)

    def key(self, key):
        """A key was pressed on the panel."""
        self._acts.get(key, lambda: None)()

    def _step(self, by):
        if self._presets:
            first = 0 if by > 0 else -1
            self._go((self._at + by) % len(self._presets) if self._at >= 0 else first % len(self._presets))

    def _go(self, k):
        self._at = k
        self._steering.preset(self._presets[k])

    def _reset(self):
        self._at = -1
        self._steering.reset()
