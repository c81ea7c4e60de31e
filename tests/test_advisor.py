"""mombook/advisor.py and horizon.py: advice against direct tuning, stepping, literal training, and PyTorch's update."""

import re

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum, horizon
from mombook.advisor import advise, merged
from mombook.data import load
from mombook.fourth_moments import Inputs
from mombook.minibatch import train

RNG = np.random.default_rng
H = Spectrum.power_law(20, 1.0)
GAUSSIAN = load(RNG(0).normal(size=(3000, 8)) * np.arange(1.0, 9) ** -0.5, standardise=False)


# -- horizons ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("method", [Method.sgd(0.2), Method.heavy_ball(0.05, 0.5), Method(0.1, 0.05, 0.7)])
@pytest.mark.parametrize("target", [3.0, 0.3, 1e-4])
def test_steps_by_squaring_are_steps_taken(method, target):
    for batch, noise in ((1, 0.0), (8, 0.0), (8, 0.1)):
        for start in (1.0, np.linspace(2, 0, 20)):
            args = (H, method, batch, target, noise, start)
            np.testing.assert_allclose(horizon.steps_to(*args), mb.steps_to(*args, limit=20_000), rtol=1e-9)


def test_steps_far_away_and_never():
    slow = Spectrum([1.0, 1e-9])
    steps = horizon.steps_to(slow, Method.sgd(0.1), 4, 1e-12)
    np.testing.assert_allclose(mb.risk_at(slow, Method.sgd(0.1), 4, [int(steps), int(steps) + 1]), 1e-12, rtol=1e-6)
    assert steps > 1e10
    assert horizon.steps_to(H, Method.sgd(10.0), 4, 1.0) == np.inf
    assert horizon.steps_to(H, Method.sgd(0.1), 4, 1e-6, noise=1.0) == np.inf
    assert horizon.steps_to(H, Method.sgd(0.1), 4, 1e6) == 0


# -- advice -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_advised_methods_are_within_a_few_per_cent_of_direct_tuning(noise):
    found = advise(H, target=0.05, noise=noise, batches=[2, 32])
    for family, steps in found.steps.items():
        for batch, method, t in zip(found.batches, found.methods[family], steps, strict=True):
            target = 0.05 * H.trace / 2
            np.testing.assert_allclose(t, mb.steps_to(H, method, batch, target, noise), rtol=1e-9)
            assert t <= 1.03 * mb.tune_steps(H, family, batch, target, noise)[1]


def test_advice_on_gaussian_rows_is_advice_on_their_spectrum():
    rows, spectrum = (advise(s, target=0.1, batches=[1, 4, 16, 64]) for s in (GAUSSIAN, GAUSSIAN.spectrum()))
    np.testing.assert_allclose(rows.inputs.factor, 1, atol=0.05)
    for family in rows.steps:
        np.testing.assert_allclose(rows.steps[family], spectrum.steps[family], rtol=0.05)
    assert "as noisy as Gaussian ones" in repr(rows) and "noisy" not in repr(spectrum)


def test_advised_runs_reach_the_target_when_they_should():
    """Real minibatch runs, in the mean over many, from zero on noisy labels drawn afresh."""
    design = load(GAUSSIAN.rows, GAUSSIAN.rows @ np.ones(8), standardise=False)
    found = advise(design, target=0.1, noise=0.1, batches=[4, 16])
    for family in ("sgd", "heavy_ball"):
        for i, batch in enumerate((4, 16)):
            t = int(np.ceil(found.steps[family][i]))
            risk = train(design, found.methods[family][i], batch, t, 800, RNG(1), noise=0.1)
            mean, error = risk.mean(0) / risk[0, 0], risk.std(0) / risk[0, 0] / np.sqrt(800)
            assert mean[t] < 0.1 + 5 * error[t] + 0.01 and mean[t - 1] > 0.1 - 5 * error[t - 1] - 0.01


def test_doubling_and_critical_batches_are_read_off_the_steps():
    """The second half of (advice); the first is the test above, and that of direct tuning."""
    found = advise(H, batches=2.0 ** np.arange(9), families=["sgd", "heavy_ball"])
    for family, steps in found.steps.items():
        assert found.doubling(family, 4) == steps[2] / steps[3]
        critical = found.critical[family]
        k = np.flatnonzero(found.batches > critical)[0]
        samples = found.batches * steps / steps[0]
        assert samples[k - 1] <= 2 < samples[k] and found.batches[k - 1] <= critical
        np.testing.assert_allclose(np.interp(np.log(critical), np.log(found.batches), np.log(samples)), np.log(2), rtol=1e-9)
    with pytest.raises(ValueError, match="whose double is there too"):
        found.doubling("sgd", 256)


def test_the_recommendation_spends_no_more_than_twice_the_fewest_samples():
    for source in (H, Spectrum.power_law(100, 2.0), load("wine")):
        found = advise(source)
        family, i = found.best
        least = min(s.min() for s in found.samples.values())
        assert found.samples[family][i] <= 2 * least
        affordable = [t[s <= 2 * least].min() for t, s in zip(found.steps.values(), found.samples.values(), strict=True)
                      if np.any(s <= 2 * least)]
        assert found.steps[family][i] <= min(affordable) / 0.9
        assert f"take {mb.FAMILIES[family].word} at batch {found.batches[i]:g}" in repr(found)


def test_heavy_tails_ask_for_larger_batches():
    design = load("digits")
    gauss, B = Inputs.of(design, gaussian=True), 4.0 ** np.arange(6)
    real, blind = advise(design, batches=B), advise(gauss, start=design.solution() ** 2, batches=B)
    assert real.critical["sgd"] > 10 * blind.critical["sgd"] and "more noisy than Gaussian" in repr(real)
    assert all(np.all(real.steps[f] > 0.95 * blind.steps[f]) for f in real.steps)


def test_the_heaviest_row_is_named():
    rows = RNG(4).normal(size=(200, 3))
    rows[17, 2] = 40.0
    design = load(rows)
    row, times, column = design.heaviest
    assert (row, column) == (17, "2")
    np.testing.assert_allclose(times, (design.rows[17] ** 2).sum() / 3, rtol=1e-12)
    assert "row 17, " in repr(advise(design, batches=[1, 2])) and "by column 2:" in repr(advise(design, batches=[1, 2]))


def test_what_cannot_be_reached_is_said():
    found = advise(Spectrum.power_law(400, 0.2), target=1e-9, noise=1e7, batches=[1, 2])
    assert found.best is None and "no method tried gets there" in repr(found) and "never" in found.table()


def test_parameters_iterate_like_torch():
    """torch.optim.SGD as its documentation writes it: buf = momentum buf + g (first step buf = g), w = w - lr buf."""
    found = advise(H, batches=[4, 16], families=["sgd", "heavy_ball", "nesterov"])
    for family in found.steps:
        line = found.torch(family, 1)
        lr, momentum = (float(re.search(rf"{k}=([0-9.e-]+)", line)[1]) for k in ("lr", "momentum"))
        assert ("nesterov=True" in line) == (family == "nesterov")
        method, rng = found.methods[family][1], RNG(3)
        w, m, v, buffer = np.ones(5), np.zeros(5), np.ones(5), None
        for _ in range(30):
            g = rng.normal(size=5)
            w, m = method.step(w, m, g)
            buffer = g if buffer is None else momentum * buffer + g
            v = v - lr * (g + momentum * buffer if family == "nesterov" else buffer)
        np.testing.assert_allclose(v - 1, w - 1, rtol=0.02, atol=0.01 * np.abs(w - 1).max())   # three figures are printed


def test_what_torch_has_not_is_written_as_qhm():
    found = advise(Spectrum.power_law(100, 2.0), batches=[4], families=["asgd"])
    line, method = found.torch("asgd", 0), found.methods["asgd"][0]
    lr, nu, beta = (float(re.search(rf"{k}=([0-9.e-]+)", line)[1]) for k in ("lr", "nu", "beta"))
    typed = Method.qhm(lr, nu, beta)
    np.testing.assert_allclose([typed.delta, typed.eta, 1 - typed.beta], [method.delta, method.eta, 1 - method.beta], rtol=0.05)
    assert line.startswith("QHM(") and "PyTorch's SGD has no such method" in repr(found)


def test_rates_belong_to_the_loss_with_its_half():
    """The halving sentence: gradients of MSELoss are twice ours, so half the rate takes the same step."""
    x, y, w, lr = np.array([1.0, 2.0]), 3.0, np.array([0.5, 0.5]), 0.1
    ours, mse = (x @ w - y) * x, 2 * (x @ w - y) * x
    np.testing.assert_allclose(w - lr * ours, w - lr / 2 * mse)
    assert "MSELoss) halve them" in repr(advise(H, batches=[1]))


def test_merging_keeps_trace_risk_and_the_smallest():
    inputs, start = Inputs(Spectrum.power_law(300, 1.0), 2.0, 0.01), RNG(0).random(300)
    small, begun = merged(inputs, start, 1.3)
    assert len(small.spectrum) < 60 and small.spectrum.smallest == inputs.spectrum.smallest
    np.testing.assert_allclose([small.spectrum.trace, small.spectrum.dim, small.initial_risk(begun)],
                               [inputs.spectrum.trace, 300, inputs.initial_risk(start)], rtol=1e-12)
    times = [10, 100, 1000]
    np.testing.assert_allclose(small.risk_at(Method.sgd(0.1), 8, times, 0.0, begun),
                               inputs.risk_at(Method.sgd(0.1), 8, times, 0.0, start), rtol=0.05)


@pytest.mark.parametrize(("values", "named"), [
    ({"source": [1.0]}, "source"), ({"target": 1.0}, "target"), ({"target": 0}, "target"), ({"noise": "labels"}, "noise"),
    ({"noise": -1}, "noise"), ({"batches": [4, 2]}, "batches"), ({"batches": [0.5]}, "batches"),
    ({"families": ["adam"]}, "families"), ({"start": [1.0]}, "start"), ({"ridge": -1.0}, "ridge")])
def test_bad_arguments_are_refused(values, named):
    with pytest.raises(ValueError, match=rf"^{named} must be .*; got "):
        advise(**{"source": H, **values})
