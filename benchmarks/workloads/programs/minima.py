"""The minimum of Rosenbrock's valley by nine methods, then fits, roots, linear programs and global searches."""

import hashlib

import numpy as np
from scipy import optimize
from scipy.optimize import rosen, rosen_der, rosen_hess

rng = np.random.default_rng(11)
start = np.array([-1.2, 1.0, 0.8, -0.7, 1.9, 1.2, 0.3, -0.4])

methods = {
    "Nelder-Mead": {"options": {"maxiter": 4000, "xatol": 1e-9, "adaptive": True}},
    "Powell": {},
    "CG": {"jac": rosen_der},
    "BFGS": {},
    "L-BFGS-B": {"jac": rosen_der},
    "Newton-CG": {"jac": rosen_der, "hess": rosen_hess},
    "trust-ncg": {"jac": rosen_der, "hess": rosen_hess},
    "trust-krylov": {"jac": rosen_der, "hess": rosen_hess},
    "SLSQP": {"jac": rosen_der, "bounds": [(-2, 2)] * len(start)},
}
for method, options in methods.items():
    found = optimize.minimize(rosen, start, method=method, **options)
    print(f"{method:12s} {found.nit:5d} {found.nfev:5d} {float(found.fun).hex()} {float(found.x[-1]).hex()}")

disc = optimize.NonlinearConstraint(lambda x: x[0] ** 2 + x[1] ** 2, 0.0, 1.0)
inside = optimize.minimize(rosen, [0.1, 0.1], method="trust-constr", constraints=[disc], options={"gtol": 1e-8})
print("in a disc", inside.x.tobytes().hex())


def decay(t, height, rate, base):
    """What is measured."""
    return height * np.exp(-rate * t) + base


t = np.linspace(0, 8, 120)
for noise in (0.01, 0.05, 0.2):
    measured = decay(t, 2.5, 0.7, 0.4) + rng.normal(0, noise, t.size)
    measured[::17] += 10 * noise
    fit, covariance = optimize.curve_fit(decay, t, measured, p0=(1, 1, 0))
    robust = optimize.least_squares(lambda p, y=measured: decay(t, *p) - y, (1, 1, 0), loss="soft_l1", f_scale=noise)
    print("decay", noise, *(v.hex() for v in [*fit.tolist(), *robust.x.tolist(), float(covariance[0, 0])]))

roots = [optimize.brentq(lambda x, k=k: np.cos(x) - k * x, 0, 2, xtol=1e-14) for k in np.linspace(0.2, 4, 60)]
print("roots", hashlib.sha256(np.array(roots).tobytes()).hexdigest())
mixed = optimize.root(lambda v: [v[0] + 0.5 * (v[0] - v[1]) ** 3 - 1, 0.5 * (v[1] - v[0]) ** 3 + v[1]], [0, 0])
print("system", mixed.x.tobytes().hex(), mixed.nfev)

A, b, c = rng.uniform(0, 1, (30, 40)), rng.uniform(5, 9, 30), -rng.uniform(1, 2, 40)
plan = optimize.linprog(c, A_ub=A, b_ub=b)
rows, columns = optimize.linear_sum_assignment(rng.uniform(0, 1, (120, 120)))
print("plan", float(plan.fun).hex(), int((rows * columns).sum()))


def eggs(x):
    """Many minima."""
    return 10 * len(x) + float(np.sum(x**2 - 10 * np.cos(2 * np.pi * x)))


searched = optimize.differential_evolution(eggs, [(-5, 5)] * 3, rng=np.random.default_rng(1), maxiter=120)
annealed = optimize.dual_annealing(eggs, [(-5, 5)] * 3, rng=np.random.default_rng(2), maxiter=150)
hopped = optimize.basinhopping(eggs, [2.3, -1.1, 0.9], niter=40, rng=np.random.default_rng(3))
for name, found in (("evolution", searched), ("annealing", annealed), ("hopping", hopped)):
    print(name, found.nfev, float(found.fun).hex(), found.x.tobytes().hex())
