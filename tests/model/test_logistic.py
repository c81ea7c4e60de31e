"""mombook/model/logistic.py: loss, gradient, Gauss-Newton rows and solution, against loops, differences and scipy."""

import math

import numpy as np
import pytest
import scipy.optimize

from mombook.model.design import Design
from mombook.model.logistic import Logistic

RNG = np.random.default_rng
X = RNG(0).normal(size=(60, 3)) * [1.0, 2.0, 0.5] + [0.0, 1.0, 0.0]
Y = (X[:, 0] - 0.5 * X[:, 1] + RNG(1).logistic(size=60) > 0).astype(int)
MODEL = Logistic(X, Y, ridge=0.05)
W = np.array([0.5, -1.0, 2.0, 0.3])


def literal(w, ridge=0.05):
    """(logistic) row by row."""
    total = 0.0
    for x, y in zip(X, Y, strict=True):
        p = 1 / (1 + math.exp(-(sum(a * b for a, b in zip(x, w, strict=False)) + w[3])))
        total -= math.log(p if y else 1 - p)
    return total / len(X) + ridge / 2 * sum(v * v for v in w)


def slope(f, w, h=1e-5):
    """Central differences along every weight."""
    return np.array([(f(w + h * e) - f(w - h * e)) / (2 * h) for e in np.eye(len(w))])


def test_loss_is_that_of_a_loop():
    np.testing.assert_allclose(MODEL.loss(W), literal(W), rtol=1e-12)
    np.testing.assert_allclose(MODEL.loss([W, 0 * W]), [literal(W), math.log(2)], rtol=1e-12)
    np.testing.assert_allclose(Logistic(X, Y).loss(1e4 * W) / 1e4, Logistic(X, Y).loss(1e5 * W) / 1e5, rtol=1e-3)  # no overflow


def test_gradient_is_the_slope_of_the_loss():
    """(logistic-gradient)"""
    np.testing.assert_allclose(MODEL.gradient(W), slope(literal, W), rtol=1e-7)
    np.testing.assert_allclose(MODEL.gradient([W, -W])[1], MODEL.gradient(-W), rtol=1e-12)


def test_gauss_newton_rows_have_gradient_curvature_and_newtons_step():
    """(gauss-newton)"""
    design = MODEL.gauss_newton(W)
    ours = (design.rows @ W - design.labels)[:, None] * design.rows
    each = [Logistic(np.vstack([x, X[0]]), [y, 1 - y]) for x, y in zip(X, Y, strict=True)]  # (two labels must be there)
    other = Logistic(np.vstack([X[0], X[0]]), [0, 1]).gradient(W)
    p = 1 / (1 + np.exp(-(X[0] @ W[:3] + W[3])))
    for g, pair, y in zip(ours, each, Y, strict=True):
        beside = (p - (1 - y)) * np.append(X[0], 1.0)
        np.testing.assert_allclose(g, 2 * pair.gradient(W) - beside, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(other, (2 * p - 1) / 2 * np.append(X[0], 1.0), rtol=1e-12)
    hessian = slope(lambda w: MODEL.gradient(w), W) - 0.05 * np.eye(4)
    np.testing.assert_allclose(design.rows.T @ design.rows / 60, hessian, rtol=1e-6, atol=1e-9)
    newton = W - np.linalg.solve(hessian + 0.05 * np.eye(4), MODEL.gradient(W))
    np.testing.assert_allclose(design.axes @ design.solution(0.05), newton, rtol=1e-6)


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 1.0])
@pytest.mark.parametrize("intercept", [True, False])
def test_solution_is_scipys(ridge, intercept):
    model = Logistic(X, Y, ridge, intercept)
    found = scipy.optimize.minimize(model.loss, np.zeros(model.rows.shape[1]), jac=model.gradient, method="BFGS",
                                    options={"gtol": 1e-9})
    np.testing.assert_allclose(model.solution, found.x, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(model.least, found.fun, rtol=1e-12)
    np.testing.assert_allclose(model.excess, math.log(2) - found.fun, rtol=1e-9)
    np.testing.assert_allclose(model.gradient(model.solution), 0, atol=1e-12)
    np.testing.assert_allclose(model.design.axes @ model.design.solution(ridge), model.solution, rtol=1e-8)


def test_rows_that_do_not_span_have_the_solution_of_least_length():
    twice = Logistic(np.hstack([X, X[:, :1]]), Y)
    np.testing.assert_allclose(twice.solution[[0, 3]], Logistic(X, Y).solution[0] / 2, rtol=1e-6)


def test_separable_classes_need_a_ridge():
    for rows, labels in ((X, X[:, 0] > 0), ([[0.0], [1.0], [1.0], [2.0]], [0, 0, 1, 1])):          # the second only just
        with pytest.raises(ValueError, match=r"^ridge must be > 0 for your data, since a plane separates"):
            assert Logistic(rows, labels).solution
        assert np.isfinite(Logistic(rows, labels, 1e-3).solution).all()


def test_a_design_gives_its_two_labels():
    design = Design(X, np.where(Y > 0, 7.0, -2.0), name="x")
    model = Logistic.of(design, 0.05)
    np.testing.assert_array_equal(model.labels, Y)
    np.testing.assert_allclose(model.solution, MODEL.solution, rtol=1e-12)
    assert repr(model) == f"Logistic(x: 60 rows, 4 weights, {Y.sum()} labels 1, ridge 0.05)"
    for labels in (None, np.arange(60.0), np.ones(60)):
        with pytest.raises(ValueError, match=r"^labels must be of two values, one for each class; got"):
            Logistic.of(Design(X, labels))


def test_far_weights_have_no_rows():
    with pytest.raises(ValueError, match=r"^weights must be so small that no x.w is beyond 300"):
        MODEL.gauss_newton(1e3 * W)
