"""What moves a panel: its controls, presets, guides and searches, as rows of widgets."""

import ipywidgets as w

from ..panels import scenario as scenarios
from .rows import row

WRAP = {"flex_flow": "row wrap", "align_items": "center", "width": "100%"}


class Steering:
    """The rows above a figure.

    Args:
        panel: the definition; scenario: where the controls stand at first.
        moved: called with a control's name and value when a reader has moved it.
        refused: called with a sentence when a control was given something it cannot take.
        go: called with a scenario that a button leads to; now: returns the present one.
        button: makes a button from a label, a tooltip and what it does.
    """

    def __init__(self, panel, scenario, moved, refused, go, now, button):
        self._panel, self._go, self._now, self._button = panel, go, now, button
        self.controls = {c.name: row(c, scenario[c.name], moved, refused) for c in panel.controls}
        shown = [r.box for r in self.controls.values() if r.box]
        presets = [button(label, _moves(changes), lambda _, label=label: self.preset(label)) for label, changes in
                   panel.presets.items()]
        reset = button("Reset", "back to the paper's values, where this panel opens", lambda _: self.reset())
        more = [*(self._guide(steps) for steps in panel.guides.values()),
                *(button(label, "search, and move the controls there", lambda _, f=find: go({**now(), **f(now())}))
                  for label, find in panel.searches.items())]
        self.boxes = [w.Box(shown, layout=w.Layout(**WRAP)),
                      w.Box([w.Label("presets"), *presets, reset], layout=w.Layout(**WRAP)),
                      *([w.Box(more, layout=w.Layout(**WRAP))] if more else [])]

    def put(self, scenario):
        """Let every control show where the scenario is."""
        for name, control in self.controls.items():
            control.put(scenario[name])

    def preset(self, label):
        """Go to a preset; what it leaves open stays."""
        self._go({**self._now(), **self._panel.presets[label]})

    def reset(self):
        """Go to where the panel opens."""
        self._go(scenarios.defaults(self._panel.controls))

    def _guide(self, steps):
        """A button that walks through a guide's steps and always says what its next click does."""
        def click(_):
            k = next(k for k, (say, _) in enumerate(steps) if say == button.description)
            self._go({**self._now(), **steps[k][1]})
            button.description = steps[(k + 1) % len(steps)][0]

        button = self._button(steps[0][0], "moves the controls", click)
        return button


def _moves(changes):
    """What a preset does, in a few words."""
    return ", ".join(f"{name} {value:g}" for name, value in changes.items() if isinstance(value, int | float))
