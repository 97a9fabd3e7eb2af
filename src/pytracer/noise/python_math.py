"""The functions of `math` and `cmath` whose results carry a rounding error.

The exact ones (floor, fabs, fmod, ldexp, comb, ...), fsum and sumprod are not here: they stay as they are.
"""

import cmath
import math
from collections.abc import Iterator
from typing import Any

ELEMENTARY = (
    *("exp", "log", "log10", "sqrt", "sin", "cos", "tan", "asin", "acos", "atan"),
    *("sinh", "cosh", "tanh", "asinh", "acosh", "atanh"),
)
"""In both modules."""

OF_MATH = (
    *("exp2", "expm1", "log1p", "log2", "cbrt", "pow", "atan2", "hypot", "dist"),
    *("erf", "erfc", "gamma", "lgamma", "degrees", "radians"),
)
OF_CMATH = ("phase", "rect")


def functions() -> Iterator[tuple[Any, str, str]]:
    """Each function that this Python has, its module and its name."""
    for module, names in ((math, ELEMENTARY + OF_MATH), (cmath, ELEMENTARY + OF_CMATH)):
        for name in names:
            if hasattr(module, name):
                yield getattr(module, name), module.__name__, name
