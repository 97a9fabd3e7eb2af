"""Arithmetic on Python floats, element by element; prints seconds an iteration."""

import time

N = 100_000


def loop():
    total, power = 0.0, 1.0
    start = time.process_time()
    for i in range(N):
        total += 0.1 * i
        power = power * 0.5 + 1.0
    return (time.process_time() - start) / N


loop()
print(min(loop() for _ in range(5)))
