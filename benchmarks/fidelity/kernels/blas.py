"""BLAS 1, 2 and 3: products summed by long chains of fused multiply-adds."""

import numpy as np
from algorithms.linear import backward, fused, product
from algorithms.sums import dot
from kernel import Kernel, random
from scipy import linalg


def vector(seed, n):
    return random(seed).normal(size=n)


def positive(seed, n):
    return random(seed).uniform(0.5, 1.5, n)


def matrix(seed, n):
    return random(seed).normal(size=(n, n))


def axpy(a, x, y):
    return linalg.blas.daxpy(x, y.copy(), a=a)  # it overwrites y


def combine(x):
    """A linear combination of many vectors, one axpy each."""
    total = np.zeros(x.shape[1])
    for row in x:
        total = linalg.blas.daxpy(row, total, a=0.3)
    return total


def emulated_combine(x):
    total = x[0] * 0.0
    for row in x:
        total = fused(row, 0.3, total)
    return total


def triangle(n):
    return np.triu(random(5).uniform(-0.3, 0.3, (n, n))) + np.eye(n)


SHALLOW = (
    "to draw modes anew, `sr` lets OpenBLAS cut the 300 terms of an element into blocks of 16 to 24, and adds the sums "
    "of the blocks: fewer roundings at the size of the total than in one chain, as the program alone has it. With sums "
    "cut like this the reference has 50.6 bits (24 terms) and 50.5 (16)."
)

KERNELS = [
    Kernel("np.dot of 1e5, mixed signs", np.dot, lambda: (vector(1, 100_000), vector(2, 100_000)), dot),
    Kernel("np.dot of 1e5, positive", np.dot, lambda: (positive(1, 100_000), positive(2, 100_000)), dot),
    Kernel("axpy", axpy, lambda: (0.3, vector(1, 2000), vector(2, 2000)), lambda a, x, y: fused(x, a, y)),
    Kernel("200 axpys", combine, lambda: (random(3).uniform(size=(200, 100)),), emulated_combine),
    Kernel("matrix by vector", np.matmul, lambda: (matrix(1, 200), vector(2, 200)), product),
    Kernel("matrix by matrix", np.matmul, lambda: (matrix(1, 60), matrix(2, 60)), product),
    Kernel(
        "Gram matrix",
        lambda x: x.T @ x,
        lambda: (random(3).uniform(size=(300, 30)),),
        lambda x: product(x.T, x),
        explanation=SHALLOW,
    ),
    Kernel("triangular solve", linalg.solve_triangular, lambda: (triangle(60), vector(4, 60)), backward),
]
