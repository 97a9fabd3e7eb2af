"""A polynomial through measurements, by least squares."""

import numpy as np


def fit_by_normal_equations_unstable(a, y):
    """The condition number of a.T @ a is the square of that of a."""
    return np.linalg.solve(a.T @ a, a.T @ y)


def fit_by_qr_stable(a, y):
    q, r = np.linalg.qr(a)
    return np.linalg.solve(r, q.T @ y)


t = np.arange(1.0, 13.0)
y = np.array([2.0, 3.0, 5.0, 7.0, 11.0, 13.0, 17.0, 19.0, 23.0, 29.0, 31.0, 37.0])
powers = t[:, None] ** np.arange(6)
print(fit_by_normal_equations_unstable(powers, y)[-1], fit_by_qr_stable(powers, y)[-1])
