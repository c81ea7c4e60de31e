"""Every public name says its types: nothing is left out, everything named exists, and a reader's script checks.

``mypy`` reads this file too (``make test``): what ``use`` asserts is decided there, before anything runs.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from functools import cached_property
from typing import Any, assert_type, get_type_hints

import numpy as np
import pytest

import mombook as mb
from mombook.arrays import Bools, Floats

WHOLE = ("model", "exact", "sample", "tuning", "data", "sweeps", "study")
"""Packages whose public names are all meant; of ``panels`` and ``explore`` those that a reader holds."""

SINGLE = ("arguments", "arrays", "bounds", "markup", "prose", "references", "versions", "checkup", "claims", "explore",
          "torch", "optax", "sklearn", "panels", "panels.results", "panels.controls", "panels.frame", "panels.scenario",
          "explore.live")


def modules() -> Iterator[Any]:
    for package in WHOLE:
        found = importlib.import_module(f"mombook.{package}")
        yield from (importlib.import_module(f"{found.__name__}.{m.name}") for m in pkgutil.iter_modules(found.__path__))
    yield from (importlib.import_module(f"mombook.{name}") for name in SINGLE)


def own(module: Any) -> Iterator[tuple[str, Any]]:
    """The public functions and classes that a module defines."""
    for name, it in vars(module).items():
        if not name.startswith("_") and (inspect.isfunction(it) or inspect.isclass(it)) \
                and it.__module__ == module.__name__:
            yield f"{module.__name__}.{name}", it


def functions(name: str, it: Any) -> Iterator[tuple[str, Any, bool]]:
    """Name, function, and whether its first argument is the object, for everything that can be called or read."""
    if not inspect.isclass(it):
        yield name, inspect.unwrap(it), False
        return
    for key, value in vars(it).items():
        known = not key.startswith("_") or key in ("__init__", "__call__", "__getitem__", "__len__", "__iter__")
        inner = {property: "fget", cached_property: "func", classmethod: "__func__", staticmethod: "__func__"}.get(type(value))
        function = getattr(value, inner) if inner else value
        if known and inspect.isfunction(function):
            yield f"{name}.{key}", inspect.unwrap(function), not isinstance(value, staticmethod)


def missing(name: str, it: Any) -> list[str]:
    """What of a function or class has no type, or one that cannot be resolved."""
    found = []
    for where, function, bound in functions(name, it):
        signature = inspect.signature(function)
        parameters = [*signature.parameters.values()][bound:]
        found += [f"{where}({p.name})" for p in parameters if p.annotation is p.empty]
        found += [f"{where} ->"] if signature.return_annotation is signature.empty else []
        found += unresolved(where, function)
    return found + (unresolved(name, it) if inspect.isclass(it) else [])


def unresolved(name: str, it: Any) -> list[str]:
    """The annotation that names something unknown, if there is one."""
    try:
        get_type_hints(it)
    except NameError as error:
        return [f"{name}: {error}"]
    return []


PUBLIC = dict(pair for module in modules() for pair in own(module))


def test_the_public_names_are_walked() -> None:
    assert len(PUBLIC) > 250
    assert {"mombook.exact.moments.risk_curve", "mombook.model.spectrum.Spectrum", "mombook.panels.frame.View",
            "mombook.explore.live.LivePanel", "mombook.explore.tradeoff"} <= PUBLIC.keys()
    walked = {id(it) for it in PUBLIC.values()}
    for name in mb.__all__:
        it = getattr(mb, name)
        assert id(it) in walked or inspect.ismodule(it) or not callable(it), name


def test_every_public_name_says_its_types() -> None:
    assert [gap for name, it in PUBLIC.items() for gap in missing(name, it)] == []


class Gaps:
    field: Elsewhere  # type: ignore[name-defined]  # noqa: F821

    def method(self, a: int, b) -> int:  # type: ignore[no-untyped-def]
        return a

    @property
    def value(self):
        return 1

    @classmethod
    def make(cls, a: int) -> Nowhere:  # type: ignore[name-defined]  # noqa: F821
        return a


def test_a_gap_is_seen() -> None:
    assert missing("Gaps", Gaps) == ["Gaps.method(b)", "Gaps.value ->", "Gaps.make: name 'Nowhere' is not defined",
                                     "Gaps: name 'Elsewhere' is not defined"]


def use() -> None:
    """What a reader's script does, with the types that it gets."""
    H, method = mb.Spectrum([1.0, 0.1], counts=[2, 30]), mb.Method.heavy_ball(lr=0.1, beta=0.9)
    assert_type(H.eigenvalues, Floats)
    assert_type(H.kappa, float)
    assert_type(mb.contraction_gap(H, method, 8), float)
    assert_type(mb.contraction_gap(H, method, [1, 8]), Floats)
    assert_type(mb.is_stable(H, method, 8), bool)
    assert_type(mb.is_stable(H, method, np.array([1.0, 8.0])), Bools)
    assert_type(mb.risk_curve(H, method, batch=8, steps=10, start=np.ones(2)), Floats)
    assert_type(mb.tune(H, "asgd", batch=8).method, mb.Method)
    assert_type(mb.tune_risk(H, "sgd", 8, 10), tuple[mb.Tuned, float])
    assert_type(mb.frontier(H, ["sgd"], [1, 8])["sgd"].ce, Floats)
    assert_type(mb.bounds.sgd_gap(H, 8).holds, bool | Bools)
    assert_type(mb.Schedule(0.1, 0.0, 0.0, np.ones(5)).batch, Floats)
    assert_type(mb.simulate(H, method, 8, steps=5, runs=2, rng=np.random.default_rng(0)), Floats)
    mb.contraction_gap("spectrum", method, 8)  # type: ignore[call-overload]
    mb.simulate(H, method, 8, 5, 2, np.random.default_rng(0), sampler="two_draws")  # type: ignore[arg-type]


def test_what_the_script_gets_is_of_these_types() -> None:
    with pytest.raises(ValueError, match="spectrum must be"):
        use()
