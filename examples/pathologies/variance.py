"""The variance of numbers that lie close together and far from zero."""

import numpy as np


def variance_by_squares_unstable(x):
    """The mean of the squares and the square of the mean agree in most of their digits, and these cancel."""
    return np.mean(x * x) - np.mean(x) ** 2


def variance_by_deviations_stable(x):
    """Two passes: small numbers are squared."""
    return np.mean((x - np.mean(x)) ** 2)


lengths = 1_000_000.0 + np.arange(1000.0) / 1024.0
print(variance_by_squares_unstable(lengths), variance_by_deviations_stable(lengths))
