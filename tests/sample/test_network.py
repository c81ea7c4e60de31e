"""The small network: scikit-learn's training loop against one written out with ``Method.step``."""

import sys

import numpy as np
import pytest

from mombook.model.method import Method
from mombook.sample import network


def test_the_networks_train_by_our_update_rule():
    neural = pytest.importorskip("sklearn.neural_network")
    X, y = pytest.importorskip("sklearn.datasets").load_digits(return_X_y=True)
    X, y = X[:96] / 16.0, y[:96]
    options = dict(hidden_layer_sizes=(6,), solver="sgd", nesterovs_momentum=False, batch_size=32, alpha=0.0,
                   shuffle=False, random_state=3)
    still = neural.MLPClassifier(learning_rate_init=1e-300, momentum=0.0, **options)
    w = [np.array(p) for p in (lambda n: n.coefs_ + n.intercepts_)(still.partial_fit(X, y, classes=np.arange(10)))]
    net = neural.MLPClassifier(learning_rate_init=0.02, momentum=0.9, **options)
    method = Method.heavy_ball(lr=0.02, beta=0.9)
    m = [np.zeros_like(p) for p in w]
    for _ in range(3):                                  # the buffer must survive from one partial_fit to the next
        net.partial_fit(X, y, classes=np.arange(10))
        for k in range(0, 96, 32):
            W, V, b, c = w
            x, t = X[k:k + 32], np.eye(10)[y[k:k + 32]]
            h = np.maximum(x @ W + b, 0)
            p = np.exp(h @ V + c)
            out = (p / p.sum(axis=1, keepdims=True) - t) / 32
            back = out @ V.T * (h > 0)
            g = [x.T @ back, h.T @ out, back.sum(axis=0), out.sum(axis=0)]
            w, m = map(list, zip(*[method.step(*z) for z in zip(w, m, g, strict=True)], strict=True))
    for ours, theirs in zip(w, net.coefs_ + net.intercepts_, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


def test_sgd_and_sgdm_agree_where_steps_are_small():
    pytest.importorskip("sklearn")
    pieces = list(network.stream(batches=[64], rates=[0.05, 0.2], beta=0.8, seeds=2, epochs=4, hidden=16))
    assert [f for f, _ in pieces] == [0.25, 0.5, 0.75, 1.0]
    assert np.isnan(pieces[0][1].accuracy).any()
    result = pieces[-1][1]
    assert result.accuracy.shape == (2, 1, 2, 2, 4) and not np.isnan(result.accuracy).any()
    assert np.max(np.abs(result.accuracy[0] - result.accuracy[1])[..., -1]) < 0.1
    assert np.all(np.diff(result.loss, axis=-1) < 0)
    band = result.band("loss")
    assert band.shape == (3, 2, 1, 2) and np.all(np.diff(band, axis=0) >= 0)


def test_equal_methods_give_equal_runs():
    pytest.importorskip("sklearn")
    result = network.compare(batches=[64], rates=[0.1], beta=0.0, seeds=1, epochs=2, hidden=8)
    np.testing.assert_array_equal(result.accuracy[0], result.accuracy[1])


def test_divergence_is_recorded():
    pytest.importorskip("sklearn")
    result = network.compare(batches=[256], rates=[1e8], seeds=1, epochs=6, hidden=8)
    assert not np.isnan(result.loss).any() and np.all(result.accuracy <= 0.2)


def test_without_scikit_learn_the_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        network.compare()


@pytest.mark.parametrize(("name", "bad"), [
    ("batches", {"batches": [0]}),
    ("batches", {"batches": [5000]}),
    ("batches", {"batches": [1.5]}),
    ("rates", {"rates": [0.0]}),
    ("beta", {"beta": 1.0}), ("seeds", {"seeds": 0}), ("epochs", {"epochs": -1}), ("hidden", {"hidden": 0}),
])
def test_bad_input_is_refused_by_name(name, bad):
    with pytest.raises(ValueError, match=name):
        network.compare(**bad)
