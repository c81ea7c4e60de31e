"""mombook/optax.py: the transformation iterate by iterate, against ``Method.step`` and against optax's own sgd."""

import numpy as np
import pytest

import mombook as mb
from mombook import Method

METHODS = [Method.sgd(0.1), Method.heavy_ball(0.05, 0.9), Method.nesterov(0.05, 0.8), Method(0.1, 0.003, 0.95),
           Method.ema(0.2, 0.7)]


@pytest.fixture
def jax():
    """JAX in double precision, with optax."""
    found = pytest.importorskip("jax")
    pytest.importorskip("optax")
    before = found.config.jax_enable_x64
    found.config.update("jax_enable_x64", True)
    yield found
    found.config.update("jax_enable_x64", before)


def walk(jax, transformation, params, gradients, jit=False):
    """Every iterate from ``params`` on, for gradients that depend on the iterate."""
    import optax

    state, seen = transformation.init(params), []
    update = jax.jit(transformation.update) if jit else transformation.update
    for gradient in gradients:
        changes, state = update(jax.tree.map(gradient, params), state, params)
        params = optax.apply_updates(params, changes)
        seen.append(np.concatenate([np.ravel(v) for v in jax.tree.leaves(params)]))
    return np.array(seen)


def problem(jax):
    """A tree of parameters, and gradients of quadratics that change from step to step."""
    params = {"a": jax.numpy.arange(1.0, 4), "b": [jax.numpy.ones((2, 2)), jax.numpy.array(-2.0)]}
    return params, [lambda w, t=t: (0.5 + t % 3) * (w - 0.1 * t) for t in range(25)]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("jit", [True, False])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_iterates_are_those_of_the_method(jax, method, jit, decay):
    from mombook.optax import of

    params, gradients = problem(jax)
    w = np.concatenate([np.ravel(v) for v in jax.tree.leaves(params)])
    m, expected = 0 * w, []
    for gradient in gradients:
        w, m = method.step(w, m, gradient(w) + decay * w)
        expected.append(w)
    np.testing.assert_allclose(walk(jax, of(method, decay), params, gradients, jit), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("method", METHODS[:3])
def test_iterates_are_those_of_optaxs_own(jax, method):
    import optax

    from mombook.optax import of

    params, gradients = problem(jax)
    k = method.as_torch()
    theirs = optax.sgd(k["lr"], momentum=k["momentum"], nesterov=k["nesterov"])
    np.testing.assert_allclose(walk(jax, of(method), params, gradients), walk(jax, theirs, params, gradients), rtol=1e-11)


def test_it_chains_and_keeps_the_type_of_the_parameters(jax):
    import optax

    from mombook.optax import momentum

    params = jax.numpy.ones(3, dtype=jax.numpy.float32)
    both = optax.chain(optax.scale(2.0), momentum(0.1, 0.05, 0.9))
    changes, state = both.update(params, both.init(params))
    assert changes.dtype == state[1].buffer.dtype == jax.numpy.float32
    np.testing.assert_allclose(changes, -2 * (0.1 + 0.05), rtol=1e-6)
    np.testing.assert_allclose(both.update(params, state)[0], -2 * (0.1 + 0.05 * 1.9), rtol=1e-6)


def test_the_advice_gives_one_for_its_loss(jax):
    found = mb.advise(mb.Spectrum.power_law(30, 1.5), batches=[4, 16], families=["sgd", "asgd"], ridge=0.01)
    params, gradients = problem(jax)
    for which in ((), ("asgd", 4)):
        method = (found[which] if which else found.pick).method
        w = np.concatenate([np.ravel(v) for v in jax.tree.leaves(params)])
        w, _ = method.step(w, 0 * w, (gradients[0](w) + 0.02 * w) / 2)  # the gradient of MSELoss is twice that of the book
        np.testing.assert_allclose(walk(jax, found.transformation(*which), params, gradients[:1])[0], w, rtol=1e-9)


@pytest.mark.parametrize("wrong", [{"beta": 1.0}, {"delta": float("nan")}, {"weight_decay": -1.0}, {"eta": "a"}])
def test_wrong_parameters_are_refused(jax, wrong):
    from mombook.optax import momentum, of

    (name,) = wrong
    with pytest.raises(ValueError, match=f"^{name} must be"):
        momentum(**{"delta": 0.1, **wrong})
    with pytest.raises(ValueError, match=r"^method must be"):
        of("sgd")
    decayed = momentum(0.1, weight_decay=0.1)
    with pytest.raises(ValueError, match=r"^params must be"):
        decayed.update(jax.numpy.ones(2), decayed.init(jax.numpy.ones(2)))


def test_without_optax_one_sentence_says_so(monkeypatch):
    import mombook.optax  # can be imported without

    monkeypatch.setattr(mombook.optax, "optax", None)
    with pytest.raises(ImportError, match=r"^mombook.optax.momentum needs optax, which is missing: pip install optax.$"):
        mombook.optax.momentum(0.1)
