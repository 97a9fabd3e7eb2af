"""Powers with small whole exponents are the exact power rounded once; hypotenuses are one of the neighbours of the exact one."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

Noisy = Callable[[int], AbstractContextManager[None]]
KINDS = {np.float64: 64, np.float32: 32}


def enclosing(exact: Fraction, kind: type) -> tuple[float, float]:
    """The two numbers around `exact`, or it and itself."""
    near = kind(float(exact))  # for float32 by two roundings, hence the comparisons
    below, above = np.nextafter(near, kind(-math.inf)), np.nextafter(near, kind(math.inf))
    around = sorted(float(x) for x in (below, near, above))
    return max(x for x in around if Fraction(x) <= exact), min(x for x in around if Fraction(x) >= exact)


@pytest.mark.parametrize("kind", KINDS)
def test_a_power_is_a_neighbour_of_the_exact_one(kind: type, noisy_either_way: Noisy) -> None:
    limits = np.finfo(kind)
    low = float(limits.smallest_normal) * 4.0 ** (limits.nmant + 2)  # below it the last digits' products underflow

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(
        bases=st.lists(st.floats(0.5, 2, width=32), min_size=1, max_size=12),
        scale=st.integers(-6, 6),
        exponent=st.one_of(st.integers(-64, 64), st.sampled_from([-3, -2, -1, 2, 3, 4, 5])),
        seed=st.integers(0, 99),
    )
    def check(bases: list[float], scale: int, exponent: int, seed: int) -> None:
        a = (np.array(bases) * 2.0**scale / 3).astype(kind) * kind(-1 if seed % 2 else 1)
        with np.errstate(all="ignore"):
            plain = np.power(a, kind(exponent))
            with noisy_either_way(seed):
                drawn = np.power(a, kind(exponent))
        for x, near, got in zip(a, plain, drawn, strict=True):
            exact = Fraction(float(x)) ** exponent
            if low < abs(near) < (1 / low if exponent < 0 else float(limits.max)):
                assert float(got) in enclosing(exact, kind), (x, exponent)
            if not np.isfinite(near) or near == 0:
                assert got.tobytes() == near.tobytes()

    check()


@pytest.mark.parametrize("exponent", [-5, -1, 3, 4, 17])
def test_both_neighbours_occur_equally_often(exponent: int, noisy: Noisy) -> None:
    """Chi-square with 1 degree of freedom: above 30 with probability 4e-8. The seed is fixed."""
    x = np.linspace(0.5, 2, 5000) ** 1.5
    bounds = np.array([enclosing(Fraction(float(each)) ** exponent, np.float64) for each in x])
    inexact = bounds[:, 0] != bounds[:, 1]
    with noisy(2):
        drawn = np.power(x, float(exponent))
    up = np.count_nonzero((drawn == bounds[:, 1])[inexact])
    total = np.count_nonzero(inexact)
    assert total > 4500
    assert (2 * up - total) ** 2 / total < 30


def test_exponents_of_one_array_keep_apart(noisy_either_way: Noisy) -> None:
    x = np.linspace(1.1, 1.9, 700)
    exponents = np.resize([3.0, 3.0, -2.0, 0.5, 1.0, 0.0, 100.0, 5.0], 700)
    plain = np.power(x, exponents)
    with noisy_either_way(4):
        drawn = np.power(x, exponents)
    assert (np.abs(plain.view(np.int64) - drawn.view(np.int64)) <= 2).all()
    exact = (exponents == 0) | (exponents == 1)
    assert (plain == drawn)[exact].all()
    assert 0.2 < (plain != drawn)[~exact].mean() < 0.7


@pytest.mark.parametrize("kind", KINDS)
def test_hypotenuses(kind: type, noisy_either_way: Noisy) -> None:
    """One of the neighbours of the exact one, or where NumPy's own is not, at most one unit beside NumPy's."""
    number = st.floats(0.0009765625, 1024, width=32)

    @settings(max_examples=150, deadline=None, derandomize=True)
    @given(pairs=st.lists(st.tuples(number, number), min_size=1, max_size=12), seed=st.integers(0, 99))
    def check(pairs: list[tuple[float, float]], seed: int) -> None:
        a, b = np.array(pairs).astype(kind).T / kind(3)
        plain = np.hypot(a, b)
        with noisy_either_way(seed):
            drawn = np.hypot(a, b)
            moduli = np.absolute(a + 1j * b)
        for x, y, near, *results in zip(a, b, plain, drawn, moduli, strict=True):
            squared = Fraction(float(x)) ** 2 + Fraction(float(y)) ** 2
            around = [float(near), *(float(np.nextafter(near, kind(limit))) for limit in (0, math.inf))]
            below = max(each for each in around if Fraction(each) ** 2 <= squared)
            above = min(each for each in around if Fraction(each) ** 2 >= squared)
            assert {float(each) for each in results} <= {below, above}

    check()


POWERS: dict[str, Callable[[], Any]] = {
    "whole numbers": lambda: np.power(np.arange(-20.0, 21), 5),
    "halves": lambda: (np.arange(9.0) + 0.5) ** np.arange(2.0, 11.0),
    "inverse powers of two": lambda: np.power(2.0 ** np.arange(-20, 21), -3.0),
    "float32": lambda: np.power(np.arange(1, 12, dtype=np.float32), np.float32(6)),
    "complex": lambda: np.power(np.arange(-3, 4) + 2j, 7),
    "complex cubes": lambda: (np.arange(5) - 3j) ** 3,
    "complex inverses": lambda: np.power([2j, -4 + 0j, 0.5j], -3),
    "Pythagoras": lambda: np.abs(np.arange(1, 400) * (20 + 21j)),
    "largest and smallest": lambda: np.power([1e200, 1e-200, 1e-160, np.inf, np.nan, 0.0, -0.0], 2.0),
}


@pytest.mark.parametrize("name", POWERS)
def test_exact_powers_stay(name: str, noisy_either_way: Noisy) -> None:
    with np.errstate(all="ignore"):
        plain = POWERS[name]()
        for seed in range(8):
            with noisy_either_way(seed):
                assert POWERS[name]().tobytes() == plain.tobytes()
