"""Splines and polynomials through points."""

import numpy as np
from algorithms.linear import tridiagonal_solve
from kernel import Kernel, random
from scipy import interpolate


def points(n):
    x = np.sort(random(1).uniform(0.0, 10.0, n))
    return x, np.sin(x), np.linspace(x[0], x[-1], 102)[1:-1]


def few_points(n):
    """Equidistant, as polynomials like them least."""
    x = np.linspace(-1.0, 1.0, n)
    return x, 1.0 / (1.0 + 25.0 * x * x), random(2).uniform(-0.99, 0.99, 30)


def cubic_spline(x, y, t):
    return interpolate.CubicSpline(x, y, bc_type="natural")(t)


def emulated_cubic_spline(x, y, t):
    dx = x[1:] - x[:-1]
    slope = (y[1:] - y[:-1]) / dx
    above, diagonal, below, right = (np.array([0.0] * len(x), object) for _ in range(4))
    diagonal[1:-1], above[2:], below[:-2] = 2 * (dx[:-1] + dx[1:]), dx[:-1], dx[1:]
    right[1:-1] = 3 * (dx[1:] * slope[:-1] + dx[:-1] * slope[1:])
    diagonal[0], above[1], right[0] = 2 * dx[0], dx[0], 3 * (y[1] - y[0])
    diagonal[-1], below[-2], right[-1] = 2 * dx[-1], dx[-1], 3 * (y[-1] - y[-2])
    s = tridiagonal_solve(above, diagonal, below, right)
    curve = (s[:-1] + s[1:] - 2 * slope) / dx
    coefficients = (y[:-1], s[:-1], (slope - s[:-1]) / dx - curve, curve / dx)
    return [_power_sum([c[k] for c in coefficients], each - x[k]) for each, k in _intervals(x, t)]


def _intervals(x, t):
    return [(each, max(k for k in range(len(x) - 1) if x[k] <= each)) for each in t]


def _power_sum(coefficients, s):
    total, power = coefficients[0], s
    for coefficient in coefficients[1:]:
        total, power = total + coefficient * power, power * s
    return total


def linear(x, y, t):
    return np.interp(t, x, y)


def emulated_linear(x, y, t):
    slope = (y[1:] - y[:-1]) / (x[1:] - x[:-1])
    return [slope[k] * (each - x[k]) + y[k] for each, k in _intervals(x, t)]


def lagrange(x, y, t):
    total = 0.0
    for i in range(len(x)):
        term = y[i]
        for j in range(len(x)):
            if j != i:
                term = term * (t - x[j]) / (x[i] - x[j])
        total = total + term
    return total


def barycentric(x, y, t):
    above = below = 0.0
    for i in range(len(x)):
        weight = 1.0
        for j in range(len(x)):
            if j != i:
                weight = weight / (x[i] - x[j])
        term = weight / (t - x[i])
        above = above + term * y[i]
        below = below + term
    return above / below


def divided_differences(x, y, t):
    """Newton's form."""
    c = y + 0.0
    for k in range(1, len(x)):
        c[k:] = (c[k:] - c[k - 1 : -1]) / (x[k:] - x[:-k])
    result = c[-1]
    for k in range(len(x) - 2, -1, -1):
        result = result * (t - x[k]) + c[k]
    return result


KERNELS = [
    Kernel("cubic spline", cubic_spline, lambda: points(30), emulated_cubic_spline),
    Kernel("np.interp", linear, lambda: points(30), emulated_linear),
    Kernel("Lagrange's form", lagrange, lambda: few_points(12)),
    Kernel("barycentric form", barycentric, lambda: few_points(12)),
    Kernel("Newton's form", divided_differences, lambda: few_points(20)),
]
