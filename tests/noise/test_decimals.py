"""Rounding to decimals gives the nearest decimal, as Python's `round` does, and leaves the noise as it was."""

import ast
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

Traced = Callable[..., str]

WAYS = {
    "around": "np.around(x, d)",
    "round": "np.round(x, d)",
    "method": "x.round(d)",
    "out": "np.round(x, d, out=np.empty_like(x))",
    "in place": "x.round(d, x)",
    "nested": "np.apply_along_axis(lambda row: np.round(row, d), 0, x)",
    "masked": "np.ma.array(x).round(d).data",
    "scalars": "np.array([each.round(d) for each in x])",
    "python": "np.array([round(each, d) for each in x])",
    "list": "np.round(list(x), d)",
    "complex": "np.round(x * 1j, d).imag",
    "single": "np.round(x.astype(np.float32), d).astype(np.float64)",
}

PROGRAM = """
import numpy as np
x = np.random.default_rng(5).normal(size=200) * 1000
for d in (-2, 0, 1, 3, 7):
    print([float(each).hex() for each in {way}])
"""


@pytest.mark.parametrize("way", WAYS)
def test_decimals_are_those_without_noise(way: str, traced: Traced) -> None:
    program = PROGRAM.format(way=WAYS[way])
    assert traced(program) == traced(program, model="none")


def test_noise_goes_on_afterwards(traced: Traced) -> None:
    program = """
import numpy as np
x = np.random.default_rng(5).normal(size=50)
for _ in range(3):
    np.round(x, 3)
    try:
        np.round(x, 3, out=np.empty(7))
    except ValueError:
        pass
    print([float(each).hex() for each in x / 3])
"""
    first, second, third = (ast.literal_eval(line) for line in traced(program).splitlines())
    assert first != second != third
    units = np.spacing([abs(float.fromhex(each)) for each in first])
    apart = [abs(Fraction(float.fromhex(a)) - Fraction(float.fromhex(b))) for a, b in zip(first, second, strict=True)]
    assert all(gap <= Fraction(float(unit)) for gap, unit in zip(apart, units, strict=True))


def test_inside_a_native_call_the_decimals_are_the_nearest_too(traced: Traced) -> None:
    """`quad` calls back into Python under a random rounding mode."""
    program = """
import numpy as np
from scipy.integrate import quad
x = np.random.default_rng(5).normal(size=200) * 1000
seen = []
def f(t):
    seen.append(np.round(x, 3).tobytes() == plain)
    return t
plain = np.round(x, 3).tobytes()
quad(f, 0, 1)
print(len(seen) > 10 and all(seen))
"""
    assert traced(program) == "True\n"
