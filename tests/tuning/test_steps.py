"""mombook/tuning/steps.py: fewest steps over batches, against the search at one batch, and training in shuffled epochs."""

import numpy as np
import pytest

import mombook as mb
from mombook.data.loading import load
from mombook.exact.epochs import noise_share
from mombook.sample.minibatch import train
from mombook.tuning.steps import _search, steps_needed, tune_batches, whole_epochs

H = mb.Spectrum.power_law(40, 1.2)


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_steps_are_those_of_the_search_at_one_batch(noise):
    target, batches = 0.02 * H.trace / 2, [1, 4, 64, 128]
    methods, steps = tune_batches(H, list(mb.FAMILIES), batches, target, noise)
    for family in mb.FAMILIES:
        for batch, method, t in zip(batches, methods[family], steps[family], strict=True):
            np.testing.assert_allclose(t, mb.steps_to(H, method, batch, target, noise), rtol=1e-6)
            assert t <= 1.03 * mb.tune_steps(H, family, batch, target, noise)[1]
        quick = tune_batches(H, [family], batches, target, noise, quick=True)[1][family]
        np.testing.assert_allclose(quick, steps[family], rtol=0.25)


def test_what_is_reached_at_once_and_what_never():
    assert tune_batches(H, ["sgd"], [4], H.trace)[1]["sgd"][0] == 0
    assert tune_batches(H, ["sgd"], [4], 1e-9, 1e9)[1]["sgd"][0] == np.inf
    assert tune_batches(H, ["sgd"], [4], H.trace, rows=8)[1]["sgd"][0] == 0


def design(noise):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(240, 6)) * np.arange(1.0, 7) ** -0.5
    return load(X, X @ np.ones(6) + noise * rng.normal(size=240), standardise=False)


@pytest.mark.slow
@pytest.mark.parametrize("batch", [2, 24, 80])
@pytest.mark.parametrize("family", ["sgd", "heavy_ball", "asgd"])
def test_training_in_epochs_arrives_when_forecast(batch, family):
    """(epoch-risk) by training on fixed labels: at the target after the forecast steps, and not at half of them."""
    data = design(0.8)
    noise, start = float(np.sqrt(np.mean(data.residuals() ** 2))), data.solution() ** 2
    target = 0.02 * data.eigenvalues @ start / 2
    methods, steps = tune_batches(data.spectrum(), [family], [batch], target, noise, start, rows=240)
    (method,), (t,) = methods[family], steps[family]
    t = int(np.ceil(whole_epochs(t, batch, 240)))
    risk = train(data, method, batch, t, 200, np.random.default_rng(1), "epochs", "labels") / target
    error = risk.std(0) / 200**0.5
    assert risk[:, t].mean() < 1 + 5 * error[t] and risk[:, t].mean() > 0.4         # (whole epochs may overshoot)
    assert risk[:, t // 2].mean() > 1
    each, fresh = 240 // batch, tune_batches(data.spectrum(), [family], [batch], target, noise, start)[1][family][0]
    assert t <= -(-fresh // each) * each                                # shuffling never costs more than the rest of an epoch


@pytest.mark.parametrize("batch", [2, 8])
def test_without_label_noise_training_in_epochs_may_end_at_any_step(batch):
    """Distinct rows have the variance of more independent ones, which know no epochs."""
    target, more = 1e-3 * H.trace / 2, batch * 99 / (100 - batch)
    methods, steps = tune_batches(H, ["sgd", "heavy_ball"], [batch], target, rows=100)
    for family, ((method,), (t,)) in zip(methods, zip(methods.values(), steps.values(), strict=True), strict=True):
        assert t > 100 / batch and abs(t / (100 // batch) % 1 - 0.5) < 0.49                    # past an epoch, within another
        np.testing.assert_allclose(t, mb.steps_to(H, method, more, target), rtol=1e-6)
        assert t <= 1.03 * mb.tune_steps(H, family, more, target)[1]
        assert steps_needed(H, method, batch, target, rows=100) == t


@pytest.mark.parametrize("batch", [24, 80])
def test_past_an_epoch_steps_are_read_off_between_the_ends_of_epochs(batch):
    """(epoch-risk) at the two ends, from curves for samples drawn afresh; a straight line of the log between them."""
    data, each, more = design(0.8), 240 // batch, batch * 239 / (240 - batch)
    lam, start, noise = data.eigenvalues, data.solution() ** 2, float(np.sqrt(np.mean(data.residuals() ** 2)))
    target = 0.02 * lam @ start / 2
    methods, steps = tune_batches(data.spectrum(), ["heavy_ball"], [batch], target, noise, start, rows=240)
    method = methods["heavy_ball"][0]
    asked = 0
    for goal in (target, 0.8 * target, 0.6 * target, 0.3 * target):
        t = steps_needed(data.spectrum(), method, batch, goal, noise, start, rows=240)
        assert goal < target or t == steps["heavy_ball"][0]
        if t > each and t < np.inf:
            ends = each * np.array([np.ceil(t / each) - 1, np.ceil(t / each)])
            clean, fresh = (np.array([mb.risk_at(data.spectrum(), method, more, [int(T)], sigma, start)[0] for T in ends])
                            for sigma in (0.0, noise))
            kept = [noise_share(lam, lam**2, method.delta, method.eta, method.beta, batch, 240, int(T)) for T in ends]
            before, after = np.log(clean + kept * (fresh - clean))
            np.testing.assert_allclose(t, np.interp(-np.log(goal), [-before, -after], ends), rtol=1e-9)
            assert before > np.log(goal) >= after and ends[0] < t < ends[1]
            assert whole_epochs(t, batch, 240) == ends[1] and whole_epochs(t, batch, None) == t
            asked += 1
    assert asked


@pytest.mark.parametrize(("batch", "steps"), [(2, 70), (24, 20), (24, 35)])
def test_slopes_of_a_risk_in_epochs_are_its_differences(batch, steps):
    """The share of label noise moves with the parameters too: what it adds needs the share of noise in the risk."""
    data = design(0.8)
    noise, start = float(np.sqrt(np.mean(data.residuals() ** 2))), data.solution() ** 2
    search = _search(240, data.spectrum(), "asgd", batch, noise, start, 3.0)
    search.merge(steps)
    x = search._coordinates(mb.Method(0.1, 0.05, 0.6))
    _, slopes = search._cost(x, search.fine, steps)
    ends = [[search._cost(x + sign * 1e-4 * unit, search.fine, steps, False) for sign in (1, -1)] for unit in np.eye(3)]
    np.testing.assert_allclose(slopes, [(a - b) / 2e-4 for a, b in ends], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("values", "named"), [({"families": ["adam"]}, "families"), ({"batches": [0]}, "batches"),
                                               ({"target": 0}, "target"), ({"rows": 2}, "batches"), ({"rows": 0}, "rows")])
def test_bad_arguments_are_refused(values, named):
    with pytest.raises(ValueError, match=f"^{named} must be"):
        tune_batches(**{"spectrum": H, "families": ["sgd"], "batches": [4], "target": 0.1, **values})
