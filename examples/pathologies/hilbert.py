"""A linear system with the Hilbert matrix, 1 / (i + j + 1), of order 10."""

from math import comb

import numpy as np


def solution_by_elimination_unstable(b):
    """The elements of the matrix round, and the smallest change of them moves the solution."""
    i = np.arange(b.size)
    return np.linalg.solve(1.0 / (i[:, None] + i + 1.0), b)


def solution_by_inverse_stable(b):
    """The inverse is known, and its elements are integers."""
    n = b.size
    rows = [[inverse_element(n, i, j) for j in range(n)] for i in range(n)]
    return np.array(rows, float) @ b


def inverse_element(n, i, j):
    sign = -1 if (i + j) % 2 else 1
    return sign * (i + j + 1) * comb(n + i, n - j - 1) * comb(n + j, n - i - 1) * comb(i + j, i) ** 2


b = np.ones(10)
print(solution_by_elimination_unstable(b)[0], solution_by_inverse_stable(b)[0])
