"""Operations on Python floats give one of the two neighbours of the exact result, each as often; exact results stay."""

import cmath
import enum
import itertools
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytracer import _native
from pytracer.noise import python_math

OPERATIONS: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (_native.add, operator.add),
    "subtract": (_native.subtract, operator.sub),
    "multiply": (_native.multiply, operator.mul),
    "divide": (_native.divide, operator.truediv),
    "power": (_native.power, operator.pow),
    "augmented_add": (_native.augmented_add, operator.iadd),
    "augmented_subtract": (_native.augmented_subtract, operator.isub),
    "augmented_multiply": (_native.augmented_multiply, operator.imul),
    "augmented_divide": (_native.augmented_divide, operator.itruediv),
    "augmented_power": (_native.augmented_power, operator.ipow),
}
ERROR_FREE = [name for name in OPERATIONS if "power" not in name]


@contextmanager
def noise(seed: int) -> Iterator[None]:
    _native.start_noise(seed, False)
    try:
        yield
    finally:
        _native.stop_noise()


def neighbours(nearest: float, exact: Fraction) -> set[float]:
    """The floats next to `exact`; results that keep the rounding to nearest have no other."""
    if not 2.0**-1022 <= abs(nearest) < 2.0**1023 * (2 - 2.0**-52) or exact == Fraction(nearest):
        return {nearest}
    return {nearest, math.nextafter(nearest, math.inf if exact > Fraction(nearest) else -math.inf)}


def result_of(function: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """What it returns, or the type and text of what it raises."""
    try:
        return function(a, b)
    except Exception as error:
        return type(error), str(error)


def same(a: Any, b: Any) -> bool:
    """Equal, of the same type and sign, or both NaN."""
    return type(a) is type(b) and repr(a) == repr(b)


ORDINARY = st.floats(-1e6, 1e6)
NUMBERS = st.one_of(st.floats(), ORDINARY, st.integers(-(2**70), 2**70), st.integers(-9, 9), st.booleans())
CLOSE = st.builds(lambda x, k: (x, -x * (1 + k * 2.0**-50)), ORDINARY, st.integers(-3, 3))


@pytest.mark.parametrize("name", ERROR_FREE)
def test_neighbours(name: str) -> None:
    noisy, plain = OPERATIONS[name]

    @settings(max_examples=400, deadline=None, derandomize=True)
    @given(pair=st.one_of(st.tuples(NUMBERS, NUMBERS), CLOSE), seed=st.integers(0, 2**64 - 1))
    def check(pair: tuple[Any, Any], seed: int) -> None:
        nearest = result_of(plain, *pair)
        with noise(seed):
            drawn = result_of(noisy, *pair)
        assert same(result_of(noisy, *pair), nearest)  # without noise
        if type(nearest) is not float or not all(map(math.isfinite, (nearest, *pair))):
            assert same(drawn, nearest)
            return
        a, b = (Fraction(x) if type(x) is int and type(y) is int else Fraction(float(x)) for x, y in (pair, pair[::-1]))
        assert drawn in neighbours(nearest, plain(a, b)), pair
        assert drawn != 0 or same(drawn, nearest)

    check()


@settings(max_examples=300, deadline=None, derandomize=True)
@given(x=st.one_of(ORDINARY, st.integers(-50, 50)), n=st.one_of(st.integers(-4, 9), ORDINARY), seed=st.integers(0, 99))
def test_powers(x: float, n: float, seed: int) -> None:
    nearest = result_of(operator.pow, x, n)
    with noise(seed):
        drawn = result_of(_native.power, x, n)
    if type(nearest) is not float or not math.isfinite(nearest):
        assert type(drawn) is type(nearest)
        assert same(drawn, nearest) or type(nearest) is complex
    elif type(n) is int and type(x) is float and 1e-290 < abs(nearest) < 1e290:
        exact = Fraction(x) ** n
        assert drawn in neighbours(float(exact), exact)
    else:
        assert abs(drawn - nearest) <= math.ulp(nearest)


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("add", 0.1, 0.2),
        ("subtract", 0.3, 1.1),
        ("multiply", 0.1, 0.7),
        ("divide", 1.0, 3.0),
        ("divide", 1, 3),
        ("multiply", 3, 0.1),
        ("add", 0.1, True),
        ("power", 0.1, 2),
        ("power", 7.0, -1),
        ("power", 2.0, 0.5),
        ("power", 3, -1),
    ],
)
def test_both_neighbours_occur_equally_often(name: str, a: Any, b: Any) -> None:
    """Chi-square with 1 degree of freedom: above 30 with probability 4e-8. The seed is fixed."""
    noisy, plain = OPERATIONS[name]
    with noise(7):
        drawn = [noisy(a, b) for _ in range(4000)]
    assert len(set(drawn)) == 2
    nearest = plain(a, b)
    assert max(set(drawn)) == math.nextafter(min(set(drawn)), math.inf)
    assert (2 * drawn.count(nearest) - 4000) ** 2 / 4000 < 30


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    x=st.integers(-(2**26), 2**26), y=st.integers(-(2**26), 2**26), shift=st.integers(-100, 100), seed=st.integers(0, 9)
)
def test_exact_results_stay(x: int, y: int, shift: int, seed: int) -> None:
    a, b = math.ldexp(x, shift), math.ldexp(y, shift)
    pairs = [(each, plain) for name, (each, plain) in OPERATIONS.items() if name[-3:] in ("add", "act", "ply")]
    with noise(seed):
        for noisy, plain in pairs:
            assert same(noisy(a, b), plain(a, b))
            assert same(noisy(float(x), y), plain(float(x), y))
        assert same(_native.divide(a * 2.0, 4), a / 2)
        assert same(_native.subtract(a, a), 0.0)
        assert same(_native.power(float(x), 2), float(x) ** 2)
        if y:
            assert same(_native.divide(x * y, y), x * y / y)


PARTS = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-6)


def combined(left: set[float], right: set[float], plain: Callable[[Fraction, Fraction], Fraction]) -> set[float]:
    exact = {plain(Fraction(x), Fraction(y)) for x in left for y in right}
    return {near for each in exact for near in neighbours(float(each), each)}


def product(x: float, y: float) -> set[float]:
    return combined({x}, {y}, operator.mul)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(a=st.builds(complex, PARTS, PARTS), b=st.builds(complex, PARTS, PARTS), real=PARTS, seed=st.integers(0, 99))
def test_complex_numbers(a: complex, b: complex, real: float, seed: int) -> None:
    with noise(seed):
        total, difference = _native.add(a, b), _native.subtract(real, b)
        multiplied, scaled = _native.multiply(a, b), _native.multiply(real, a)
        divided = _native.divide(a, b) if b else None
    assert total.real in combined({a.real}, {b.real}, operator.add)
    assert total.imag in combined({a.imag}, {b.imag}, operator.add)
    assert difference.real in combined({real}, {b.real}, operator.sub)
    assert multiplied.real in combined(product(a.real, b.real), product(a.imag, b.imag), operator.sub)
    assert multiplied.imag in combined(product(a.real, b.imag), product(a.imag, b.real), operator.add)
    assert scaled.real in product(real, a.real)
    assert divided is None or abs(divided - a / b) <= 8 * math.ulp(abs(a / b))


@given(numbers=st.lists(st.complex_numbers(), min_size=2, max_size=2), name=st.sampled_from(list(OPERATIONS)))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_complex_numbers_without_noise(numbers: list[complex], name: str) -> None:
    noisy, plain = OPERATIONS[name]
    assert same(result_of(noisy, *numbers), result_of(plain, *numbers))


class Odd(float):
    """A float of the program's own: its operators are its business."""

    def __add__(self, other: object) -> str:
        return "added"

    def __radd__(self, other: object) -> str:
        return "added to"


@pytest.mark.parametrize("name", OPERATIONS)
def test_everything_else_is_left_to_the_interpreter(name: str) -> None:
    noisy, plain = OPERATIONS[name]
    values = [
        Odd(1.5),
        Fraction(1, 3),
        "text",
        b"bytes",
        [1],
        (1,),
        None,
        2**2000,
        0,
        3,
        0.0,
        1.5,
        float("inf"),
        1j,
        0j,
    ]
    for a, b in itertools.product(values, repeat=2):
        if "power" in name and 2**2000 in (a, b):
            continue
        expected = result_of(plain, copy(a), b)
        numbers = all(type(each) in (float, int, complex) for each in (a, b))
        if numbers and isinstance(expected, (float, complex)):
            continue
        with noise(1):
            assert result_of(noisy, copy(a), b) == expected, (a, b)


def test_wrong_arguments_are_refused() -> None:
    for arguments in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match="add takes 2 arguments"):
            _native.add(*arguments)
    for store in (_native.store_item, _native.store_attribute):
        with pytest.raises(TypeError, match="a place is needed"):
            store(1.0)


def test_operations_are_counted() -> None:
    before = _native.counters()
    with noise(2):
        for _ in range(10):
            _native.add(0.1, 0.2)
            _native.add(1.0, 2.0)
            _native.add(1, 2)
            _native.add("a", "b")
    after = _native.counters()
    assert after["noisy_scalars"] - before["noisy_scalars"] == 20
    assert after["inexact_scalars"] - before["inexact_scalars"] == 10


def test_functions_of_math_that_are_exact_are_not_perturbed() -> None:
    names = {(module, name) for _, module, name in python_math.functions()}
    assert {("math", "sin"), ("cmath", "sqrt"), ("math", "gamma")} <= names
    exact = {"fsum", "floor", "ceil", "fabs", "fmod", "ldexp", "frexp", "modf", "copysign", "isclose", "comb", "isqrt"}
    assert not {name for _, name in names} & exact
    assert all(
        callable(function) and function in (getattr(math, name, None), getattr(cmath, name, None))
        for function, _, name in python_math.functions()
    )


def test_signs_and_sums_as_the_interpreter_has_them() -> None:
    with noise(1):
        assert str(_native.power(-0.0, 0.5)) == "0.0"
        assert {str(_native.power(3 + 4j, 20)) for _ in range(30)} == {str((3 + 4j) ** 20)}
        assert {_native.power(1234567 + 7654321j, 2) for _ in range(30)} == {
            (1234567 + 7654321j) * (1234567 + 7654321j)
        }


class Number(float):
    """Computes as float does."""


class Whole(enum.IntEnum):
    THREE = 3


@pytest.mark.parametrize(
    ("operation", "a", "b"),
    [
        (_native.add, Number(0.1), Number(0.2)),
        (_native.multiply, Whole.THREE, 0.1),
        (_native.divide, 1, Whole.THREE),
        (_native.divide, 3**60, 7**30),
    ],
)
def test_subclasses_and_large_ints_are_perturbed(operation: Any, a: Any, b: Any) -> None:
    with noise(1):
        found = {operation(a, b) for _ in range(60)}
    assert len(found) == 2
