"""Controls as data and scenario lines."""

import numpy as np
import pytest

from mombook.panels import PANELS, controls, definition
from mombook.panels.scenario import Choice, Seed, Slider, Switch, defaults, number, read, short, write

from . import scenarios

BOOK = (controls.KAPPA, controls.DECAY, controls.BATCH, controls.DIM, controls.METHODS, controls.SEED)


def test_what_is_written_is_read_back():
    scenario = read(BOOK, "kappa=2e4; decay=0.75 ;batch=131;methods=asgd+sgd", seed=7)
    assert scenario["kappa"] == 2e4 and scenario["batch"] == 131 and scenario["methods"] == ("sgd", "asgd")
    assert read(BOOK, write(BOOK, scenario)) == scenario
    assert read(BOOK, "") == defaults(BOOK) == read(BOOK, "#")


@pytest.mark.parametrize("name", PANELS)
def test_each_stop_of_a_slider_is_another_one(name):
    """Also of one that doubles in whole numbers, where the first steps would fall on the same number."""
    for control in definition(name).controls:
        if isinstance(control, Slider):
            assert np.all(np.diff(control.stops) > 0) and len(control.stops) > 8, control.name
            # a default may lie between two stops: at most half of the widest step there is, a tenth of a decade
            np.testing.assert_allclose(control.nearest(control.default), control.default, rtol=0.12)
            np.testing.assert_allclose(control.stops[[0, -1]], [control.low, control.high], rtol=1e-12)


@pytest.mark.parametrize("name", scenarios.EVERYTHING)
def test_a_control_has_a_short_name_and_an_explanation_in_more_words(name):
    """The name stands beside the control on a phone, the explanation appears under the pointer and is read out."""
    for control in definition(name).controls:
        if not isinstance(control, Seed):
            assert 0 < len(control.label) <= 20 and len(control.label) < len(control.help), (control.label, control.help)


@pytest.mark.parametrize(("line", "says"), [
    ("kappa=0.5", "kappa must be a number from 1 to 1000000; got '0.5'"),
    ("kappa=nan", "kappa must be"), ("kappa=", "kappa must be"), ("kappa=abc", "kappa must be"), ("kappa=inf", "kappa must be"),
    ("batch=2.5", "batch must be a whole number from 1 to 65536"), ("batch=0", "batch must be"), ("batch=-3", "batch must be"),
    ("d=1", "d must be"), ("decay=5", "decay must be"), ("methods=adam", "methods must be one or more of"),
    ("methods=", "methods must be"), ("seed=-1", "seed must be"), ("speed=3", "has no 'speed'; it has kappa"),
    ("kappa", "has no '='"),
])
def test_a_bad_line_is_refused_with_what_is_allowed(line, says):
    with pytest.raises(ValueError, match=r"must be|has no") as refused:
        read(BOOK, line)
    assert says in str(refused.value)


@pytest.mark.parametrize("wrong", [True, None, [1], {}, 1j, "1e99"])
def test_values_of_the_wrong_kind_are_refused(wrong):
    with pytest.raises(ValueError, match="kappa must be"):
        read(BOOK, kappa=wrong)


def test_every_preset_can_be_reached_by_its_slider():
    for changes in controls.SHAPES.values():
        for c in (controls.KAPPA, controls.DECAY, controls.BATCH, controls.DIM):
            assert np.min(np.abs(np.log(c.stops / changes[c.name]))) < 2e-2, (c.name, changes)


def test_stops_span_the_slider_and_pass_its_own_check():
    for c in BOOK:
        for stop in (c.stops[0], c.stops[-1]):
            assert c.value(c.text(c.value(stop))) == c.value(stop)
    np.testing.assert_allclose([controls.KAPPA.stops[0], controls.KAPPA.stops[-1]], [1, 1e6])
    assert len(controls.KAPPA.stops) == 61


def test_numbers_are_short():
    assert [short(x) for x in (8, 1e6, 0.05, 1234.5678, 2e4, 1e8)] == ["8", "1000000", "0.05", "1234.57", "20000", "1e+08"]


WAY = Choice("way", "way", ("up", "down"), "up", {"up": "upwards", "down": "downwards"})
LIT = Switch("lit", "light")


def test_a_choice_and_a_switch_travel_in_the_line():
    scenario = read((WAY, LIT), "way=down;lit=yes")
    assert scenario == {"way": "down", "lit": True}
    assert write((WAY, LIT), scenario) == "way=down;lit=yes"
    assert defaults((WAY, LIT)) == {"way": "up", "lit": False}
    assert read((WAY, LIT), lit=True)["lit"] is True


@pytest.mark.parametrize(("line", "said"), [("way=sideways", "way must be one of up, down; got 'sideways'"),
                                            ("lit=maybe", "lit must be yes or no; got 'maybe'")])
def test_a_choice_and_a_switch_refuse_in_words(line, said):
    with pytest.raises(ValueError, match=said):
        read((WAY, LIT), line)


@pytest.mark.parametrize("given", [None, 1j, [], 2, 1.5])
def test_a_switch_is_nothing_but_on_or_off(given):
    with pytest.raises(ValueError, match="lit must be yes or no"):
        LIT.value(given)


@pytest.mark.parametrize("typed", ["2,5", "2,500", "1,000,000", "1_0", "١٠", "２", "1e3_0", "0x10", "infinity", "1 000",
                                   "--2", "1e", "."])
def test_numbers_are_read_as_they_are_written_or_refused(typed):
    with pytest.raises(ValueError, match="kappa must be a number from 1 to 1000000"):
        read(BOOK, f"kappa={typed}")
    with pytest.raises(ValueError, match="write numbers with a point"):
        number(typed)


def test_a_decimal_comma_is_answered_with_how_to_write_it():
    with pytest.raises(ValueError, match="A decimal comma is written as a point"):
        read(BOOK, "kappa=2,5")


@pytest.mark.parametrize(("typed", "value"), [("2.5", 2.5), (" +3 ", 3.0), ("1e3", 1e3), ("1E+3", 1e3), ("20.", 20.0),
                                              (".5e2", 50.0)])
def test_plain_numbers_are_read(typed, value):
    assert read(BOOK, f"kappa={typed}")["kappa"] == value == number(typed)


@pytest.mark.parametrize("huge", [10**400, 10**5000, -(10**400)], ids=["long", "too long to show", "negative"])
def test_whole_numbers_too_large_for_a_float_are_refused_briefly(huge):
    with pytest.raises(ValueError, match="kappa must be a number") as refused:
        read(BOOK, kappa=huge)
    assert len(str(refused.value)) < 200


def test_a_drag_ends_inside_a_slider_whose_end_has_more_than_three_figures():
    guess = Slider("guess", "guess B", 1004, 16384, 2000, step=0.02, base=10)
    assert [guess.rounded(x) for x in (1, 1004, 5678, 16384, 1e9)] == [1004, 1004, 5680, 16384, 16384]
    assert all(guess.value(guess.rounded(x)) >= 1004 for x in guess.stops)


def test_a_switch_may_be_left_out_of_the_line_while_it_is_off():
    quiet, plain = Switch("rare", "rare", unsaid="no"), Switch("loud", "loud")
    assert write([quiet, plain], read([quiet, plain])) == "loud=no"
    assert write([quiet, plain], read([quiet, plain], "rare=yes;loud=yes")) == "rare=yes;loud=yes"
    assert read([quiet, plain], "rare=yes")["rare"] is True and read([quiet, plain], "loud=yes")["rare"] is False
