"""What tracing adds to whole programs: the default targets, and all of numpy, scipy and sklearn hooked and recorded.

`bench_programs.py NAME ...` measures some of the programs only.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sides import ROUNDS, WORKLOADS, summary, traced_command, verdict

from pytracer.records.schema import COUNTERS

PROGRAMS = sorted((WORKLOADS / "programs").glob("*.py"))
BOUNDS = {"default": 1.5, "everything": 3.0}
TARGETS: dict[str, tuple[str, ...]] = {"default": (), "everything": ("numpy", "scipy", "sklearn")}

# Threads that wait for each other on a busy machine would be measured instead.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


@dataclass(frozen=True)
class Execution:
    """One process, from its start to its end."""

    seconds: float
    processor: float  # seconds, in user code and kernel: what a busy machine changes less
    printed: bytes
    calls: int = 0
    trace_bytes: int = 0


def execute(command: list[str]) -> Execution:
    """Times of a whole process."""
    before, start = os.times(), time.perf_counter()
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | ONE_THREAD)
    seconds, after = time.perf_counter() - start, os.times()
    processor = after.children_user + after.children_system - before.children_user - before.children_system
    return Execution(seconds, processor, ran.stdout)


def record(program: Path, targets: tuple[str, ...]) -> Execution:
    """The same, recorded; the trace is measured and thrown away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ran = execute(traced_command(folder, program, trace=targets))
        calls = sum(int(np.fromfile(path, COUNTERS)["calls_recorded"][0]) for path in folder.rglob("counters.bin"))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return replace(ran, calls=calls, trace_bytes=size)


def measure(program: Path) -> dict[str, float]:
    """Median slow-down of each kind of tracing; prints everything that was measured."""
    plain: list[Execution] = []
    sides: dict[str, list[Execution]] = {name: [] for name in TARGETS}
    for _ in range(ROUNDS):
        plain.append(execute([sys.executable, str(program)]))
        for name, targets in TARGETS.items():
            sides[name].append(record(program, targets))
    print(f"{program.stem}: untraced {summary([each.seconds for each in plain], 's')}")
    slow = {
        name: [mine.seconds / alone.seconds for mine, alone in zip(executions, plain, strict=True)]
        for name, executions in sides.items()
    }
    for name, executions in sides.items():
        assert all(each.printed == plain[0].printed for each in executions), f"{program}: tracing changed the results"
        last = executions[-1]
        processor = statistics.median(each.processor for each in executions) / statistics.median(
            alone.processor for alone in plain
        )
        print(
            f"  {name:10s} {summary(slow[name], 'x')}, processor {processor:.2f} x, {last.calls} calls, "
            f"{last.trace_bytes / max(last.calls, 1):.0f} bytes a call, {last.trace_bytes / 1e6:.0f} MB",
            flush=True,
        )
    return {name: statistics.median(ratios) for name, ratios in slow.items()}


def main() -> int:
    """Print every figure and whether the bounds hold, of the median program."""
    programs = [program for program in PROGRAMS if not sys.argv[1:] or program.stem in sys.argv[1:]]
    medians = [measure(program) for program in programs]
    for name, bound in BOUNDS.items():
        slow = [each[name] for each in medians]
        print(f"{name}: {summary(slow, 'x')} over {len(slow)} programs")
        print(verdict(f"{name}, median slow-down", statistics.median(slow), bound, "x"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
