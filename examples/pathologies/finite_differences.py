"""The derivative of a function that can only be evaluated."""

import numpy as np


def wave(x):
    return np.exp(x) / np.sqrt(np.sin(x) ** 3 + np.cos(x) ** 3)


def slope_by_difference_unstable(x):
    """Two neighbouring values are subtracted, and the rest is divided by a small step."""
    step = 2.0**-40
    return (wave(x + step) - wave(x)) / step


def slope_by_complex_step_stable(x):
    """The imaginary part carries the derivative: nothing is subtracted, however small the step."""
    step = 2.0**-100
    return np.imag(wave(x + 1j * step)) / step


x = np.arange(1.0, 9.0) / 8.0
print(slope_by_difference_unstable(x)[0], slope_by_complex_step_stable(x)[0])
