"""Numbers as texts: significant bits or decimal digits, and everything else that a table or a hover prints."""

import math
from collections.abc import Mapping
from typing import Final

from pytracer.visualize.state import BITS, DIGITS

NOTHING: Final = "-"
"""Stands for what was not measured."""

DIGITS_PER_BIT: Final = math.log10(2)

UNITS: Final[Mapping[str, str]] = {BITS: "significant bits", DIGITS: "significant digits"}


def factor(unit: str) -> float:
    """What to multiply bits (base 2) by for `unit`: 1, or the digits (base 10) of one bit."""
    return DIGITS_PER_BIT if unit == DIGITS else 1.0


def in_unit(bits: float | None, unit: str) -> str:
    """Bits as a text in `unit`, without it: '12.3' or '3.70'."""
    if bits is None or math.isnan(bits):
        return NOTHING
    return f"{rounded(bits, unit):.{_decimals(unit)}f}"


def rounded(bits: float, unit: str) -> float:
    """Bits in `unit` as they are printed; never -0.0."""
    return round(bits * factor(unit), _decimals(unit)) + 0.0


def _decimals(unit: str) -> int:
    return 2 if unit == DIGITS else 1


def change_in_unit(bits: float, unit: str) -> str:
    """A difference of bits as a text in `unit`: '+12.3'; without a sign when it rounds to 0."""
    return f"{'+' if rounded(bits, unit) > 0 else ''}{in_unit(bits, unit)}"


def text(value: float | complex | None, form: str = ".6g") -> str:
    """A number as a text."""
    return NOTHING if value is None else format(value, form)


def seconds(nanoseconds: int | None) -> str:
    """A time that was measured, in seconds."""
    return "unknown" if nanoseconds is None else f"{nanoseconds / 1e9:,.2f} s".replace(",", "\N{NO-BREAK SPACE}")


def count(value: int) -> str:
    """A number of things, with groups of thousands."""
    return f"{value:,}".replace(",", "\N{NO-BREAK SPACE}")
