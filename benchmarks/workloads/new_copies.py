"""Copies arrays of 8 MB into memory that the process gets for it and keeps, as a trace; prints CPU seconds per byte."""

import time

import numpy as np

N = 16
source = np.linspace(0.0, 1.0, 1_000_000)
kept = []


def loop():
    start = time.process_time()
    for _ in range(N):
        kept.append(source.copy())
    return (time.process_time() - start) / (N * source.nbytes)


print(min(loop() for _ in range(3)))
