"""The operating system kills some samples in the middle."""

import os
import signal
import sys


def work(k, part):
    print("= work", k, part)
    sys.stdout.flush()
    total = 0.0
    for _ in range(10):
        total += 0.1
    if (k, part) == (3, 2) and total < 1.0:
        os.kill(os.getpid(), signal.SIGKILL)
    return total


def stage(k):
    print("= stage", k)
    return [work(k, part) for part in range(4)]


for number in range(6):
    stage(number)
