"""Rounding in proportion to the distance: how often, not only whither."""

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
N = 20_000
DEVIATIONS = 6.0  # of a binomial distribution: beyond them once in 5e8

OPERATIONS: dict[str, tuple[Callable[..., Any], Callable[..., Fraction]]] = {
    "add": (np.add, lambda a, b: a + b),
    "subtract": (np.subtract, lambda a, b: a - b),
    "multiply": (np.multiply, lambda a, b: a * b),
    "divide": (np.divide, lambda a, b: a / b),
    "square": (lambda a, b: np.square(a), lambda a, b: a * a),
    "reciprocal": (lambda a, b: np.reciprocal(a), lambda a, b: 1 / a),
    "cube": (lambda a, b: np.power(a, 3), lambda a, b: a**3),
    "inverse square": (lambda a, b: np.power(a, -2.0), lambda a, b: 1 / a**2),
}


def probability(nearest: Any, exact: Fraction) -> float:
    """Of the neighbour that is not the nearest: its distance's share of the gap."""
    error = exact - Fraction(float(nearest))
    if not error:
        return 0.0
    other = np.nextafter(nearest, nearest.dtype.type(math.copysign(math.inf, error)))
    return float(error / (Fraction(float(other)) - Fraction(float(nearest))))


def assert_binomial(count: int, share: float) -> None:
    """`count` of N trials with this probability each; 1e-6 allows for the 23 random bits of float32."""
    spread = math.sqrt(N * share * (1 - share))
    assert abs(count - N * share) <= DEVIATIONS * spread + N * 1e-6 + 1


@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_share_of_steps_is_the_distance(name: str, kind: type, noisy_to_nearness: Noisy) -> None:
    compute, exactly = OPERATIONS[name]

    @settings(max_examples=25, deadline=None, derandomize=True)
    @given(
        x=st.floats(0.0078125, 128, width=32),
        y=st.floats(0.0078125, 128, width=32),
        scale=st.sampled_from([-20, -1, 0, 7]),
        seed=st.integers(0, 2**64 - 1),
    )
    def check(x: float, y: float, scale: int, seed: int) -> None:
        a, b = kind(x / 3), kind(-y * 2.0**scale / 7)
        exact = exactly(Fraction(float(a)), Fraction(float(b)))
        nearest = kind(float(exact))
        with noisy_to_nearness(seed):
            drawn = compute(np.full(N, a), np.full(N, b))
        share = probability(nearest, exact)
        assert 0 <= share <= 0.5
        assert_binomial(np.count_nonzero(drawn != nearest), share)
        assert len(set(drawn.tolist()) - {float(nearest)}) <= 1

    check()


def test_the_gap_below_a_power_of_two_is_half_as_wide(noisy_to_nearness: Noisy) -> None:
    """1 - 2^-55 lies a quarter of the way to the number below 1."""
    with noisy_to_nearness(1):
        drawn = np.full(N, 1.0) - 2.0**-55
    assert set(drawn.tolist()) == {1.0, 1 - 2.0**-53}
    assert_binomial(np.count_nonzero(drawn != 1), 0.25)


def root(x: Fraction) -> Fraction:
    """The square root, to 200 bits."""
    shift = 400
    return Fraction(math.isqrt(x.numerator * x.denominator << shift), x.denominator << shift // 2)


@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_square_roots_and_hypotenuses(kind: type, noisy_to_nearness: Noisy) -> None:
    for a, b in ((kind(x), kind(y)) for x, y in ((2.0, 1.0), (0.3, 5.0), (1e10, 3.3), (1.1, 1e-9), (77.7, 88.8))):
        squares = Fraction(float(a)) ** 2 + Fraction(float(b)) ** 2
        for compute, exact in (
            (lambda a, b: np.sqrt(a), root(Fraction(float(a)))),
            (np.hypot, root(squares)),
            (lambda a, b: np.absolute(a + 1j * b), root(squares)),
        ):
            nearest = kind(float(exact))
            with noisy_to_nearness(5):
                drawn = compute(np.full(N, a), np.full(N, b))
            assert drawn.dtype == nearest.dtype
            other = np.nextafter(nearest, kind(math.copysign(math.inf, exact - Fraction(float(nearest)))))
            assert set(drawn.tolist()) <= {float(nearest), float(other)}
            assert_binomial(np.count_nonzero(drawn != nearest), probability(nearest, exact))


def test_single_elements_reductions_and_accumulations_draw_alike(noisy_to_nearness: Noisy) -> None:
    tiny = 2.0**-55  # an eighth of the gap above 1
    with noisy_to_nearness(3):
        single = sum(float((np.array([1.0]) + tiny)[0]) != 1 for _ in range(2000))
        summed = [float(np.sum(np.r_[1.0, np.full(64, tiny)])) for _ in range(2000)]
        running = [float(np.cumsum(np.r_[1.0, np.full(64, tiny)])[-1]) for _ in range(2000)]
        product = sum(float(np.prod(np.array([1 + 2.0**-52, 1 + 2.0**-3]))) > 1.125 + 2.0**-52 for _ in range(2000))
    assert abs(single - 250) < 6 * math.sqrt(2000 * 7 / 64)
    for totals in (summed, running):  # the expected value is the exact one; to nearest nothing would ever be added
        assert abs(np.mean(totals) - (1 + 64 * tiny)) < 6 * np.std(totals) / math.sqrt(2000)
        assert len(set(totals)) > 2
    assert abs(product - 250) < 6 * math.sqrt(2000 * 7 / 64)


def test_modes_differ_and_each_repeats_its_bits(noisy: Noisy, noisy_to_nearness: Noisy) -> None:
    x = np.linspace(0.1, 1, 1000)

    def compute() -> list[bytes]:
        results = [x / 3, np.cumsum(x), np.sum(x / 7), (x + 1j * x) / (0.3 + 1j), x**3, np.float32(x) * np.float32(0.1)]
        return [np.asarray(each).tobytes() for each in results]

    drawn = []
    for mode in (noisy, noisy_to_nearness, noisy, noisy_to_nearness):
        with mode(11):
            drawn.append(compute())
    assert drawn[0] == drawn[2]
    assert drawn[1] == drawn[3]
    assert all(a != b for a, b in zip(drawn[0], drawn[1], strict=True))
