"""The reference of the package, from its docstrings: pdoc's pages, with equations set when they are made."""

import html
import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

from . import equations

FOLDER = "api"
PACKAGES = ("model", "exact", "sample", "tuning", "data", "sweeps", "study")
MODULES = ("mombook", *(f"mombook.{name}" for name in PACKAGES), "mombook.arrays", "mombook.references")
"""What has pages: the front door and the engine, with their submodules. Panels are described where they stand."""

SHORT = {name: type(name, (), {"__module__": module}) for module, names in (
    ("mombook.arrays", ("Floats", "Ints", "Bools", "Vector", "Draws", "Side")), ("numpy.typing", ("ArrayLike",)))
    for name in names}
"""Types that signatures show by name, and not by what numpy makes of them, which takes lines."""

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\\w])\$([^$\n]+?)\$(?!\w)", re.DOTALL)
HOLE = "KATEXHOLE{}X"
HEAD = ('<link rel="stylesheet" href="{up}vendor/katex.min.css">\n'
        "<style>.katex-display {{ overflow-x: auto; overflow-y: hidden; }}</style>\n</head>")
CALL = re.compile(r'(<span class="n">(\w+)</span><span class="o">\.</span>)<span class="n">(\w+)</span>')


def build(folder):
    """Write the reference into ``folder``/api; returns the paths of its pages.

    Raises:
        ValueError: a docstring with a formula that KaTeX does not understand.
        Missing: KaTeX or node cannot be had.
    """
    import pdoc
    import pdoc.render
    from pdoc import doc, doc_types, render_helpers

    formulas, target = [], Path(folder) / FOLDER

    def markdown(text, module, docformat):
        def hole(found):
            formulas.append((found[1] or found[2], bool(found[1])))
            return HOLE.format(len(formulas) - 1)

        return original(FORMULA.sub(hole, text), module, docformat)

    pdoc.render.configure(docformat="google", include_undocumented=True, show_source=True,
                          footer_text="mombook: an explorable paper on stochastic momentum")
    def short(annotation, names, local, module, fullname):
        parts = fullname.split(".")                                     # of a named tuple, ``names`` is not its module's
        above = (sys.modules.get(".".join(parts[:k])) for k in range(len(parts), 0, -1))
        home = vars(next(filter(None, above)))
        return evaluated(annotation, {**home, **names}, {**(local or {}), **SHORT}, module, fullname)

    original, evaluated = render_helpers.to_markdown, doc_types.safe_eval_type
    render_helpers.to_markdown, doc_types.safe_eval_type, doc.safe_eval_type = markdown, short, short
    try:
        pdoc.pdoc(*MODULES, output_directory=target)
    finally:
        render_helpers.to_markdown, doc_types.safe_eval_type, doc.safe_eval_type = original, evaluated, evaluated
    made, pages = equations.rendered(dict.fromkeys(formulas)), sorted(target.rglob("*.html"))
    for page in pages:
        text = page.read_text(encoding="utf-8")
        text = re.sub(HOLE.format(r"(\d+)"), lambda m: made[formulas[int(m[1])]], text)
        text = text.replace("</head>", HEAD.format(up="../" * len(page.relative_to(folder).parts[:-1])), 1)
        page.write_text(text, encoding="utf-8")
    return pages


def addresses(package):
    """Name in a notebook's code -> name behind its dot -> page and anchor: ``mb.tune`` and ``row_moments.error_curve``."""
    front = importlib.import_module("mombook")
    names = [name for name in front.__all__ if not inspect.ismodule(getattr(front, name))]
    found = {"mb": {name: f"{FOLDER}/mombook.html#{name}" for name in names}}
    for name in package:
        for module in pkgutil.iter_modules(importlib.import_module(f"mombook.{name}").__path__):
            inside = importlib.import_module(f"mombook.{name}.{module.name}")
            own = [key for key, value in vars(inside).items()
                   if getattr(value, "__module__", None) == inside.__name__ and not key.startswith("_")]
            found[module.name] = {key: f"{FOLDER}/mombook/{name}/{module.name}.html#{key}" for key in own}
    return found


def linked(code, known):
    """Highlighted code with a link on each name of the package that has a place in the reference."""
    def link(found):
        address = known.get(found[2], {}).get(found[3])
        return found[0] if address is None else (f'{found[1]}<a class="n" href="{html.escape(address)}">{found[3]}</a>')

    return CALL.sub(link, code)
