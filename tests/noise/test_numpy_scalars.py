"""NumPy scalars under noise: neighbours of the exact result, NumPy's types, warnings and errors."""

import itertools
import math
import operator
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytracer import _native

BINARY = [operator.add, operator.sub, operator.mul, operator.truediv]


@contextmanager
def noise(seed: int) -> Iterator[None]:
    _native.numpy_loaded()
    _native.start_noise(seed, False)
    _native.install_scalars()
    try:
        yield
    finally:
        _native.stop_noise()


def outcome(function: Any, a: Any, b: Any) -> tuple[Any, list[str]]:
    """The result or the error, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function(a, b)
        except Exception as error:
            result = type(error), str(error)
    return result, [str(each.message) for each in caught]


def neighbours(nearest: Any, exact: Fraction) -> set[float]:
    limits = np.finfo(nearest.dtype)
    if not limits.smallest_normal <= abs(nearest) < limits.max or exact == Fraction(float(nearest)):
        return {float(nearest)}
    towards = np.inf if exact > Fraction(float(nearest)) else -np.inf
    return {float(nearest), float(np.nextafter(nearest, nearest.dtype.type(towards)))}


FLOATS = st.floats(width=32) | st.floats(-1e3, 1e3, width=32)
SCALARS = st.one_of(
    st.builds(np.float64, st.floats() | st.floats(-1e6, 1e6)),
    st.builds(np.float32, FLOATS),
    st.builds(np.int8, st.integers(-99, 99)),
    st.builds(np.uint32, st.integers(0, 2**32 - 1)),
    st.floats(-1e6, 1e6),
    st.integers(-99, 99),
    st.booleans(),
)


@pytest.mark.parametrize("function", BINARY)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_neighbours(function: Any, kind: Any) -> None:
    @settings(max_examples=300, deadline=None, derandomize=True)
    @given(x=FLOATS, other=SCALARS, swap=st.booleans(), seed=st.integers(0, 2**64 - 1))
    def check(x: float, other: Any, swap: bool, seed: int) -> None:
        a, b = (other, kind(x)) if swap else (kind(x), other)
        nearest, plain_warnings = outcome(function, a, b)
        with noise(seed):
            drawn, noisy_warnings = outcome(function, a, b)
        assert noisy_warnings == plain_warnings
        assert type(drawn) is type(nearest)
        if isinstance(nearest, tuple) or not np.isfinite(nearest) or not np.isfinite([float(a), float(b)]).all():
            assert repr(drawn) == repr(nearest)
            return
        # What NumPy makes of a Python number depends on its version.
        exact = function(*(Fraction(float(nearest.dtype.type(each))) for each in (a, b)))
        assert float(drawn) in neighbours(nearest, exact), (a, b)

    check()


def test_both_neighbours_occur_equally_often() -> None:
    """Chi-square with 1 degree of freedom: above 30 with probability 4e-8. The seed is fixed."""
    for kind, function in itertools.product((np.float64, np.float32), BINARY):
        a, b = kind(1.1), kind(0.0123)
        nearest = function(a, b)
        with noise(5):
            drawn = [function(a, b) for _ in range(2000)]
        assert len(set(drawn)) == 2, function
        stayed = sum(each == nearest for each in drawn)
        assert (2 * stayed - 2000) ** 2 / 2000 < 30


def test_powers_and_complex_numbers() -> None:
    for a, b, function in itertools.product(
        (np.float64(0.011), np.complex128(0.3 + 0.7j), np.complex64(0.012 - 0.4j)),
        (7.3, 0.1, np.float32(0.3), np.complex64(0.1 + 3j), 0.03 + 2j),
        [*BINARY, operator.pow],
    ):
        nearest = function(a, b)
        with noise(3):
            drawn = [function(a, b) for _ in range(60)]
        assert {type(each) for each in drawn} == {type(nearest)}
        assert len(set(drawn)) > 1 or function in (operator.add, operator.sub), (a, b, function)
        ulp = float(np.spacing(abs(nearest)))
        assert all(abs(complex(each) - complex(nearest)) <= 8 * ulp for each in drawn), (a, b, function)


def test_exact_results_stay() -> None:
    values = [
        np.float64(3),
        np.float32(5),
        np.float64(0.5),
        7,
        2.0,
        np.int64(4),
        np.complex128(1 + 2j),
        np.complex64(2),
        True,
    ]
    pairs = list(itertools.product(values, repeat=2))
    plain = [(repr(a + b), repr(a - b), repr(a * b), repr(a / 4), repr(a**2), repr(a - a)) for a, b in pairs]
    for seed in range(5):
        with noise(seed):
            drawn = [(repr(a + b), repr(a - b), repr(a * b), repr(a / 4), repr(a**2), repr(a - a)) for a, b in pairs]
        assert drawn == plain


@pytest.mark.parametrize("other", ["text", None, [1.5], 10**400, np.longdouble(0.1), np.float16(0.3), object()])
def test_other_operands_are_left_to_numpy(other: Any) -> None:
    for function, a in itertools.product(BINARY, (np.float64(3.0), np.float32(3.0), np.complex64(1j))):
        for pair in ((a, other), (other, a)):
            expected = outcome(function, *pair)
            with noise(1):
                got = outcome(function, *pair)
            assert repr(got[0]) == repr(expected[0]) or isinstance(
                got[0], (np.floating, np.complexfloating, np.ndarray)
            )
            assert got[1] == expected[1]


def test_a_result_is_perturbed_once() -> None:
    """Between a scalar and an array the loops round at random: the scalar's slot adds nothing."""
    a, b = np.float64(0.1), np.array(0.2)
    ufuncs = [each for each in vars(np).values() if type(each) is np.ufunc]
    with noise(2):
        _native.install_loops(ufuncs)
        drawn = [float(a + b) for _ in range(400)]
    assert set(drawn) == {0.30000000000000004, math.nextafter(0.30000000000000004, 0)}
    assert 130 < drawn.count(0.30000000000000004) < 270


def test_the_slots_are_restored() -> None:
    a = np.float64(0.1)
    for _ in range(2):
        with noise(1):
            assert len({float(a * 3) for _ in range(50)}) == 2
        before = _native.counters()
        assert len({float(a * 3) for _ in range(50)}) == 1
        assert _native.counters() == before


@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int32, np.int64, np.ulonglong])
def test_quotients_of_integers_are_perturbed(kind: Any) -> None:
    with noise(1):
        found = {kind(1) / kind(3) for _ in range(60)} | {kind(1) / 3 for _ in range(60)}
        assert {type(each) for each in found} == {np.float64}
        assert len(found) == 2
        assert kind(6) / kind(3) == 2
    assert len({kind(1) / kind(3) for _ in range(60)}) == 1


def test_exact_powers_of_complex_scalars_stay() -> None:
    with noise(1):
        assert {complex(np.complex128(3 + 4j) ** 20) for _ in range(30)} == {(3 + 4j) ** 20}
        assert str(np.float64(-0.0) ** np.float64(0.5)) == "0.0"
