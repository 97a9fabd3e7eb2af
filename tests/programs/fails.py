"""Computes something, then fails in the way its argument says."""

import os
import signal
import sys

import numpy as np


def compute():
    return np.sqrt(np.arange(1.0, 5.0)).sum()


print(compute(), flush=True)
match sys.argv[1]:
    case "raise":
        raise ValueError("no convergence after 3 steps")
    case "exit":
        print("giving up", file=sys.stderr)
        sys.exit(3)
    case "os._exit":
        os._exit(4)
    case "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    case "fork":
        child = os.fork()
        if child == 0:
            compute()
            os._exit(0)
        os.waitpid(child, 0)
    case "perturbed":
        # Only a perturbed sample sees the threads of BLAS pinned.
        sys.exit(6 if os.environ.get("OPENBLAS_NUM_THREADS") == "1" else 0)
