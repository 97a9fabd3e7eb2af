"""Threads that interleave as the machine pleases."""

import random
import threading
import time


def work(name, k):
    time.sleep(random.SystemRandom().random() * 0.004)
    return leaf(name, 0.1 * k)


def leaf(name, x):
    return x + 0.2


def run(name):
    for k in range(12):
        work(name, k)


threads = [threading.Thread(target=run, args=(f"thread {i}",)) for i in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
leaf("tail", 0.5)
