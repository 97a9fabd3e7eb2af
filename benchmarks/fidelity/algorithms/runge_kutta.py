"""The adaptive Runge-Kutta pair of Dormand and Prince, as scipy.integrate.solve_ivp steps it (method RK45)."""

import numpy as np

C = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0)
A = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
)
B = (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84)
ERROR = (-71 / 57600, 0.0, 71 / 16695, -71 / 1920, 17253 / 339200, -22 / 525, 1 / 40)
EXPONENT = -1 / 5


def rk45(fun, t, end, y, step, rtol, atol):
    """The state at `end`."""
    slope = fun(t, y)
    while t < end:
        shrunk = False
        while True:
            new_t = t + step if t + step < end else t * 0.0 + end
            h = new_t - t
            new_y, slopes = _stages(fun, t, y, slope, h)
            scale = atol + np.array([max(abs(a), abs(b)) for a, b in zip(y, new_y, strict=True)], object) * rtol
            error = _root_mean_square(_combined(slopes, ERROR) * h / scale)
            if error < 1:
                factor = min(10.0, 0.9 * error**EXPONENT) if error != 0 else 10.0
                step = h * (min(1.0, factor) if shrunk else factor)
                break
            step = h * max(0.2, 0.9 * error**EXPONENT)
            shrunk = True
        t, y, slope = new_t, new_y, slopes[-1]
    return y


def _stages(fun, t, y, slope, h):
    slopes = [slope]
    for a, c in zip(A[1:], C[1:], strict=True):
        slopes.append(fun(t + c * h, y + _combined(slopes, a) * h))
    new = y + _combined(slopes, B) * h
    return new, [*slopes, fun(t + h, new)]


def _combined(slopes, weights):
    total = slopes[0] * weights[0]
    for slope, weight in zip(slopes[1:], weights[1:], strict=True):
        total = total + slope * weight
    return total


def _root_mean_square(x):
    total = x[0] * x[0]
    for each in x[1:]:
        total = total + each * each
    return total.sqrt() / len(x) ** 0.5
