"""mombook/sklearn.py: scikit-learn's own checks, literal training in plain loops, and the units of labels and columns."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from strategies import WILD

import mombook as mb
from mombook import Method
from mombook.study.advisor import advise, steps_of

pytest.importorskip("sklearn")
from sklearn.exceptions import ConvergenceWarning

from mombook.sklearn import MomentumRegressor

RNG = np.random.default_rng
X = RNG(7).normal(size=(120, 4)) * [1.0, 2.0, 30.0, 4.0] + [0.0, 5.0, 50.0, -1.0]
Y = X @ [1.0, 0.0, -0.1, 0.5] + RNG(8).normal(size=120) + 7.0
M = Method(0.05, 0.04, 0.6)


# -- scikit-learn's checks -----------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("estimator", [MomentumRegressor(Method.heavy_ball(0.02, 0.5), batch=4, steps=300),
                                       MomentumRegressor("heavy_ball", batch=4)], ids=["a method", "a family"])
def test_scikit_learns_checks(estimator):
    from sklearn.utils.estimator_checks import check_estimator  # here: it brings half of scikit-learn

    done = check_estimator(estimator, legacy=True, on_skip=None)
    assert len(done) > 40
    assert {c["check_name"] for c in done if c["status"] != "passed"} <= {"check_array_api_input"}     # of other libraries


# -- training ------------------------------------------------------------------------------------------------------------
def literally(X, y, method, batch, steps, ridge, seed):
    """Coefficients, intercept: a loop over rows, in epochs that drop what is left over, on columns standardised by hand."""
    mean, scale = X.mean(0), np.sqrt(((X - X.mean(0)) ** 2).mean(0))
    Z, z = (X - mean) / scale, (y - y.mean()) / np.sqrt(((y - y.mean()) ** 2).mean())
    random, w, m, order = np.random.RandomState(seed), np.zeros(X.shape[1]), np.zeros(X.shape[1]), []
    for _ in range(steps):
        if len(order) < batch:
            order = list(random.permutation(len(y)))
        g = ridge * w
        for _ in range(batch):
            i = order.pop(0)
            g = g + (Z[i] @ w - z[i]) * Z[i] / batch
        m = method.beta * m + g
        w = w - method.delta * g - method.eta * m
    a = w * y.std() / scale
    return a, y.mean() - a @ mean


@pytest.mark.parametrize(("batch", "steps", "ridge"), [(7, 40, 0.0), (30, 11, 0.1), (120, 5, 0.0), (1, 130, 0.0)])
def test_fit_is_training_in_shuffled_epochs(batch, steps, ridge):
    found = MomentumRegressor(M, batch, steps, ridge=ridge, random_state=3).fit(X, Y)
    a, b = literally(X, Y, M, batch, steps, ridge, 3)
    np.testing.assert_allclose(found.coef_, a, rtol=1e-11)
    np.testing.assert_allclose([found.intercept_, *found.predict(X[:3])], [b, *(X[:3] @ a + b)], rtol=1e-11)
    assert found.n_iter_ == steps and found.advice_ is None


@pytest.mark.slow
def test_fit_takes_what_is_advised():
    found, advice = MomentumRegressor(random_state=0).fit(X, Y), advise((X, Y))
    assert (found.batch_, found.n_iter_) == (advice.pick.batch, np.ceil(advice.pick.steps))
    assert [getattr(found.method_, k) for k in ("delta", "eta", "beta")] == pytest.approx(
        [getattr(advice.pick.method, k) for k in ("delta", "eta", "beta")], rel=1e-6)
    a, b = literally(X, Y, found.method_, found.batch_, found.n_iter_, 0.0, 0)
    np.testing.assert_allclose([*found.coef_, found.intercept_], [*a, b], rtol=1e-9)
    some = MomentumRegressor("sgd", batch=8, objective="samples", target=0.1).fit(X, Y).advice_
    assert list(some.steps) == ["sgd"] and some.batches.tolist() == [8] and (some.objective, some.target) == ("samples", 0.1)


@pytest.mark.slow
def test_fit_arrives_at_the_target():
    """In the mean over orders of the rows, in the excess risk of the labels in their units."""
    exact = np.linalg.lstsq(np.column_stack([X, np.ones(120)]), Y, rcond=None)[0]
    excess = lambda p: np.mean((p - X @ exact[:4] - exact[4]) ** 2)  # noqa: E731
    advised = MomentumRegressor(random_state=0).fit(X, Y)
    again = (MomentumRegressor(advised.method_, advised.batch_, advised.n_iter_, random_state=k).fit(X, Y) for k in range(200))
    left = np.array([excess(m.predict(X)) for m in again]) / excess(Y.mean())
    expected = advised.advice_.checked["share"]
    np.testing.assert_allclose(left.mean(), expected, atol=4 * left.std() / 200**0.5 + 0.1 * expected)
    assert 0.002 < left.mean() < 0.012


def test_steps_of_ones_own_method_are_counted_as_the_advice_counts():
    design = mb.load(X, Y)
    for family in ("sgd", "heavy_ball"):
        advice = advise(design, 0.02, families=[family], batches=[6], ridge=0.01)
        (method,), (forecast,) = advice.methods[family], advice.steps[family]
        counted = steps_of(design, method, 6, 0.02, 0.01)
        np.testing.assert_allclose(counted, forecast, rtol=1e-6)
        assert MomentumRegressor(method, 6, target=0.02, ridge=0.01).fit(X, Y).n_iter_ == np.ceil(counted)
    for wrong, named in (((mb.load(X), M, 6), "design"), ((design, M, 121), "batch"), ((design, M, 6, 1.0), "target"),
                         ((design, "sgd", 6), "method")):
        with pytest.raises(ValueError, match=f"^{named} must be"):
            steps_of(*wrong)


# -- blocks --------------------------------------------------------------------------------------------------------------
def test_one_block_is_one_epoch():
    block = MomentumRegressor(M, 30, random_state=0).partial_fit(X, Y)
    epoch = MomentumRegressor(M, 30, 4, random_state=0).fit(X, Y)
    np.testing.assert_allclose([*block.coef_, block.intercept_], [*epoch.coef_, epoch.intercept_], rtol=1e-12)
    assert block.n_iter_ == 4


def test_blocks_of_other_scales_carry_weights_and_buffer_over():
    """Literally, with weights and buffer in the units of the columns as they came."""
    model, random = MomentumRegressor(M, 10, random_state=5), np.random.RandomState(5)
    a, v, seen = np.zeros(4), np.zeros(4), 0
    ends = [0, 35, 42, 100, 101, 120]
    grown = np.repeat(np.arange(1, 6), np.diff(ends))                   # every block has larger numbers than the last
    larger, labels_of = X * grown[:, None], Y * grown
    for low, high in pairwise(ends):
        rows, labels = larger[low:high], labels_of[low:high]
        model.partial_fit(rows, labels)
        every, answers = larger[:high], labels_of[:high]
        mean, scale, centre, unit = every.mean(0), every.std(0), answers.mean(), answers.std()
        Z, z = (rows - mean) / scale, (labels - centre) / unit
        for part in np.array_split(random.permutation(len(z)), max(len(z) // 10, 1)):
            g = unit / scale * ((Z[part] @ (a * scale / unit) - z[part]) @ Z[part]) / len(part)
            v = M.beta * v + g
            a = a - M.delta * g - M.eta * v
            seen += 1
        np.testing.assert_allclose([*model.coef_, model.intercept_], [*a, centre - a @ mean], rtol=1e-9)
    assert model.n_iter_ == seen == 3 + 1 + 5 + 1 + 1


@pytest.mark.slow
def test_a_stream_of_blocks_learns_with_the_method_of_the_first():
    def block(k):
        rows = RNG(k).normal(size=(60, 3)) * [1.0, 5.0, 0.1] + 4.0
        return rows, rows @ [2.0, -1.0, 30.0] + 0.5 * RNG(1000 + k).normal(size=60)

    model = MomentumRegressor(random_state=0).partial_fit(*block(0))
    first, advice = model.method_, model.advice_
    for k in range(1, 40):
        model.partial_fit(*block(k))
    assert model.method_ is first and model.advice_ is advice and advice.rows is None
    rows, labels = block(99)
    assert model.score(rows, labels) > 0.98


def test_training_goes_on_after_fit():
    model = MomentumRegressor(M, 30, 4, random_state=0).fit(X, Y)
    before = model.coef_.copy()
    model.partial_fit(X, Y)
    two = MomentumRegressor(M, 30, 8, random_state=0).fit(X, Y)
    assert not np.allclose(before, model.coef_)
    np.testing.assert_allclose(model.coef_, two.coef_, rtol=1e-9)


# -- what may come -------------------------------------------------------------------------------------------------------
def test_columns_and_labels_that_do_not_vary():
    flat = np.column_stack([X, np.full(120, 3.0)])
    with_flat, without = (MomentumRegressor(M, 10, 60, random_state=0).fit(v, Y) for v in (flat, X))
    np.testing.assert_allclose(with_flat.coef_, [*without.coef_, 0.0], rtol=1e-12)
    for rows, labels in ((X, np.full(120, 2.5)), (np.ones((120, 4)), Y)):
        model = MomentumRegressor().fit(rows, labels)
        np.testing.assert_allclose(model.predict(X), labels.mean(), rtol=1e-12)
        assert model.method_ is None and model.n_iter_ == 0
    late = MomentumRegressor("sgd", 8).partial_fit(X[:50], np.ones(50)).partial_fit(X[50:], Y[50:])
    assert isinstance(late.method_, Method) and np.all(late.coef_ != 0)


def test_a_frame_gives_the_advice_its_names():
    pandas = pytest.importorskip("pandas")
    model = MomentumRegressor("sgd", 8).fit(pandas.DataFrame(X, columns=list("abcd")), Y)
    assert model.feature_names_in_.tolist() == list("abcd") and model.advice_.design.columns == tuple("abcd")


def test_a_run_that_is_cut_or_diverges_is_said():
    with pytest.warns(ConvergenceWarning, match=r"^fit stops after max_iter=5 steps; the target of 0.0001 is reached after "):
        assert MomentumRegressor("sgd", 8, target=1e-4, max_iter=5).fit(X, Y).n_iter_ == 5
    with pytest.raises(ValueError, match=r"^method must be one that does not diverge at batch 8 on these rows; got Method"):
        MomentumRegressor(Method.sgd(30.0), 8, 500).fit(X, Y)


@pytest.mark.parametrize(("values", "named"), [
    ({"method": "adam"}, "method"), ({"method": M}, "batch"), ({"batch": 121}, "batch"), ({"batch": 1.5}, "batch"),
    ({"target": 0}, "target"), ({"steps": 0}, "steps"), ({"ridge": -1}, "ridge"), ({"objective": "time"}, "objective"),
    ({"max_iter": None}, "max_iter"), ({"random_state": "a"}, "random_state")])
def test_bad_parameters_are_refused(values, named):
    with pytest.raises(ValueError, match=rf"^{named} must be .*; got "):
        MomentumRegressor(**values).fit(X, Y)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["method", "batch", "steps", "target", "objective", "ridge", "max_iter", "random_state"])
def test_wild_parameters_are_answered_or_refused_by_name(name):
    good = {"method": M, "batch": 4, "steps": 3, "max_iter": 50}
    for value in (v for kind in WILD for v in kind):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            try:
                assert np.isfinite(MomentumRegressor(**{**good, name: value}).fit(X[:12], Y[:12]).coef_).all()
            except ValueError as refused:
                assert f"{name} must be" in str(refused), (value, refused)


def test_without_scikit_learn_one_sentence_says_so(monkeypatch):
    monkeypatch.setattr("mombook.sklearn.sklearn", None)
    with pytest.raises(ImportError, match=r"^mombook.sklearn.MomentumRegressor needs scikit-learn, which is missing: pip "
                                          r"install scikit-learn.$"):
        MomentumRegressor()
