"""Minima and roots. What a tolerance lets an algorithm leave open is noise in both; the last step decides."""

import numpy as np
from algorithms.linear import product, solve
from algorithms.roots import brent
from algorithms.sums import pairwise
from kernel import Kernel, random
from scipy import optimize


def cubic(x):
    """(x - 1.1)^3, expanded."""
    return ((x - 3.3) * x + 3.63) * x - 1.331


def quartic(x):
    return (((x - 2.0) * x + 0.7) * x - 3.1) * x + 0.3


def quartic_slope(x):
    return ((4.0 * x - 6.0) * x + 1.4) * x - 3.1


def bisection(low, high, steps):
    for _ in range(steps):
        middle = (low + high) / 2.0
        if cubic(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0


def newton(x, steps):
    for _ in range(steps):
        x -= quartic(x) / quartic_slope(x)
    return x


def secant(before, x, steps):
    """Steps on a polynomial with a triple root, which converge slowly and end in the noise around it."""
    for _ in range(steps):
        difference = cubic(x) - cubic(before)
        if difference == 0.0:
            break
        before, x = x, x - cubic(x) * (x - before) / difference
    return x


def brentq(low, high):
    return optimize.brentq(quartic, low, high, xtol=1e-15)


def rosenbrock_gradient(x):
    a, b = x
    return np.array([400.0 * a * (a * a - b) - 2.0 * (1.0 - a), 200.0 * (b - a * a)])


def rosenbrock(x):
    a, b = x
    return 100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a)


def bfgs(x, h, steps):
    """BFGS with backtracking, in NumPy: the inverse Hessian is updated by outer products."""
    gradient = rosenbrock_gradient(x)
    for _ in range(steps):
        direction = -np.sum(h * gradient, axis=1)
        slope = np.sum(gradient * direction)
        length, value = 1.0, rosenbrock(x)
        while rosenbrock(x + length * direction) > value + 1e-4 * length * slope and length > 1e-10:
            length = length / 2.0
        step = length * direction
        x = x + step
        change = rosenbrock_gradient(x) - gradient
        gradient = gradient + change
        along = np.sum(step * change)
        h = updated(h, step, change, along)
    return x


def updated(h, step, change, along):
    moved = np.sum(h * change, axis=1)
    factor = (1.0 + np.sum(change * moved) / along) / along
    return h + factor * np.outer(step, step) - (np.outer(moved, step) + np.outer(step, moved)) / along


def gauss_newton(t, y, start, steps):
    """The parameters of y = a exp(-b t), by least squares."""
    a, b = start
    for _ in range(steps):
        wave = np.exp(-b * t)
        residual = y - a * wave
        jacobian = np.stack([wave, -a * t * wave], axis=1)
        step = np.linalg.solve(jacobian.T @ jacobian, jacobian.T @ residual)
        a, b = a + step[0], b + step[1]
    return np.array([a, b])


def emulated_gauss_newton(t, y, start, steps):
    a, b = start
    for _ in range(steps):
        wave = np.exp(-b * t)
        residual = y - a * wave
        jacobian = np.stack([wave, -a * t * wave], axis=1)
        a, b = np.array([a, b]) + solve(product(jacobian.T, jacobian), product(jacobian.T, residual))
    return a, b


def gradient_descent(a, b, x, rate, steps):
    """Least squares |a x - b|² / 2."""
    for _ in range(steps):
        x = x - rate * (a.T @ (a @ x - b))
    return x


def emulated_gradient_descent(a, b, x, rate, steps):
    for _ in range(steps):
        x = x - rate * product(a.T, product(a, x) - b)
    return x


def numerical_gradient(x, h):
    """Forward differences of a sum."""
    value = np.sum(x * x * x)
    steps = h * np.eye(x.size)
    return np.array([(np.sum((x + step) * (x + step) * (x + step)) - value) / h for step in steps])


def emulated_numerical_gradient(x, h):
    value = pairwise(x * x * x)
    steps = [[h if i == j else 0.0 for i in range(len(x))] for j in range(len(x))]
    moved = [np.array([a + b for a, b in zip(x, step, strict=True)], object) for step in steps]
    return [(pairwise(each * each * each) - value) / h for each in moved]


def decaying(n):
    t = np.linspace(0.0, 2.0, n)
    return t, 3.0 * np.exp(-0.7 * t) + 0.01 * random(1).normal(size=n)


KERNELS = [
    Kernel("bisection at a triple root", bisection, lambda: (1.0, 1.3, 50)),
    Kernel("Newton's method", newton, lambda: (0.3, 8)),
    Kernel("secant method at a triple root", secant, lambda: (1.3, 1.25, 60)),
    Kernel("brentq", brentq, lambda: (0.0, 1.0), lambda low, high: brent(quartic, low, high, 1e-15)),
    Kernel("BFGS on Rosenbrock", bfgs, lambda: (np.array([-1.2, 1.0]), np.array([[1.0, 0.0], [0.0, 1.0]]), 20)),
    Kernel("Gauss-Newton", gauss_newton, lambda: (*decaying(50), (2.0, 0.5), 8), emulated_gauss_newton),
    Kernel(
        "gradient descent",
        gradient_descent,
        lambda: (random(2).normal(size=(40, 8)), random(3).normal(size=40), np.zeros(8), 0.01, 100),
        emulated_gradient_descent,
    ),
    Kernel(
        "numerical gradient",
        numerical_gradient,
        lambda: (random(4).uniform(1, 2, 10), 1e-6 / 3),
        emulated_numerical_gradient,
    ),
]
