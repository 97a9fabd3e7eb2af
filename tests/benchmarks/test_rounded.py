"""The number of the reference: each operation gives one of the two neighbours of the exact result, both alike often."""

import math
import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FLOATS = st.floats(min_value=1e-30, max_value=1e30).flatmap(lambda x: st.sampled_from([x, -x]))
OPERATIONS: list[Callable[[Any, Any], Any]] = [operator.add, operator.sub, operator.mul, operator.truediv]


def neighbours(exact: Fraction) -> set[float]:
    nearest = float(exact)
    error = exact - Fraction(nearest)
    return {nearest} if not error else {nearest, math.nextafter(nearest, math.copysign(math.inf, error))}


def drawn(compute: Callable[[], Any], times: int = 60) -> set[float]:
    return {float(compute()) for _ in range(times)}


@pytest.mark.parametrize("operation", OPERATIONS)
@settings(deadline=None)  # the first example builds the module
@given(a=FLOATS, b=FLOATS)
def test_both_neighbours_of_the_exact_result(operation: Callable[[Any, Any], Any], a: float, b: float) -> None:
    from rounding import Rounded

    assert drawn(lambda: operation(Rounded(a), Rounded(b))) == neighbours(operation(Fraction(a), Fraction(b)))
    assert drawn(lambda: operation(a, Rounded(b))) == neighbours(operation(Fraction(a), Fraction(b)))


@given(a=FLOATS, b=FLOATS, c=FLOATS)
def test_a_fused_multiply_add_rounds_once(a: float, b: float, c: float) -> None:
    from rounding import Rounded

    assert drawn(lambda: Rounded(a).fma(b, c)) == neighbours(Fraction(a) * Fraction(b) + Fraction(c))


@given(x=st.floats(min_value=1e-20, max_value=1e20))
def test_roots_enclose(x: float) -> None:
    from rounding import Rounded

    low, *rest = sorted(drawn(lambda: Rounded(x).sqrt()))
    assert Fraction(low) ** 2 <= Fraction(x)
    assert rest == ([math.nextafter(low, math.inf)] if Fraction(low) ** 2 != Fraction(x) else [])


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "sin", "cos", "arctan"])
def test_functions_give_two_neighbours_of_which_libm_has_one(name: str) -> None:
    from rounding import Rounded

    values = drawn(lambda: getattr(Rounded(0.7), name)())
    assert len(values) == 2
    assert math.nextafter(min(values), math.inf) == max(values)
    assert any(abs(getattr(math, name.replace("arc", "a"))(0.7) - value) < 1e-15 for value in values)


def test_up_and_down_are_alike_often_and_a_seed_repeats_them() -> None:
    from rounding import Rounded, seed

    def draws() -> list[bool]:
        seed(7)
        return [float(Rounded(1.0) / 3.0) > 1 / 3 for _ in range(4000)]

    assert draws() == draws()
    assert 1850 < sum(draws()) < 2150
