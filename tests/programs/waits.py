"""Computes, says so, and waits for a long time."""

import time

import numpy as np

print(np.sqrt(np.arange(3.0)).sum(), flush=True)
time.sleep(600)
