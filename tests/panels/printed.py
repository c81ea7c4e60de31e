"""Numbers as a reader meets them in titles and sentences, whatever sign, separator or exponent they are printed with."""

import re

import numpy as np

_SUPER = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_MANTISSA = r"(?:\d{1,3}(?:[,\u2009\u202f\u00a0 ]\d{3})+(?!\d)|\d+)(?:\.\d+)?"
_POWER = r"10[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+"
NUMBER = re.compile(r"(?<![A-Za-z_])(?P<sign>(?<![\w)\]])[-−+]\s?(?=\d))?"
                    rf"(?:(?P<both>{_MANTISSA})\s?[×x·]\s?(?P<ten>{_POWER})|(?P<power>{_POWER})"
                    rf"|(?P<plain>{_MANTISSA})(?P<e>e[-−+]?\d+)?)")
MARKUP = re.compile(r"<[^>]*>")


def value(match):
    """The number of a match of ``NUMBER``."""
    parts = match.groupdict()
    sign = -1.0 if parts["sign"] and parts["sign"].strip() in "-−" else 1.0
    ten = parts["ten"] or parts["power"]
    power = 10.0 ** int(ten[2:].translate(_SUPER)) if ten else 10.0 ** int((parts["e"] or "e0")[1:].replace("−", "-"))
    mantissa = parts["both"] or parts["plain"] or "1"
    return sign * float(re.sub(r"[,\s\u2009\u202f\u00a0]", "", mantissa)) * power


def numbers(text):
    """Every number in a text: (where it starts, where it ends, its value)."""
    return [(*m.span(), value(m)) for m in NUMBER.finditer(text)]


def plain(text):
    """A title without its markup."""
    return MARKUP.sub("", text.replace("<br>", " ")).replace("&lt;", "<")


def found(text, pattern):
    """The number at the ``#`` of a regular expression in a text: (start, end, value).

    Raises:
        AssertionError: the pattern is not in the text.
    """
    m = re.search(pattern.replace("#", f"(?P<it>{NUMBER.pattern})"), text)
    assert m, f"{pattern!r} is not in {text!r}"
    start, end = m.span("it")
    return start, end, value(NUMBER.fullmatch(text, start, end) or m)


def agrees(printed, exact, figures=3):
    """Whether a printed number is ``exact`` to so many figures."""
    return bool(np.isclose(printed, exact, rtol=0.51 * 10.0 ** (1 - figures), atol=1e-12))
