"""Splines through noisy points: smoothing, interpolation, derivatives, roots and integrals."""
import numpy as np
from scipy.interpolate import BSpline, CubicSpline, PchipInterpolator, RegularGridInterpolator, UnivariateSpline, make_lsq_spline

rng = np.random.default_rng(3)
x = np.sort(rng.uniform(0, 10, 80))
y = np.exp(-x / 4) * np.sin(2 * x) + rng.normal(0, 0.02, x.size)

smooth = UnivariateSpline(x, y, s=0.05)
cubic = CubicSpline(x, y)
monotone = PchipInterpolator(x, y)
knots = np.r_[[x[0]] * 4, np.linspace(1, 9, 9), [x[-1]] * 4]
least_squares: BSpline = make_lsq_spline(x, y, knots)
at = np.linspace(x[0], x[-1], 41)
for spline in (smooth, cubic, monotone, least_squares):
    print(type(spline).__name__, spline(at).tobytes().hex())
print(float(smooth.get_residual()).hex(), float(cubic.integrate(2, 8)).hex(), smooth.roots().tobytes().hex())
print(cubic.derivative()(at[::8]).tobytes().hex(), least_squares.derivative(2)(at[::8]).tobytes().hex())
plane = RegularGridInterpolator((at, at), np.outer(np.sin(at), np.cos(at)))
print(plane(np.column_stack([at[1:-1:5] + 0.01, at[1:-1:5] - 0.01])).tobytes().hex())
