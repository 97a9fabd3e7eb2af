"""The product of two matrices of 500 x 500; prints seconds a product."""

import time

import numpy as np

N = 5
a, b = np.random.default_rng(1).random((2, 500, 500))


def loop():
    start = time.process_time()
    for _ in range(N):
        a @ b
    return (time.process_time() - start) / N


loop()
print(min(loop() for _ in range(5)))
