"""model/family.py: a family is read off its constructor; one of the reader's own is tuned and shown like the book's four."""

import inspect

import numpy as np
import pytest
from scipy.optimize import minimize

import mombook as mb
from mombook import FAMILIES, Family, Method, Spectrum
from mombook.panels import definition
from mombook.panels.frame import problems

OWN = {
    "QHM": lambda lr, beta: Method.qhm(lr, 0.7, beta),
    "average": Method.ema,
    "MaSS": lambda lr, beta: Method.mass(lr, 0.5 * lr, beta),
    "heavy ball, fixed": lambda lr: Method.heavy_ball(lr, 0.9),
    "Nesterov, fixed": lambda lr: Method.nesterov(lr, 0.9),
    "long memory": lambda lr: Method.heavy_ball(lr, 0.999),
}


@pytest.fixture
def own():
    """Give mombook a family of one's own, and take it away again."""
    before = dict(FAMILIES)
    yield lambda name, make: FAMILIES.update({name: Family(name, make)})
    FAMILIES.clear()
    FAMILIES.update(before)


def loses_to_a_search(H, family, batch, tuned, rng):
    """How much more (relative) Nelder-Mead on the constructor itself reaches, from beside the answer and from afar."""
    long_run = family.make(1.0, *[tuned.method.beta] * (family.row[4] > 0)).long_run_step
    memory = [np.log(max(tuned.method.beta, 1e-12) / (1 - tuned.method.beta))] if family.row[4] else []
    z = np.array([np.log(tuned.method.long_run_step / long_run), *memory])

    def cost(z):
        return -mb.contraction_gap(H, family.make(np.exp(z[0]), *1 / (1 + np.exp(-np.clip(z[1:], -30, 30)))), batch)

    starts = [z + rng.normal(0, width, z.size) for width in (0.02, 1.0, 2.0)]
    found = [-minimize(cost, s, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-14}).fun for s in starts]
    return max(found) / tuned.gap - 1


@pytest.mark.slow
@pytest.mark.parametrize("name", OWN)
def test_no_search_beats_a_tuned_family_of_ones_own(name, own):
    own(name, OWN[name])
    rng = np.random.default_rng(5)
    for H in (Spectrum.power_law(60, 1.5), Spectrum.two_level(20, 1e4, top=5), Spectrum.flat(7)):
        for batch in (1.0, 100.0, 1e5):
            tuned = mb.tune(H, name, batch)
            np.testing.assert_allclose(mb.contraction_gap(H, tuned.method, batch), tuned.gap, rtol=1e-8)
            assert loses_to_a_search(H, FAMILIES[name], batch, tuned, rng) < 1e-7


def test_another_name_for_heavy_ball_is_heavy_ball(own):
    own("average", Method.ema)
    H, batches = Spectrum.power_law(50, 1.2), np.geomspace(1, 1e4, 7)
    f = mb.frontier(H, ["heavy_ball", "average"], batches)
    np.testing.assert_allclose(f["average"].gap, f["heavy_ball"].gap, rtol=1e-8)
    np.testing.assert_allclose(mb.critical_batch(H, "average"), mb.critical_batch(H, "heavy_ball"), rtol=1e-6)


def test_a_part_of_a_family_is_never_better_than_the_whole(own):
    own("QHM", OWN["QHM"])
    own("heavy ball, fixed", OWN["heavy ball, fixed"])
    f = mb.frontier(Spectrum.power_law(200, 1.5), batches=np.geomspace(1, 1e6, 13))
    assert set(f) == {"sgd", "heavy_ball", "nesterov", "asgd", "QHM", "heavy ball, fixed"}
    assert np.all(f["QHM"].gap <= f["asgd"].gap * (1 + 1e-9))
    assert np.all(f["heavy ball, fixed"].gap <= f["heavy_ball"].gap * (1 + 1e-9))


def test_the_recipe_is_five_lines(own):
    """CONTRIBUTING.md, "Add a method": a constructor and one entry, and everything knows it."""
    del own                                                             # the fixture takes the entry away again

    class Ours(Method):
        @classmethod
        def qhm_default(cls, lr, beta):
            """QHM (Ma & Yarats 2019) with the nu that its authors recommend."""
            return cls.qhm(lr, 0.7, beta)
    FAMILIES["qhm"] = Family("QHM, ν = 0.7", Ours.qhm_default)

    H = Spectrum.power_law(200, 1.5, 1e3)
    best = mb.tune(H, "qhm", batch=8)
    np.testing.assert_allclose(mb.contraction_gap(H, best.method, 8), best.gap, rtol=1e-9)
    f = mb.frontier(H, ["qhm"], [1, 8, 64])["qhm"]
    np.testing.assert_allclose(f.gap[1], best.gap, rtol=1e-7)
    assert mb.tune_steps(H, "qhm", 8, target=1e-2)[1] < mb.tune_steps(H, "sgd", 8, target=1e-2)[1]
    assert "lr=" in mb.dialects(best.method)["QHM"]
    panel = definition("tradeoff")
    scenario = panel.read("methods=sgd+qhm;batch=8")
    assert panel.write(scenario).endswith("methods=sgd+qhm;seed=0") and "qhm" in panel.read()["methods"]
    view = panel.exact(scenario)
    assert "QHM, ν = 0.7" in view.sentence and view.traces["QHM, ν = 0.7: CE"]["visible"]
    np.testing.assert_allclose(view.numbers["gap"]["qhm"], best.gap, rtol=1e-4)
    assert not problems(panel, scenario, view)
    translator = definition("translator")
    assert "QHM, ν = 0.7: delta=" in translator.exact(translator.read("methods=qhm")).text


@pytest.mark.slow
def test_panels_follow_the_families_there_are(own):
    panel = definition("tradeoff")
    first = panel.exact(panel.read())
    own("ours", Method.ema)
    with_it = panel.exact(panel.read())
    assert "ours" in with_it.text and "ours" not in first.text
    own("ours", lambda lr: Method.heavy_ball(lr, 0.5))                  # the same name, another method
    np.testing.assert_raises(AssertionError, np.testing.assert_allclose, panel.exact(panel.read()).numbers["gap"]["ours"],
                             with_it.numbers["gap"]["ours"])
    del FAMILIES["ours"]
    assert panel.exact(panel.read()).sentence == first.sentence


@pytest.mark.parametrize(("make", "allowed"), [
    (lambda rate, beta: Method(rate, 0, beta), "a function of lr"),
    (lambda lr: 0.1, "a mombook.Method"),
    (Method(0.1, 0.1, 0.5), "a function of lr"),
    (lambda lr, beta: Method.nesterov(lr, beta * beta), "of the form"),
    (lambda lr, beta: Method(lr * (1 - beta), lr * beta, beta), "of the form"),
    (lambda lr, beta: Method(lr, lr * beta * (1 - beta), beta), "of the form"),
    (lambda lr: Method.heavy_ball(lr * lr, 0.5), "of the form"),
    (lambda delta, eta, beta: Method(eta, delta, beta), "of the form"),
    (lambda delta, eta, beta: Method(delta, eta, beta * beta), "of the form"),
    (lambda lr: Method(0.0, -lr, 0.5), "positive long-run step"),
    (lambda lr: Method.heavy_ball(-lr, 0.5), r"returns a Method for lr = 1 \(here lr must be a finite number > 0"),
    (lambda lr, beta: Method.mass(lr, 1.5 * lr, beta), "positive long-run step"),
])
def test_what_cannot_be_a_family_is_refused(make, allowed):
    with pytest.raises(ValueError, match=rf"make must be .*{allowed}.*; got"):
        Family("anything", make)


def test_the_books_families_in_numbers():
    rows = {name: family.row for name, family in FAMILIES.items()}
    assert rows == {"sgd": (1, 0, 0, 0, 0, 1), "heavy_ball": (0, 0, 1, 0, 1, 1), "nesterov": (1, 0, 0, 1, 1, 1),
                    "asgd": (1, 1, 0, 0, 1, 1)}


@pytest.mark.parametrize("make", [*OWN.values(), Method], ids=[*OWN, "ASGD"])
def test_a_family_made_from_its_numbers_is_the_same_to_the_last_bit(make):
    family = Family("one", make)
    row = tuple(v * (1 + 2**-52) for v in family.row)                   # numbers that probing does not return
    again, moved = Family.of_row("one", family.row), Family.of_row("other", row)
    assert again.row == family.row and moved.row == row and (again.word, moved.word) == ("one", "other")
    given = {"lr": (0.3,), "lr, beta": (0.3, 0.6), "delta, eta, beta": (0.3, 0.2, 0.6)}[", ".join(_free(make))]
    one, other = family.make(*given), again.make(*given)
    np.testing.assert_allclose([other.delta, other.eta, other.beta], [one.delta, one.eta, one.beta], rtol=1e-14, atol=1e-16)


def _free(make):
    return inspect.signature(make).parameters
