"""Eigenvalues and eigenvectors; the sign of a vector is fixed by its largest element."""

import numpy as np
from algorithms import eigen
from kernel import Kernel, random


def symmetric(n):
    a = random(1).normal(size=(n, n))
    return a + a.T


def near_degenerate(n, gap):
    """A symmetric matrix, two of whose eigenvalues differ by `gap` only."""
    q = np.linalg.qr(random(2).normal(size=(n, n)))[0]
    values = np.arange(1.0, n + 1)
    values[1] = values[0] + gap
    return (q * values) @ q.T


def not_symmetric(n):
    """Real and well separated eigenvalues, and eigenvectors far from orthogonal."""
    s = random(3).normal(size=(n, n))
    return s @ np.diag(np.arange(1.0, n + 1)) @ np.linalg.inv(s)


def with_positive_largest(vectors):
    largest = np.argmax(np.abs(vectors), axis=0)
    return vectors * [1.0 if vectors[i, k] > 0 else -1.0 for k, i in enumerate(largest)]


def two_lowest_vectors(a):
    return with_positive_largest(np.linalg.eigh(a)[1][:, :2])


def emulated_two_lowest_vectors(a):
    return with_positive_largest(eigen.symmetric(a)[1][:, :2])


def sorted_eigenvalues(a):
    return np.sort(np.linalg.eigvals(a).real)


def roots(coefficients):
    return np.sort(np.roots(coefficients).real)


def emulated_roots(coefficients):
    n = len(coefficients) - 1
    companion = np.array(np.eye(n, k=-1).tolist(), object) + coefficients[0] * 0.0
    companion[0] = -coefficients[1:] / coefficients[0]
    return eigen.real_eigenvalues(companion)


def power_iteration(a, x):
    for _ in range(30):
        x = a @ x
        x = x / np.sqrt(np.sum(x * x))
    return np.sum(x * (a @ x))


def emulated_power_iteration(a, x):
    from algorithms.linear import product
    from algorithms.sums import pairwise

    for _ in range(30):
        x = product(a, x)
        x = x / pairwise(x * x).sqrt()
    return pairwise(x * product(a, x))


KERNELS = [
    Kernel("symmetric eigenvalues", np.linalg.eigvalsh, lambda: (symmetric(20),), lambda a: eigen.symmetric(a)[0]),
    Kernel(
        "near-degenerate eigenvectors",
        two_lowest_vectors,
        lambda: (near_degenerate(12, 1e-6),),
        emulated_two_lowest_vectors,
    ),
    Kernel("general eigenvalues", sorted_eigenvalues, lambda: (not_symmetric(10),), eigen.real_eigenvalues),
    Kernel("roots of a polynomial", roots, lambda: (np.poly(np.arange(1.0, 9.0)),), emulated_roots),
    Kernel("power iteration", power_iteration, lambda: (symmetric(20), np.ones(20)), emulated_power_iteration),
]
