"""What stochastic rounding costs: NumPy's loops with both ways to round, and programs under the noise model `sr`.

NumPy's loops are exchanged within this process, round by round; the programs run in fresh processes, in turn, with BLAS
on one thread on both sides. `bench_noise.py WORD ...` measures only what is named by all the words.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from sides import ROUNDS, WORKLOADS, summary, traced, verdict

from pytracer import _native

Computation = Callable[[], Any]

MODES = {"none": (), "random": (False,), "nearness": (True,)}
LOOP_BOUNDS = {1_000: 3.0, 1_000_000: 4.0}
BOUNDED = ("add", "multiply")
PROGRAM_BOUNDS = {"matmul": 2.0, "solve": 2.0, "scalar_loop": 5.0}
SECONDS = 0.01  # of one measurement
UFUNCS = [each for each in vars(np).values() if type(each) is np.ufunc]


def computations(kind: str, size: int) -> dict[str, Computation]:
    """What is measured on arrays of that dtype and number of elements. Results go into room that is there already."""
    rng = np.random.default_rng(1)
    a, b = (1 + rng.random((2, size))).astype(kind)
    if kind == "complex128":
        a, b = a * (1 + 0.3j), b * (1 - 0.2j)
    out = np.empty_like(a)
    return {
        "add": lambda: np.add(a, b, out=out),
        "multiply": lambda: np.multiply(a, b, out=out),
        "divide": lambda: np.divide(a, b, out=out),
        "sqrt": lambda: np.sqrt(a, out=out),
        "exp": lambda: np.exp(a, out=out),
        "cube": lambda: np.power(a, 3, out=out),
        "sum": lambda: np.add.reduce(a),
        "cumsum": lambda: np.add.accumulate(a, out=out),
    }


def seconds(compute: Computation, repeat: int) -> float:
    """Seconds of this thread's processor time a call: what a busy machine changes less."""
    start = time.thread_time()
    for _ in range(repeat):
        compute()
    return (time.thread_time() - start) / repeat


def measure_loop(compute: Computation) -> dict[str, list[float]]:
    """Seconds a call in each mode, one a round."""
    compute()
    repeat = max(1, int(SECONDS / seconds(compute, 3)))
    times: dict[str, list[float]] = {mode: [] for mode in MODES}
    for _ in range(ROUNDS):
        for mode, nearness in MODES.items():
            if nearness:
                _native.start_noise(1, False, *nearness)
                _native.install_loops(UFUNCS)
            times[mode].append(seconds(compute, repeat))
            _native.stop_noise()
    return times


def measure_program(name: str) -> dict[str, list[float]]:
    """Seconds a call with and without noise; nothing of the program is recorded."""
    path, nothing = WORKLOADS / "noise" / f"{name}.py", ("no_such_package",)
    times: dict[str, list[float]] = {"none": [], "sr": []}
    for _ in range(ROUNDS):
        for model, found in times.items():
            found.append(float(traced(path, trace=nothing, model=model)))
    return times


def ratio(times: dict[str, list[float]], mode: str) -> float:
    """Median time over the median without noise."""
    return statistics.median(times[mode]) / statistics.median(times["none"])


def show(name: str, times: dict[str, list[float]]) -> None:
    """One line: time without noise, and what the others take."""
    parts = [f"{name}: without noise {summary([1e6 * t for t in times['none']], 'us')}"]
    for mode in list(times)[1:]:
        ratios = [with_noise / without for with_noise, without in zip(times[mode], times["none"], strict=True)]
        parts.append(f"{mode} {summary(ratios, 'times')}")
    print(", ".join(parts), flush=True)


def main(words: list[str]) -> int:
    """Print every figure and whether its bound holds."""
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    _native.numpy_loaded()
    lines = []
    for size, bound in LOOP_BOUNDS.items():
        for kind in ("float64", "float32", "complex128"):
            for operation, compute in computations(kind, size).items():
                name = f"{operation} {kind} {size}"
                if not all(word in name.split() for word in words):
                    continue
                show(name, times := measure_loop(compute))
                if operation in BOUNDED:
                    lines.append(verdict(f"{name}, random", ratio(times, "random"), bound, "times"))
    for name, bound in PROGRAM_BOUNDS.items():
        if all(word == name for word in words):
            show(name, times := measure_program(name))
            lines.append(verdict(f"{name}, sr", ratio(times, "sr"), bound, "times"))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
