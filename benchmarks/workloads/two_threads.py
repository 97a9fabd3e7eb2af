"""The calls of scalar_call made by two threads at once; prints seconds per call."""

import threading
import time

N = 50_000


def f(x, y):
    return x * y


def calls():
    for _ in range(N):
        f(1.5, 2.5)


def loop():
    threads = [threading.Thread(target=calls) for _ in range(2)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (time.perf_counter() - start) / (2 * N)


print(min(loop() for _ in range(3)))
