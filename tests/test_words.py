"""mombook/prose.py: numbers in prose read back as what they were, follow one format, and nothing a reader sees breaks it."""

import re

import numpy as np
import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

import mombook as mb
from mombook.prose import fewer, given, percent, signed, slips, three, whole

NUMBERS = st.floats(min_value=-1e300, max_value=1e300, allow_subnormal=False) | st.integers(-10**9, 10**9) | \
    st.floats(-18, 18).map(lambda x: 10.0**x)
LOWERED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


def read(text):
    """The number that a text of ``three`` or ``given`` stands for."""
    sign, size = (-1.0, text[1:]) if text.startswith("−") else (1.0, text)
    mantissa, _, power = size.rpartition("10") if re.search("10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]", size) else (size, "", "0")
    mantissa = mantissa.removesuffix(" × ") or "1"
    return sign * float(f"{mantissa}e{power.translate(LOWERED)}")


@drawn(NUMBERS)
@pytest.mark.parametrize(("written", "digits"), [(three, 3), (given, 6)])
def test_a_number_reads_back_as_it_was_rounded(written, digits, x):
    text = written(x)
    np.testing.assert_allclose(read(text), float(f"{x:.{digits - 1}e}"), rtol=1e-12)
    assert slips(text) == [], text
    assert (text == "0") == (x == 0) and "-" not in text and text.count("−") == (x < 0)
    assert len(text.translate(LOWERED).strip("-")) <= 11 + digits


@drawn(st.integers(-99_999, 99_999))
def test_whole_numbers_below_a_hundred_thousand_are_whole(n):
    assert given(n) == str(n).replace("-", "−")
    assert "." not in three(n) and read(three(n)) == float(f"{n:.3g}")


@drawn(st.floats(-1e6, 1e6))
def test_standard_errors_carry_their_sign(z):
    text = signed(z)
    np.testing.assert_allclose(read(text.removeprefix("+")), float(f"{round(z, 1):.2e}"), rtol=1e-12)
    assert slips(text) == [] and text.startswith("+") == (round(z, 1) > 0)


@drawn(st.floats(1e-6, 1e6))
def test_a_comparison_says_which_way_it_goes(ratio):
    text = fewer(ratio)
    assert slips(text) == [], text
    if "fewer" in text:
        np.testing.assert_allclose(read(text.removesuffix("× fewer")), ratio, rtol=5e-3)
    elif "more" in text:
        np.testing.assert_allclose(read(text.removesuffix("× more")), 1 / ratio, rtol=5e-3)
    else:
        np.testing.assert_allclose(read(text.split(" times")[0]) if "times" in text else 1.0, 1 / ratio, rtol=5e-3)


def test_what_has_no_digits_has_words():
    assert [three(x) for x in (np.inf, -np.inf, np.nan)] == ["more than can be shown", "less than can be shown", "unknown"]
    assert whole(np.inf) == "more than can be shown" and percent(0.005) == "0.5 %" and three(-0.0) == "0" == signed(-0.04)


@pytest.mark.parametrize(("bad", "why"), [
    ("SGD -0.3", "a hyphen for a minus"), ("i^-2", "a hyphen for a minus"), ("1.2e-05", "an exponent as on a screen"),
    ("10e6", "an exponent as on a screen"), ("−0.0 standard", "minus zero"), ("−0 of", "minus zero"),
    ("1,000 steps", "a separator of thousands"), ("1000000 steps", "a number written out too far"),
    ("heavy ball 1× fewer", "once as many"), ("wins by 3x.", "an x for a times sign"), ("gap nan", "no number"),
    *((text, "a noun that does not agree with its number") for text in ("1 steps", "8 trial each", "0.5 sample", "21 run."))])
def test_each_slip_is_seen(bad, why):
    assert why in slips(bad)


@pytest.mark.parametrize("good", ["B = 1, 200 eigenvalues", "10⁻⁶", "−0.05", "SGD(lr=1e-05, momentum=0.9) is slow",
                                  "1.5× fewer", "11× fewer", "15.1× as wide",
                                  "T5 over exact 1.21", "2 to 3", "κ = 1000: 0.9 x", "B/4 and 4B", "well-1-known",
                                  "1 step", "21 steps", "1.5 samples", "in 1 run"])
def test_what_is_right_is_left_alone(good):
    assert slips(good) == []


def test_advice_is_written_so():
    for H in (mb.Spectrum.power_law(300, 1.5, 1e6), mb.Spectrum.flat(10)):
        advice = mb.advise(H, target=1e-4, noise=1e-3, families=["sgd", "heavy_ball"], batches=[1, 4096, 8192])
        assert slips(re.sub(r"\(1/2\)\(y - x\.w\)\^2", "", repr(advice))) == []
        assert slips(advice.table()) == []
