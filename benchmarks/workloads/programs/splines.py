"""Curves and surfaces through scattered and gridded points: splines, barycentric, radial and linear interpolation."""

import hashlib

import numpy as np
from scipy import interpolate


def show(name, values):
    """The bits of an array."""
    values = np.ascontiguousarray(values)
    print(name, values.shape, hashlib.sha256(values.tobytes()).hexdigest()[:32], float(np.sum(values)).hex())


rng = np.random.default_rng(5)
x = np.sort(rng.uniform(0, 10, 400))
y = np.exp(-x / 6) * np.sin(3 * x) + rng.normal(0, 0.02, x.size)
at = np.linspace(x[0], x[-1], 20_001)

for name, curve in {
    "cubic": interpolate.CubicSpline(x, y),
    "pchip": interpolate.PchipInterpolator(x, y),
    "akima": interpolate.Akima1DInterpolator(x, y),
    "quintic": interpolate.make_interp_spline(x, y, k=5),
}.items():
    show(name, curve(at))
    show(name + " slope", curve.derivative()(at))
    show(name + " area", np.array([curve.integrate(a, a + 1) for a in np.linspace(x[0], x[-1] - 1, 40)]))

for smoothing in (0.05, 0.15, 0.5):
    knots, coefficients, degree = interpolate.splrep(x, y, s=smoothing)
    show(f"smooth {smoothing}", interpolate.splev(at, (knots, coefficients, degree)))
    show("roots", interpolate.sproot((knots, coefficients, degree), mest=200))
for penalty in (1e-3, 1e-1):
    show(f"penalised {penalty}", interpolate.make_smoothing_spline(x, y, lam=penalty)(at))

# How well each number of knots predicts the points that were left out.
for pieces in range(4, 40, 3):
    inner = np.linspace(x[0], x[-1], pieces + 2)[1:-1]
    errors = []
    for fold in range(6):
        kept = np.arange(x.size) % 6 != fold
        kept[[0, -1]] = True
        fit = interpolate.LSQUnivariateSpline(x[kept], y[kept], inner)
        errors.append(np.mean((fit(x[~kept]) - y[~kept]) ** 2))
    print(pieces, float(np.mean(errors)).hex())

angle = np.linspace(0, 2 * np.pi, 60)
curve, _ = interpolate.splprep([np.cos(angle) * (1 + 0.1 * np.sin(5 * angle)), np.sin(angle)], s=0, per=1)
show("closed curve", np.array(interpolate.splev(np.linspace(0, 1, 5000), curve)))

points = rng.uniform(-1, 1, (900, 2))
heights = np.cos(3 * points[:, 0]) * np.exp(-(points[:, 1] ** 2))
u, v = np.meshgrid(np.linspace(-0.9, 0.9, 120), np.linspace(-0.9, 0.9, 120))
for method in ("nearest", "linear", "cubic"):
    show(method, np.nan_to_num(interpolate.griddata(points, heights, (u, v), method=method)))
flat = np.column_stack([u.ravel(), v.ravel()])
for kernel in ("thin_plate_spline", "gaussian"):
    radial = interpolate.RBFInterpolator(points, heights, neighbors=30, kernel=kernel, epsilon=3)
    show(kernel, radial(flat[::4]))

gx, gy, gz = (np.linspace(0, 1, n) for n in (12, 14, 16))
volume = np.sin(gx[:, None, None] * 4) * gy[None, :, None] ** 2 + gz
inside = rng.uniform(0.05, 0.95, (3000, 3))
for method in ("linear", "cubic", "pchip"):
    show(method + " volume", interpolate.RegularGridInterpolator((gx, gy, gz), volume, method=method)(inside))
surface = interpolate.RectBivariateSpline(gx, gy, volume[:, :, 3], s=0.001)
show("surface", surface(np.linspace(0, 1, 300), np.linspace(0, 1, 300)))

nodes = np.cos(np.pi * (2 * np.arange(40) + 1) / 80)
show("barycentric", interpolate.BarycentricInterpolator(nodes, np.abs(nodes), rng=0)(np.linspace(-1, 1, 2001)))
show("rational", interpolate.AAA(nodes, np.tan(nodes))(np.linspace(-1, 1, 2001)))
