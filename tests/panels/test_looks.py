"""What a pointer reads and what an eye tells apart: hover texts say what x and y are, and every method has its own look."""

import itertools
import re

import pytest

from mombook.panels import definition, style

from . import scenarios

PLACE = re.compile(r"%\{(x|y|z|customdata)[^}]*\}")
# The word beside a number of a hover text -> what the title of its axis must speak of.
BEFORE = {"B": ("batch", "rows per iteration"), "B =": ("batch",), "at B": ("batch",), "at B =": ("batch",), "κ": ("κ",),
          "decay": ("decay",), "at decay": ("decay",), "η =": ("learning rate",), "at η =": ("learning rate",),
          "λ/L": ("eigenvalue",),
          "multiplicity": ("multiplicity",), "1−β": ("1 − β",), "1 − momentum": ("momentum",), "lr": ("learning rate",),
          "gap": ("gap",), "h": ("h × L",), "largest h": ("h × L",), "ηL": ("learning rate",), "best of": ("spectra",),
          "CE has halved at B": ("batch",), "eigenvalue": ("rank",), "critical batch": ("batch",)}
AFTER = {"steps": ("steps",), "iterations": ("iterations",), "samples": ("samples",), "row visits": ("row visits",),
         "trials": ("trials",), "of the limit": ("limit",)}


def titles(figure, trace):
    """The titles of a trace's axes."""
    return {letter: figure.layout[f"{letter}axis{(trace[f'{letter}axis'] or letter)[1:]}"].title.text or "" for letter in "xy"}


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_hover_texts_speak_of_the_axes_their_numbers_are_on(name):
    figure, checked = scenarios.figure(name), 0
    for trace in figure.data:
        text = (trace.hovertemplate or "").split("<extra>")[0].replace("<br>", ", ")
        named = titles(figure, trace)
        for m in PLACE.finditer(text):
            if m[1] not in "xy":
                continue
            before = re.split(r"[,:;}]|%\{", text[:m.start()])[-1].strip()
            after = re.split(r"[,:;<%]", text[m.end():])[0].strip()
            for words, table in ((before, BEFORE), (after, AFTER)):
                for word, meant in table.items():
                    fits = words == word if table is BEFORE else words == word or words.startswith(f"{word} ")
                    if fits and named[m[1]]:
                        assert any(each in named[m[1]] for each in meant), f"{trace.name}: {text!r} on {named}"
                        checked += 1
            if re.search(r"\b(at|after|near|with)$", before):
                assert m[1] == "x", f"{trace.name}: {text!r}"
    assert checked or name in ("heavy_ball", "ruler", "typical", "translator") or name.startswith("predict")


FORMATS = {".3~r", ".3~g", ".2f", ".3f", ".4f"}
"""Of numbers under the pointer: the two of ``mombook.prose``, and fixed decimals of exponents, decays and ratios near 1."""


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_numbers_under_the_pointer_have_the_formats_of_prose(name):
    for trace in scenarios.figure(name).data:
        formats = re.findall(r"%\{\w+:([^}]*)\}", trace.hovertemplate or "")
        assert set(formats) <= FORMATS, trace.name
        for small in ("η = ", "λ/L ", "lr ", "ηL "):                    # these may be tiny
            assert f"{small}%{{x:.3~r}}" not in (trace.hovertemplate or ""), trace.name


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_a_methods_name_is_on_its_own_trace_in_its_own_look(name):
    """No trace is called one method and looks, or calls itself under the pointer, like another."""
    words = {look.word: look for look in style.METHODS.values()}
    for trace in scenarios.figure(name).data:
        own = [word for word in words if re.match(rf"{word}(?!\w|'s)", trace.name)]
        if not own:
            continue
        look, extra = words[own[0]], re.search(r"<extra>(.*?)</extra>", trace.hovertemplate or "")
        if extra:
            said = [word for word in words if re.search(rf"(?<!\w){word}(?!\w)", extra[1])]
            assert said in ([], own), f"{trace.name}: {extra[1]}"
        if trace.type == "heatmap":
            continue
        seen = {trace.line.color, trace.marker.color, trace.marker.line.color, trace.fillcolor}
        seen = (seen | ({trace.textfont.color} if trace.mode == "text" else set())) - {None}
        dyed = {look.color, *(c for c in seen if c.startswith(style.rgba(look.color, 0)[:-2]))}
        assert seen & dyed, f"{trace.name}: {seen}"
        others = {other.color for word, other in words.items() if word != own[0]}
        assert not seen & others, f"{trace.name}: {seen}"


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_layouts_set_subplots_beside_or_under_one_another(name):
    """Wide: side by side, left to right; stacked: top to bottom, higher than wide; every subplot has a title's place."""
    panel = definition(name)
    for layout, split, other in ((panel.wide(), "x", "y"), (panel.stacked(), "y", "x")):
        spans = [layout[f"{split}axis{k}"]["domain"] for k in ("", 2, 3) if f"{split}axis{k}" in layout]
        ordered = spans if split == "x" else spans[::-1]
        assert all(a[1] < b[0] for a, b in itertools.pairwise(ordered))
        across = [layout.get(f"{other}axis{k}", {"domain": [0, 1]}) for k in ("", 2, 3)[:len(spans)]]
        assert all(each["domain"] == [0, 1] for each in across)
    if spans:
        assert panel.stacked()["height"] > panel.wide()["height"] >= 400
        over = [note.xref for note in scenarios.figure(name).layout.annotations[:len(spans)]]
        assert over == ["x domain", "x2 domain", "x3 domain"][:len(spans)]


def changed(layout, changes):
    """A layout as plain data, with nested changes."""
    made = dict(layout)
    for key, value in changes.items():
        made[key] = changed(made.get(key, {}), value) if isinstance(value, dict) else value
        if isinstance(value, tuple):
            made[key] = [*value]
    return made


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_an_empty_figure_is_a_wide_pages_and_no_subplot_lies_over_another(name):
    panel, figure = definition(name), scenarios.figure(name)
    wide = changed({}, {key: value for key, value in figure.layout.to_plotly_json().items() if key != "template"})
    assert changed(wide, panel.wide()) == wide
    for layout in (wide, changed(wide, panel.stacked())):
        axes = {(trace.xaxis or "x", trace.yaxis or "y") for trace in figure.data}
        axes = {pair for pair in axes                                   # one axis over another is on purpose
                if not any("overlaying" in layout[f"{axis[0]}axis{axis[1:]}"] for axis in pair)}
        spans = [[layout[f"{axis[0]}axis{axis[1:]}"].get("domain", (0, 1)) for axis in pair] for pair in sorted(axes)]
        for k, one in enumerate(spans):
            assert all(low < high for low, high in one)
            for other in spans[:k]:
                assert any(a[1] <= b[0] or b[1] <= a[0] for a, b in zip(one, other, strict=True)), (one, other)
