r"""Numbers as prose writes them: one format for every sentence, title, label, button and list of advice that a reader meets.

The rules, which ``three`` and ``given`` share:

- A measured number has three significant digits (``three``). What somebody set keeps up to six (``given``), so that a
  sentence repeats what was typed.
- From 0.001 up to 100,000 a number is written out, without trailing zeros and without a separator of thousands: 0.0316, 12,
  65500. Other numbers are a mantissa and a power of ten, 3.13 × 10⁵, or the power alone, 10⁶.
- The minus is the sign U+2212. There is no minus zero: what rounds to zero is 0.
- A noun agrees with its number: 1 step, 2 steps.
- Infinity is "more than can be shown", minus infinity "less than can be shown", and nan "unknown".

Axis ticks are plotly's, with ``exponentformat="power"``: true minus signs and powers of ten. The numbers that appear under the
pointer are plotly's too, which rounds by d3's formats only. What is never tiny (batches, steps, condition numbers) is written
out as here by ``.3~r``, three digits without trailing zeros; the rest is ``.3~g``, which is the same from 10⁻⁶ up to 1000 and
beyond has 1e-7 for 10⁻⁷, and a hyphen. Exports (CSV, scripts, scenario lines) hold numbers for machines; they do not use this
module.
"""

from __future__ import annotations

import math
import re

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

LEAST, MOST = 1e-3, 1e5
"""Numbers in between (the first included) are written out; the others are given with a power of ten."""


def three(x: float) -> str:
    """A measured number, in three significant digits.

    Args:
        x: a number.

    Returns:
        A str.

    >>> [three(x) for x in (2 / 3, 12345, -1e-9, 1e6, 313_000, 0.0, float("inf"))]
    ['0.667', '12300', '−10⁻⁹', '10⁶', '3.13 × 10⁵', '0', 'more than can be shown']
    """
    return _written(x, 3)


def given(x: float) -> str:
    """A number that somebody set, in up to six significant digits; the rest as ``three``.

    >>> [given(x) for x in (65536, 1e6, 0.0316, 1.5)]
    ['65536', '10⁶', '0.0316', '1.5']
    """
    return _written(x, 6)


def whole(x: float) -> str:
    """A count (steps, samples, rows): three significant digits, and no decimals from ten up.

    >>> [whole(x) for x in (8.43, 31.6, 40.2, 19_200, 1_048_576)]
    ['8.43', '32', '40', '19200', '1.05 × 10⁶']
    """
    return three(round(x) if 10 <= abs(x) < math.inf else x)


def signed(x: float) -> str:
    """A distance in standard errors: one decimal, and its sign.

    >>> [signed(x) for x in (1.23, -0.04, -2.0)]
    ['+1.2', '0', '−2']
    """
    x = round(float(x), 1)
    return ("+" if x > 0 else "") + three(x)


def percent(share: float) -> str:
    """A share, in percent.

    >>> percent(0.3333)
    '33.3 %'
    """
    return f"{three(100 * share)} %"


def fewer(ratio: float) -> str:
    """How many fewer (of the things named next), where ``ratio`` is the old number over the new one.

    From one and a half up (or down), "4× fewer" ("4× more"); nearer to one, "0.962 times as many" or "as many".

    >>> [fewer(r) for r in (4.0, 0.25, 1.04, 1.0001)]
    ['4× fewer', '4× more', '0.962 times as many', 'as many']
    """
    if ratio >= 1.5:
        return f"{three(ratio)}× fewer"
    if ratio <= 1 / 1.5:
        return f"{three(1 / ratio)}× more"
    return "as many" if three(1 / ratio) == "1" else f"{three(1 / ratio)} times as many"


def counted(x: float, nouns: str) -> str:
    """A measured number and what it counts, which stands in the plural.

    >>> counted(30.88, "steps"), counted(1, "steps")
    ('30.9 steps', '1 step')
    """
    number = three(x)
    return f"{number} {nouns.removesuffix('s') if number == '1' else nouns}"


def times_as(ratio: float, adjective: str) -> str:
    """How two sizes compare: "4.1× as wide", or "as wide" where they are equal.

    >>> times_as(4.1, "wide"), times_as(1.0001, "far")
    ('4.1× as wide', 'as far')
    """
    return f"as {adjective}" if three(ratio) == "1" else f"{three(ratio)}× as {adjective}"


def _written(x, digits):
    x = float(x)
    if not math.isfinite(x):
        return "unknown" if math.isnan(x) else "more than can be shown" if x > 0 else "less than can be shown"
    mantissa, exponent = f"{abs(x):.{digits - 1}e}".split("e")
    size = float(f"{mantissa}e{exponent}")
    if size == 0:
        return "0"
    if LEAST <= size < MOST:
        text = f"{size:.{max(digits - 1 - int(exponent), 0)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
    else:
        mantissa = mantissa.rstrip("0").rstrip(".")
        power = f"10{str(int(exponent)).translate(_RAISED)}"
        text = power if mantissa == "1" else f"{mantissa} × {power}"
    return f"−{text}" if x < 0 else text


def typeset(text: str) -> str:
    """A text whose numbers were formatted by hand, with true minus signs, powers of ten, and no separator of thousands.

    >>> typeset("gap -0.0972 on 10,000 runs, to 1e-10 at kappa 1e3; -0.0 left")
    'gap −0.0972 on 10000 runs, to 10⁻¹⁰ at kappa 1000; 0.0 left'
    """
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"(?<![\w.])\d+(\.\d+)?e[+-]?\d+\b", lambda found: three(float(found[0])), text)
    return re.sub(r"(?<![\w.\])])-(?=\d)", "−", re.sub(_SLIPS["minus zero"], lambda found: found[0][1:], text))


_SLIPS = {
    "a hyphen for a minus": r"(?<![\w.\])])-\d|\^-", "an exponent as on a screen": r"\de[+-]?\d",
    "minus zero": r"[-−]0(\.0*)?(?![.\d])",
    "a separator of thousands": r"\d[,\u2009\u202f\u00a0]\d{3}\b", "a number written out too far": r"(?<![.\d])\d{7}|\.\d{9}",
    "once as many": r"(?<![\d.])1(\.0+)?× (fewer|more|as)", "an x for a times sign": r"\dx\b", "no number": r"\b(nan|inf)\b",
    "a noun that does not agree with its number": r"(?<![\d.])1 (trial|step|sample|run|row)s\b|"
                                                  r"(?<![\d.])(?!1 )\d+(\.\d+)? (trial|step|sample|run|row)\b(?!-)",
}
_CODE = re.compile(r"[\w.]*\w\([^()]*=[^()]*\)")


def slips(text: str) -> list[str]:
    """What in a piece of prose breaks the rules above, as words; code such as ``SGD(lr=1e-05)`` is left out.

    >>> slips("SGD -0.0, ASGD 1× fewer of 1,000; SGD(lr=1e-05, momentum=0.9)")
    ['a hyphen for a minus', 'minus zero', 'a separator of thousands', 'once as many']
    >>> slips("κ = 10⁶: SGD −0.3, ASGD 3.13 × 10⁵ of 65536")
    []
    """
    prose = _CODE.sub("", text)
    return [slip for slip, pattern in _SLIPS.items() if re.search(pattern, prose)]
