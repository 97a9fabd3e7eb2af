"""Reductions and accumulations of NumPy, in NumPy's order."""

import numpy as np
from algorithms.sums import chain, mean, norm, pairwise, running
from kernel import Kernel, random


def normal(n):
    return random(1).normal(size=n)


def uniform(n):
    return random(2).uniform(0.9, 1.1, n)


def cumulative(x):
    totals = [x[0]]
    for each in x[1:]:
        totals.append(totals[-1] + each)
    return totals


def product(x):
    result = x[0]
    for each in x[1:]:
        result = result * each
    return result


def variance(x):
    """np.var: squares of the deviations from the mean."""
    deviations = x - mean(x)
    return mean(deviations * deviations)


def columns(x):
    """The sum over the first axis of a C array adds rows one after the other."""
    return running(x)


def log_sum_exp(x):
    largest = np.max(x)
    return largest + np.log(np.sum(np.exp(x - largest)))


def emulated_log_sum_exp(x):
    largest = max(x)
    return largest + pairwise(np.exp(x - largest)).log()


def softmax(x):
    weights = np.exp(x)
    return weights / np.sum(weights)


def covariance(x, y):
    return np.cov(x, y)[0, 1]


def emulated_covariance(x, y):
    """np.cov: the matrix product of the deviations, one element of which is a single chain, and a division."""
    x, y = x - mean(x), y - mean(y)
    one = x[0] * 0.0 + 1.0
    return chain(x, y) * (one / (len(x) - 1))


def complex_product(x, y):
    """The real and imaginary parts of a product, summed."""
    z = x + 1j * y
    return np.sum(z * z * z)


def emulated_complex_product(x, y):
    real, imaginary = x * x - y * y, x * y + y * x
    return pairwise(real * x - imaginary * y), pairwise(real * y + imaginary * x)


KERNELS = [
    Kernel("np.sum, mixed signs", np.sum, lambda: (normal(100_000),), pairwise),
    Kernel("np.sum, positive", np.sum, lambda: (uniform(100_000),), pairwise),
    Kernel("np.sum over rows", lambda x: np.sum(x, axis=0), lambda: (normal(20_000).reshape(1000, 20),), columns),
    Kernel("np.cumsum", np.cumsum, lambda: (uniform(10_000),), cumulative),
    Kernel("np.prod", np.prod, lambda: (uniform(2000),), product),
    Kernel("np.mean", np.mean, lambda: (1e6 + normal(10_000),), mean),
    Kernel("np.var", np.var, lambda: (1e6 + normal(10_000),), variance),
    Kernel("np.linalg.norm", np.linalg.norm, lambda: (normal(10_000),), norm),
    Kernel("log-sum-exp", log_sum_exp, lambda: (normal(1000),), emulated_log_sum_exp),
    Kernel("softmax", softmax, lambda: (normal(1000),), lambda x: np.exp(x) / pairwise(np.exp(x))),
    Kernel("covariance", covariance, lambda: (normal(1000), uniform(1000)), emulated_covariance),
    Kernel("complex cubes", complex_product, lambda: (normal(1000), uniform(1000)), emulated_complex_product),
]
