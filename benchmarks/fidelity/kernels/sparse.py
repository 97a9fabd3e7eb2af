"""Sparse matrices of SciPy; the reference works on the dense matrix and skips what is zero."""

import numpy as np
from algorithms.linear import solve
from algorithms.sums import dot
from kernel import Kernel, random
from scipy import sparse
from scipy.sparse import linalg


def grid(n):
    """A diffusion operator on an n by n grid, with coefficients that vary."""
    size = n * n
    along, across = random(1).uniform(0.5, 1.5, (2, size))
    along[n - 1 :: n] = 0.0
    a = np.diag(-along[:-1], 1) + np.diag(-across[:-n], n)
    a = a + a.T
    return a + np.diag(0.05 - a.sum(axis=1))


def scattered(n):
    """About ten entries a row."""
    a = random(2).normal(size=(n, n))
    return np.where(random(3).uniform(size=(n, n)) < 10.0 / n, a, 0.0)


def right_hand_side(n):
    return random(5).normal(size=n)


def by_rows(a, x):
    """A product as SciPy's csr_matvec sums it: the entries of a row, one after the other."""
    result = []
    for row in a:
        total = x[0] * 0.0
        for each, factor in zip(row, x, strict=True):
            if each != 0:
                total = total + each * factor
        result.append(total)
    return np.array(result, object)


def matvec(a, x):
    return sparse.csr_array(a) @ x


def conjugate_gradients(a, b):
    return linalg.cg(sparse.csr_array(a), b, rtol=0.0, atol=0.0, maxiter=25)[0]


def emulated_conjugate_gradients(a, b):
    x, r, p = b * 0.0, b, b
    square = dot(r, r)
    for _ in range(25):
        q = by_rows(a, p)
        alpha = square / dot(p, q)
        x, r = x + alpha * p, r - alpha * q
        before, square = square, dot(r, r)
        p = p * (square / before) + r
    return x


def direct(a, b):
    return linalg.spsolve(sparse.csc_array(a), b)


def jacobi(a, b):
    """Jacobi's iteration."""
    diagonal = np.diag(a).copy()
    rest, x = sparse.csr_array(a - np.diag(diagonal)), b
    for _ in range(50):
        x = (b - rest @ x) / diagonal
    return x


def emulated_jacobi(a, b):
    diagonal = np.diag(a).copy()
    rest, x = a.copy(), b
    for k in range(len(a)):
        rest[k, k] = 0.0
    for _ in range(50):
        x = (b - by_rows(rest, x)) / diagonal
    return x


KERNELS = [
    Kernel("CSR matrix by vector", matvec, lambda: (scattered(200), random(4).normal(size=200)), by_rows),
    Kernel(
        "conjugate gradients", conjugate_gradients, lambda: (grid(7), right_hand_side(49)), emulated_conjugate_gradients
    ),
    Kernel(
        "spsolve",
        direct,
        lambda: (grid(7), right_hand_side(49)),
        solve,
        note="dense elimination, where SuperLU orders the columns to stay sparse: fewer operations, the same condition",
    ),
    Kernel("Jacobi's iteration", jacobi, lambda: (grid(7), right_hand_side(49)), emulated_jacobi),
]
