"""The polynomial (x - 1.1)⁵ close to its root."""

ROOT = 1.1
EXPANDED = [1.0, -5.5, 12.1, -13.31, 7.3205, -1.61051]


def value_by_coefficients_unstable(x):
    """The terms are large and of both signs; their sum is tiny."""
    value = 0.0
    for coefficient in EXPANDED:
        value = value * x + coefficient
    return value


def value_by_factors_stable(x):
    """One subtraction of numbers that are given, and products."""
    factor = x - ROOT
    return factor * factor * factor * factor * factor


for x in (1.0, 1.015625, 1.1875, 1.203125, 1.21875):
    print(value_by_coefficients_unstable(x), value_by_factors_stable(x))
