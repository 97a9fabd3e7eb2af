"""a*b + c on 1000 elements whose contents change every time; prints CPU seconds per operator."""

import time

import numpy as np

N = 5_000
b = np.linspace(0.5, 1.0, 1000)
c = np.linspace(0.0, 1.0, 1000)


def loop(first):
    a = np.linspace(first, 2.0, 1000)
    start = time.process_time()
    for _ in range(N):
        a = a * b + c
    return (time.process_time() - start) / (2 * N)


print(min(loop(1.0 / i) for i in range(1, 4)))
