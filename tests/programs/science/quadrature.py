"""Integrals, special functions, roots and minima with functions written in Python."""
import math

import numpy as np
from scipy import integrate, optimize, special

calls = 0


def bessel_like(theta, n, x):
    global calls
    calls += 1
    return math.cos(n * theta - x * math.sin(theta)) / math.pi


for order in range(4):
    value, error = integrate.quad(bessel_like, 0, math.pi, args=(order, 2.5), epsabs=1e-13)
    print(order, value.hex(), error.hex(), float(special.jv(order, 2.5)).hex())
print("calls", calls)
print(integrate.dblquad(lambda y, x: math.exp(-x * y), 0, 1, 0, lambda x: x)[0].hex())
print(integrate.odeint(lambda y, t: [y[1], -math.sin(y[0])], [2.0, 0.0], np.linspace(0, 5, 6)).tobytes().hex())
print(optimize.brentq(lambda x: special.jv(0, x), 2, 3).hex(), optimize.newton(lambda x: x**3 - 2, 1.0).hex())
rosenbrock = optimize.minimize(optimize.rosen, [-1.2, 1.0, 0.8], jac=optimize.rosen_der, method="L-BFGS-B")
print(rosenbrock.nit, rosenbrock.x.tobytes().hex(), float(rosenbrock.fun).hex())
fit, covariance = optimize.curve_fit(lambda t, a, k: a * np.exp(-k * t), np.arange(6.0), [5.0, 3.1, 1.8, 1.2, 0.7, 0.4])
print(fit.tobytes().hex(), covariance.tobytes().hex())
print(special.gammainc(np.linspace(0.1, 5, 7), 2.0).tobytes().hex(), np.trapezoid(np.sqrt(np.linspace(0, 1, 101))).hex())
