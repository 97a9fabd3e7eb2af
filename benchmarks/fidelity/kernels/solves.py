"""Linear systems and least squares, of good and bad condition."""

import numpy as np
from algorithms import linear
from kernel import Kernel, random
from scipy import linalg


def hilbert(n):
    return 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1.0)


def normal(*shape):
    return random(1).normal(size=shape)


def banded(n):
    """Diagonals of a diagonally dominant tridiagonal matrix, as solve_banded takes them, and a right-hand side."""
    return random(2).uniform(0.5, 1, (3, n)) + np.array([[0.0], [2.0], [0.0]]), normal(n)


def solve_banded(diagonals, b):
    return linalg.solve_banded((1, 1), diagonals, b)


def vandermonde(n, degree):
    """A polynomial to fit: powers and noisy values."""
    t = np.linspace(0.0, 1.0, n)
    return t[:, None] ** np.arange(degree + 1), np.sin(3.0 * t) + 0.01 * normal(n)


def normal_equations(a, b):
    return np.linalg.solve(a.T @ a, a.T @ b)


def emulated_normal_equations(a, b):
    return linear.solve(linear.product(a.T, a), linear.product(a.T, b))


def by_qr(a, b):
    q, r = np.linalg.qr(a)
    return linalg.solve_triangular(r, q.T @ b)


def by_lstsq(a, b):
    return np.linalg.lstsq(a, b)[0]


BY_QR = "reference by QR, where LAPACK's gelsd goes through the SVD: both are backward stable"

KERNELS = [
    Kernel("solve, random", np.linalg.solve, lambda: (normal(50, 50), np.ones(50)), linear.solve),
    Kernel("solve, Hilbert of order 8", np.linalg.solve, lambda: (hilbert(8), np.ones(8)), linear.solve),
    Kernel("inverse", np.linalg.inv, lambda: (normal(20, 20),), linear.inverse),
    Kernel("normal equations", normal_equations, lambda: vandermonde(40, 6), emulated_normal_equations),
    Kernel(
        "least squares by QR",
        by_qr,
        lambda: vandermonde(40, 6),
        linear.least_squares,
        note="the reflections are applied to b, where NumPy forms Q and multiplies",
    ),
    Kernel("least squares by lstsq", by_lstsq, lambda: vandermonde(40, 6), linear.least_squares, note=BY_QR),
    Kernel(
        "tridiagonal solve",
        solve_banded,
        lambda: banded(200),
        lambda diagonals, b: linear.tridiagonal_solve(*diagonals, b),
    ),
]
