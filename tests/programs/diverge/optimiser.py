"""An optimiser that converges after more or fewer iterations."""

import numpy as np
from scipy.optimize import minimize

count = 0


def objective(x):
    global count
    print("= objective", count)
    count += 1
    return float((1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2)


def result(x, part):
    print("= result", part)
    return float(np.sum(x * x))


found = minimize(objective, np.array([-1.2, 1.0]), method="Nelder-Mead", options={"xatol": 1e-14, "fatol": 1e-14})
for part in range(20):
    result(found.x, part)
