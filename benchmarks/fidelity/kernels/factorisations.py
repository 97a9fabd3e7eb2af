"""Factorisations of LAPACK, through NumPy and SciPy."""

import numpy as np
from algorithms import eigen, linear
from kernel import Kernel, random
from scipy import linalg


def square(n):
    return random(1).normal(size=(n, n))


def tall(n, m):
    return random(2).normal(size=(n, m))


def definite(n):
    a = tall(2 * n, n)
    return a.T @ a


def lu_factors(a):
    return linalg.lu_factor(a)[0]


def qr_upper(a):
    return np.linalg.qr(a, mode="r")


def svd_values(a):
    return np.linalg.svd(a, compute_uv=False)


KERNELS = [
    Kernel("LU", lu_factors, lambda: (square(50),), lambda a: linear.lu(a)[0]),
    Kernel("QR", qr_upper, lambda: (tall(60, 30),), lambda a: linear.qr(a)[0]),
    Kernel("Cholesky", np.linalg.cholesky, lambda: (definite(50),), linear.cholesky),
    Kernel(
        "singular values",
        svd_values,
        lambda: (tall(40, 20),),
        eigen.singular_values,
        note="QL iterations on the bidiagonal form, where LAPACK's dqds adds less to the errors of the reduction",
    ),
    Kernel("determinant", np.linalg.det, lambda: (square(20),), linear.determinant),
]
