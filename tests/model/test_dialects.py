"""mombook.model.dialects: what it prints, executed literally, gives the iterates of ``Method``."""

import re

import numpy as np
import pytest

import mombook as mb
from mombook.model.dialects import dialects
from tests import oracles

CURVATURE = np.array([1.0, 0.3, 0.02])
START = np.array([1.0, -2.0, 3.0])
NOISE = np.random.default_rng(0).standard_normal((30, 3))
GRADIENTS = [lambda w, n=n: CURVATURE * w + 0.1 * n for n in NOISE]
HEAVY, NESTEROV, SGD = mb.Method.heavy_ball(0.3, 0.8), mb.Method.nesterov(0.3, 0.8), mb.Method.sgd(0.3)
FREE = mb.Method(0.2, 0.05, 0.9)


def path(method):
    w, m, points = START, np.zeros(3), [START]
    for gradient in GRADIENTS:
        w, m = method.step(w, m, gradient(w))
        points.append(w)
    return np.array(points)


def letters(line):
    return {k: float(v) for k, v in re.findall(r"(\w+)=([-\d.e]+)", line)}


ORACLES = {"QHM": oracles.qhm, "MaSS": oracles.mass, "Jain et al.": oracles.jain, "AccSGD": oracles.accsgd}


@pytest.mark.parametrize("name", list(ORACLES))
@pytest.mark.parametrize("method", [HEAVY, NESTEROV, SGD, FREE], ids=["heavy ball", "Nesterov", "SGD", "free"])
def test_the_papers_letters_give_the_same_iterates(name, method):
    line = dialects(method)[name]
    if name == "AccSGD" and method is HEAVY:
        assert line.startswith("cannot") and "delta" in line
        return
    np.testing.assert_allclose(ORACLES[name](START, GRADIENTS, **letters(line)), path(method), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method, oracle", [(HEAVY, oracles.heavy_ball), (SGD, oracles.heavy_ball)])
def test_polyaks_two_points(method, oracle):
    lr, beta = map(float, re.findall(r"- ([\d.e-]+) \* g\(w\[t\]\) \+ ([\d.e-]+)", dialects(method)["Polyak"])[0])
    np.testing.assert_allclose(oracle(START, GRADIENTS, lr, beta), path(method), rtol=1e-10)


def test_nesterovs_two_sequences():
    lr, beta = map(float, re.findall(r"y\[t\] - ([\d.e-]+) \*.*\+ ([\d.e-]+) \*", dialects(NESTEROV)["Nesterov"])[0])
    np.testing.assert_allclose(oracles.nesterov(START, GRADIENTS, lr, beta), path(NESTEROV), rtol=1e-10)


@pytest.mark.parametrize("method", [HEAVY, NESTEROV, SGD], ids=["heavy ball", "Nesterov", "SGD"])
def test_the_pytorch_line_read_as_documented(method):
    line = dialects(method)["PyTorch"]
    found = oracles.torch_sgd(START, GRADIENTS, nesterov="nesterov=True" in line,
                              **{k: v for k, v in letters(line).items() if k in ("lr", "momentum")})
    np.testing.assert_allclose(found, path(method), rtol=1e-10)


@pytest.mark.parametrize("method", [HEAVY, NESTEROV, SGD], ids=["heavy ball", "Nesterov", "SGD"])
def test_the_pytorch_line_run_by_pytorch(method):
    torch = pytest.importorskip("torch")
    w = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = eval(dialects(method)["PyTorch"], {"torch": torch, "params": [w]})
    points = [START]
    for gradient in GRADIENTS:
        w.grad = torch.tensor(gradient(w.detach().numpy().copy()))
        optimizer.step()
        points.append(w.detach().numpy().copy())
    np.testing.assert_allclose(points, path(method), rtol=1e-10)


@pytest.mark.parametrize("method", [HEAVY, NESTEROV, SGD], ids=["heavy ball", "Nesterov", "SGD"])
def test_the_optax_line_run_by_optax(method):
    optax, jax = pytest.importorskip("optax"), pytest.importorskip("jax")
    optimizer = eval(dialects(method)["optax"], {"optax": optax})
    w, points = jax.numpy.asarray(START), [START]
    state = optimizer.init(w)
    for gradient in GRADIENTS:
        update, state = optimizer.update(jax.numpy.asarray(gradient(np.asarray(w))), state, w)
        w = optax.apply_updates(w, update)
        points.append(np.asarray(w))
    np.testing.assert_allclose(points, path(method), rtol=1e-4, atol=1e-5)


def test_what_a_convention_lacks_is_said():
    lines = dialects(FREE)
    assert all(lines[name].startswith("cannot") for name in ("PyTorch", "optax", "Polyak", "Nesterov"))
    assert dialects(NESTEROV)["Polyak"].startswith("cannot") and dialects(HEAVY)["Nesterov"].startswith("cannot")
    with pytest.raises(ValueError, match="method"):
        dialects("heavy ball")
