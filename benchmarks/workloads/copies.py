"""Copies arrays of 8 MB from memory to memory, each to a place not used lately; prints CPU seconds per byte."""

import time

import numpy as np

N = 16
source = np.linspace(0.0, 1.0, 1_000_000)
places = [np.zeros_like(source) for _ in range(N)]
for place in places:
    place[:] = 1.0


def loop():
    start = time.process_time()
    for place in places:
        np.copyto(place, source)
    return (time.process_time() - start) / (N * source.nbytes)


print(min(loop() for _ in range(3)))
