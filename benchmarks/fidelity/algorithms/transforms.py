"""Fourier transforms on lists of pairs (real, imaginary) of Rounded."""

import cmath
import math

ROOT_HALF = math.sqrt(0.5)


def fft(points, sign=-1):
    """Radix 4, and one radix 2 step for an odd power; the constants are the nearest doubles."""
    n = len(points)
    if n == 1:
        return points
    if n % 4:
        even, odd = fft(points[::2], sign), _turned(fft(points[1::2], sign), n, 1, sign)
        pairs = list(zip(even, odd, strict=True))
        return [_plus(a, b) for a, b in pairs] + [_minus(a, b) for a, b in pairs]
    parts = [_turned(fft(points[k::4], sign), n, k, sign) for k in range(4)]
    quarters = [_butterfly(a, b, c, d, sign) for a, b, c, d in zip(*parts, strict=True)]
    return [quarter[k] for k in range(4) for quarter in quarters]


def _turned(points, n, step, sign):
    return [_times(z, cmath.exp(sign * 2j * math.pi * step * k / n)) for k, z in enumerate(points)]


def _butterfly(a, b, c, d, sign):
    even, odd, up, down = _plus(a, c), _minus(a, c), _plus(b, d), _minus(b, d)
    turned = (-down[1], down[0]) if sign > 0 else (down[1], -down[0])
    return _plus(even, up), _plus(odd, turned), _minus(even, up), _minus(odd, turned)


def _plus(a, b):
    return a[0] + b[0], a[1] + b[1]


def _minus(a, b):
    return a[0] - b[0], a[1] - b[1]


def _times(z, w):
    if w == 1:
        return z
    return z[0] * w.real - z[1] * w.imag, z[0] * w.imag + z[1] * w.real
