"""Plain Python: each operation on floats is the user's own, and the reference is the program itself."""

import math

from kernel import Kernel, random


def running_sum(x):
    total = 0.0
    for each in x:
        total += each
    return total


def inner_product(x, y):
    total = 0.0
    for a, b in zip(x, y, strict=True):
        total += a * b
    return total


def naive_variance(x):
    total = squares = 0.0
    for each in x:
        total += each
        squares += each * each
    return (squares - total * total / len(x)) / (len(x) - 1)


def welford_variance(x):
    mean, squares = 0.0, 0.0
    for count, each in enumerate(x, 1):
        step = each - mean
        mean += step / count
        squares += step * (each - mean)
    return squares / (len(x) - 1)


def compensated_sum(x):
    total = lost = 0.0
    for each in x:
        term = each - lost
        new = total + term
        lost = (new - total) - term
        total = new
    return total


def muller(first, second, steps):
    """J.-M. Muller's recurrence: its limit is 6, and every rounding error leads to 100."""
    for _ in range(steps):
        first, second = second, 111.0 - 1130.0 / second + 3000.0 / (first * second)
    return second


def logistic_map(x, rate, steps):
    for _ in range(steps):
        x = rate * x * (1.0 - x)
    return x


def horner(coefficients, x):
    result = coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def continued_fraction(x, depth):
    """Lambert's continued fraction of the tangent."""
    square, result = x * x, x * 0.0 + (2 * depth + 1)
    for k in range(depth - 1, -1, -1):
        result = (2 * k + 1) - square / result
    return x / result


def archimedes(side, doublings):
    """Pi from polygons of ever more sides, by the formula that cancels."""
    squared = side
    for _ in range(doublings):
        squared = 2.0 - (4.0 - squared) ** 0.5
    return squared**0.5 * (3 * 2.0**doublings)


def quadratic_roots(a, b, c):
    root = (b * b - 4.0 * a * c) ** 0.5
    return (-b + root) / (2.0 * a), (-b - root) / (2.0 * a)


def harmonic_numbers(one, n):
    total, result = one * 0.0, []
    for k in range(1, n + 1):
        total += one / k
        result.append(total)
    return result


def compound_interest(capital, rate, years):
    for _ in range(years):
        capital += capital * rate
    return capital


def heron(a, b, c):
    """The area of a needle-like triangle."""
    half = (a + b + c) / 2.0
    return (half * (half - a) * (half - b) * (half - c)) ** 0.5


def rump(a, b):
    """S. M. Rump's polynomial, evaluated at (77617, 33096): all terms cancel, and more than 53 bits do."""
    b2 = b * b
    b4 = b2 * b2
    b6, b8 = b4 * b2, b4 * b4
    return 333.75 * b6 + a * a * (11.0 * a * a * b2 - b6 - 121.0 * b4 - 2.0) + 5.5 * b8 + a / (2.0 * b)


def mixed_signs(n):
    return random(1).normal(size=n).tolist()


def around(centre, n):
    return (centre + random(2).uniform(size=n)).tolist()


NINTH_POWER = [math.comb(9, k) * (-2.0) ** k for k in range(10)]  # (x - 2)^9, expanded

KERNELS = [
    Kernel("running sum", running_sum, lambda: (mixed_signs(10_000),)),
    Kernel("inner product in a loop", inner_product, lambda: (mixed_signs(5000), around(1.0, 5000))),
    Kernel("naive variance", naive_variance, lambda: (around(1e4, 1000),)),
    Kernel("Welford's variance", welford_variance, lambda: (around(1e4, 1000),)),
    Kernel("compensated sum", compensated_sum, lambda: (mixed_signs(2000),)),
    Kernel("Muller's recurrence", muller, lambda: (2.0, -4.0, 12)),
    Kernel("logistic map", logistic_map, lambda: (0.1, 3.9, 60)),
    Kernel("Horner near a root", horner, lambda: (NINTH_POWER, 2.15)),
    Kernel("continued fraction", continued_fraction, lambda: (1.5, 20)),
    Kernel("Archimedes' pi", archimedes, lambda: (1.0, 12)),
    Kernel("quadratic roots", quadratic_roots, lambda: (1.0, -1e5 / 3, 0.7)),
    Kernel("harmonic numbers", harmonic_numbers, lambda: (1.0, 1000)),
    Kernel("compound interest", compound_interest, lambda: (1000.0, 0.013, 500)),
    Kernel("area of a needle", heron, lambda: (10.1, 5.05000001, 5.05000002)),
    Kernel("Rump's polynomial", rump, lambda: (77617.0, 33096.0)),
]
