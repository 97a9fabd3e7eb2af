"""Lotka-Volterra equations by solve_ivp, three methods, with an event."""
import numpy as np
from scipy.integrate import solve_ivp


def growth(t, state, a, b, c, d):
    prey, predators = state
    return [a * prey - b * prey * predators, -c * predators + d * prey * predators]


def prey_peak(t, state, a, b, c, d):
    return a - b * state[1]


prey_peak.direction = -1

for method in ("RK45", "DOP853", "LSODA"):
    solution = solve_ivp(
        growth, (0, 20), [10.0, 5.0], method=method, args=(1.1, 0.4, 0.4, 0.1), events=prey_peak, rtol=1e-8, dense_output=True
    )
    print(method, solution.nfev, solution.y[:, -1].tobytes().hex())
    print(" peaks", *(float(t).hex() for t in solution.t_events[0]))
    print(" between", solution.sol(np.linspace(1, 19, 5)).tobytes().hex())
