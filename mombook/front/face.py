"""A panel as data that the front end draws: controls, plotly figure at one scenario, words, and how its looks differ."""

from ..panels import bars, export, style
from ..panels.frame import apply, change
from ..panels.remote import described, texts


def face(panel, line="", simulate=True):
    """One panel at one scenario line.

    Args:
        panel: the definition; line: the scenario.
        simulate: whether the simulation is run to its end and drawn.

    Returns:
        dict: ``described(panel)``, the words, the spectrum's bars and the plotly figure at the scenario, its ``looks`` (light,
        dark, normal and large: what each sets in the figure), and where subplots stand on a ``wide`` page and ``stacked`` on a
        phone.
    """
    scenario = panel.read(line)
    view, figure = panel.exact(scenario, final=True), panel.figure()
    apply(figure, view, rescale=True)
    arrived, heard = {}, ""
    for piece in panel.sample(scenario) if simulate else ():
        arrived |= {name: {**arrived.get(name, {}), **new} for name, new in piece.traces.items()}
        heard = piece.sentence or heard
    change(figure, arrived)
    called = export.axes(figure)
    table = export.html_table(panel, panel.write(scenario), export.arrays(figure), called)
    return {**described(panel), "line": panel.write(scenario),
            "values": texts(panel, scenario), "spectrum": panel.described(scenario),
            "bars": bars.drawn(panel.spectrum(scenario)) if panel.own else [],
            "sentence": view.sentence, "lamps": [list(lamp) for lamp in view.lamps], "text": view.text, "simulated": heard,
            "axes": called, "table": table, "looks": looks(panel), "figure": figure.to_plotly_json(),
            "wide": panel.wide(), "stacked": panel.stacked()}


def looks(panel):
    """What a light and a dark page and normal and large type set in a panel's figure.

    Returns:
        dict: name of the look -> ``traces`` (name -> dotted attribute -> value), ``layout`` (the same), and ``notes`` (the
        same for the font of each annotation). The large look also has ``tall``: how many times its height it takes.
    """
    plain = panel.figure()
    height = plain.layout.height or 450
    dark = style.dress(panel.figure(), plain, dark=True)
    large = style.resize(panel.figure(), plain, height, style.LARGE)
    made = {**_apart({"light": plain, "dark": dark}), **_apart({"normal": plain, "large": large})}
    made["large"]["tall"] = large.layout.height / height
    return made


def _apart(figures):
    """Where two looks of a figure differ, and what each has there."""
    names = [trace.name for trace in next(iter(figures.values())).data]
    flat = {word: _flat(figure.to_plotly_json()) for word, figure in figures.items()}
    one, two = flat.values()
    differ = {part: [sorted(path for path in {**a, **b} if a.get(path) != b.get(path))
                     for a, b in zip(one[part], two[part], strict=True)] for part in one}

    def here(look, part):
        return [{path: old.get(path) for path in paths} for old, paths in zip(look[part], differ[part], strict=True)]

    return {word: {"traces": {name: new for name, new in zip(names, here(look, "traces"), strict=True) if new},
                   "layout": here(look, "layout")[0], "notes": here(look, "notes")} for word, look in flat.items()}


def _flat(figure):
    """Texts and numbers of a figure's traces, layout and annotations' fonts by dotted path; heights and data are left out."""
    layout = {name: part for name, part in figure["layout"].items() if name not in ("annotations", "height", "template")}
    return {"traces": [dict(_leaves(trace)) for trace in figure["data"]], "layout": [dict(_leaves(layout))],
            "notes": [dict(_leaves(note.get("font") or {})) for note in figure["layout"].get("annotations", ())]}


def _leaves(tree, path=""):
    """Pairs (dotted path, value) of the texts and numbers in nested dicts."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{path}{key}.")
        elif isinstance(value, str | int | float):
            yield path + key, value
