"""Significant bits under noise agree with an emulation of random rounding, operation by operation, in rational numbers."""

import math
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

Noisy = Callable[[int], AbstractContextManager[None]]
Array = NDArray[np.float64]
SAMPLES = 30


class Emulator:
    """Random rounding: each inexact result becomes either neighbour with probability 1/2."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def round(self, exact: Fraction) -> float:
        nearest = float(exact)
        error = exact - Fraction(nearest)
        if not error or self._random.random() < 0.5:
            return nearest
        return math.nextafter(nearest, math.copysign(math.inf, error))

    def add(self, a: float, b: float) -> float:
        return self.round(Fraction(a) + Fraction(b))

    def subtract(self, a: float, b: float) -> float:
        return self.round(Fraction(a) - Fraction(b))

    def multiply(self, a: float, b: float) -> float:
        return self.round(Fraction(a) * Fraction(b))

    def divide(self, a: float, b: float) -> float:
        return self.round(Fraction(a) / Fraction(b))

    def running_sum(self, x: list[float]) -> float:
        total = x[0]
        for each in x[1:]:
            total = self.add(total, each)
        return total

    def sum(self, x: list[float]) -> float:
        """Pairwise as NumPy documents it: halves down to 128 numbers, which go to 8 partial sums."""
        if len(x) > 128:
            half = len(x) // 2 - len(x) // 2 % 8
            return self.add(self.sum(x[:half]), self.sum(x[half:]))
        if len(x) < 8:
            return self.running_sum(x)
        whole = len(x) - len(x) % 8
        parts = [self.running_sum(x[k:whole:8]) for k in range(8)]
        while len(parts) > 1:
            parts = [self.add(a, b) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return self.running_sum(parts + x[whole:])

    def map(self, operation: Callable[[float, float], float], a: list[float], b: list[float] | float) -> list[float]:
        others = b if isinstance(b, list) else [b] * len(a)
        return [operation(x, y) for x, y in zip(a, others, strict=True)]


def mixed_signs(n: int) -> Array:
    return np.random.default_rng(1).normal(size=n)


def shifted(n: int) -> Array:
    return 1000 + np.random.default_rng(2).uniform(0, 1, n)


COEFFICIENTS = [1.0, -3.3, 3.63, -1.331]  # (x - 1.1)^3


def emulate_variance(e: Emulator, x: list[float]) -> float:
    n = float(len(x))
    mean = e.divide(e.sum(x), n)
    return e.subtract(e.divide(e.sum(e.map(e.multiply, x, x)), n), e.multiply(mean, mean))


def emulate_polynomial(e: Emulator, x: list[float]) -> list[float]:
    result = [COEFFICIENTS[0]] * len(x)
    for coefficient in COEFFICIENTS[1:]:
        result = e.map(e.add, e.map(e.multiply, result, x), coefficient)
    return result


def variance(x: Array) -> Any:
    """Each result is an array: noise reaches no NumPy scalars."""
    n = np.array([float(len(x))])
    mean = np.sum(x, keepdims=True) / n
    return np.sum(x * x, keepdims=True) / n - mean * mean


def polynomial(x: Array) -> Array:
    result = np.full_like(x, COEFFICIENTS[0])
    for coefficient in COEFFICIENTS[1:]:
        result = result * x + coefficient
    return result


def emulate_quotient(e: Emulator, a: complex, b: complex) -> float:
    """The real part by Smith's algorithm, for a divisor whose real part is the larger one."""
    ratio = e.divide(b.imag, b.real)
    scale = e.divide(1.0, e.add(b.real, e.multiply(b.imag, ratio)))
    return e.multiply(e.add(a.real, e.multiply(a.imag, ratio)), scale)


def cumulative(e: Emulator, x: list[float]) -> list[float]:
    totals = [x[0]]
    for each in x[1:]:
        totals.append(e.add(totals[-1], each))
    return totals


Kernel = tuple[Array, Callable[[Array], Any], Callable[[Emulator, list[float]], Any]]

KERNELS: dict[str, Kernel] = {
    "sum of mixed signs": (mixed_signs(10_000), np.sum, lambda e, x: e.sum(x)),
    "cumsum": (shifted(1000) / 1000, np.cumsum, cumulative),
    "naive variance": (shifted(1000), variance, emulate_variance),
    "polynomial near its root": (1.1 + np.arange(1, 20) / 4096, polynomial, emulate_polynomial),
    "dot product": (
        mixed_signs(1000),
        lambda x: np.sum(x * x[::-1]),
        lambda e, x: e.sum(e.map(e.multiply, x, x[::-1])),
    ),
    "strided sum": (mixed_signs(2000), lambda x: np.sum(x[::-2]), lambda e, x: e.sum(x[::-2])),
    "complex sum": (mixed_signs(1000), lambda x: np.sum(x * 1j).imag, lambda e, x: e.sum(x)),
    "complex quotients that cancel": (
        shifted(200),
        lambda x: ((x + 1j * x) / np.full(len(x), 1000 - 999j)).real,
        lambda e, x: [emulate_quotient(e, complex(y, y), 1000 - 999j) for y in x],
    ),
    "cubes": (shifted(200), lambda x: x**3, lambda e, x: [e.round(Fraction(y) ** 3) for y in x]),
    "quotients": (shifted(200), lambda x: x / 3.0, lambda e, x: e.map(e.divide, x, 3.0)),
}


def significant_bits(samples: list[Any]) -> float:
    """Mean over the elements of -log2 of the relative standard deviation."""
    values = np.array([np.atleast_1d(sample) for sample in samples])
    spread = values.std(axis=0, ddof=1)
    some = spread > 0
    return float(np.mean(-np.log2(spread[some] / np.abs(values.mean(axis=0)[some]))))


@pytest.mark.parametrize("name", KERNELS)
def test_significant_bits_are_those_of_the_emulation(name: str, noisy: Noisy) -> None:
    x, compute, emulate = KERNELS[name]
    with noisy(4):
        drawn = [compute(x) for _ in range(SAMPLES)]
    emulator, numbers = Emulator(4), x.tolist()
    emulated = [emulate(emulator, numbers) for _ in range(SAMPLES)]
    assert significant_bits(drawn) == pytest.approx(significant_bits(emulated), abs=2)
