"""Plotly's FigureWidget, with its 5 MB of JavaScript sent to a page once instead of once per figure."""

import contextlib
import sys
import zlib
from copy import deepcopy
from pathlib import Path

# Plotly imports nbformat, which imports jsonschema, which builds the grammar of an optional checker of web addresses
# when that is installed (Jupyter installs it): 2 to 8 seconds at a kernel's first figure, for a check nobody needs.
# Hiding it while plotly's widget is imported is enough, and this module is the only place that imports it.
_SLOW = "rfc3987_syntax"
_hide = _SLOW not in sys.modules
if _hide:
    sys.modules[_SLOW] = None
import anywidget  # noqa: E402
import plotly  # noqa: E402
import plotly.graph_objects as go  # noqa: E402
import traitlets  # noqa: E402
from plotly.graph_objects import FigureWidget  # noqa: E402

if _hide:
    del sys.modules[_SLOW]

# Plotly looks into pandas whenever a trace changes, if pandas is among the loaded modules. While another thread is just
# importing it (scikit-learn does) that module is half there, and a panel that simulates in its own thread would fail.
with contextlib.suppress(ImportError):
    import pandas  # noqa: F401

# Where plotly 7.1 keeps its widget's script. Private: so the minor version is pinned, and there is _PlainFigure.
BUNDLE = Path(plotly.__file__).parent / "package_data" / "widgetbundle.js"

# Carrier and figures meet in a slot of the page, whichever comes first: after a reload, in a second tab, or when a
# notebook is opened on a running kernel, the models are made in any order. One slot per plotly version, since the
# notebooks open in one JupyterLab page may come from different kernels.
_SLOT = f"""
const slot = (window.__mombook ??= {{}})["plotly {plotly.__version__}"] ??= {{}};
slot.script ??= new Promise((resolve, reject) => Object.assign(slot, {{resolve, reject}}));
"""

_CARRIER = """
async function load(packed) {
  const script = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const url = URL.createObjectURL(new Blob([await new Response(script).text()], {type: "text/javascript"}));
  try { return await import(url); } finally { URL.revokeObjectURL(url); }
}
export default {
  initialize({model}) {
    if (slot.sent) return;
    slot.sent = true;
    load(model.get("packed")).then(slot.resolve, slot.reject);
  }
};
"""

# Anywidget gives a widget two seconds to come up, and on a slow machine or in the browser's own Python the script takes
# longer. So the figure is there at once, keeps what the kernel says meanwhile, and passes it on when the script has come.
# A figure whose script never comes must say so: it would stay blank without a word.
_FIGURE = """
const SAID = ["addTraces", "deleteTraces", "moveTraces", "restyle", "relayout", "update", "animate", "removeLayoutProps",
  "removeTraceProps"].map(name => "_py2js_" + name);
const late = () => new Promise((_, reject) => setTimeout(reject, 60000, new Error(
  "plotly's script has not arrived; restart the kernel and run all cells")));

export default () => {
  let plotly;
  const start = async (model) => {
    const waiting = [];
    const heard = SAID.map(name => [`change:${name}`, () => model.get(name) && waiting.push([name, model.get(name)])]);
    heard.forEach(([event, keep]) => model.on(event, keep));
    const make = (await Promise.race([slot.script, late()])).default;
    heard.forEach(([event, keep]) => model.off(event, keep));
    const widget = typeof make === "function" ? await make() : make;
    await widget.initialize({model});
    for (const [name, message] of waiting) [message, null].forEach(value => model.set(name, value));
    return widget;
  };
  return {
    initialize({model}) {
      plotly = start(model);
      plotly.catch(() => {});                   // each view says it
    },
    render: async (page) => (await plotly).render(page),
  };
};
"""


def figure_widget(figure=None):
    """A FigureWidget of ``figure`` (any plotly figure) that shares the script with the kernel's other figures.

    Data and layout are complete when the widget is made, as hosts that render without a kernel need them. Its ``repr``
    names each trace with its first and last point, so that a notebook that shows it holds numbers nbval can compare.
    When plotly's script is not where plotly 7.1 has it, each figure brings its own again: heavier, otherwise the same.

    >>> import plotly.graph_objects as go
    >>> figure_widget(go.Figure(go.Scatter(x=[1, 10], y=[0.5, 0.125], name="exact")))
    FigureWidget with 1 trace
      'exact': scatter, 2 points, (1, 0.5) to (10, 0.125)
    """
    figure = go.Figure() if figure is None else figure
    return _SharedFigure(figure) if _Carrier.is_there() else _PlainFigure(figure)


class _Carrier(anywidget.AnyWidget):
    """The invisible widget that holds the script. The kernel keeps it, so every page that connects is given it."""

    _esm = _SLOT + _CARRIER
    packed = traitlets.Bytes().tag(sync=True)
    _only = None

    @classmethod
    def is_there(cls):
        """Make the carrier unless there is one (``Widget.close_all`` closes it); False if the script is not found."""
        if cls._only is None or cls._only.comm is None:
            try:
                script = BUNDLE.read_bytes()
            except OSError:
                return False
            cls._only = cls(packed=zlib.compress(script, 3))    # 5.0 MB to 1.7 MB in 60 ms; harder packing gains little
        return True


class _Figure(FigureWidget):
    """What both kinds of figure do better than plotly's: a repr, and a state that keeps up."""

    def __repr__(self):
        """A text that is the same in every run; plotly's own holds random ids."""
        traces = self.data
        return "\n".join([f"FigureWidget with {len(traces)} trace{'s' * (len(traces) != 1)}", *map(_described, traces)])

    def get_state(self, key=None, drop_defaults=False):
        """The state for a page that connects: the figure as it is now.

        Plotly sends changes to open pages without noting them here, so that a reloaded page would show the curves as
        they were when the figure was made, beside sliders that have been moved since.
        """
        state = super().get_state(key, drop_defaults)
        if key is None and "_data" in vars(self):       # not yet there when the base class first introduces itself
            for name, now in [("_widget_data", self._data), ("_widget_layout", self._layout_obj._props)]:
                state[name] = self.trait_metadata(name, "to_json")(deepcopy(now), self)
        return state


class _SharedFigure(_Figure):
    """A figure that takes its script from the carrier."""

    _esm = _SLOT + _FIGURE


class _PlainFigure(_Figure):
    """Plotly's own widget: every figure brings the whole script."""


def _described(trace):
    """One trace in one line: name, type, number of points, ends."""
    line = f"  {trace.name!r}: {trace.type}"
    x, y = trace["x"] if "x" in trace else None, trace["y"] if "y" in trace else None
    if x is None or y is None or not min(len(x), len(y)):
        return line
    first, last = (f"({_short(x[end])}, {_short(y[end])})" for end in (0, -1))
    return f"{line}, {len(y)} points, {first} to {last}"


def _short(value):
    """A coordinate to four figures; whatever is no number as it is."""
    try:
        return f"{float(value):.4g}"
    except (TypeError, ValueError):
        return str(value)
