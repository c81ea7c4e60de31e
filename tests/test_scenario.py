"""Controls as data and scenario lines."""

import numpy as np
import pytest

from mombook.panels import controls
from mombook.panels.scenario import Choice, Switch, defaults, read, short, write

BOOK = (controls.KAPPA, controls.DECAY, controls.BATCH, controls.DIM, controls.METHODS, controls.SEED)


def test_what_is_written_is_read_back():
    scenario = read(BOOK, "kappa=2e4; decay=0.75 ;batch=131;methods=asgd+sgd", seed=7)
    assert scenario["kappa"] == 2e4 and scenario["batch"] == 131 and scenario["methods"] == ("sgd", "asgd")
    assert read(BOOK, write(BOOK, scenario)) == scenario
    assert read(BOOK, "") == defaults(BOOK) == read(BOOK, "#")


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
