"""Lines of text that mean a method: read as one call, never run."""

import numpy as np
import pytest

import mombook as mb
from mombook import Family, Method
from mombook.model.written import parsed, written
from mombook.tuning.frontiers import frontier_of


@pytest.mark.parametrize(("line", "method"), [
    ("sgd(0.1)", Method.sgd(0.1)),
    ("heavy_ball(lr=0.05, beta=0.9)", Method.heavy_ball(0.05, 0.9)),
    ("mb.Method.qhm(1e-1, 0.7, beta = 1 - 0.1)", Method.qhm(0.1, 0.7, 0.9)),
    ("Method.ema(2 * 0.05, 0.9)", Method.ema(0.1, 0.9)),
    ("mass(0.1, 0.02, 0.5)", Method.mass(0.1, 0.02, 0.5)),
    ("accsgd(0.1, 100, 10)", Method.accsgd(0.1, 100, 10)),
    ("jain(0.9, 0.1, 0.5, 0.1)", Method.jain(0.9, 0.1, 0.5, 0.1)),
    ("0.1, 0.2, .9", Method(0.1, 0.2, 0.9)),
    ("Method(-0.1, 0.2, 0.3)", Method(-0.1, 0.2, 0.3)),
    ("torch.optim.SGD(net.parameters(), lr=0.1)", Method.sgd(0.1)),
    ("optim.SGD(params, 0.1, 0.9)", Method.heavy_ball(0.1, 0.9)),
    ("SGD(params, lr=0.1, momentum=0.9, dampening=0.9)", Method.ema(0.1, 0.9)),
    ("SGD(params, lr=0.1, momentum=0.9, nesterov=True)", Method.nesterov(0.1, 0.9)),
])
def test_a_line_with_numbers_is_the_method_of_its_constructor(line, method):
    found = parsed(written(line))
    np.testing.assert_allclose([found.delta, found.eta, found.beta], [method.delta, method.eta, method.beta], rtol=1e-14)
    assert written(written(line)) == written(line), "one spelling"
    assert parsed(written(found)) == found


@pytest.mark.parametrize(("line", "make"), [
    ("sgd(lr)", lambda lr: Method.sgd(lr)),
    ("heavy_ball(lr, 0.9)", lambda lr: Method.heavy_ball(lr, 0.9)),
    ("qhm(lr, nu=0.7, beta=beta)", lambda lr, beta: Method.qhm(lr, 0.7, beta)),
    ("SGD(params, lr=lr, momentum=beta, nesterov=True)", lambda lr, beta: Method.nesterov(lr, beta)),
    ("delta, eta, beta", Method),
])
def test_letters_without_numbers_are_to_be_tuned(line, make):
    found = parsed(written(line))
    assert isinstance(found, Family) and found.word == "your method" and found.row == Family("same", make).row


@pytest.mark.parametrize("line", [
    "heavy_bal(0.05, 0.9)", "Method", "0.1", "heavy_ball", "heavy_ball(0.05, 0.9); import os", "heavy_ball(x, 0.9)",
    "heavy_ball(lr, nu)", "__import__('os').system('true')", "Method.__init__(1, 2, 3)", "sgd(open('x'))", "sgd(*[0.1])",
    "sgd(**{'lr': 0.1})", "sgd(10 ** 10 ** 10)", "sgd('0.1')", "sgd(0.1 if 1 else 0)", "sgd(1 / 0)", "sgd(0.1j)", "[1, 2, 3]",
    "lambda lr: 1", "(" * 150, "sgd(0.1" + " + 0" * 100 + ")", "1(2)"])
def test_anything_else_is_refused_and_not_run(line):
    with pytest.raises(ValueError, match=r"^method must be "):
        written(line)


@pytest.mark.parametrize(("line", "said"), [
    ("heavy_ball(0.05)", r"^method must give heavy_ball its parameters lr, beta; got 'heavy_ball\(0\.05\)' \(.* 'beta'\)"),
    ("SGD(params, lr=0.1, weight_decay=0.1)", r"^method must give SGD its parameters lr, momentum, .* 'weight_decay'\)"),
    ("heavy_ball(-0.05, 0.9)", r"^lr must be a finite number > 0; got -0\.05\.$"),
    ("heavy_ball(0.05, 1.5)", r"^beta must be a finite number >= 0 and < 1; got 1\.5\.$"),
    ("SGD(params, lr=0.1, momentum=0.9, dampening=0.5, nesterov=True)", r"^dampening must be 0 with nesterov=True"),
    ("heavy_ball(lr * lr, beta)", r"^method must be such that delta and eta are multiples of lr"),
    ("0.1, 0.2", r"^method must give Method its parameters delta, eta, beta; got"),
    ("Method(delta, 2 * eta, beta)", r"^method must be such that"),
    (3.0, r"^method must be a Method, or a line")])
def test_the_sentence_names_what_is_wrong(line, said):
    with pytest.raises(ValueError, match=said):
        written(line)


def test_no_line_is_no_method():
    assert written("  ") == ""


def test_the_frontier_of_a_method_is_its_gap_at_each_batch_and_nothing_where_it_diverges():
    H, method, B = mb.Spectrum.power_law(50, 1.5), Method.nesterov(0.3, 0.8), np.array([1, 2, 16, 256])
    f = frontier_of(H, method, B)
    alone = np.array([mb.contraction_gap(H, method, batch) for batch in B.tolist()])
    assert (alone < 0).any() and (alone > 0).any()
    np.testing.assert_allclose(f.gap, np.where(alone > 0, alone, np.nan), rtol=1e-12)
    np.testing.assert_allclose(f.serial[-1], -1 / np.log1p(-alone[-1]), rtol=1e-12)
    assert [m.delta for m in f.methods] == [method.delta] * 4
    np.testing.assert_allclose([m.beta for m in f.methods], method.beta, rtol=1e-15)


def test_the_frontier_of_a_family_needs_no_name():
    H, B = mb.Spectrum.power_law(50, 1.5), [1, 8, 64]
    own, book = frontier_of(H, parsed("heavy_ball(lr, beta)"), B), mb.frontier(H, ["heavy_ball"], B)["heavy_ball"]
    np.testing.assert_allclose(own.gap, book.gap, rtol=1e-9)
    assert own.family == "your method"
