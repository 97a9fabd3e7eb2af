"""Complex division, reciprocals and powers: NumPy's formulas, each real operation rounded at random."""

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
Pair = tuple[Fraction, Fraction]


def pair(z: Any) -> Pair:
    return Fraction(float(z.real)), Fraction(float(z.imag))


def quotient(a: Pair, b: Pair) -> Pair:
    norm = b[0] ** 2 + b[1] ** 2
    return (a[0] * b[0] + a[1] * b[1]) / norm, (a[1] * b[0] - a[0] * b[1]) / norm


def product(a: Pair, b: Pair) -> Pair:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def relative_error(z: Any, exact: Pair) -> float:
    """In the sense of the modulus, in units of the type's epsilon."""
    got = pair(z)
    squared = ((got[0] - exact[0]) ** 2 + (got[1] - exact[1]) ** 2) / (exact[0] ** 2 + exact[1] ** 2)
    return float(squared) ** 0.5 / float(np.finfo(z.dtype).eps)


@pytest.mark.parametrize("kind", [np.complex128, np.complex64])
def test_results_are_as_accurate_as_the_formulas(kind: type, noisy_either_way: Noisy) -> None:
    """Each of at most ten rounding errors is below one epsilon; a power with exponent 3 has two products."""
    part = st.floats(0.0078125, 128, width=32)

    @settings(max_examples=100, deadline=None, derandomize=True)
    @given(parts=st.lists(st.tuples(part, part, part, part), min_size=1, max_size=20), seed=st.integers(0, 99))
    def check(parts: list[tuple[float, float, float, float]], seed: int) -> None:
        re, im, other_re, other_im = np.array(parts).T / 3
        a, b = (re - 1j * im).astype(kind), (other_re + 1j * other_im).astype(kind)
        with noisy_either_way(seed):
            quotients, inverses, cubes = a / b, np.reciprocal(b), np.power(a, 3)
        for x, y, q, r, c in zip(a, b, quotients, inverses, cubes, strict=True):
            assert relative_error(q, quotient(pair(x), pair(y))) < 10
            assert relative_error(r, quotient((Fraction(1), Fraction(0)), pair(y))) < 8
            assert relative_error(c, product(pair(x), product(pair(x), pair(x)))) < 8

    check()


def test_they_are_perturbed(noisy_either_way: Noisy) -> None:
    z = np.linspace(0.1, 2, 500) * np.exp(1j * np.linspace(0, 6, 500))
    for compute in (lambda: z / z[::-1], lambda: 1 / z, lambda: np.reciprocal(z), lambda: z**3, lambda: z**-2):
        plain = compute()
        with noisy_either_way(1):
            draws = [compute() for _ in range(4)]
        assert len({each.tobytes() for each in draws}) == 4
        assert all((each != plain).mean() > 0.5 for each in draws)
        assert all(np.abs(each / plain - 1).max() < 10 * np.finfo(float).eps for each in draws)


SPECIAL = [
    0j,
    complex(-0.0, 0),
    1 + 0j,
    2j,
    3 - 4j,
    complex("inf"),
    complex("nan"),
    complex(0, np.inf),
    1e300 + 1e300j,
    1e-310j,
]


@pytest.mark.parametrize(
    "compute", [np.divide, np.multiply, lambda a, b: np.reciprocal(b), lambda a, b: np.power(a, -2)]
)
def test_special_values_are_those_of_numpy(compute: Callable[[Array, Array], Array], noisy_either_way: Noisy) -> None:
    """Infinite, NaN and zero results; in blocks and alone."""
    a, b = np.array([(x, y) for x in SPECIAL for y in SPECIAL]).T.copy()
    with np.errstate(all="ignore"):
        plain = compute(a, b)
        with noisy_either_way(1):
            drawn = compute(a, b)
            single = np.concatenate([compute(a[i : i + 1], b[i : i + 1]) for i in range(len(a))])
    for got in (drawn, single):
        for x, y in ((plain.real, got.real), (plain.imag, got.imag)):
            assert (np.isnan(x) == np.isnan(y)).all()
            assert (np.isinf(x) == np.isinf(y)).all()
            assert (np.sign(x)[np.isinf(x)] == np.sign(y)[np.isinf(y)]).all()
            assert ((x == 0) == (y == 0)).all()


def test_whole_numbers_and_powers_of_two_stay(noisy_either_way: Noisy) -> None:
    z = np.arange(-20, 20)[:, None] + 1j * np.arange(-20, 20)
    divisors = np.array([1, -2, 4j, -0.5j, 0.25, 2 + 2j])

    def compute() -> list[bytes]:
        results = [z / each for each in divisors] + [
            z * z,
            z - z,
            z**2,
            z**5,
            1 / divisors,
            np.prod(divisors),
            np.cumsum(z),
        ]
        return [np.asarray(each).tobytes() for each in results]

    plain = compute()
    for seed in range(4):
        with noisy_either_way(seed):
            assert compute() == plain
