"""Results as figures of their own, without controls: what ``plot`` of a result returns."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..prose import given, three
from . import style
from .frame import new_figure

HEIGHT, WIDTH = 440, 940


def advice_figure(advice: Any, dark: bool = False) -> Any:
    """Steps and samples to the target over the batch, every family, as a plotly figure.

    Args:
        advice: a ``mombook.Advice``; dark: for a dark page.

    Returns:
        ``plotly.graph_objects.Figure``. Left, steps; right, samples, with the batch at which they have doubled (open mark),
        and the band of at most twice the fewest. Open circles are measured, and so are the thin dotted lines, on which the open
        marks are then. A star on either side is the recommendation.
    """
    f, c, B = new_figure(), style.theme(dark), advice.batches
    second = {"xaxis": "x2", "yaxis": "y2"}
    if np.isfinite(fewest := advice.fewest):
        f.add_scatter(name="at most twice the fewest samples", x=[B[0], B[-1], B[-1], B[0]], mode="lines", fill="toself",
                      y=[fewest, fewest, 2 * fewest, 2 * fewest], line={"width": 0}, fillcolor=style.rgba("#8a8f98", 0.25),
                      hoverinfo="skip", **second)
    for family in advice.steps:
        _curves(f, advice, family, second)
    if trained := list(advice.measured.values()):
        for what, at in (("steps", {}), ("samples", second)):
            f.add_scatter(name="measured" if at else "measured, steps", x=[p.batch for p in trained], mode="markers",
                          y=[getattr(p, what) for p in trained], text=[style.METHODS[p.family].word for p in trained],
                          marker={"symbol": "circle-open", "size": 11, "color": c["ink"]}, showlegend=bool(at), **at,
                          hovertemplate="%{y:.3~g} " + what + " at B = %{x:.3~r}, measured<extra>%{text}</extra>")
    if advice.best is not None:
        pick, look = advice.pick, style.METHODS[advice.pick.family]
        low, high = pick.interval or (pick.steps, pick.steps)
        for value, what, at, unit in ((pick.steps, "steps", {}, 1.0), (pick.samples, "samples", second, pick.batch)):
            bar = {"array": [unit * high - value], "arrayminus": [value - unit * low], "symmetric": False, "color": c["ink"],
                   "visible": pick.interval is not None}
            f.add_scatter(name="recommendation" if at else f"recommendation, {what}", x=[pick.batch], y=[value], mode="markers",
                          error_y=bar, showlegend=bool(at), marker={"symbol": "star", "size": 16, "color": c["ink"]}, **at,
                          hovertemplate=f"{look.word} at batch {given(pick.batch)}: {three(value)} {what}<extra></extra>")
    f.update_layout(style.layout(dark, width=WIDTH, legend={"orientation": "h", "x": 0, "y": -0.2, "yanchor": "top"},
                                 annotations=style.titles(2)))
    for k, what in enumerate(("steps", "samples"), 1):
        axis = {"dark": dark, "type": "log", "dtick": 1}
        n = "" if k == 1 else k
        f.update_layout({f"xaxis{n}": style.axis("batch size B", anchor=f"y{n}", **axis),
                         f"yaxis{n}": style.axis(f"{what} to the target", anchor=f"x{n}", **axis)})
        f.layout.annotations[k - 1].text = f"<b>{what.capitalize()}</b> to {three(100 * advice.target)} % of the excess risk"
    f.update_layout(style.columns(2))
    f.update_layout(height=HEIGHT, legend={"y": -0.2})
    return f


def _curves(f, advice, family, second):
    """One family's curves."""
    look, B = style.METHODS[family], advice.batches
    for values, what, at in ((advice.steps[family], "steps", {}), (advice.samples[family], "samples", second)):
        shown = np.isfinite(values) & (values > 0)
        f.add_scatter(name=f"{look.word}, {what}" if at else look.word, x=B[shown], y=values[shown], mode="lines+markers",
                      line={"color": look.color, "width": 2.5, "dash": look.dash}, showlegend=not at,
                      marker={"symbol": look.marker, "size": 6, "color": look.color}, **at,
                      hovertemplate="%{y:.3~g} " + what + " at B = %{x:.3~r}<extra>" + look.word + "</extra>")
    critical, twice, kind = advice.critical[family], 2 * advice.samples[family][0], ""
    if ladder := advice.ladders.get(family):
        twice, kind = ladder.twice, ", measured"
        f.add_scatter(name=f"{look.word}, trained", x=ladder.batches, y=ladder.samples, mode="lines", showlegend=False,
                      line={"color": look.color, "width": 1.5, "dash": "dot"}, **second,
                      hovertemplate="%{y:.3~g} samples at B = %{x:.3~r}, measured<extra>" + look.word + "</extra>")
    if np.isfinite(critical):
        f.add_scatter(name=f"{look.word}, critical batch", x=[critical], y=[twice], mode="markers",
                      marker={"symbol": f"{look.marker}-open", "size": 12, "color": look.color, "line": {"width": 2}},
                      showlegend=False, **second,
                      hovertemplate="samples have doubled at batch %{x:.3~r}" + kind + "<extra>" + look.word + "</extra>")
