"""mombook/study/advisor.py and horizon.py: advice against direct tuning, stepping, literal training, and PyTorch's update."""

import dataclasses
import itertools
import json
import re

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.data.fourth_moments import Inputs
from mombook.data.loading import load
from mombook.exact.row_moments import expected_risk
from mombook.sample.minibatch import train
from mombook.study.advisor import advise, merged
from mombook.study.programs import line
from mombook.tuning import horizon

RNG = np.random.default_rng
H = Spectrum.power_law(20, 1.0)
X = RNG(7).normal(size=(200, 4)) * [1.0, 2.0, 3.0, 4.0] + 5.0
Y = X @ [1.0, 0.0, -1.0, 0.5] + 3.0 * RNG(8).normal(size=200) + 7.0
GAUSSIAN = load(RNG(0).normal(size=(3000, 8)) * np.arange(1.0, 9) ** -0.5, standardise=False)


@pytest.fixture(scope="module")
def labelled():
    """Advice on rows with labels."""
    return advise((X, Y), batches=[4, 8])


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
    needed = horizon.steps_to(H, Method.sgd(0.1), 4, 1e-6)
    assert horizon.steps_to(H, Method.sgd(0.1), 4, 1e-6, limit=int(needed)) == np.inf
    assert horizon.steps_to(H, Method.sgd(0.1), 4, 1e-6, limit=int(needed) + 1) == needed


# -- advice -----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_advised_methods_are_within_a_few_per_cent_of_direct_tuning(noise):
    found = advise(H, target=0.05, noise=noise, batches=[2, 32])
    for family, steps in found.steps.items():
        for batch, method, t in zip(found.batches, found.methods[family], steps, strict=True):
            target = 0.05 * H.trace / 2
            np.testing.assert_allclose(t, mb.steps_to(H, method, batch, target, noise), rtol=1e-9)
            assert t <= 1.03 * mb.tune_steps(H, family, batch, target, noise)[1]


def test_advice_on_gaussian_rows_is_advice_on_their_spectrum():
    rows, spectrum = (advise(s, target=0.1, batches=[1, 64]) for s in (GAUSSIAN, GAUSSIAN.spectrum()))
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


@pytest.mark.slow
def test_the_recommendation_spends_no_more_than_twice_the_fewest_samples():
    for source in (H, Spectrum.power_law(100, 2.0), load("wine")):
        found = advise(source)
        each = found.rows // found.batches if found.rows else 1         # runs are of whole epochs past the first
        (family, i), whole = found.best, {f: np.where(s <= each, np.ceil(s), np.ceil(s / each) * each)
                                          for f, s in found.steps.items()}
        samples = {f: found.batches * s for f, s in whole.items()}
        least = min(s.min() for s in samples.values())
        assert samples[family][i] <= 2 * least
        affordable = [t[samples[f] <= 2 * least].min() for f, t in whole.items() if np.any(samples[f] <= 2 * least)]
        assert whole[family][i] <= min(affordable) / 0.9
        assert f"take {mb.FAMILIES[family].word} at batch {found.batches[i]:g}" in repr(found)


@pytest.mark.slow
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
    said = repr(advise(design, batches=[1, 2], families=["sgd"]))
    assert "row 17, " in said and "by column 2:" in said


@pytest.mark.slow
def test_defaults_are_those_of_the_docstring():
    """One per cent of the initial excess risk, no label noise, no ridge, the book's four families, and PyTorch's loss."""
    found = advise(H)
    explicit = advise(H, 0.01, 0.0, 0.0, None, ("sgd", "heavy_ball", "nesterov", "asgd"), 1.0, labels=None, loss="mse",
                      target_is="excess risk", objective="steps", overhead=None, draws="replacement")
    assert found.target == 0.01 and found.noise == 0 and found.inputs.ridge == 0
    assert repr(found) == repr(explicit) and "To bring the excess risk to 1 % of its start, take" in repr(found)
    assert list(found.steps) == ["sgd", "heavy_ball", "nesterov", "asgd"]
    bend = mb.critical_batch(H, "heavy_ball")
    assert found.batches[0] == 1 and np.all(np.diff(np.log2(found.batches)) == 1) and 2 * bend < found.batches[-1] <= 4 * bend
    for family, steps in found.steps.items():
        np.testing.assert_array_equal(steps, explicit.steps[family])
        i = found.batches.size - 1
        np.testing.assert_allclose(steps[i], mb.steps_to(H, found.methods[family][i], found.batches[i], 0.01 * H.trace / 2),
                                   rtol=1e-9)


@pytest.mark.parametrize("scale", [1e-12, 1e-6, 1.0, 1e6])
def test_a_printed_line_calls_nesterov_what_is_nesterov(scale):
    for beta in (0.5, 0.99):
        assert line(Method.nesterov(scale, beta)).endswith("nesterov=True)")
        for off in (0.2, 0.99, 1.01, 5.0):
            assert line(Method(scale, beta * scale * off, beta)).startswith("mombook.torch.Momentum(")


@pytest.mark.slow
def test_what_cannot_be_reached_is_said():
    found = advise(Spectrum.power_law(400, 0.2), target=1e-9, noise=1e7, batches=[1, 2])
    assert found.best is None and "no method tried gets there" in repr(found) and "never" in found.table()


def test_parameters_iterate_like_torch():
    """torch.optim.SGD as its documentation writes it: buf = momentum buf + g (first step buf = g), w = w - lr buf; the gradient
    of MSELoss is twice that of this book, and the line belongs to the loss of the advice."""
    for loss, family in itertools.product(("half", "mse"), ("sgd", "heavy_ball", "nesterov")):
        found = advise(H, batches=[4, 16], families=[family], loss=loss)
        scale = {"half": 1.0, "mse": 2.0}[loss]
        line = found.torch(family, 1)
        lr, momentum = (float(re.search(rf"{k}=([0-9.e-]+)", line)[1]) for k in ("lr", "momentum"))
        assert ("nesterov=True" in line) == (family == "nesterov")
        method, rng = found.methods[family][1], RNG(3)
        w, m, v, buffer = np.ones(5), np.zeros(5), np.ones(5), None
        for _ in range(30):
            g = rng.normal(size=5)
            w, m = method.step(w, m, g)
            g = scale * g
            buffer = g if buffer is None else momentum * buffer + g
            v = v - lr * (g + momentum * buffer if family == "nesterov" else buffer)
        np.testing.assert_allclose(v - 1, w - 1, rtol=0.02, atol=0.01 * np.abs(w - 1).max())   # three figures are printed


def test_what_torch_has_not_is_written_as_our_optimizer():
    found = advise(Spectrum.power_law(100, 2.0), batches=[4], families=["asgd"], loss="half")
    line, method = found.torch("asgd", 0), found.methods["asgd"][0]
    typed = Method(*(float(re.search(rf"{k}=([0-9.e-]+)", line)[1]) for k in ("delta", "eta", "beta")))
    np.testing.assert_allclose([typed.delta, typed.eta, 1 - typed.beta], [method.delta, method.eta, 1 - method.beta], rtol=0.01)
    assert line.startswith("mombook.torch.Momentum(params, ") and line in repr(found)


def test_a_ridge_is_weight_decay_in_the_units_of_the_loss():
    """Of the loss (1/2)(y - x.w)^2 + (r/2)|w|^2 the gradient has r w; of twice that loss, 2 r w."""
    for loss, decay in (("half", 0.25), ("mse", 0.5)):
        found = advise(GAUSSIAN, 0.1, ridge=0.25, batches=[4], families=["heavy_ball", "asgd"], loss=loss)
        for family in found.steps:
            assert found.torch(family, 0).endswith(f", weight_decay={decay})")


def test_rates_belong_to_the_loss_with_its_half():
    """The halving sentence: gradients of MSELoss are twice ours, so half the rate takes the same step."""
    x, y, w, lr = np.array([1.0, 2.0]), 3.0, np.array([0.5, 0.5]), 0.1
    ours, mse = (x @ w - y) * x, 2 * (x @ w - y) * x
    np.testing.assert_allclose(w - lr * ours, w - lr / 2 * mse)
    half, mean = (repr(advise(H, batches=[1], families=["heavy_ball"], loss=loss)) for loss in ("half", "mse"))
    assert "MSELoss) halve them" in half
    assert "with a 1/2 before it double them" in mean and "with MSELoss: torch.optim.SGD(" in mean
    for method in (Method.sgd(0.1), Method.heavy_ball(0.1, 0.5), Method.nesterov(0.1, 0.5)):
        half, mse_lr = method.as_torch(), method.as_torch(loss="mse")["lr"]
        assert mse_lr == half["lr"] / 2 and {**half, "lr": 0} == {**method.as_torch("mse"), "lr": 0}


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
    ({"families": ["adam"]}, "families"), ({"start": [1.0]}, "start"), ({"ridge": -1.0}, "ridge"),
    ({"loss": "l2"}, "loss"), ({"objective": "money"}, "objective"), ({"objective": "time"}, "overhead"),
    ({"target_is": "accuracy"}, "target_is"), ({"target_is": "loss"}, "target_is"), ({"draws": "epochs"}, "draws"),
    ({"draws": "cards"}, "draws"), ({"labels": [1.0]}, "labels"), ({"source": (X, Y), "labels": Y}, "labels"),
    ({"critical": "guessed"}, "critical"), ({"source": (X, Y), "batches": [1, 500]}, "batches"),
    ({"source": (X, Y), "target": 1e-9, "target_is": "loss"}, "target"),
    ({"source": (X, Y), "target": 0.3, "target_is": "loss", "ridge": 0.1}, "target_is")])
def test_bad_arguments_are_refused(values, named):
    with pytest.raises(ValueError, match=rf"^{named} must be .*; got "):
        advise(**{"source": H, **values})


# -- what is asked for -------------------------------------------------------------------------------------------------
def test_a_pair_a_frame_a_path_and_a_design_are_the_same_question(tmp_path):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd")).assign(y=Y)
    frame.to_csv(tmp_path / "mine.csv", index=False)
    how = {"batches": [4], "families": ["heavy_ball"]}
    expected = advise(load(X, Y), **how).methods["heavy_ball"][0]
    for found in (advise((X, Y), **how), advise(X, labels=Y, **how), advise(frame, labels="y", **how),
                  advise(tmp_path / "mine.csv", labels="y", **how)):
        np.testing.assert_allclose([found.methods["heavy_ball"][0].eta, found.methods["heavy_ball"][0].beta],
                                   [expected.eta, expected.beta], rtol=1e-6)


def test_labels_bring_their_noise_and_epochs(labelled):
    """The noise is what least squares leaves of the standardised labels, and the first sentence says it."""
    found, small = labelled, {"batches": [4], "families": ["sgd"]}
    A = np.column_stack([X, np.ones(200)])
    left = Y - A @ np.linalg.lstsq(A, Y, rcond=None)[0]
    np.testing.assert_allclose(found.noise, np.sqrt(np.mean(left**2)) / Y.std(), rtol=1e-12)
    assert found.rows == 200 and f"label noise {found.noise:.3g}." in found.sentences()[0]
    assert "in shuffled epochs of 200 rows" in repr(found)
    for clean in (advise((X, Y), noise=0.0, **small), advise(X, **small)):
        assert clean.noise == 0 and clean.rows is None
    assert advise((X, Y), noise=0.0, draws="epochs", **small).rows == 200


def test_what_a_doubled_batch_saves_is_said(monkeypatch, labelled):
    found = labelled
    family, now = found.best[0], found.steps[found.best[0]][0]
    monkeypatch.setattr(type(found), "best", (family, 0))               # the smaller batch is the advised one
    for later, words in ((now / 3, "would divide the steps by 3."), (now, "would save no step.")):
        steps = {**found.steps, family: np.array([now, later])}
        said = dataclasses.replace(found, steps=steps, measured={}).sentences()
        assert [s for s in said if "Doubling the batch" in s] == [f"Doubling the batch {words}"]
    trained = {(family, k): dataclasses.replace(found[family, 4], steps=t) for k, t in enumerate((30.0, 10.0))}
    found = dataclasses.replace(found, steps={**found.steps, family: np.array([30.0, 15.0])}, measured=trained)
    assert found.doubling(family, 4) == 3 and "Doubling the batch would divide the steps by 3." in repr(found)


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["steps", "samples", "time"])
def test_the_recommendation_keeps_what_its_objective_promises(objective):
    found = advise(load("wine"), objective=objective, overhead=50.0 if objective == "time" else None)
    for advice, most in ((found, 1.5), (dataclasses.replace(found, measured={}), 2.0)):   # of what was trained, and of all
        entries = list(advice.measured.values()) or [advice[f, B] for f in advice.steps for B in advice.batches]
        steps, batches = np.array([(np.ceil(e.steps), e.batch) for e in entries]).T
        mine, B, samples = np.ceil(advice.pick.steps), advice.pick.batch, steps * batches
        here = {"steps": mine, "samples": mine * B, "time": mine * (50.0 + B)}[objective]
        allowed = samples <= most * samples.min()
        least = {"steps": steps[allowed].min(), "samples": samples.min(), "time": (steps * (50.0 + batches)).min()}[objective]
        assert here <= least / 0.9 and (objective == "time" or mine * B <= most * samples.min())
        assert advice.fewest == samples.min()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_with_noisy_labels_the_advice_arrives_and_is_not_beaten_by_what_one_would_guess(name):
    """Literal training in shuffled epochs on the labels as they are."""
    design = load(name)
    found = advise(design)
    pick, (steps, B) = found.pick, (int(np.ceil(found.pick.steps)), int(found.pick.batch))
    how = {"runs": 64, "draws": "epochs", "noise": "labels"}
    risk = train(design, pick.method, B, steps, rng=RNG(0), **how)
    end = risk[:, -1] / risk[:, 0]
    assert end.mean() < 0.01 + 4 * end.std() / 8 and end.mean() > 0.0025
    np.testing.assert_allclose(end.mean(), found.checked["share"], atol=4 * end.std() / 8 + 0.001)
    for lr in (1e-3, 3e-3, 1e-2, 3e-2, 0.1):
        naive = train(design, Method.heavy_ball(2 * lr, 0.9), B, steps, rng=RNG(1), **how)
        assert naive[:, -1].mean() / naive[0, 0] > 0.9 * end.mean()


def test_a_choice_that_fails_on_the_rows_is_mended(monkeypatch):
    """With a noise factor far too small the first choice diverges on the rows; the one that is named does not."""
    rows = RNG(5).normal(size=(400, 6)) * np.where(RNG(6).random((400, 1)) < 0.02, 12.0, 1.0)
    design = load(rows, rows @ np.arange(1.0, 7))
    monkeypatch.setattr("mombook.data.fourth_moments.noise_factor", lambda design, ridge: 0.3)
    found = advise(design, 0.05, families=["heavy_ball"], batches=[8, 16], noise=0.0, draws="replacement")
    assert "its steps were shortened" in repr(found)
    family, i = found.best
    exact = expected_risk(design, found.methods[family][i], int(found.batches[i]), int(np.ceil(found.steps[family][i])))
    assert exact[-1] <= 1.02 * 0.05 * exact[0]
    np.testing.assert_allclose(found.checked["share"], exact[-1] / exact[0], rtol=1e-9)


# -- targets -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("loss", "factor"), [("mse", 1.0), ("half", 0.5)])
def test_a_loss_is_that_of_the_labels_in_their_units(loss, factor):
    A = np.column_stack([X, np.ones(200)])
    solution = np.linalg.lstsq(A, Y, rcond=None)[0]
    at = lambda w: factor * np.mean((Y - A @ w) ** 2)  # noqa: E731
    zero = np.r_[np.zeros(4), Y.mean()]
    target = 0.7 * at(solution) + 0.3 * at(zero)
    found = advise((X, Y), target, target_is="loss", loss=loss, batches=[4], families=["sgd"])
    np.testing.assert_allclose(found.target, 0.3, rtol=1e-9)
    assert "A loss of " in found.sentences()[2]


def test_a_held_out_loss_is_that_of_leaving_one_out():
    """By refitting without each row, with the column means and scales of all."""
    design = load(X, Y)
    left = []
    for i in range(200):
        keep = np.arange(200) != i
        w = np.linalg.lstsq(design.rows[keep], design.labels[keep], rcond=None)[0]
        left.append(design.labels[i] - design.rows[i] @ w)
    least = np.mean(np.square(left)) * Y.var()
    (sentence,) = advise((X, Y), 1.5 * least, target_is="held-out loss", batches=[4], families=["sgd"]).told
    assert f"the solution has {least:.3g}." in sentence


# -- what one takes home -----------------------------------------------------------------------------------------------
def test_entries_dictionaries_and_files_hold_the_same_numbers(tmp_path, labelled):
    found = labelled
    pick = found["asgd", 8]
    assert (pick.family, pick.batch, pick.steps, pick.line) == ("asgd", 8.0, found.steps["asgd"][1], found.torch("asgd", 1))
    assert found.pick == found.measured[found.best] and found.pick.line == found.torch(found.best[0], found.best[1] - 2)
    assert pick.samples == 8 * pick.steps and pick.method is found.methods["asgd"][1] and "ASGD" in pick._repr_html_()
    found.save(tmp_path / "advice.json")
    kept = json.loads((tmp_path / "advice.json").read_text(encoding="utf-8"))
    assert kept == found.to_dict() and len(kept["entries"]) == 8 and kept["sentences"] == found.sentences()
    assert kept["recommendation"] == {"family": found.pick.family, "batch": found.pick.batch}
    frame = pytest.importorskip("pandas") and found.to_frame()
    entry = frame[(frame.family == "asgd") & (frame.batch == 8)].iloc[0]
    assert (entry.steps, entry.delta, entry.torch) == (pick.steps, pick.method.delta, pick.line)
    for wrong in ("asgd", ("adam", 8), ("asgd", 5)):
        with pytest.raises(ValueError, match=r"^(which|family|batch) must be"):
            found[wrong]


def test_certainty_says_computed_only_of_what_is(labelled):
    small = {"batches": [4], "families": ["sgd", "heavy_ball"]}
    assert set(advise(H, **small).certainty.values()) == {"computed", "guaranteed"}
    afresh, epochs = advise((X, Y), draws="replacement", **small), labelled
    for found, kind in ((afresh, "computed"), (epochs, "measured")):
        assert found.certainty["steps"] == "forecast" and found.certainty["steps of the recommendation"] == kind
        assert found.pick.certainty == kind and ("Computed from all moments of these rows" in repr(found)) == (found is afresh)
    unlabelled = advise(X, **small)
    assert unlabelled.certainty["steps of the recommendation"] == "forecast" and "The steps are a forecast" in repr(unlabelled)


@pytest.mark.parametrize("loss", ["mse", "half"])
@pytest.mark.parametrize("family", ["nesterov", "asgd"])
def test_the_training_loop_runs_and_reaches_the_target(loss, family):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    found = advise((X, Y), 0.05, loss=loss, batches=[10])
    names = {"X": X, "y": Y}
    exec(found.training_loop(family, 10), names)
    design = load(X, Y)
    error = design.axes.T @ names["model"].weight.detach().numpy()[0] - design.solution()
    share = design.eigenvalues @ error**2 / (design.eigenvalues @ design.solution() ** 2)
    assert share < 3 * 0.05
    np.testing.assert_allclose(X @ names["weights"] + names["intercept"],
                               design.predict(names["model"].weight.detach().numpy()[0], X), rtol=1e-9)
    optimizer = found.optimizer([torch.ones(2, requires_grad=True)], family)
    m = found[family, 10].method.for_loss(loss)
    (group,) = optimizer.param_groups
    assert (group["delta"], group["eta"], group["beta"]) == (m.delta, m.eta, m.beta)


def test_the_training_loop_loads_what_was_loaded(tmp_path):
    pytest.importorskip("pandas")
    np.savetxt(tmp_path / "mine.csv", np.column_stack([X, Y]), delimiter=",", header="a,b,c,d,y", comments="")
    path, small = str(tmp_path / "mine.csv"), {"batches": [4], "families": ["sgd"]}
    assert f"design = mb.load({path!r}, target='y')\n" in advise(path, labels="y", **small).training_loop()
    with pytest.raises(ValueError, match=r"^source must be rows with labels"):
        advise(X, **small).training_loop()
