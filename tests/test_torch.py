"""mombook/torch.py: the optimizer iterate by iterate, against ``Method.step`` and against PyTorch's own SGD."""

import copy

import numpy as np
import pytest

from mombook import Method

METHODS = [Method.sgd(0.1), Method.heavy_ball(0.05, 0.9), Method.nesterov(0.05, 0.8), Method(0.1, 0.003, 0.95),
           Method.ema(0.2, 0.7)]


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


def network(torch, seed=0):
    torch.manual_seed(seed)
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)).double()


def trained(torch, net, make, steps=12):
    """The parameters after each of some steps on data that depend on the step alone."""
    optimizer, seen = make(net.parameters()), []
    for t in range(steps):
        generator = torch.Generator().manual_seed(t)
        X = torch.randn(8, 3, generator=generator, dtype=torch.double)
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(net(X)[:, 0], X.sum(1)).backward()
        optimizer.step()
        seen.append(torch.cat([p.detach().flatten() for p in net.parameters()]).numpy().copy())
    return np.array(seen)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("foreach", [True, False])
def test_iterates_are_those_of_the_method(torch, method, foreach):
    from mombook.torch import Momentum

    rng = np.random.default_rng(0)
    w = [torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((3,), (2, 2))]
    plain = [v.detach().numpy().copy() for v in w]
    m, optimizer = [0 * v for v in plain], Momentum.of(w, method, foreach=foreach)
    for _ in range(20):
        for k, v in enumerate(w):
            g = rng.normal(size=v.shape)
            v.grad = torch.tensor(g)
            plain[k], m[k] = method.step(plain[k], m[k], g)
        optimizer.step()
        for v, expected in zip(w, plain, strict=True):
            np.testing.assert_allclose(v.detach().numpy(), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("method", METHODS[:3])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_a_network_trains_as_with_pytorchs_own(torch, method, decay):
    from mombook.torch import Momentum

    ours = trained(torch, network(torch), lambda p: Momentum.of(p, method, weight_decay=decay))
    theirs = trained(torch, network(torch), lambda p: torch.optim.SGD(p, **method.as_torch(), weight_decay=decay))
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-13)


def test_groups_have_parameters_of_their_own_and_can_be_scheduled(torch):
    from mombook.torch import Momentum

    a, b = (torch.ones(2, dtype=torch.double, requires_grad=True) for _ in range(2))
    optimizer = Momentum([{"params": [a], "delta": 0.5}, {"params": [b], "beta": 0.5, "eta": 0.25}], delta=0.1)
    for _ in range(2):
        a.grad, b.grad = torch.ones_like(a), torch.ones_like(b)
        optimizer.step()
    np.testing.assert_allclose(a.detach(), 1 - 2 * 0.5)
    np.testing.assert_allclose(b.detach(), 1 - 2 * 0.1 - 0.25 * (1 + 1.5))
    optimizer.param_groups[0]["delta"] = 0.0
    a.grad, b.grad = torch.ones_like(a), None
    optimizer.step()
    np.testing.assert_allclose(a.detach(), 0.0)


def test_training_goes_on_from_a_saved_state(torch):
    from mombook.torch import Momentum

    w = [torch.ones(3, dtype=torch.double, requires_grad=True) for _ in range(2)]
    one = Momentum([w[0]], 0.1, 0.05, 0.9)
    for t in range(10):
        if t == 5:
            w[1].data.copy_(w[0].data)
            other = Momentum([w[1]], 0.7)
            other.load_state_dict(copy.deepcopy(one.state_dict()))
        for v, optimizer in ((w[0], one), *([(w[1], other)] if t >= 5 else [])):
            v.grad = torch.full_like(v, float(t + 1))
            optimizer.step()
    np.testing.assert_array_equal(w[0].detach(), w[1].detach())


def test_a_closure_is_called_with_gradients(torch):
    from mombook.torch import Momentum

    w = torch.tensor([2.0], requires_grad=True)
    optimizer = Momentum([w], 0.25)

    def closure():
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0 and w.item() == 1.0


@pytest.mark.parametrize("wrong", [{"beta": 1.0}, {"delta": float("nan")}, {"weight_decay": -1.0}, {"eta": "a"}])
def test_wrong_parameters_are_refused(torch, wrong):
    from mombook.torch import Momentum

    (name,) = wrong
    for params, given in (([torch.ones(1)], wrong), ([{"params": [torch.ones(1)], **wrong}], {})):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            Momentum(params, **{"delta": 0.1, **given})


def test_without_pytorch_one_sentence_says_so(monkeypatch):
    import mombook.torch  # can be imported without

    monkeypatch.setattr(mombook.torch, "torch", None)
    with pytest.raises(ImportError, match=r"^mombook.torch.Momentum needs PyTorch, which is missing: pip install torch.$"):
        mombook.torch.Momentum([], 0.1)
