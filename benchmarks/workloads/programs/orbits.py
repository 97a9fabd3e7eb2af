"""Ordinary differential equations: orbits, chaos, stiff chemistry, a heated rod, a boundary value, and integrals."""

import hashlib
import math

import numpy as np
from scipy import integrate, special
from scipy.integrate import solve_ivp


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(values.flat[-1]).hex())


def kepler(t, state):
    """A planet around a sun."""
    position, velocity = state[:2], state[2:]
    return np.concatenate([velocity, -position / np.linalg.norm(position) ** 3])


def lorenz(t, state, sigma=10.0, rho=28.0, beta=8 / 3):
    """The butterfly."""
    x, y, z = state
    return sigma * (y - x), x * (rho - z) - y, x * y - beta * z


def robertson(t, y):
    """Three reactions of very different speeds."""
    slow, fast = 0.04 * y[0], 1e4 * y[1] * y[2]
    return [fast - slow, slow - fast - 3e7 * y[1] ** 2, 3e7 * y[1] ** 2]


def crossing(t, state):
    """Zero where the planet crosses the axis."""
    return state[1]


crossing.direction = 1.0

for method in ("RK23", "RK45", "DOP853", "LSODA"):
    orbit = solve_ivp(kepler, (0, 30), [1, 0, 0, 0.8], method=method, rtol=1e-7, atol=1e-9, events=crossing)
    show(f"kepler {method} {orbit.nfev} {len(orbit.t_events[0])}", orbit.y)

for method in ("RK45", "DOP853"):
    butterfly = solve_ivp(lorenz, (0, 40), [1, 1, 1], method=method, rtol=1e-8, dense_output=True)
    show(f"lorenz {method} {butterfly.nfev}", butterfly.sol(np.linspace(0, 40, 4000)))

for method in ("Radau", "BDF", "LSODA"):
    chemistry = solve_ivp(robertson, (0, 1e4), [1, 0, 0], method=method, rtol=1e-6, atol=1e-10)
    show(f"robertson {method} {chemistry.nfev} {chemistry.njev} {chemistry.nlu}", chemistry.y)

n = 60
rod = (np.diag(np.full(n, -2.0)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)) * (n + 1) ** 2
warm = np.sin(np.linspace(0, np.pi, n + 2)[1:-1])
cooled = solve_ivp(lambda t, u: rod @ u - u**4, (0, 0.2), warm, method="BDF", jac=lambda t, u: rod - np.diag(4 * u**3))
show(f"rod {cooled.nfev}", cooled.y)


def pendulum(y, t, damping):
    """A swing that slows down."""
    return [y[1], -damping * y[1] - math.sin(y[0])]


swing = integrate.odeint(pendulum, [3.1, 0], np.linspace(0, 60, 600), (0.1,))
show("pendulum", swing)


def bratu(x, y):
    """y'' + exp(y) = 0."""
    return np.vstack([y[1], -np.exp(y[0])])


mesh = np.linspace(0, 1, 11)
boundary = integrate.solve_bvp(bratu, lambda a, b: np.array([a[0], b[0]]), mesh, np.zeros((2, mesh.size)), tol=1e-8)
show(f"bratu {boundary.niter}", boundary.sol(np.linspace(0, 1, 200)))

for order in range(25):
    value, error = integrate.quad(lambda a, v=order: math.cos(v * a - 2.5 * math.sin(a)) / math.pi, 0, math.pi)
    print(order, value.hex(), error.hex(), float(special.jv(order, 2.5)).hex())
print("volume", integrate.tplquad(lambda z, y, x: math.exp(-x * y * z), 0, 1, 0, 1, 0, 1, epsabs=1e-6)[0].hex())
samples = np.sqrt(np.linspace(0, 1, 1025))
print(*(float(rule(samples, dx=1 / 1024)).hex() for rule in (integrate.trapezoid, integrate.simpson, integrate.romb)))
