"""The variance of numbers that lie close together and far from zero."""

import numpy as np


def variance_by_squares_unstable(x):
    """The mean of the squares and the square of the mean agree in most of their digits, and these cancel."""
    return np.mean(x * x, axis=0) - np.mean(x, axis=0) ** 2


def variance_by_deviations_stable(x):
    """Two passes: small numbers are squared."""
    return np.mean((x - np.mean(x, axis=0)) ** 2, axis=0)


lengths = 1_000_000.0 + np.arange(4000.0).reshape(500, 8) / 4096.0
print(variance_by_squares_unstable(lengths)[0], variance_by_deviations_stable(lengths)[0])
