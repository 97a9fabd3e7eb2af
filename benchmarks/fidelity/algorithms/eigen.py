"""Eigenvalues and singular values on arrays of Rounded: reflections, then QL or QR iterations with shifts."""

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


def real_eigenvalues(a):
    """Eigenvalues, ascending, of a matrix all of whose eigenvalues are real: QR iterations with Wilkinson's shift."""
    h, values = hessenberg(a), []
    while len(h) > 1:
        if abs(h[-1, -2]) <= EPSILON * (abs(h[-1, -1]) + abs(h[-2, -2])):
            values.append(h[-1, -1])
            h = h[:-1, :-1]
        else:
            _qr_step(h, _shift(h))
    return sorted([*values, h[0, 0]])


def _shift(h):
    """The eigenvalue of the last 2 x 2 block that is nearer to the corner, or the corner when they are complex."""
    half = (h[-2, -2] - h[-1, -1]) * 0.5
    inside = half * half + h[-1, -2] * h[-2, -1]
    if inside < 0:
        return h[-1, -1]
    root = half + (inside.sqrt() if half >= 0 else -inside.sqrt())
    return h[-1, -1] if root == 0 else h[-1, -1] - h[-1, -2] * h[-2, -1] / root


def _qr_step(h, shift):
    """h - shift = QR is replaced by RQ + shift, in place."""
    n, rotations = len(h), []
    for k in range(n):
        h[k, k] = h[k, k] - shift
    for k in range(n - 1):
        a, b = h[k, k], h[k + 1, k]
        r = (a * a + b * b).sqrt()
        c, s = (a / r, b / r) if r != 0 else (1.0, 0.0)
        rotations.append((c, s))
        upper, lower = h[k].copy(), h[k + 1].copy()
        h[k], h[k + 1] = c * upper + s * lower, c * lower - s * upper
    for k, (c, s) in enumerate(rotations):
        left, right = h[:, k].copy(), h[:, k + 1].copy()
        h[:, k], h[:, k + 1] = c * left + s * right, c * right - s * left
    for k in range(n):
        h[k, k] = h[k, k] + shift
