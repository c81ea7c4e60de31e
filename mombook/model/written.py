"""A method in a reader's own words: one line of text, with numbers or with parameters that are left to be tuned."""

from __future__ import annotations

import ast
import inspect
import operator
import warnings
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import NoReturn

from .. import arguments
from .family import Family
from .method import Method

MAKERS: Mapping[str, Callable[..., Method]] = {
    "Method": Method,
    **{name: getattr(Method, name) for name in ("sgd", "heavy_ball", "nesterov", "ema", "qhm", "mass", "accsgd", "jain")}}
"""What a line may call: the constructors of ``Method``; and ``SGD``, PyTorch's."""

FREE: Mapping[frozenset[str], Callable[[Callable[..., Method]], Callable[..., Method]]] = {
    frozenset({"lr"}): lambda make: lambda lr: make(lr=lr),
    frozenset({"lr", "beta"}): lambda make: lambda lr, beta: make(lr=lr, beta=beta),
    frozenset({"delta", "eta", "beta"}): lambda make: lambda delta, eta, beta: make(delta=delta, eta=eta, beta=beta)}
"""The letters that may stand without a number, and are then tuned at every batch."""

ALLOWED = ("a line such as heavy_ball(0.05, 0.9), torch.optim.SGD(params, lr=0.05, momentum=0.9), or qhm(lr, 0.7, beta), "
           f"where lr and beta are tuned; or the three numbers delta, eta, beta. It may call {', '.join(MAKERS)} and SGD")

LONGEST = 200
"""Characters of a line."""

_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def written(method: Method | str) -> str:
    """A method as a scenario holds it: one line that ``parsed`` reads.

    Args:
        method: a ``Method``, or a line of text (see ``parsed``); an empty one is no method.

    Raises:
        ValueError: anything else, with what is allowed.

    >>> written("heavy_ball( 0.05,beta = .9 )"), written(Method.nesterov(0.5, 0.5))
    ('heavy_ball(0.05, beta=0.9)', 'Method(0.5, 0.25, 0.5)')
    """
    if isinstance(method, Method):
        return f"Method({method.delta!r}, {method.eta!r}, {method.beta!r})"
    if not isinstance(method, str):
        arguments.refuse("method", method, f"a Method, or {ALLOWED}")
    if not method.strip():
        return ""
    line = _line(method)
    parsed(line)
    return line


@lru_cache(maxsize=256)
def parsed(line: str) -> Method | Family:
    """The method that a line of text means. Nothing in it is run: it is read as one call with numbers.

    Args:
        line: a constructor of ``Method`` (its name may follow ``Method.`` or ``mb.Method.``), or ``torch.optim.SGD``, with its
            parameters as numbers, sums and products of them; or delta, eta, beta, three numbers. The letters lr, beta, or
            delta, eta, beta may stand for a number that is to be tuned.

    Returns:
        A ``Method``; or, where letters are left, a ``Family``.

    Raises:
        ValueError: anything else, with what is allowed; a constructor's own complaint.

    >>> parsed("Method.heavy_ball(0.05, 0.9)")
    Method(delta=0.0, eta=0.05, beta=0.9)
    >>> parsed("torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.5, nesterov=True)") == Method.nesterov(0.1, 0.5)
    True
    >>> parsed("qhm(lr, 0.7, beta)").word
    'your method'
    """
    name, parts, keywords = _call(line)
    make, parts = (_torch_sgd, parts[1:]) if name == "SGD" else (MAKERS[name], parts)
    free = frozenset(node.id for part in [*parts, *keywords.values()] for node in ast.walk(part) if isinstance(node, ast.Name))

    def made(**letters: float) -> Method:
        args = [_number(line, each, letters) for each in parts]
        named = {key: _number(line, each, letters) for key, each in keywords.items()}
        try:
            inspect.signature(make).bind(*args, **named)
        except TypeError as no:
            known = ", ".join(inspect.signature(make).parameters)
            raise ValueError(f"method must give {name} its parameters {known}; got {line!r} ({no}).") from None
        return make(*args, **named)

    if not free:
        return made()
    if free not in FREE:
        _refuse(line)
    try:
        return Family("your method", FREE[free](made))
    except ValueError:
        arguments.refuse("method", line, "such that delta and eta are multiples of lr, eta's at most linear in beta, where lr "
                         "and beta are to be tuned")


def _refuse(line: str) -> NoReturn:
    arguments.refuse("method", line, ALLOWED)


def _call(line):
    """What the line calls: the constructor's name, its arguments and its keywords, not yet numbers."""
    if len(line) > LONGEST:
        arguments.refuse("method", line[:40] + " …", f"at most {LONGEST} characters")
    try:
        with warnings.catch_warnings(action="ignore"):                  # of a strange line Python would warn on the console
            tree = ast.parse(line.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        _refuse(line)
    if isinstance(tree, ast.Tuple):
        return "Method", tree.elts, {}
    if not isinstance(tree, ast.Call) or not isinstance(tree.func, ast.Attribute | ast.Name):
        _refuse(line)
    name = tree.func.attr if isinstance(tree.func, ast.Attribute) else tree.func.id
    keywords = {str(each.arg): each.value for each in tree.keywords}
    if name not in (*MAKERS, "SGD") or "None" in keywords:              # None: **keywords
        _refuse(line)
    return name, tree.args, keywords


def _torch_sgd(lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0, nesterov: bool = False) -> Method:
    """``torch.optim.SGD``, for the loss (1/2)(y - x.w)^2."""
    if nesterov and dampening:
        arguments.refuse("dampening", dampening, "0 with nesterov=True, as PyTorch asks")
    if nesterov:
        return Method.nesterov(lr, momentum)
    if not momentum:
        return Method.sgd(lr)
    heavy = Method.heavy_ball(lr, momentum)
    return Method(0.0, heavy.eta * (1 - arguments.number("dampening", dampening, high=1.0)), heavy.beta)


def _number(line, node, letters):
    """A number, a letter's number, or sums and products of them."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
        return node.value if isinstance(node.value, bool) else float(node.value)
    if isinstance(node, ast.Name) and node.id in letters:
        return letters[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_number(line, node.operand, letters)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        try:
            return _BINARY[type(node.op)](_number(line, node.left, letters), _number(line, node.right, letters))
        except ZeroDivisionError:
            _refuse(line)
    _refuse(line)


def _line(text):
    """The line in one spelling: no path before the constructor, PyTorch's first argument as ``params``, numbers as Python's."""
    name, parts, keywords = _call(text)
    said = [*map(ast.unparse, parts), *(f"{key}={ast.unparse(each)}" for key, each in keywords.items())]
    if name == "SGD" and parts:
        said[0] = "params"
    return f"{'torch.optim.' if name == 'SGD' else ''}{name}({', '.join(said)})"
