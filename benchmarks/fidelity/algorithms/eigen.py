"""Eigenvalues and singular values on arrays of Rounded: reflections, then QL or QR iterations with shifts."""

import math

import numpy as np

from algorithms.linear import reflect, reflector

EPSILON = 2.0**-52


def tridiagonal(a):
    """Diagonal, subdiagonal and the transformation Q of Q'aQ for a symmetric matrix."""
    a, n = a.copy(), len(a)
    q = np.array(np.eye(n).tolist(), object) + a[0, 0] * 0.0
    for k in range(n - 2):
        v, tau, _ = reflector(a[k + 1 :, k].copy())
        reflect(v, tau, a[k + 1 :, :])
        reflect(v, tau, a[:, k + 1 :].T)
        reflect(v, tau, q[:, k + 1 :].T)
    return np.diag(a).copy(), np.diag(a, -1).copy(), q


def ql(d, e, q=None):
    """Eigenvalues of a symmetric tridiagonal matrix, in place of d: the implicit QL iteration; q is rotated along."""
    e = [*e, 0.0]
    for low in range(len(d)):
        while True:
            high = next(
                (k for k in range(low, len(d) - 1) if abs(e[k]) <= EPSILON * (abs(d[k]) + abs(d[k + 1]))), len(d) - 1
            )
            if high == low:
                break
            _sweep(d, e, q, low, high)
    return d


def _sweep(d, e, q, low, high):
    """One bulge chased from `high` up to `low`."""
    g = (d[low + 1] - d[low]) / (2.0 * e[low])
    r = (g * g + 1.0).sqrt()
    g = d[high] - d[low] + e[low] / (g + (r if g >= 0 else -r))
    s = c = 1.0
    p = 0.0
    for i in range(high - 1, low - 1, -1):
        f, b = s * e[i], c * e[i]
        r = (f * f + g * g).sqrt()
        e[i + 1] = r
        if r == 0:
            d[i + 1] = d[i + 1] - p
            e[high] = 0.0
            return
        s, c = f / r, g / r
        g = d[i + 1] - p
        r = (d[i] - g) * s + 2.0 * c * b
        p = s * r
        d[i + 1] = g + p
        g = c * r - b
        if q is not None:
            right = q[:, i + 1].copy()
            q[:, i + 1] = s * q[:, i] + c * right
            q[:, i] = c * q[:, i] - s * right
    d[low] = d[low] - p
    e[low] = g
    e[high] = 0.0


def symmetric(a):
    """Eigenvalues in ascending order and eigenvectors."""
    d, e, q = tridiagonal(a)
    ql(d, e, q)
    order = sorted(range(len(d)), key=lambda k: d[k])
    return d[order], q[:, order]


def singular_values(a):
    """In descending order: those of the bidiagonal form B, by the tridiagonal form of [[0, B'], [B, 0]]."""
    a = a.copy()
    n = a.shape[1]
    entries = []
    for k in range(n):
        v, tau, diagonal = reflector(a[k:, k].copy())
        reflect(v, tau, a[k:, k:])
        entries.append(diagonal)
        if k < n - 1:
            v, tau, beside = reflector(a[k, k + 1 :].copy())
            reflect(v, tau, a[k:, k + 1 :].T)
            entries.append(beside)
    zero = a[0, 0] * 0.0
    return np.array(sorted(ql([zero] * (2 * n), entries), reverse=True)[:n], object)


def hessenberg(a):
    """A matrix with the same eigenvalues and one subdiagonal."""
    a = a.copy()
    for k in range(len(a) - 2):
        v, tau, _ = reflector(a[k + 1 :, k].copy())
        reflect(v, tau, a[k + 1 :, :])
        reflect(v, tau, a[:, k + 1 :].T)
    return a


def balanced(a):
    """Rows and columns of like size, by powers of two: an exact similarity, as LAPACK's dgebal makes it."""
    a, changed = a.copy(), True
    while changed:
        changed = False
        for k in range(len(a)):
            column, row = (max(abs(float(x)) for j, x in enumerate(line) if j != k) for line in (a[:, k], a[k]))
            exponent = round(math.log2(row / column) / 2) if row and column else 0
            if exponent:
                a[:, k] = a[:, k] * 2.0**exponent
                a[k] = a[k] * 2.0**-exponent
                changed = True
    return a


def real_eigenvalues(a):
    """Eigenvalues, ascending, of a matrix all of whose eigenvalues are real: implicit double shifts, as dlahqr."""
    return sorted(_eigenvalues(hessenberg(balanced(a))))


def _eigenvalues(h):
    while len(h) > 2:
        small = [k for k in range(1, len(h)) if abs(h[k, k - 1]) <= EPSILON * (abs(h[k, k]) + abs(h[k - 1, k - 1]))]
        if small:
            k = small[-1]
            return [*_eigenvalues(h[:k, :k].copy()), *_eigenvalues(h[k:, k:].copy())]
        _double_step(h, *_shifts(h))
    return [h[0, 0]] if len(h) == 1 else _pair(h)


def _pair(h):
    """Real eigenvalues of a 2 x 2 matrix: the larger one without cancellation, the other from the determinant."""
    half = (h[0, 0] - h[1, 1]) * 0.5
    root = (half * half + h[0, 1] * h[1, 0]).sqrt()
    apart = half + root if half >= 0 else half - root
    return [h[1, 1] + apart, h[1, 1] - h[0, 1] * h[1, 0] / apart if apart != 0 else h[1, 1]]


def _shifts(h):
    """Sum and product of the shifts: both eigenvalues of the last 2 x 2 block or, if real, twice the nearer one."""
    block = h[-2:, -2:]
    half = (block[0, 0] - block[1, 1]) * 0.5
    if half * half + block[0, 1] * block[1, 0] < 0:
        return block[0, 0] + block[1, 1], block[0, 0] * block[1, 1] - block[0, 1] * block[1, 0]
    nearer = min(_pair(block), key=lambda value: abs(value - block[1, 1]))
    return nearer + nearer, nearer * nearer


def _double_step(h, total, product):
    """One bulge chased downwards, in place."""
    n = len(h)
    start = [
        h[0, 0] * (h[0, 0] - total) + product + h[0, 1] * h[1, 0],
        h[1, 0] * (h[0, 0] + h[1, 1] - total),
        h[1, 0] * h[2, 1],
    ]
    for k in range(n - 1):
        rows = slice(k, min(k + 3, n))
        first = np.array(start, object) if k == 0 else h[rows, k - 1].copy()
        v, tau, beta = reflector(first)
        if k > 0:
            h[rows, k - 1] = [beta, *[beta * 0.0] * (len(v) - 1)]
        reflect(v, tau, h[rows, k:])
        reflect(v, tau, h[: min(k + 4, n), rows].T)
