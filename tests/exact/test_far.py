"""Curves at internet scale: far times by the resolvent against steps and against powers of the step; what binning costs."""

import numpy as np
import pytest

import mombook as mb
from mombook import Method, Spectrum
from mombook.exact import moments, renewal, resolvent

H = Spectrum.power_law(80, 1.2)
METHODS = {
    "sgd": (Method.sgd(0.2), 16),
    "heavy ball": (Method.heavy_ball(0.05, 0.9), 16), "nesterov": (Method.nesterov(0.1, 0.95), 64),
    "two steps": (Method(0.3, 0.005, 0.98), 64), "no memory": (Method.heavy_ball(0.2, 0.0), 8),
    "unread buffer": (Method(0.2, 0.0, 0.99), 8), "tuned": (mb.tune(H, "asgd", 16).method, 16),
    "tuned, large batch": (mb.tune(H, "heavy_ball", 4096).method, 4096), "diverging": (Method.heavy_ball(0.5, 0.9), 4),
}
TIMES = np.unique(np.rint(np.geomspace(1, 10_000, 25))).astype(int)


@pytest.mark.parametrize("noise", [0.0, 0.1])
@pytest.mark.parametrize("name", METHODS)
def test_the_resolvent_is_the_curve_stepped_to_ten_thousand(name, noise):
    """(resolvent), (far) against (moments) step by step, from an uneven start and with heavy-tailed inputs."""
    method, batch = METHODS[name]
    for start, kurtosis in ((1.0, 3.0), (np.linspace(0.0, 4.0, 80), 6.0)):
        curve = mb.risk_curve(H, method, batch, TIMES[-1], noise=noise, start=start, kurtosis=kurtosis)[TIMES]
        far = mb.risk_at(H, method, batch, TIMES, noise=noise, start=start, kurtosis=kurtosis)
        seen = curve > 1e-290                                           # below, doubles lose digits
        assert seen.sum() > 12
        np.testing.assert_allclose(far[seen], curve[seen], rtol=2e-8)


@pytest.mark.parametrize("name", ["sgd", "heavy ball", "two steps", "no memory"])
def test_most_of_those_times_are_reached_without_steps(name, monkeypatch):
    method, batch = METHODS[name]
    rho = 1 - mb.contraction_gap(H, method, batch)
    settled = TIMES[TIMES > max(36 / np.log(rho / max(method.beta, 1e-9)), 32)]
    assert settled.size > 2
    computed, every = [], renewal.risks
    monkeypatch.setattr(renewal, "risks", lambda *given: computed.append(given[3]) or every(*given))
    monkeypatch.setattr(moments, "closed", None)
    mb.risk_at(H, method, batch, settled)
    assert sum(computed) <= 32 * settled.size < settled[-1] / 10


@pytest.mark.parametrize(("method", "batch", "noise"), [(Method.sgd(0.3), 64, 0.1), (Method.heavy_ball(0.02, 0.99), 64, 0.0),
                                                        (Method(0.5, 0.001, 0.995), 512, 0.1)])
def test_a_hundred_million_steps_by_two_roads(method, batch, noise, monkeypatch):
    """A billion eigenvalues: the contour integral against 27 squarings of the whole step."""
    G = Spectrum.power_law(10**9, 1.2, binned=1)
    times = np.array([10**5, 10**6, 10**7, 10**8])
    by_contour = mb.risk_at(G, method, batch, times, noise=noise)
    monkeypatch.setattr(moments, "SMALL", len(G))
    monkeypatch.setattr(resolvent, "risks_at", None)
    np.testing.assert_allclose(by_contour, mb.risk_at(G, method, batch, times, noise=noise), rtol=1e-6)
    assert np.all(np.diff(by_contour) < 0) and by_contour[-1] > noise**2 / 1000


def test_slow_modes_keep_their_digits_at_a_trillion_steps():
    """One mode alone has a closed form: R_t = (1/2)(1 - 2 lr lam + lr^2 lam^2 (B+2)/B)^t; here its gap is 2e-13."""
    lam = np.append(np.geomspace(1e-3, 1.0, 70), 1e-12)
    G, start = Spectrum(lam), np.append(np.zeros(70), 1.0)              # the largest first, so this one is the last
    lr, batch, t = 0.1, 1e9, 10**12                                     # so large a batch that the rest stays asleep
    alone = 0.5e-12 * np.exp(t * np.log1p(-2 * lr * 1e-12 + (lr * 1e-12) ** 2))
    np.testing.assert_allclose(mb.risk_at(G, Method.sgd(lr), batch, [t], start=start)[0], alone, rtol=1e-7)


def test_long_memories_are_squared_or_refused_in_words():
    slow = Method.heavy_ball(1e-6, 1 - 1e-7)
    assert 0 < mb.risk_at(Spectrum.power_law(70, 1.0), slow, 4, [10**6])[0] < 3
    with pytest.raises(ValueError, match=r"^spectrum must be one of at most 2,000 distinct entries, with so long a memory"):
        mb.risk_at(Spectrum.power_law(2001, 1.0), slow, 4, [10**6])
    fast = mb.risk_at(Spectrum.power_law(5000, 1.0), Method.heavy_ball(1e-3, 0.9), 4, [10, 10**7])
    assert fast[1] < fast[0] and np.isfinite(fast).all()
    assert np.isinf(mb.risk_at(H, METHODS["diverging"][0], 4, [10**4, 10**7])).all()


# -- binning ----------------------------------------------------------------------------------------------------------
@pytest.mark.slow
@pytest.mark.parametrize(("method", "rtol"), [(Method.sgd(0.3), 2e-8), (Method.heavy_ball(0.05, 0.9), 2e-7)])
def test_curves_of_a_million_binned_eigenvalues(method, rtol):
    """Against all million of them, step by step: modes turn at most a few times before they are gone."""
    full, binned = Spectrum.power_law(10**6, 1.2, binned=False), Spectrum.power_law(10**6, 1.2)
    assert len(full) == 10**6 and len(binned) < 400
    np.testing.assert_allclose(mb.risk_curve(binned, method, 64, 30), mb.risk_curve(full, method, 64, 30), rtol=rtol)


def test_the_error_of_binning_shrinks_sixty_fold_with_twice_the_bins():
    """A billion eigenvalues; errors by refinement. The rule is exact to degree 5 in the rank: order 6 in the width of a bin."""
    method, times = Method.heavy_ball(0.05, 0.98), [30, 100, 1000, 10**5, 10**8]
    curves = [mb.risk_at(Spectrum.power_law(10**9, 1.2, binned=bins), method, 64, times) for bins in (2, 4, 8)]
    errors = [np.abs(c / curves[-1] - 1) for c in curves[:-1]]
    assert errors[1].max() < 1e-6 and np.all(errors[1][-2:] < 1e-8)
    assert errors[0].max() > 30 * errors[1].max()


def test_modes_that_go_on_turning_need_more_bins():
    """The known limit: after a hundred turns neighbours in a bin are out of phase; more bins cure it."""
    method = Method.heavy_ball(0.5, 0.999)
    curves = {bins: mb.risk_curve(Spectrum.power_law(10**6, 1.5, binned=bins), method, 4096, 2000) for bins in (4, 8, 16, 32)}
    worst = {bins: np.abs(c / curves[32] - 1).max() for bins, c in curves.items()}
    assert 0.2 > worst[4] > 1e-3 and worst[4] > worst[8] > worst[16] and worst[16] < 1e-3


def test_bins_are_a_whole_number():
    assert len(Spectrum.power_law(100, 1.0, binned=False)) == 100 > len(Spectrum.power_law(100, 1.0, binned=True))
    four, default = Spectrum.power_law(10**5, 1.0, binned=4), Spectrum.power_law(10**5, 1.0)
    np.testing.assert_array_equal(four.eigenvalues, default.eigenvalues)
    for wrong in (0, 2.5, -1, "4", np.nan):
        with pytest.raises(ValueError, match=r"^binned must be a whole number"):
            Spectrum.power_law(100, 1.0, binned=wrong)


@pytest.mark.parametrize("d", [100, 400])
def test_where_nearly_every_step_is_asked_for_there_are_no_contours(monkeypatch, d):
    """The resolvent at a few far times is the second way to them."""
    H, method = mb.Spectrum.power_law(d, 1.1, 3e4), mb.Method.heavy_ball(0.02, 0.98)
    every, few = np.arange(4097), np.array([3000, 3500, 4096])
    apart = mb.risk_at(H, method, 8, few)
    monkeypatch.setattr("mombook.exact.resolvent.risks_at", lambda *_: pytest.fail("a contour for each of 4096 steps"))
    monkeypatch.setattr(moments, "closed", None)
    np.testing.assert_allclose(mb.risk_at(H, method, 8, every)[few], apart, rtol=1e-9)
    np.testing.assert_allclose(mb.risk_at(H, method, 8, every[::8])[-1], apart[-1], rtol=1e-9)


@pytest.mark.parametrize("d", [10, 50])
def test_between_many_near_times_and_a_few_far_ones_no_step_is_computed(monkeypatch, d):
    """Ten entries reach the far times by powers of the step, fifty by contours."""
    G, method, computed = Spectrum.power_law(d, 1.2), Method.heavy_ball(0.02, 0.98), []
    near, far = np.arange(4000), np.array([10**5, 10**6])
    expected = np.append(mb.risk_curve(G, method, 8, near[-1]), mb.risk_at(G, method, 8, far))
    every = renewal.risks
    monkeypatch.setattr(renewal, "risks", lambda *given: computed.append(given[3]) or every(*given))
    np.testing.assert_allclose(mb.risk_at(G, method, 8, np.append(near, far)), expected, rtol=1e-10)
    assert computed == [3999]
