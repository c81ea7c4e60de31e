"""A panel's controls as ipywidgets: one class per kind of control, all with ``box`` (what is shown) and ``put``."""

import ipywidgets as w

from ..panels import scenario as scenarios
from ..panels.style import METHODS


def row(control, value, moved, refused):
    """The ipywidgets of one control, by its kind."""
    kinds = {scenarios.Slider: _SliderRow, scenarios.Toggles: _TogglesRow, scenarios.Seed: _Hidden,
             scenarios.Choice: _ChoiceRow, scenarios.Switch: _SwitchRow}
    drawn = next(row for kind, row in kinds.items() if isinstance(control, kind))
    return drawn(control, value, moved, refused)


class _SliderRow:
    """A slider and a field that says its value in the reader's units and can be typed into."""

    def __init__(self, control, value, moved, refused):
        self.control, self._moved, self._refused, self._last, self._busy = control, moved, refused, value, False
        self._sliding = {"description": control.label, "tooltip": control.help, "readout": False,
                         "style": {"description_width": "52px"}, "layout": w.Layout(width="250px")}
        if control.base is None:
            self.slider = w.FloatSlider(value=value, min=control.low, max=control.high, step=control.step, **self._sliding)
        else:
            low, high = control._to(control.low), control._to(control.high)
            self.slider = w.FloatLogSlider(value=float(value), base=control.base, min=low, max=high, step=control.step,
                                           **self._sliding)
        self.field = w.Text(value=control.text(value), continuous_update=False, tooltip=f"type {control.help}",
                            layout=w.Layout(width="84px"))
        self.box = w.HBox([self.slider, self.field], layout=w.Layout(margin="0 10px 0 0"))
        self.slider.observe(self._dragged, names="value")
        self.field.observe(self._typed, names="value")

    def put(self, value):
        """Show a value; what it moves is heard like a drag unless the panel is quiet."""
        value = self.control.value(value)
        if value != self._last:
            self._last = value
            self._busy = True
            self.slider.value, self.field.value = value, self.control.text(value)
            self._busy = False
            self._moved(self.control.name, value)

    def _dragged(self, change):
        if self._busy:
            return
        c = self.control
        value = c.rounded(change["new"])
        # A page shows a value between the stops at the nearest of them, and reports that as if somebody had moved there.
        if value != self._last and value != c.nearest(self._last):
            self._last, self._busy = value, True
            self.field.value = c.text(value)
            self._busy = False
            self._moved(c.name, value)

    def _typed(self, change):
        if self._busy:
            return
        try:
            value = self.control.value(change["new"])
        except ValueError as no:
            self._refused(str(no))
            self._busy = True
            self.field.value = self.control.text(self._last)
            self._busy = False
            return
        if value == self._last:
            self._busy = True
            self.field.value = self.control.text(value)
            self._busy = False
        self.put(value)


class _TogglesRow:
    """Buttons that are on or off, in the colours their lines have in the figure."""

    def __init__(self, control, value, moved, refused):
        self.control, self._moved, self._refused, self._last, self._busy = control, moved, refused, tuple(value), False
        self.buttons = {}
        for option in control.options:
            look = METHODS.get(option)
            button = w.ToggleButton(value=option in value, description=control.words[option],
                                    tooltip=f"show or hide {control.words[option]}", layout=w.Layout(width="auto"))
            if look:
                button.layout.border_bottom = f"3px solid {look.color}"
            button.observe(self._toggled, names="value")
            self.buttons[option] = button
        self.box = w.HBox([w.Label(control.label), *self.buttons.values()], layout=w.Layout(flex_flow="row wrap"))

    def put(self, value):
        """Show a value."""
        value = self.control.value(value)
        if value != self._last:
            self._last, self._busy = value, True
            for option, button in self.buttons.items():
                button.value = option in value
            self._busy = False
            self._moved(self.control.name, value)

    def _toggled(self, change):
        if self._busy:
            return
        value = tuple(o for o, b in self.buttons.items() if b.value)
        if not value:
            self._busy = True
            change["owner"].value = True
            self._busy = False
            self._refused(f"At least one of the {self.control.label} stays on.")
            return
        self._last = value
        self._moved(self.control.name, value)


class _OneWidgetRow:
    """A control that is one ipywidget, made by ``_widget``."""

    def __init__(self, control, value, moved, refused):
        self.control, self._moved, self._last, self._busy = control, moved, value, False
        self.widget = self._widget(value)
        self.widget.observe(self._changed, names="value")
        self.box = w.HBox([self.widget], layout=w.Layout(margin="0 10px 0 0"))

    def put(self, value):
        """Show a value."""
        value = self.control.value(value)
        if value != self._last:
            self._last, self._busy = value, True
            self.widget.value = value
            self._busy = False
            self._moved(self.control.name, value)

    def _changed(self, change):
        if not self._busy:
            self._last = change["new"]
            self._moved(self.control.name, change["new"])


class _ChoiceRow(_OneWidgetRow):
    """A menu."""

    def _widget(self, value):
        c = self.control
        return w.Dropdown(description=c.label, options=[(c.words[o], o) for o in c.options], value=value, tooltip=c.help,
                          style={"description_width": "auto"}, layout=w.Layout(width="auto", max_width="340px"))


class _SwitchRow(_OneWidgetRow):
    """A button that is in or out."""

    def _widget(self, value):
        return w.ToggleButton(description=self.control.label, value=value, tooltip=self.control.help,
                              layout=w.Layout(width="auto"))


class _Hidden:
    """A control without a widget: it travels in the scenario line."""

    box = None

    def __init__(self, control, value, moved, refused):
        self.control, self._moved, self._last = control, moved, value

    def put(self, value):
        """Take a value."""
        value = self.control.value(value)
        if value != self._last:
            self._last = value
            self._moved(self.control.name, value)
