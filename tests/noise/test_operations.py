"""Each operation of NumPy's loops gives one of the two neighbours of the exact result, each as often."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

Noisy = Callable[[int], AbstractContextManager[None]]
Array = NDArray[Any]

TYPES = {np.float64: 64, np.float32: 32}
BINARY = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
}
UNARY = {"square": lambda a: a * a, "reciprocal": lambda a: 1 / a}


def neighbours(nearest: Any, exact: Fraction) -> set[float]:
    """The floats next to `exact`, which rounds to `nearest`; results that keep the rounding to nearest have no other."""
    limits = np.finfo(nearest.dtype)
    if not limits.smallest_normal <= abs(nearest) < limits.max or exact == Fraction(float(nearest)):
        return {float(nearest)}
    towards = np.inf if exact > Fraction(float(nearest)) else -np.inf
    return {float(nearest), float(np.nextafter(nearest, nearest.dtype.type(towards)))}


def same_number(a: Any, b: Any) -> bool:
    return bool(a == b and np.signbit(a) == np.signbit(b)) or bool(np.isnan(a) and np.isnan(b))


def floats(width: int) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Pairs over the whole range, and pairs that nearly cancel or nearly divide."""
    number = st.floats(width=width)
    ordinary = st.floats(-1e6, 1e6, width=32)
    small = st.integers(-3, 3)
    close = st.builds(lambda x, k: (x, float(np.float32(-x * (1 + k * 2.0**-20)))), ordinary, small)
    return st.lists(st.one_of(st.tuples(number, number), st.tuples(ordinary, ordinary), close), min_size=1, max_size=40)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", BINARY)
def test_binary_operations(name: str, kind: type, noisy_either_way: Noisy) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(pairs=floats(TYPES[kind]), seed=st.integers(0, 2**64 - 1))
    def check(pairs: list[tuple[float, float]], seed: int) -> None:
        with np.errstate(all="ignore"):
            a, b = np.array(pairs).astype(kind).T.copy()
            nearest = getattr(np, name)(a, b)
            with noisy_either_way(seed):
                result = getattr(np, name)(a, b)
        for x, y, near, got in zip(a, b, nearest, result, strict=True):
            if not np.isfinite(near) or not np.isfinite(y):
                assert same_number(got, near)
            else:
                allowed = neighbours(near, BINARY[name](Fraction(float(x)), Fraction(float(y))))
                assert float(got) in allowed, (x, y)
                assert len(allowed) == 2 or same_number(got, near)

    check()


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", UNARY)
def test_unary_operations(name: str, kind: type, noisy_either_way: Noisy) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(numbers=st.lists(st.floats(width=TYPES[kind]), min_size=1, max_size=40), seed=st.integers(0, 2**64 - 1))
    def check(numbers: list[float], seed: int) -> None:
        with np.errstate(all="ignore"):
            a = np.array(numbers, dtype=kind)
            nearest = getattr(np, name)(a)
            with noisy_either_way(seed):
                result = getattr(np, name)(a)
        for x, near, got in zip(a, nearest, result, strict=True):
            if not np.isfinite(near) or not np.isfinite(x):
                assert same_number(got, near)
            else:
                assert float(got) in neighbours(near, UNARY[name](Fraction(float(x)))), x

    check()


@pytest.mark.parametrize("kind", TYPES)
def test_sqrt(kind: type, noisy_either_way: Noisy) -> None:
    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        numbers=st.lists(st.floats(min_value=-1, width=TYPES[kind]), min_size=1, max_size=40), seed=st.integers(0, 99)
    )
    def check(numbers: list[float], seed: int) -> None:
        with np.errstate(all="ignore"):
            a = np.array(numbers, dtype=kind)
            nearest = np.sqrt(a)
            with noisy_either_way(seed):
                result = np.sqrt(a)
        for x, near, got in zip(a, nearest, result, strict=True):
            if not np.isfinite(near):
                assert same_number(got, near)
                continue
            error = Fraction(float(x)) - Fraction(float(near)) ** 2
            towards = math.copysign(math.inf, error) if error else float(near)
            assert float(got) in {float(near), float(np.nextafter(near, kind(towards)))}, x

    check()


@pytest.mark.parametrize("kind", TYPES)
def test_complex_operations(kind: type, noisy_either_way: Noisy) -> None:
    complex_type = np.result_type(kind, np.complex64)

    def rounded(exact: set[Fraction]) -> set[float]:
        return {near for each in exact for near in neighbours(kind(float(each)), each)}

    def combined(left: set[float], right: set[float], sign: int) -> set[float]:
        return rounded({Fraction(x) + sign * Fraction(y) for x in left for y in right})

    number = st.floats(-1e6, 1e6, width=32).filter(lambda x: x == 0 or abs(x) > 1e-6)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(parts=st.lists(st.tuples(number, number, number, number), min_size=1, max_size=20), seed=st.integers(0, 99))
    def check(parts: list[tuple[float, float, float, float]], seed: int) -> None:
        re, im, other_re, other_im = np.array(parts).T / 3
        a, b = (re + 1j * im).astype(complex_type), (other_re + 1j * other_im).astype(complex_type)
        with noisy_either_way(seed):
            total, difference, product, squared = a + b, a - b, a * b, np.square(a)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            p, q, r, s = (Fraction(float(each)) for each in (x.real, x.imag, y.real, y.imag))
            assert float(total[i].real) in rounded({p + r})
            assert float(total[i].imag) in rounded({q + s})
            assert float(difference[i].real) in rounded({p - r})
            assert float(product[i].real) in combined(rounded({p * r}), rounded({q * s}), -1)
            assert float(product[i].imag) in combined(rounded({p * s}), rounded({q * r}), 1)
            assert float(squared[i].real) in combined(rounded({p * p}), rounded({q * q}), -1)
            assert float(squared[i].imag) in combined(rounded({p * q}), rounded({p * q}), 1)

    check()


@pytest.mark.parametrize("kind", TYPES)
def test_both_neighbours_occur_equally_often(kind: type, noisy: Noisy) -> None:
    """Chi-square with 1 degree of freedom: above 30 with probability 4e-8. The seed is fixed."""
    n = 20_000
    a = (np.arange(1, n + 1) / 7).astype(kind)
    b = (1 / np.arange(3, n + 3)).astype(kind)
    results = {}
    for name in ("add", "subtract", "multiply", "divide"):
        results[name] = (getattr(np, name)(a, b), [])
    results["sqrt"], results["reciprocal"] = (np.sqrt(a), []), (np.reciprocal(a), [])
    with noisy(12):
        for name, (_, drawn) in results.items():
            drawn += [getattr(np, name)(*((a, b) if name in BINARY else (a,))) for _ in range(4)]
    for name, (nearest, drawn) in results.items():
        stays = np.array([result == nearest for result in drawn])
        inexact = ~stays.all(axis=0) | (stays.sum(axis=0) < 4)
        assert inexact.mean() > 0.5, name
        # An element that stayed four times may be exact: only those that moved in the first draw, or any later one, tell.
        stayed, total = stays[1:, ~stays[0]].sum(), stays[1:, ~stays[0]].size
        assert (2 * stayed - total) ** 2 / total < 30, (name, stayed, total)
        assert not (stays[0] == stays[1]).all()


def test_single_elements_draw_fairly(noisy: Noisy) -> None:
    x, y = np.array([0.1]), np.array([0.2])
    with noisy(3):
        up = sum(float((x + y)[0]) == 0.30000000000000004 for _ in range(4000))
    assert (2 * up - 4000) ** 2 / 4000 < 30


def test_exact_results_stay_bitwise(noisy_either_way: Noisy) -> None:
    a, b = np.arange(-500.0, 500.0), np.arange(1.0, 1001.0)
    with np.errstate(all="ignore"):
        plain = [
            a + b,
            a - b,
            a * b,
            a / 4,
            np.square(a),
            np.sqrt(b * b),
            np.reciprocal(2.0 ** np.arange(-9, 9)),
            a - a,
        ]
        with noisy_either_way(5):
            drawn = [
                a + b,
                a - b,
                a * b,
                a / 4,
                np.square(a),
                np.sqrt(b * b),
                np.reciprocal(2.0 ** np.arange(-9, 9)),
                a - a,
            ]
    assert [each.tobytes() for each in drawn] == [each.tobytes() for each in plain]


@pytest.mark.parametrize(
    "alias", [("absolute", "abs"), ("divide", "true_divide"), ("power", "pow"), ("arcsin", "asin")]
)
def test_an_alias_is_perturbed_once(alias: tuple[str, str], noisy: Noisy) -> None:
    if not hasattr(np, alias[1]):
        pytest.skip("this NumPy has no such alias")
    z = np.linspace(0.1, 0.9, 1000) * (1 + (0.5j if alias[0] == "absolute" else 0))
    arguments = (z, z[::-1]) if alias[0] in ("divide", "power") else (z,)
    plain = getattr(np, alias[0])(*arguments)
    with noisy(2):
        drawn = [getattr(np, alias[1])(*arguments) for _ in range(20)]
    assert max(np.abs(d.view(np.int64) - plain.view(np.int64)).max() for d in drawn) == 1
