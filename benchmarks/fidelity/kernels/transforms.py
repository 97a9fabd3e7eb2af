"""FFT of NumPy and SciPy."""

import math

import numpy as np
from algorithms.transforms import fft
from kernel import Kernel, random
from scipy import fft as scipy_fft


def normal(n):
    return random(1).normal(size=n)


def forward(x, y):
    return np.fft.fft(x + 1j * y)


def emulated_forward(x, y):
    return fft(list(zip(x, y, strict=True)))


def round_trip(x, y):
    """Forward, a filter, and back: what is left of each number."""
    z = np.fft.fft(x + 1j * y)
    z[len(x) // 4 : -len(x) // 4] = 0.0
    return np.fft.ifft(z)


def emulated_round_trip(x, y):
    n = len(x)
    z = [
        (a, b) if k < n // 4 or k >= n - -(-n // 4) else (a * 0.0, b * 0.0)
        for k, (a, b) in enumerate(emulated_forward(x, y))
    ]
    return [(a / n, b / n) for a, b in fft(z, +1)]


def cosines(x):
    return scipy_fft.dct(x)


def emulated_cosines(x):
    """The DCT of type 2 by a complex transform of the even and odd elements, turned by a quarter of a step."""
    n = len(x)
    points = [(each, each * 0.0) for each in [*x[::2], *x[1::2][::-1]]]
    turns = [math.pi * k / (2 * n) for k in range(n)]
    return [2.0 * (re * math.cos(t) + im * math.sin(t)) for (re, im), t in zip(fft(points), turns, strict=True)]


KERNELS = [
    Kernel("FFT", forward, lambda: (normal(256), normal(512)[256:]), emulated_forward),
    Kernel("FFT, filter and back", round_trip, lambda: (normal(256), normal(512)[256:]), emulated_round_trip),
    Kernel(
        "DCT",
        cosines,
        lambda: (normal(256),),
        emulated_cosines,
        note="through a complex transform; pocketfft takes a real one",
    ),
]
