"""Quadrature: rules of NumPy and SciPy, QUADPACK with a callback, and an adaptive rule in Python."""

import numpy as np
from algorithms.quadpack import kronrod21
from algorithms.sums import dot, pairwise
from kernel import Kernel
from scipy import integrate


def bell(x):
    return 1.0 / (1.0 + 25.0 * x * x)


def oscillation(x):
    """Positive and negative parts that nearly cancel: (1 - x²) (x + 0.01) (2 + x²) over -1..1."""
    square = x * x
    return (1.0 - square) * (x + 0.01) * (2.0 + square)


def trapezoid(x):
    return np.trapezoid(bell(x), x)


def emulated_trapezoid(x):
    y = bell(x)
    return pairwise((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2.0)


def simpson(x):
    """The composite rule as users write it: weights 1, 4, 2, ..., 4, 1."""
    y = oscillation(x)
    return (x[1] - x[0]) / 3.0 * (y[0] + y[-1] + 4.0 * np.sum(y[1:-1:2]) + 2.0 * np.sum(y[2:-1:2]))


def emulated_simpson(x):
    y = oscillation(x)
    return (x[1] - x[0]) / 3.0 * (y[0] + y[-1] + 4.0 * pairwise(y[1:-1:2]) + 2.0 * pairwise(y[2:-1:2]))


def gauss(nodes, weights):
    return weights @ oscillation(nodes)


def quad(low, high):
    return integrate.quad(oscillation, low, high)[0]


def adaptive_simpson(low, high, tolerance):
    """Halves an interval until two estimates agree."""

    def whole(a, fa, b, fb):
        middle = (a + b) / 2.0
        value = oscillation(middle)
        return middle, value, (b - a) / 6.0 * (fa + 4.0 * value + fb)

    def refine(a, fa, m, fm, b, fb, estimate, tolerance):
        left_m, left_fm, left = whole(a, fa, m, fm)
        right_m, right_fm, right = whole(m, fm, b, fb)
        difference = left + right - estimate
        if abs(difference) <= 15.0 * tolerance:
            return left + right + difference / 15.0
        return refine(a, fa, left_m, left_fm, m, fm, left, tolerance / 2.0) + refine(
            m, fm, right_m, right_fm, b, fb, right, tolerance / 2.0
        )

    first, last = oscillation(low), oscillation(high)
    middle, value, estimate = whole(low, first, high, last)
    return refine(low, first, middle, value, high, last, estimate, tolerance)


KERNELS = [
    Kernel("trapezoidal rule", trapezoid, lambda: (np.linspace(-1.0, 1.0, 1001),), emulated_trapezoid),
    Kernel("Simpson's rule", simpson, lambda: (np.linspace(-1.0, 1.0, 1001),), emulated_simpson),
    Kernel("Gauss' rule", gauss, lambda: np.polynomial.legendre.leggauss(20), lambda x, w: dot(w, oscillation(x))),
    Kernel(
        "quad of QUADPACK",
        quad,
        lambda: (-1.0, 1.0),
        lambda low, high: kronrod21(oscillation, low, high),
        note="one application of the 21-point rule, after which QUADPACK returns",
    ),
    Kernel("adaptive Simpson, Python", adaptive_simpson, lambda: (-1.0, 0.9, 1e-9)),
]
