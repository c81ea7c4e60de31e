"""mombook/model/method.py: every convention is the same method, iterate by iterate, and can be read back."""

import numpy as np
import oracles
import pytest

import mombook as mb
from mombook import Method


def quadratics(steps=25, d=3, seed=1):
    """A start and a list of gradients: a fresh random curvature and label at every step, as minibatches give."""
    rng = np.random.default_rng(seed)
    curvatures = [a @ a.T / (2 * d) for a in rng.standard_normal((steps, d, 2 * d))]
    offsets = rng.standard_normal((steps, d))
    return rng.standard_normal(d), [lambda w, A=A, b=b: A @ w - b for A, b in zip(curvatures, offsets, strict=True)]


def path(method, w, gradients):
    """The iterates of a ``Method``."""
    m, points = np.zeros_like(w), [w]
    for gradient in gradients:
        w, m = method.step(w, m, gradient(w))
        points.append(w)
    return np.array(points)


CONVENTIONS = {
    "sgd": (Method.sgd, oracles.torch_sgd, {"lr": 0.2}),
    "heavy_ball": (Method.heavy_ball, oracles.heavy_ball, {"lr": 0.1, "beta": 0.8}),
    "nesterov": (Method.nesterov, oracles.nesterov, {"lr": 0.1, "beta": 0.8}),
    "qhm": (Method.qhm, oracles.qhm, {"lr": 0.6, "nu": 0.7, "beta": 0.9}),
    "qhm beyond": (Method.qhm, oracles.qhm, {"lr": 0.3, "nu": -0.5, "beta": 0.6}),
    "mass": (Method.mass, oracles.mass, {"eta1": 0.2, "eta2": 0.05, "gamma": 0.8}),
    "accsgd": (Method.accsgd, oracles.accsgd, {"lr": 0.1, "kappa": 100.0, "xi": 10.0}),
    "accsgd other c": (Method.accsgd, oracles.accsgd, {"lr": 0.1, "kappa": 7.0, "xi": 3.0, "small_const": 0.4}),
    "jain": (Method.jain, oracles.jain, {"alpha": 0.9, "beta": 0.1, "gamma": 0.5, "delta": 0.2}),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_a_constructor_gives_the_published_iterates(name):
    make, published, arguments = CONVENTIONS[name]
    w, gradients = quadratics()
    np.testing.assert_allclose(path(make(**arguments), w, gradients), published(w, gradients, **arguments),
                               rtol=1e-10, atol=1e-12)


def test_heavy_ball_and_nesterov_are_pytorchs():
    w, gradients = quadratics()
    for method, nesterov in ((Method.heavy_ball(0.1, 0.8), False), (Method.nesterov(0.1, 0.8), True)):
        torch = oracles.torch_sgd(w, gradients, lr=0.1, momentum=0.8, nesterov=nesterov)
        np.testing.assert_allclose(path(method, w, gradients), torch, rtol=1e-12)


def test_ema_is_pytorchs_dampening_but_for_its_first_undampened_step():
    """PyTorch fills the buffer with the whole first gradient; with a first gradient of zero the two agree."""
    w, gradients = quadratics()
    gradients[0] = np.zeros_like
    torch = oracles.torch_sgd(w, gradients, lr=0.5, momentum=0.8, dampening=0.8)
    np.testing.assert_allclose(path(Method.ema(0.5, 0.8), w, gradients), torch, rtol=1e-12)


def test_special_cases_coincide():
    assert Method.heavy_ball(0.3, 0.0).long_run_step == Method.sgd(0.3).long_run_step == 0.3
    assert Method.ema(0.3, 0.9) == Method.qhm(0.3, 1.0, 0.9)
    assert Method.qhm(0.3, 0.0, 0.9).eta == 0 and Method.mass(0.1, 0.0, 0.9) == Method.nesterov(0.1, 0.9)
    w, gradients = quadratics()
    for m in (Method.nesterov(0.2, 0.0), Method.heavy_ball(0.2, 0.0), Method.qhm(0.2, 0.0, 0.9), Method(0.05, 0.15, 0.0)):
        np.testing.assert_allclose(path(m, w, gradients), path(Method.sgd(0.2), w, gradients), rtol=1e-13)


METHODS = [Method(0.1, 0.02, 0.9), Method(0.1, -0.02, 0.5), Method(0.3, 0.0, 0.7), Method(0.2, 0.5, 0.0),
           Method(-0.1, 0.3, 0.95), Method(0.0, 0.1, 0.9), Method(1e-3, 0.7, 0.999)]


@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_read_outs_invert_the_constructors(method):
    def same(other):
        np.testing.assert_allclose([other.delta, other.eta, other.beta], [method.delta, method.eta, method.beta],
                                   rtol=1e-9, atol=1e-14)

    same(Method.qhm(**method.as_qhm()))
    if method.delta < 0:                                                # a step uphill: no constructor's
        for again in (lambda: Method.mass(**method.as_mass()), lambda: Method.jain(**method.as_jain())):
            with pytest.raises(ValueError, match=r"^(eta1|delta) must be a finite number >= 0; got -0\.1"):
                again()
        return
    same(Method.mass(**method.as_mass()))
    for c in (0.3, 0.7, 1.0):
        same(Method.jain(**method.as_jain(c)))


@pytest.mark.parametrize("c", [0.4, 0.7])
@pytest.mark.parametrize("method", [Method(0.1, 0.02, 0.9), Method(0.1, 0.3, 0.5), Method(0.2, 0.0, 0.6)], ids=repr)
def test_as_accsgd_inverts_accsgd_and_both_are_jains(method, c):
    accsgd = method.as_accsgd(c)
    assert accsgd["small_const"] == c and accsgd["kappa"] >= 1
    again = Method.accsgd(**accsgd)
    np.testing.assert_allclose([again.delta, again.eta, again.beta], [method.delta, method.eta, method.beta],
                               rtol=1e-10, atol=1e-15)
    w, gradients = quadratics()
    np.testing.assert_allclose(oracles.accsgd(w, gradients, **accsgd), oracles.jain(w, gradients, **method.as_jain(c)),
                               rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("method", [Method.sgd(0.2), Method.heavy_ball(0.1, 0.8), Method.nesterov(0.1, 0.8),
                                    Method(0.1, 0.2, 0.0), Method(0.1, 0.0, 0.5), Method.ema(0.3, 0.9)], ids=repr)
def test_as_torch_gives_the_same_iterates(method):
    w, gradients = quadratics()
    np.testing.assert_allclose(oracles.torch_sgd(w, gradients, **method.as_torch()), path(method, w, gradients),
                               rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("scale", [1e-90, 1e-12, 1e-6, 1e-3, 1.0, 1e6, 1e12, 1e90])
def test_nesterov_is_told_from_its_neighbours_at_every_scale(scale):
    """Steps have a unit, so that eta = delta beta must be decided relative to them."""
    for beta in (0.5, 0.9, 0.999):
        method = Method.nesterov(scale, beta)
        assert method.as_torch() == {"lr": scale, "momentum": beta, "dampening": 0.0, "nesterov": True}
        assert Method(scale, method.eta * (1 + 1e-15), beta).as_torch()["nesterov"]           # a rounding error
        for off in (1 + 1e-9, 1 - 1e-9, 0.2, -1.0):
            with pytest.raises(ValueError, match=r"^method must be SGD, heavy ball or Nesterov"):
                Method(scale, method.eta * off, beta).as_torch()


def test_methods_that_cannot_be_said_in_other_words_say_so():
    with pytest.raises(ValueError, match=r"^method must be SGD, heavy ball or Nesterov"):
        Method(0.1, 0.3, 0.5).as_torch()
    with pytest.raises(ValueError, match=r"^method must be of non-zero long-run step"):
        Method(0.1, -0.05, 0.5).as_qhm()
    with pytest.raises(ValueError, match=r"^method must be of non-zero delta"):
        Method(0.0, 0.3, 0.5).as_accsgd()


def test_the_transition_is_the_update_rule():
    """(transition): M s + b noise is one step from s with the gradient lam e + noise, for any state and eigenvalues."""
    rng = np.random.default_rng(4)
    lam, e, m, noise = rng.uniform(0, 1, (4, 2, 3))
    for method in (Method.sgd(0.3), Method.nesterov(0.2, 0.9), Method(-0.1, 0.4, 0.5)):
        M, b = method.transition(lam)
        moved = np.einsum("ij...,j...->i...", M, np.array([e, m])) + b[:, None, None] * noise
        np.testing.assert_allclose(moved, method.step(e, m, lam * e + noise), rtol=1e-13, atol=1e-15)


def test_long_run_step_is_where_a_constant_gradient_goes():
    method = Method(0.1, 0.02, 0.9)
    w = path(method, np.zeros(1), [lambda w: np.ones(1)] * 400)[:, 0]
    np.testing.assert_allclose(w[-2] - w[-1], method.long_run_step, rtol=1e-12)


@pytest.mark.parametrize("method", [Method.sgd(0.2), Method.heavy_ball(0.1, 0.8), Method.nesterov(0.1, 0.8)], ids=repr)
def test_torch_itself_gives_the_same_iterates(method):
    torch = pytest.importorskip("torch")
    w, gradients = quadratics()
    parameter = torch.nn.Parameter(torch.tensor(w))
    optimiser = torch.optim.SGD([parameter], **method.as_torch())
    points = [w]
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient(parameter.detach().numpy().copy()))
        optimiser.step()
        points.append(parameter.detach().numpy().copy())
    np.testing.assert_allclose(points, path(method, w, gradients), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("method", [Method.sgd(0.2), Method.heavy_ball(0.1, 0.8), Method.nesterov(0.1, 0.8)], ids=repr)
def test_optax_itself_gives_the_same_iterates(method):
    optax = pytest.importorskip("optax")
    arguments = method.as_torch()
    optimiser = optax.sgd(arguments["lr"], momentum=arguments["momentum"], nesterov=arguments["nesterov"])
    w, gradients = quadratics()
    point, state, points = w, optimiser.init(w), [w]
    for gradient in gradients:
        update, state = optimiser.update(gradient(point), state)
        point = np.asarray(optax.apply_updates(point, update))
        points.append(point)
    np.testing.assert_allclose(points, path(method, w, gradients), rtol=1e-4, atol=1e-5)       # jax: single precision


def test_a_method_is_frozen_and_compares_by_value():
    method = mb.Method(0.1, 0.2, 0.5)
    with pytest.raises(AttributeError):
        method.beta = 0.1
    assert method == mb.Method(0.1, 0.2, 0.5) and hash(method) == hash(mb.Method(0.1, 0.2, 0.5))
