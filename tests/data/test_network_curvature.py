"""mombook/data/network_curvature.py: products and traces against the dense matrices of a tiny network and a linear one."""

import numpy as np
import pytest

from mombook.data.fourth_moments import Inputs, noise_factor
from mombook.model.design import Design

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script:DeprecationWarning")      # torch.func brings it about itself

RNG = np.random.default_rng
X, Y = RNG(0).normal(size=(12, 3)), RNG(1).integers(3, size=12)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def tiny(torch):
    """A problem, and sample by sample its dense Jacobian, second derivative of the loss and gradient."""
    from mombook.data.network_curvature import GaussNewton

    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)).double()
    problem = GaussNewton(net, torch.nn.CrossEntropyLoss(), torch.tensor(X), torch.tensor(Y))
    K, g = [], []
    for x, y in zip(X, Y, strict=True):
        f, J = net(torch.tensor(x)), []
        for output in f:
            net.zero_grad()
            output.backward(retain_graph=True)
            J.append(torch.cat([p.grad.flatten() for p in net.parameters()]).numpy().copy())
        J, p = np.array(J), np.exp(f.detach().numpy())
        p /= p.sum()
        K.append(J.T @ (np.diag(p) - np.outer(p, p)) @ J)
        g.append(J.T @ (p - np.eye(3)[y]))
    return problem, np.array(K), np.array(g)


def test_products_are_those_of_dense_matrices(tiny):
    """(network-curvature)"""
    problem, K, g = tiny
    v = RNG(2).normal(size=problem.d)
    assert problem.d == 31 and problem.n == 12
    np.testing.assert_allclose(problem.product(v), K.mean(0) @ v, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(problem.gradient(), g.mean(0), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(problem.gradient_squares(), (g**2).sum(1), rtol=1e-10)
    np.testing.assert_allclose(problem.gradient_squares(v), ((g + K @ v) ** 2).sum(1), rtol=1e-10)


def test_what_is_measured_is_that_of_dense_matrices(tiny, monkeypatch):
    """(network-noise), with every step of Lanczos and a trace by the same random signs."""
    from mombook.data import network_curvature

    problem, K, g = tiny
    G, mean, rng = K.mean(0), g.mean(0), RNG(0)
    monkeypatch.setattr(network_curvature, "GaussNewton", lambda *_: problem)
    found = network_curvature.measure(None, None, None, None, RNG(0), steps=31, probes=3)
    signs = np.array([rng.choice([-1.0, 1.0], size=31) for _ in range(3)])
    lam, V = np.linalg.eigh(G)
    keep = lam > 1e-6 * lam[-1]
    e = V[:, keep] @ ((V.T @ mean)[keep] / lam[keep])
    spread = np.trace(np.cov(g.T, bias=True))
    left = np.trace(np.cov((g - K @ e).T, bias=True))
    trace = np.mean([v @ G @ v for v in signs])
    H = found.inputs.spectrum
    tau = (spread - left) / ((e @ mean) * H.trace + mean @ mean)
    np.testing.assert_allclose(found.excess, e @ mean / 2, rtol=1e-6)
    np.testing.assert_allclose([found.loss, found.square_gradient], [problem.value, mean @ mean], rtol=1e-10)
    np.testing.assert_allclose(found.noise_trace, spread, rtol=1e-10)
    np.testing.assert_allclose(found.simple_noise_scale, spread / (mean @ mean), rtol=1e-10)
    np.testing.assert_allclose(H.trace, trace, rtol=1e-4)                                   # what is below 1e-6 is left out
    np.testing.assert_allclose(H.largest, lam[-1], rtol=0.1)                                # within RATIO
    np.testing.assert_allclose(found.inputs.initial_risk(found.start), found.excess, rtol=1e-9)
    np.testing.assert_allclose(found.noise**2 * H.trace, left, rtol=1e-9)
    np.testing.assert_allclose(found.inputs.factor, tau, rtol=1e-9)
    assert found.noise > 0.1 and tau > 0.05


def linear(torch, rows, labels, **more):
    """What is measured of one linear layer at zero weights, under half the squared error."""
    from mombook.data.network_curvature import measure

    net = torch.nn.Linear(rows.shape[1], 1, bias=False).double()
    torch.nn.init.zeros_(net.weight)
    return measure(net, lambda f, y: ((f[:, 0] - y) ** 2).mean() / 2, torch.tensor(rows), torch.tensor(labels), RNG(0), **more)


def test_a_linear_network_is_its_design(torch):
    """One layer and half the squared error: the spectrum, the noise and the start of least squares on the same rows."""
    rows = RNG(3).normal(size=(400, 5)) * [2.0, 1.5, 1.0, 0.8, 0.5]
    design = Design(rows, rows @ np.full(5, 0.1) + 0.5 * RNG(4).normal(size=400))
    found = linear(torch, rows, design.labels, steps=5, probes=100)
    inputs, start = Inputs.of(design), design.solution() ** 2
    np.testing.assert_allclose(found.excess, inputs.initial_risk(start), rtol=1e-9)
    np.testing.assert_allclose(found.inputs.spectrum.trace, design.eigenvalues.sum(), rtol=0.06)
    np.testing.assert_allclose(found.inputs.spectrum.eigenvalues, design.eigenvalues, rtol=0.05)
    np.testing.assert_allclose(found.inputs.factor, noise_factor(design), rtol=0.15)
    np.testing.assert_allclose(found.noise, 0.5, rtol=0.1)


@pytest.mark.parametrize("noise", [0.0, 0.7])
def test_the_noise_factor_is_that_of_the_directions_of_the_risk(torch, noise):
    """Rows of which one direction is heavy-tailed, all signs with all: from (tailed-moments), by hand, for an error in each."""
    size, signs = np.array([0.5, 0.5, 0.5, 1.5]), np.array([-1.0, 1.0])
    size = size / np.sqrt(np.mean(size**2))
    rows = np.array([[s * z, t] for z in size for s in signs for t in signs])               # G = 1
    rows, errors = np.concatenate([rows, rows]), np.repeat([noise, -noise], len(rows))      # independent of the rows
    kurtosis = np.mean(size**4)
    for error, by_hand in (([1.0, 0.0], (kurtosis + 1 - 1) / 3), ([0.0, 1.0], (1 + 1 - 1) / 3)):
        found = linear(torch, rows, rows @ error + errors)
        measured = found.excess, found.inputs.factor, found.noise
        np.testing.assert_allclose(measured, [0.5, by_hand, noise], rtol=1e-9, atol=1e-7)


def test_forecasts_begin_with_the_noise_that_the_gradients_have(torch):
    """What one step of SGD adds to the risk: by theory of what was measured, and by the gradients of all samples.

    With equal eigenvalues, the risk that a batch adds is eta^2/2 times an eigenvalue times the trace over the batch.
    """
    from mombook import Method

    rows = np.array([[s, t, u] for s in (-1.0, 1) for t in (-1.0, 1) for u in (-1.0, 1)]) * RNG(5).uniform(0.5, 2, (8, 1))
    rows = np.concatenate([rows * s for s in ([1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1])])
    labels = rows @ [1.0, 0.5, -1.0] + 0.5 * RNG(6).normal(size=32)
    found = linear(torch, rows, labels)
    g = -rows * labels[:, None]
    lam = found.inputs.spectrum.largest
    one, mean = (found.inputs.risk_at(Method.sgd(0.1), batch, [1], found.noise, found.start)[0] for batch in (4, 1e12))
    np.testing.assert_allclose(one - mean, 0.1**2 / 2 * lam * np.trace(np.cov(g.T, bias=True)) / 4, rtol=1e-8)


def test_bad_input_is_refused(torch):
    from mombook.data.network_curvature import GaussNewton, measure

    loss, x, y = torch.nn.CrossEntropyLoss(), torch.tensor(X), torch.tensor(Y)
    for net in (None, torch.nn.Tanh()):
        with pytest.raises(ValueError, match=r"^net must be "):
            GaussNewton(net, loss, x, y)
    net = torch.nn.Linear(3, 3).double()
    with pytest.raises(ValueError, match=r"^net must be one whose loss .* is finite"):
        measure(net, loss, x * np.inf, y, RNG(0))
    for wrong in ({"rng": 0}, {"steps": 0}, {"probes": 0}):
        with pytest.raises(ValueError, match=f"^{next(iter(wrong))} must be "):
            measure(net, loss, x, y, **{"rng": RNG(0), **wrong})


def test_without_pytorch_it_says_what_to_install(monkeypatch):
    from mombook.data import network_curvature

    monkeypatch.setattr(network_curvature, "torch", None)
    with pytest.raises(ImportError, match="pip install torch"):
        network_curvature.GaussNewton(None, None, None, None)
