"""Dense linear algebra on arrays of Rounded: the unblocked forms of what LAPACK computes.

Blocking changes the order of the updates of an element, not their number. BLAS fuses each multiply and add: so does
`fused`.
"""

import numpy as np

from algorithms.sums import chain, dot, running

fused = np.frompyfunc(lambda a, b, c: a.fma(b, c), 3, 1)


def product(a, b):
    """A matrix by a matrix or a vector: one chain of fused multiply-adds an element."""
    if b.ndim == 1:
        return np.array([chain(row, b) for row in a], object)
    return np.array([[chain(row, column) for column in b.T] for row in a], object)


def lu(a):
    """Factors L and U in one array, and the rows in their new order: partial pivoting."""
    a, order = a.copy(), list(range(len(a)))
    for k in range(len(a)):
        pivot = max(range(k, len(a)), key=lambda i: abs(a[i, k]))
        if pivot != k:
            a[[k, pivot]] = a[[pivot, k]]
            order[k], order[pivot] = order[pivot], order[k]
        a[k + 1 :, k] = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k + 1 :] = fused(-a[k + 1 :, k, None], a[None, k, k + 1 :], a[k + 1 :, k + 1 :])
    return a, order


def forward(lower, b, *, unit=False):
    """Solve a lower triangular system."""
    x = b.copy()
    for i in range(len(x)):
        if not unit:
            x[i] = x[i] / lower[i, i]
        x[i + 1 :] = fused(-lower[i + 1 :, i], x[i], x[i + 1 :])
    return x


def backward(upper, b):
    """Solve an upper triangular system."""
    x = b.copy()
    for i in range(len(x) - 1, -1, -1):
        x[i] = x[i] / upper[i, i]
        x[:i] = fused(-upper[:i, i], x[i], x[:i])
    return x


def solve(a, b):
    """np.linalg.solve for one right-hand side."""
    factors, order = lu(a)
    return backward(factors, forward(factors, b[order], unit=True))


def inverse(a):
    """np.linalg.inv: a system for each column of the identity."""
    columns = []
    for k in range(len(a)):
        unit = np.array([a[0, 0] * 0.0] * len(a), object)
        unit[k] = unit[k] + 1.0
        columns.append(solve(a, unit))
    return np.array(columns, object).T


def determinant(a):
    """np.linalg.det: NumPy adds the logarithms of the pivots."""
    factors, order = lu(a)
    pivots = np.diag(factors)
    logarithm = running(np.log(abs(pivots)))
    negative = _is_odd(order) != (sum(pivot < 0 for pivot in pivots) % 2 == 1)
    return -logarithm.exp() if negative else logarithm.exp()


def _is_odd(order):
    return sum(order[i] > order[j] for i in range(len(order)) for j in range(i + 1, len(order))) % 2 == 1


def cholesky(a):
    """The lower factor of a symmetric positive definite matrix."""
    lower = np.tril(a)
    for k in range(len(a)):
        lower[k, k] = lower[k, k].sqrt()
        lower[k + 1 :, k] = lower[k + 1 :, k] / lower[k, k]
        for j in range(k + 1, len(a)):
            lower[j:, j] = fused(-lower[j:, k], lower[j, k], lower[j:, j])
    return lower


def reflector(x):
    """Householder's reflection 1 - tau v v' that takes x to (beta, 0, ..., 0), as LAPACK's dlarfg: v, tau, beta."""
    tail = dot(x[1:], x[1:]) if len(x) > 1 else 0.0
    if tail == 0:
        return x, 0.0, x[0]
    length = (x[0] * x[0] + tail).sqrt()
    beta = -length if x[0] >= 0 else length
    v = x / (x[0] - beta)
    v[0] = x[0] * 0.0 + 1.0
    return v, (beta - x[0]) / beta, beta


def reflect(v, tau, a):
    """(1 - tau v v') a, in place."""
    if tau != 0:
        a[:] = fused(-v[:, None], (product(a.T, v) * tau)[None, :], a)


def qr(a, b=None):
    """The upper factor, and Q'b."""
    a = a.copy()
    b = None if b is None else b.copy()
    for k in range(min(a.shape)):
        v, tau, _ = reflector(a[k:, k].copy())
        reflect(v, tau, a[k:, k:])
        if b is not None:
            reflect(v, tau, b[k:, None])
    return np.triu(a[: a.shape[1]]), b


def least_squares(a, b):
    """The solution of min |a x - b| by QR."""
    upper, rotated = qr(a, b)
    return backward(upper, rotated[: a.shape[1]])


def tridiagonal_solve(above, diagonal, below, b):
    """A diagonally dominant tridiagonal system, in the layout of scipy.linalg.solve_banded."""
    diagonal, x = diagonal.copy(), b.copy()
    for i in range(1, len(x)):
        factor = below[i - 1] / diagonal[i - 1]
        diagonal[i] = diagonal[i] - factor * above[i]
        x[i] = x[i] - factor * x[i - 1]
    x[-1] = x[-1] / diagonal[-1]
    for i in range(len(x) - 2, -1, -1):
        x[i] = (x[i] - above[i + 1] * x[i + 1]) / diagonal[i]
    return x
