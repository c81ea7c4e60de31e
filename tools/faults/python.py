"""Faults in Python source, by its syntax tree; only the changed characters are replaced, all else stays as it is written."""

import ast
import itertools

from . import Fault

COMPARED = {ast.Lt: ">", ast.Gt: "<", ast.LtE: ">", ast.GtE: "<", ast.Eq: "!=", ast.NotEq: "==", ast.In: "not in",
            ast.NotIn: "in", ast.Is: "is not", ast.IsNot: "is"}
ARITHMETIC = {ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
              ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&")}
NEIGHBOURS = {"min": "max", "minimum": "maximum", "argmin": "argmax", "nanmin": "nanmax", "floor": "ceil", "log": "log10",
              "log10": "log", "log2": "log", "mean": "median", "any": "all", "sqrt": "abs", "exp": "expm1", "isnan": "isinf",
              "geomspace": "linspace", "zeros": "ones", "cumsum": "sort", "union1d": "intersect1d", "real": "imag"}
NEIGHBOURS |= {NEIGHBOURS[old]: old for old in ("min", "minimum", "argmin", "nanmin", "floor", "any", "zeros")}
ORDER = {"sorted": "list", "sort": "array", "reversed": "list", "flip": "array", "unique": "array", "abs": ""}
SCENARIOS = ("s", "scenario")


def faults(path, text, defaults):
    """Every fault that can be planted in a Python file.

    Args:
        path: as the faults shall name it.
        text: the file's text.
        defaults: name of a control -> the source of its default (see ``control_defaults``).
    """
    return _Finder(path, text, defaults).found()


def alters(fault, text):
    """Whether a fault leaves Python source that can be read and differs in meaning from ``text``, layout aside."""
    try:
        return ast.dump(ast.parse(fault.planted(text))) != ast.dump(ast.parse(text))
    except SyntaxError:
        return False


def control_defaults(text):
    """Name of a control -> the source of its default, read off the calls of ``Slider`` and its like in a file."""
    found, places = {}, {"Slider": 4, "Toggles": 3, "Choice": 3, "Switch": 2}
    for call in ast.walk(ast.parse(text)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in places and call.args:
            place, named = places[call.func.id], [k.value for k in call.keywords if k.arg == "default"]
            value = named[0] if named else call.args[place] if len(call.args) > place else None
            if isinstance(call.args[0], ast.Constant) and isinstance(value, ast.Constant):
                found[call.args[0].value] = ast.unparse(value)
    return found


class _Finder:
    def __init__(self, path, text, defaults):
        self.path, self.text, self.defaults = path, text, defaults
        self.tree = ast.parse(text)
        lines = text.splitlines(keepends=True)
        self.starts = [0, *itertools.accumulate(len(line) for line in lines)]
        self.lines = [line.encode() for line in lines]
        self.scopes, self.parents, self.spans = {}, {}, {}
        self._walk(self.tree, "", None)

    def _walk(self, node, scope, parent):
        self.scopes[node], self.parents[node] = scope, parent
        inner = scope
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inner = f"{scope}.{node.name}" if scope else node.name
        for child in ast.iter_child_nodes(node):
            self._walk(child, inner, node)

    def found(self):
        """All faults, each once; a few of them change nothing or cannot be read (see ``alters``)."""
        seen = {}
        for node in ast.walk(self.tree):
            if not self._is_annotation(node):
                for operator, edits in self._at(node):
                    fault = Fault(self.path, operator, tuple(sorted(edits)), self._function(node))
                    seen.setdefault(fault.edits, fault)
        return list(seen.values())

    def _function(self, node):
        """The innermost function around a node, as ``Class.method`` or ``function``."""
        names, each = [], node
        while each is not None:
            if isinstance(each, ast.FunctionDef):
                names.append(f"{self.scopes[each]}.{each.name}".lstrip("."))
            each = self.parents[each]
        return next((name for name in names), "") if self._body(node) else ""

    def _body(self, node):
        """Whether a node runs when its function does: defaults and decorators run before."""
        child, each = node, self.parents[node]
        while each is not None and not isinstance(each, ast.FunctionDef):
            child, each = each, self.parents[each]
        return each is not None and child in each.body

    def _is_annotation(self, node):
        parent = self.parents[node]
        return (isinstance(parent, ast.arg) or (isinstance(parent, ast.AnnAssign) and node is parent.annotation)
                or (isinstance(parent, ast.FunctionDef) and node is parent.returns)
                or isinstance(node, ast.Import | ast.ImportFrom))

    def _span(self, node):
        """Where a node is written, in characters; ``None`` where Python does not know (inside some f-strings)."""
        if node not in self.spans:
            self.spans[node] = self._find(node)
        return self.spans[node]

    def _find(self, node):
        def at(line, column):
            return self.starts[line - 1] + len(self.lines[line - 1][:column].decode(errors="ignore"))
        start, end = at(node.lineno, node.col_offset), at(node.end_lineno, node.end_col_offset)
        if isinstance(node, ast.expr):
            try:
                same = ast.dump(ast.parse(f"({self.text[start:end]})", mode="eval").body) == ast.dump(node)
            except (SyntaxError, ValueError):
                same = False
            same = same or isinstance(node, ast.Starred) or isinstance(getattr(node, "ctx", None), ast.Store | ast.Del)
            if not same:
                return None
        return start, end

    def _replace(self, node, new):
        span = self._span(node)
        return [(*span, new)] if span else None

    def _swap(self, a, b, form="{}"):
        first, second = self._span(a), self._span(b)
        if not first or not second or first[0] >= second[0] or first[1] > second[0]:
            return None
        one, other = self.text[slice(*first)], self.text[slice(*second)]
        return [(*first, form.format(other)), (*second, form.format(one))] if one != other else None

    def _between(self, left, right, old, new):
        """Replace an operator that stands between two operands."""
        a, b = self._span(left), self._span(right)
        if not a or not b:
            return None
        at = self.text.find(old, a[1], b[0])
        return [(at, at + len(old), new)] if at >= 0 else None

    def _at(self, node):
        kind = type(node).__name__
        for operator, edits in getattr(self, f"_{kind}", lambda node: ())(node):
            if edits:
                yield operator, edits
        if isinstance(node, ast.stmt):
            for operator, edits in self._statement(node):
                if edits:
                    yield operator, edits

    # -- expressions ---------------------------------------------------------------------------------------------------
    def _Call(self, node):
        plain = [a for a in node.args if not isinstance(a, ast.Starred)]
        for a, b in itertools.pairwise(plain):
            yield "arguments swapped", self._swap(a, b)
        for a, b in itertools.pairwise(k for k in node.keywords if k.arg):
            yield "keyword values swapped", self._swap(a.value, b.value)
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        span = self._span(node.func)
        if not span:
            return
        here = (span[1] - len(name), span[1])
        if name in NEIGHBOURS:
            yield "function for its neighbour", [(*here, NEIGHBOURS[name])]
        if name in ORDER:
            yield "order or sign lost", [(*(here if ORDER[name] else span), ORDER[name])]
        if name == "default_rng" and node.args:
            yield "seed ignored", self._replace(node.args[0], "12345")
        elif name in ("simulate", "sample", "spawn") and node.args:
            yield "seed ignored", [self._replace(k.value, "__import__('numpy').random.default_rng(5)")[0]
                                   for k in node.keywords if k.arg == "rng" and self._span(k.value)]

    def _Name(self, node):
        if not isinstance(node.ctx, ast.Load) or (isinstance(self.parents[node], ast.Call) and self.parents[node].func is node):
            return
        if node.id == "line":
            yield "default for the scenario", self._replace(node, '""')
        if node.id in ("rng", "seed"):
            yield "seed ignored", self._replace(node, "3" if node.id == "seed" else "__import__('numpy').random.default_rng(5)")
        for other in self._neighbours(node):
            yield "neighbour's name", self._replace(node, other)

    def _neighbours(self, node):
        """The two names nearest before this one in its function that are variables there, too."""
        function = self.parents[node]
        while function is not None and not isinstance(function, ast.FunctionDef):
            function = self.parents[function]
        if function is None:
            return []
        args = function.args
        names = [a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs) if a.arg not in ("self", "cls")]
        for each in ast.walk(function):
            if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store) and each.lineno < node.lineno:
                names.append(each.id)
        names = list(dict.fromkeys(names))
        if node.id not in names:
            return []
        at = names.index(node.id)
        return [names[k] for k in (at - 1, at + 1) if 0 <= k < len(names)]

    def _Constant(self, node):
        parent, value = self.parents[node], node.value
        if isinstance(value, bool):
            yield "constant", self._replace(node, str(not value))
        elif isinstance(value, int):
            yield "off by one", self._replace(node, str(value + 1) if value >= 0 else f"({value + 1})")
            if value > 1:
                yield "constant", self._replace(node, str(2 * value))
        elif isinstance(value, float):
            yield "constant", self._replace(node, repr(2 * value) if value else "1.0")
        elif isinstance(value, str) and isinstance(parent, ast.Subscript) and node is parent.slice:
            scenario = getattr(parent.value, "id", "") in SCENARIOS
            if scenario and value in self.defaults:
                yield "default for the scenario", self._replace(parent, self.defaults[value])
            for other in self._keys_near(parent):
                yield "neighbour's array", self._replace(node, repr(other).replace("'", '"'))

    def _keys_near(self, subscript):
        """Other constant keys with which the same object, or another in this function, is asked."""
        function = self.parents[subscript]
        while function is not None and not isinstance(function, ast.FunctionDef):
            function = self.parents[function]
        keys, own = [], subscript.slice.value
        for each in ast.walk(function or self.tree):
            if (isinstance(each, ast.Subscript) and isinstance(each.slice, ast.Constant) and isinstance(each.slice.value, str)
                    and ast.dump(each.value) == ast.dump(subscript.value)):
                keys.append(each.slice.value)
        keys = [key for key in dict.fromkeys(keys) if key != own]
        return keys[:2]

    def _BinOp(self, node):
        if isinstance(node.op, ast.Mult | ast.Div):
            for factor, rest in ((node.left, node.right), (node.right, node.left)):
                number = isinstance(factor, ast.Constant) and isinstance(factor.value, int | float)
                if number and not (isinstance(node.op, ast.Div) and factor is node.left) and self._span(rest):
                    yield "factor dropped", self._replace(node, f"({self.text[slice(*self._span(rest))]})")
        texts = [isinstance(each, ast.JoinedStr | ast.Constant) and not isinstance(getattr(each, "value", ""), int | float)
                 for each in (node.left, node.right)]
        if type(node.op) in ARITHMETIC and not any(texts):
            yield "operator", self._between(node.left, node.right, *ARITHMETIC[type(node.op)])
        if isinstance(node.op, ast.Sub | ast.Div):
            yield "operands swapped", self._swap(node.left, node.right, "({})")

    def _UnaryOp(self, node):
        span = self._span(node)
        if span and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
            yield "order or sign lost", [(span[0], span[0] + 1, "")]
        if span and isinstance(node.op, ast.Not):
            yield "condition negated", [(span[0], span[0] + 3, "")]

    def _Compare(self, node):
        for left, op, right in zip([node.left, *node.comparators], node.ops, node.comparators, strict=False):
            old = {ast.Lt: "<", ast.Gt: ">", ast.LtE: "<=", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=", ast.In: "in",
                   ast.NotIn: "not in", ast.Is: "is", ast.IsNot: "is not"}[type(op)]
            yield "comparison flipped", self._between(left, right, old, COMPARED[type(op)])

    def _BoolOp(self, node):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in itertools.pairwise(node.values):
            yield "condition negated", self._between(left, right, old, new)

    def _IfExp(self, node):
        yield "condition negated", self._swap(node.body, node.orelse)

    def _Subscript(self, node):
        if isinstance(node.slice, ast.Slice) and ast.unparse(node.slice) == "::-1" and self._span(node.value):
            yield "order or sign lost", [(self._span(node.value)[1], self._span(node)[1], "")]

    def _Dict(self, node):
        for a, b in itertools.pairwise(node.values):
            yield "values of two keys swapped", self._swap(a, b)

    def _elements(self, node):
        for a, b in itertools.pairwise(node.elts):
            alike = type(a) is type(b) and type(getattr(a, "value", None)) is type(getattr(b, "value", None))
            if alike and isinstance(node.ctx, ast.Load):
                yield "elements swapped", self._swap(a, b)

    _Tuple = _List = _elements

    def _JoinedStr(self, node):
        for a, b in itertools.pairwise(v.value for v in node.values if isinstance(v, ast.FormattedValue)):
            yield "numbers in a text swapped", self._swap(a, b)

    # -- statements ----------------------------------------------------------------------------------------------------
    def _statement(self, node):
        yield "labels swapped", None
        if isinstance(node, ast.If | ast.While) and self._span(node.test):
            start, end = self._span(node.test)
            yield "condition negated", [(start, end, f"not ({self.text[start:end]})")]
        simple = isinstance(node, ast.Assign | ast.AugAssign | ast.Expr | ast.Return | ast.AnnAssign)
        if not simple:
            return
        labels = [s for s in ast.walk(node) if self._is_label(s)]
        labels.sort(key=lambda s: (s.lineno, s.col_offset))
        for a, b in itertools.pairwise(labels):
            yield "labels swapped", self._swap(a, b)
        called = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
        stored = isinstance(node, ast.Assign) and all(isinstance(t, ast.Subscript | ast.Attribute) for t in node.targets)
        if called or stored or isinstance(node, ast.AugAssign):
            yield "statement deleted", self._replace(node, "pass")

    def _is_label(self, node):
        """A text that a reader may see: not a docstring, a key, a piece of an f-string or a plotly address."""
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or not node.value.strip():
            return False
        parent = self.parents[node]
        if isinstance(parent, ast.Expr | ast.JoinedStr | ast.Subscript | ast.FormattedValue):
            return False
        return not (isinstance(parent, ast.Dict) and node in parent.keys)
