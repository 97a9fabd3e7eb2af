"""Ordinary and partial differential equations: fixed steps as users write them, adaptive steps of SciPy."""

import numpy as np
from algorithms.linear import tridiagonal_solve
from algorithms.runge_kutta import rk45
from kernel import Kernel, random
from scipy import integrate, linalg


def pendulum(angle, speed, h, steps):
    """Fourth-order Runge-Kutta on Python floats; the sine by its series."""

    def sine(x):
        square = x * x
        return x * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))))

    for _ in range(steps):
        a1, s1 = speed, -sine(angle)
        a2, s2 = speed + 0.5 * h * s1, -sine(angle + 0.5 * h * a1)
        a3, s3 = speed + 0.5 * h * s2, -sine(angle + 0.5 * h * a2)
        a4, s4 = speed + h * s3, -sine(angle + h * a3)
        angle += h / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4)
        speed += h / 6.0 * (s1 + 2.0 * s2 + 2.0 * s3 + s4)
    return angle, speed


def lorenz(state, h, steps):
    """A chaotic system in NumPy, Runge-Kutta of order 2: errors grow exponentially."""
    for _ in range(steps):
        half = state + 0.5 * h * lorenz_slope(state)
        state = state + h * lorenz_slope(half)
    return state


def lorenz_slope(state):
    turned = state[[1, 2, 0]]
    products = state[[1, 0, 0]] * state[[2, 2, 1]]
    linear = np.array([-10.0, -1.0, -8.0]) * state / np.array([1.0, 1.0, 3.0])
    mixed = np.array([10.0, 0.0, 0.0]) * turned + np.array([0.0, 28.0, 0.0]) * state[[0, 0, 0]]
    return linear + mixed + np.array([0.0, -1.0, 1.0]) * products


def orbits(position, velocity, h, steps):
    """A planet around its sun: leapfrog steps on arrays."""
    for _ in range(steps):
        velocity = velocity - 0.5 * h * pull(position)
        position = position + h * velocity
        velocity = velocity - 0.5 * h * pull(position)
    return position


def pull(position):
    square = position * position
    distance = np.sqrt(square + square[::-1])
    return position / (distance * distance * distance)


def predators(t, state):
    x, y = state
    return np.array([1.1 * x - 0.4 * x * y, 0.1 * x * y - 0.4 * y])


def predators_by_rk45(start, end):
    return integrate.solve_ivp(predators, (0.0, end), start, first_step=0.1, rtol=1e-8, atol=1e-10).y[:, -1]


def emulated_predators(start, end):
    return rk45(predators, start[0] * 0.0, end, start, 0.1, 1e-8, 1e-10)


def heat(u, ratio, steps):
    """Crank-Nicolson in one dimension: a banded solve in each step."""
    n = len(u)
    bands = np.array([[-ratio / 2.0] * n, [1.0 + ratio] * n, [-ratio / 2.0] * n])
    for _ in range(steps):
        right = (1.0 - ratio) * u
        right[1:] += ratio / 2.0 * u[:-1]
        right[:-1] += ratio / 2.0 * u[1:]
        u = linalg.solve_banded((1, 1), bands, right)
    return u


def emulated_heat(u, ratio, steps):
    n = len(u)
    above, diagonal, below = (np.array([each] * n, object) for each in (-ratio / 2.0, 1.0 + ratio, -ratio / 2.0))
    for _ in range(steps):
        right = (1.0 - ratio) * u
        right[1:] += ratio / 2.0 * u[:-1]
        right[:-1] += ratio / 2.0 * u[1:]
        u = tridiagonal_solve(above, diagonal, below, right)
    return u


def wave(u, courant, steps):
    """Explicit differences on a string with fixed ends."""
    before, now = u, u + 0.0
    for _ in range(steps):
        after = now + 0.0
        after[1:-1] = 2.0 * now[1:-1] - before[1:-1] + courant * (now[2:] - 2.0 * now[1:-1] + now[:-2])
        before, now = now, after
    return now[1:-1]


KERNELS = [
    Kernel("pendulum, RK4 in Python", pendulum, lambda: (1.0, 0.3, 0.01, 1000)),
    Kernel("Lorenz system", lorenz, lambda: (np.array([1.0, 1.1, 20.3]), 0.01, 1500)),
    Kernel("orbit, leapfrog", orbits, lambda: (np.array([1.0, 0.1]), np.array([0.05, 0.9]), 0.01, 1000)),
    Kernel("solve_ivp, RK45", predators_by_rk45, lambda: (np.array([10.0, 5.0]), 20.0), emulated_predators),
    Kernel("heat equation, banded solves", heat, lambda: (random(1).uniform(size=40), 0.4, 100), emulated_heat),
    Kernel("wave equation", wave, lambda: (np.sin(np.linspace(0.0, 3.0, 60)) ** 2, 0.6, 200)),
]
