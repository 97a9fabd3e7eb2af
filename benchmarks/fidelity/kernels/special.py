"""Special functions: SciPy's, with the approximations of Cephes that it evaluates, and recurrences of users."""

import numpy as np
from kernel import Kernel, random
from scipy import special

GAMMA_ABOVE = (
    1.60119522476751861407e-4,
    1.19135147006586384913e-3,
    1.04213797561761569935e-2,
    4.76367800457137231464e-2,
    2.07448227648435975150e-1,
    4.94214826801497100753e-1,
    9.99999999999999996796e-1,
)
GAMMA_BELOW = (
    -2.31581873324120129819e-5,
    5.39605580493303397842e-4,
    -4.45641913851797240494e-3,
    1.18139785222060435552e-2,
    3.58236398605498653373e-2,
    -2.34591795718243348568e-1,
    7.14304917030273074085e-2,
    1.00000000000000000320e0,
)
ERF_ABOVE = (
    9.60497373987051638749e0,
    9.00260197203842689217e1,
    2.23200534594684319226e3,
    7.00332514112805075473e3,
    5.55923013010394962768e4,
)
ERF_BELOW = (
    1.0,
    3.35617141647503099647e1,
    5.21357949780152679795e2,
    4.59432382970980127987e3,
    2.26290000613890934246e4,
    4.92673942608635921086e4,
)


def polynomial(coefficients, x):
    result = x * 0.0 + coefficients[0]
    for coefficient in coefficients[1:]:
        result = result * x + coefficient
    return result


def gamma_of_one(x):
    """Cephes: reduced to 2..3 by the functional equation, there a quotient of polynomials."""
    factor = x * 0.0 + 1.0
    while x >= 3.0:
        x = x - 1.0
        factor = factor * x
    while x < 2.0:
        factor = factor / x
        x = x + 1.0
    x = x - 2.0
    return factor * polynomial(GAMMA_ABOVE, x) / polynomial(GAMMA_BELOW, x)


def erf(x):
    """Cephes, for |x| <= 1."""
    square = x * x
    return x * polynomial(ERF_ABOVE, square) / polynomial(ERF_BELOW, square)


def bessel_upwards(j0, j1, x, order):
    """J of this order by the recurrence in its unstable direction."""
    before, now = j0, j1
    for n in range(1, order):
        before, now = now, 2.0 * n / x * now - before
    return now


def bessel_downwards(x, order, start):
    """Miller's algorithm: the same recurrence in its stable direction, normalised by a sum."""
    after, now, total, result = x * 0.0, x * 0.0 + 1e-30, x * 0.0, x * 0.0
    for n in range(start, 0, -1):
        after, now = now, 2.0 * n / x * now - after
        if n - 1 == order:
            result = now
        if n % 2 == 1:
            total = total + (now if n == 1 else 2.0 * now)
    return result / total


def legendre(x, degree):
    before, now = x * 0.0 + 1.0, x
    for n in range(1, degree):
        before, now = now, ((2 * n + 1) * x * now - n * before) / (n + 1)
    return now


def exponential_series(x, terms):
    """Taylor's series at a negative argument: terms of both signs, far larger than the sum."""
    term = total = x * 0.0 + 1.0
    for k in range(1, terms):
        term = term * x / k
        total = total + term
    return total


KERNELS = [
    Kernel(
        "gamma",
        special.gamma,
        lambda: (random(1).uniform(0.5, 15.0, 50),),
        lambda x: [gamma_of_one(each) for each in x],
    ),
    Kernel("erf", special.erf, lambda: (random(2).uniform(-0.99, 0.99, 50),), erf),
    Kernel(
        "Bessel functions upwards, Python",
        bessel_upwards,
        lambda: (float(special.j0(1.1)), float(special.j1(1.1)), 1.1, 8),
    ),
    Kernel("Bessel functions downwards, Python", bessel_downwards, lambda: (1.0 / 3 + 1.0, 8, 30)),
    Kernel("Legendre polynomials", legendre, lambda: (random(3).uniform(-1.0, 1.0, 50), 30)),
    Kernel("series of exp(-12), Python", exponential_series, lambda: (-12.1, 80)),
    Kernel("log(1 + x)", lambda x: np.log(1.0 + x), lambda: (random(4).uniform(1e-9, 2e-9, 50),)),
    Kernel(
        "sinh near 0",
        lambda x: (np.exp(x) - np.exp(-x)) / 2.0,
        lambda: (random(5).uniform(1e-6, 2e-6, 50),),
    ),
]
