"""Results as HTML: well-formed tables with headers, the repr's numbers, and nothing of a reader's that is not escaped."""

from functools import cache
from html.parser import HTMLParser
from itertools import chain

import numpy as np
import pytest

import mombook as mb
from mombook import claims, markup, prose
from mombook.data.fourth_moments import Inputs

EVIL = '<img src=x onerror="alert(1)"> & <b>'


class Reader(HTMLParser):
    """Reads a table: its caption, head, rows and sentences; refuses tags that are not closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.caption, self.head, self.rows, self.sentences, self.tags = [], "", [], [], [], set()
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.tags.add((tag, *(f"{k}={v}" for k, v in attributes)))
        if tag == "tr" and "tbody" in self.open:
            self.rows.append([])
        if tag in ("td", "th"):
            (self.rows[-1] if "tbody" in self.open else self.head).append("")
        if tag == "p":
            self.sentences.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] == "caption":
            self.caption += data
        elif self.open[-1] in ("td", "th"):
            (self.rows[-1] if "tbody" in self.open else self.head)[-1] += data
        elif self.open[-1] == "p":
            self.sentences[-1] += data


H, METHOD = mb.Spectrum.power_law(20, 1.5, kappa=1e3), mb.Method(0.1, 0.0123456789, 0.999999999)
DESIGN = mb.load(np.random.default_rng(0).normal(size=(20, 3)) @ np.diag([1.0, 2.0, 3.0]), target=np.arange(20.0))
ENTRY = claims.Entry(claims.Claim("K1", "P1", "1 < 2", "here", "so", lambda: None), claims.Finding("0.5", False))
MAKE = {
    "spectrum": lambda: H, "method": lambda: METHOD, "design": lambda: DESIGN, "tuned": lambda: mb.tune(H, "asgd", 8),
    "bound": lambda: mb.bounds.sgd_gap(H, 8), "bounds": lambda: mb.bounds.heavy_ball_gap(H, 2.0 ** np.arange(20), "lower"),
    "frontier": lambda: mb.frontier(H, ["nesterov"])["nesterov"],
    "budget": lambda: mb.tune_budget(H, "nesterov", 2**8, quick=True),
    "schedule": lambda: mb.tune_schedule(H, "sgd", 64, 16, ("lr", "batch"), knots=3, most=2),
    "advice": lambda: mb.advise(mb.Spectrum.flat(10), families=["sgd"], batches=[1, 2, 4, 8]),
    "table": lambda: mb.sweep({"decay": [0.5, 1.5], "d": 20, "family": ["sgd", "asgd"], "batch": [1, 2, 4, 8]}, progress=False),
    "ledger": lambda: claims.Ledger([ENTRY, ENTRY]),
}


@cache
def result(name):
    return MAKE[name]()


@cache
def shown(name):
    return Reader(result(name)._repr_html_())


@pytest.mark.parametrize("name", MAKE)
def test_a_table_is_one_and_has_headers(name):
    read, text = shown(name), result(name)._repr_html_()
    assert text.startswith(markup.OURS) and read.caption and read.rows
    assert {len(row) for row in read.rows} == {len(read.head) or 2}
    assert {tag for tag, *_ in read.tags} <= {"div", "p", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {what for _, *more in read.tags for what in more} <= {"class=mombook", "scope=col", "scope=row",
                                                                 "style=text-align: left"}
    assert {tag for tag in read.tags if tag[0] == "th"} <= {("th", "scope=col"), ("th", "scope=row")}
    assert "color" not in text and "background" not in text             # the page's own, light or dark


def column(name, word):
    """The cells of a column, by its head, or the one beside a row's head."""
    read = shown(name)
    return [row[read.head.index(word)] for row in read.rows] if read.head else dict(map(tuple, read.rows))[word]


def test_the_numbers_are_those_of_the_repr():
    for word, head in (("d", "d"), ("kappa", "κ = L/μ"), ("trace", "tr H")):
        assert f"{word}={column('spectrum', head)}" in repr(H)
    assert [float(column("spectrum", w)) for w in ("L, largest", "μ, smallest")] == [1.0, 1e-3]
    assert [column("method", w) for w in "δηβ"] == ["0.1", "0.0123457", "0.999999999"]
    np.testing.assert_allclose(float(column("method", "long-run step δ + η/(1−β)")), METHOD.long_run_step, rtol=5e-6)
    assert repr(DESIGN).startswith("Design({}: {} rows, {} columns, labels)".format(
        shown("design").caption.removeprefix("Design: "), column("design", "rows"), column("design", "columns")))
    assert shown("advice").sentences == result("advice").sentences() == repr(result("advice")).split("\n")
    assert [row[:-1] for row in shown("advice").rows] == [
        [c.strip() for c in line.split("|")[1:-2]] for line in result("advice").table().splitlines()[2:]]
    steps = result("advice").steps["sgd"]
    assert column("advice", "steps") == [prose.whole(s) for s in steps]
    assert column("advice", "samples") == [prose.whole(s) for s in steps * [1, 2, 4, 8]]
    assert column("design", "labels") == "yes"
    assert repr(result("table")).startswith(f"Table({shown('table').caption.split(':')[0]}: ")


@pytest.mark.parametrize(("name", "word", "of"), [
    ("tuned", "gap", lambda r: r.gap), ("tuned", "β", lambda r: r.method.beta), ("tuned", "η", lambda r: r.method.eta),
    ("tuned", "δ", lambda r: r.method.delta), ("bound", "value", lambda r: r.value),
    ("bounds", "value 20", lambda r: r.value[-1]),
    ("frontier", "batch", lambda r: r.batches), ("frontier", "gap", lambda r: r.gap),
    ("frontier", "steps per e-fold", lambda r: 1 / -np.log1p(-r.gap)),
    ("frontier", "e-folds per sample", lambda r: -np.log1p(-r.gap) / r.batches),
    ("frontier", "δ", lambda r: [m.delta for m in r.methods]), ("frontier", "η", lambda r: [m.eta for m in r.methods]),
    ("frontier", "β", lambda r: [m.beta for m in r.methods]), ("budget", "batch", lambda r: r.batches),
    ("budget", "steps", lambda r: 2**8 / r.batches), ("budget", "risk", lambda r: r.risks),
    ("budget", "δ", lambda r: [m.delta for m in r.methods]), ("budget", "η", lambda r: [m.eta for m in r.methods]),
    ("budget", "β", lambda r: [m.beta for m in r.methods]), ("schedule", "batch", lambda r: r.knots["batch"][1]),
    ("schedule", "factor of the learning rate", lambda r: r.knots["lr"][1]),
    ("schedule", "share of the run", lambda r: r.knots["lr"][0]), ("table", "gap", lambda r: r["gap"]),
    ("table", "batch", lambda r: r["batch"])])
def test_a_number_stands_under_its_head(name, word, of):
    cells, meant = np.atleast_1d(np.array(column(name, word), float)), np.atleast_1d(of(result(name)))
    if cells.size < meant.size:
        half = markup.MOST // 2
        meant = np.r_[meant[:half], meant[-half:]]
    np.testing.assert_allclose(cells, meant, rtol=5.1e-6)


def test_what_is_left_out_is_counted():
    assert len(shown("table").rows) == markup.MOST and "4 rows in between are not shown." in shown("table").sentences
    best = result("budget")
    assert shown("budget").sentences[0] == f"The best batch is {best.batch:.6g}, with risk {best.risk:.6g}."


def test_an_assumption_that_fails_is_said_to():
    some = mb.bounds.Bound(np.array([0.1, 0.2]), "lower", {"a": np.array([True, False]), "b": False, "c": True}, "r")
    assert dict(map(tuple, Reader(some._repr_html_()).rows)) == {
        "value 1": "0.1", "value 2": "0.2", "Assumed: a": "met at 1 of 2", "Assumed: b": "not met", "Assumed: c": "met",
        "proved in": "r"}


def test_a_ledger_counts_and_shows_its_entries():
    assert repr(result("ledger")) == f"Ledger({shown('ledger').caption})" == "Ledger(2 claims, 2 failed: K1, K1)"
    assert shown("ledger").rows == [["K1", "P1", "1 < 2", "here", "0.5", "FAILS"]] * 2


@cache
def evil():
    """Results of a reader who names things as an attacker would, by the name of their class."""
    return {type(each).__name__: each for each in _evil()}


def _evil():
    spectrum = mb.Spectrum([1.0, 0.5], name=EVIL)
    rows = np.random.default_rng(0).normal(size=(20, 2))
    yield spectrum
    yield mb.Design(rows, columns=[EVIL, "b"], name=EVIL, notes=(EVIL,))
    yield mb.bounds.Bound(0.1, "upper", {EVIL: True}, EVIL)
    yield mb.Tuned(EVIL, 8, METHOD, 0.1)
    yield mb.Frontier(EVIL, np.ones(1), np.ones(1) / 2, result("frontier").part([0]).points)
    yield mb.TunedSchedule(EVIL, result("schedule").schedule, 0.1, result("schedule").knots, 1)
    yield mb.Advice(Inputs(spectrum), np.ones(1), 0.1, 0.0, {"sgd": [METHOD]}, {"sgd": np.ones(1)},
                    mb.Design(rows, name=EVIL, notes=(EVIL,)))
    yield mb.Table({EVIL: np.array([1.0]), "spectrum": np.array([EVIL])}, {}, notes=[EVIL])
    yield claims.Ledger([claims.Entry(claims.Claim(EVIL, EVIL, EVIL, EVIL, EVIL, lambda: None), claims.Finding(EVIL, True))])


@pytest.mark.parametrize("name", ["Spectrum", "Design", "Bound", "Tuned", "Frontier", "TunedSchedule", "Advice", "Table",
                                  "Ledger"])
def test_a_reader_s_words_are_escaped(name):
    text = evil()[name]._repr_html_()
    assert "<img" not in text and "<b>" not in text and "&lt;img src=x" in text
    read = Reader(text)
    assert EVIL in "".join([read.caption, *read.sentences, *read.head, *chain(*read.rows)])
