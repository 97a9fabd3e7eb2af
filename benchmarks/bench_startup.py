"""What Pytracer adds to the start of a program: hooking the numeric stack, and one sample of `pytracer run`."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sides import ROUNDS, WORKLOADS, summary, untraced, verdict

SAMPLES = 4


def seconds(command: list[str], folder: str) -> float:
    """Wall-clock seconds of a command, its output thrown away."""
    start = time.perf_counter()
    subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def per_sample(program: Path) -> tuple[list[float], list[float]]:
    """Seconds of the program alone, and seconds that each further sample of `pytracer run` adds to that.

    Two runs that differ only in their number of samples: parsing and reporting, done once, cancel.
    """
    plain, added = [], []
    for _ in range(ROUNDS):
        with tempfile.TemporaryDirectory() as folder:
            alone = seconds([sys.executable, str(program)], folder)
            run = [sys.executable, "-m", "pytracer", "run", "--jobs", "1"]
            few = seconds([*run, "-n", "2", str(program)], folder)
            many = seconds([*run, "-n", str(2 + SAMPLES), str(program)], folder)
        plain.append(alone)
        added.append((many - few) / SAMPLES - alone)
    return plain, added


def main() -> int:
    """Print every figure and whether its bound holds."""
    lines = []
    results = [untraced(WORKLOADS / "hook_everything.py").split() for _ in range(ROUNDS)]
    times = [float(spent) for _, spent in results]
    print(f"hooking {results[0][0]} callables of numpy, scipy and sklearn: {summary(times, 's')}")
    lines.append(verdict("hook everything", sorted(times)[len(times) // 2], 0.4, "s"))
    for name in ("imports_nothing", "imports_scipy"):
        plain, added = per_sample(WORKLOADS / f"{name}.py")
        print(f"{name}: alone {summary(plain, 's')}, `pytracer run` adds {summary(added, 's')} a sample")
        lines.append(verdict(f"{name}, added per sample", sorted(added)[len(added) // 2], 0.5, "s"))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
