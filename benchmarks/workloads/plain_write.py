"""Writes arrays of 8 MB to a new file, as often as large_sin records one; prints CPU seconds per byte."""

import os
import tempfile
import time

import numpy as np

N = 72
x = np.linspace(0.0, 1.0, 1_000_000)

with tempfile.TemporaryFile() as file:
    start = time.process_time()
    for i in range(N):
        os.pwrite(file.fileno(), x, i * x.nbytes)
    print((time.process_time() - start) / (N * x.nbytes))
