"""mombook/panels/agreement.py: what is known of a panel's runs, which dots are filled, and how many lie where they should."""

import numpy as np
import pytest

import mombook as mb
from mombook.panels import agreement, spectra

KEY = (100.0, 1.5, 20)
TIMES = np.array([1, 2, 3, 6, 11, 23])


def known(method, batch, noise=0.0, key=KEY):
    """A ``Theory`` as a panel gets it, and how often it gave a sign of life."""
    waiting = agreement.theory(key, spectra.one_by_one(key), method, batch, TIMES, 0.25, noise)
    signs = []
    while True:
        try:
            signs.append(next(waiting).fraction)
        except StopIteration as end:
            return end.value, signs


@pytest.mark.parametrize("noise", [0.0, 2.0])
def test_theory_is_the_expected_risk_and_the_spread_of_one_run(noise):
    H, method = mb.Spectrum.power_law(20, 1.5, 100, binned=False), mb.Method.heavy_ball(0.05, 0.8)
    theory, signs = known(method, 4, noise)
    expected = mb.risk_curve(H, method, 4, 23, noise)
    np.testing.assert_allclose(theory.expected, expected[TIMES], rtol=1e-10)
    np.testing.assert_allclose(theory.spread, (mb.risk_spread(H, method, 4, 23, noise) / expected)[TIMES], rtol=5e-3)
    assert set(signs) == {0.25}


def test_it_gives_a_sign_of_life_every_few_steps(monkeypatch):
    """A step may take milliseconds in a web page, where nothing is answered until the next sign."""
    taken, between = [0], []

    def counted(*given):
        for each in spreads(*given):
            taken[0] += 1
            yield each

    spreads = agreement.spreads
    monkeypatch.setattr(agreement, "spreads", counted)
    waiting = agreement.theory(KEY, spectra.one_by_one(KEY), mb.Method.sgd(0.1), 4, TIMES, 0.25)
    for _ in waiting:
        between.append(taken[0] - sum(between))
    assert sum(between) > TIMES[-1] / 2 and max(between) <= 8


def test_what_diverges_is_given_up():
    theory, _ = known(mb.Method.sgd(5.0), 1)
    assert np.isinf(theory.spread[-1]) and not theory.filled(10**6)[-1] and theory.filled(10**6)[0]


def test_dots_are_filled_up_to_a_standard_error_of_15_per_cent_and_counted():
    """Runs made up: means 1, 1.2, 0.5, 1 and 9 times theory, with standard errors of 1, 10, 15, 16 and 20 %."""
    theory = agreement.Theory(np.arange(1, 6), np.full(5, 2.0), 10 * np.array([0.01, 0.10, 0.1499, 0.16, 0.20]))
    risk = np.tile(2 * np.array([1, 1, 1.2, 0.5, 1, 9]), (100, 1))
    dots = theory.drawn(risk, "SGD", "diamond")["SGD: simulated"]
    assert dots["marker.symbol"] == ["diamond"] * 3 + ["diamond-open"] * 2
    assert theory.held(risk) == (1, 3, 5)                               # 1.2 is two standard errors off, 0.5 more than three
    risk[:, 2] = 2.25
    assert theory.held(risk) == (2, 3, 5)                               # 1.125: within 1.28 standard errors of 10 %
    assert "2 of 3 filled dots" in agreement.told(100, [(2, 3, 5)]) and "a dot is hollow" in agreement.told(100, [(2, 3, 5)])
    assert "6 of 8 filled dots" in agreement.told(100, [(2, 3, 3), (4, 5, 5)])
    assert "hollow" not in agreement.told(100, [(2, 3, 3), (4, 5, 5)])


def test_dots_outside_the_picture_take_their_marks_along():
    """The first mean lies above the picture: the marks are those of the others."""
    theory = agreement.Theory(np.arange(1, 4), np.ones(3), np.array([0.1, 9.0, 0.1]))
    risk = np.tile([1.0, 1e31, 2.0, 3.0], (4, 1))
    dots = theory.drawn(risk, "", "circle", high=1e30)["simulated"]
    assert dots["x"].tolist() == [2, 3] and dots["marker.symbol"] == ["circle-open", "circle"]
