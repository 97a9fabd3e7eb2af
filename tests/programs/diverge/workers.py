"""Worker processes that take and finish their tasks in any order."""

import random
import time
from concurrent.futures import ProcessPoolExecutor


def leaf(name, x):
    return x + 0.2


def task(number):
    time.sleep(random.SystemRandom().random() * 0.02)
    return [leaf(f"task {number}", 0.1 * k) for k in range(5)][-1]


if __name__ == "__main__":
    with ProcessPoolExecutor(3) as pool:
        found = list(pool.map(task, range(12)))
    leaf("tail", sum(found))
