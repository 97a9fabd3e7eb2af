"""Loses all digits in one function and none to speak of in its twin."""

import numpy as np


def naive_variance(x):
    return np.mean(x * x) - np.mean(x) ** 2


def stable_variance(x):
    centred = x - np.mean(x)
    return np.mean(centred * centred)


x = 1e7 + np.linspace(0.0, 1.0, 100) / 3
print(naive_variance(x), stable_variance(x))
