"""What tracing and noise add to whole programs, over running them alone.

Traced are the default targets, all of numpy, scipy and sklearn, and the default targets under the noise model `sr`.
Verrou, where it is installed, runs the programs beside it.

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

from pytracer.noise import create
from pytracer.records.schema import COUNTERS

PROGRAMS = sorted((WORKLOADS / "programs").glob("*.py"))
SEED = 1


@dataclass(frozen=True)
class Way:
    """One way to trace a program."""

    targets: tuple[str, ...]
    model: str
    bound: float  # of the median program


WAYS = {
    "default": Way((), "none", 1.5),
    "everything": Way(("numpy", "scipy", "sklearn"), "none", 3.0),
    "sr": Way((), "sr", 3.0),
}

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


def record(program: Path, way: Way) -> Execution:
    """The same, recorded; the trace is measured and thrown away."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ran = execute(traced_command(folder, program, trace=way.targets, model=way.model))
        calls = sum(int(np.fromfile(path, COUNTERS)["calls_recorded"][0]) for path in folder.rglob("counters.bin"))
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return replace(ran, calls=calls, trace_bytes=size)


def measure(program: Path) -> dict[str, float]:
    """Median slow-down of each kind of tracing; prints everything that was measured."""
    plain: list[Execution] = []
    sides: dict[str, list[Execution]] = {name: [] for name in WAYS}
    for _ in range(ROUNDS):
        plain.append(execute([sys.executable, str(program)]))
        for name, way in WAYS.items():
            sides[name].append(record(program, way))
    print(f"{program.stem}: untraced {summary([each.seconds for each in plain], 's')}")
    slow = {
        name: [mine.seconds / alone.seconds for mine, alone in zip(executions, plain, strict=True)]
        for name, executions in sides.items()
    }
    for name, executions in sides.items():
        unchanged = all(each.printed == plain[0].printed for each in executions)
        assert unchanged or WAYS[name].model != "none", f"{program}: tracing changed the results"
        last = executions[-1]
        processor = statistics.median(each.processor for each in executions) / statistics.median(
            alone.processor for alone in plain
        )
        print(
            f"  {name:10s} {summary(slow[name], 'x')}, processor {processor:.2f} x, {last.calls} calls, "
            f"{last.trace_bytes / max(last.calls, 1):.0f} bytes a call, {last.trace_bytes / 1e6:.0f} MB",
            flush=True,
        )
    under_verrou(program, plain)
    return {name: statistics.median(ratios) for name, ratios in slow.items()}


def under_verrou(program: Path, plain: list[Execution]) -> None:
    """Print the slow-down under Verrou, once: it takes minutes."""
    model = create("verrou")
    if not model.availability().available:
        return
    with tempfile.TemporaryDirectory() as folder:
        ran = execute([*model.prefix(SEED, 1, folder), sys.executable, str(program)])
    print(f"  verrou     {ran.seconds / statistics.median(each.seconds for each in plain):.1f} x")


def main() -> int:
    """Print every figure and whether the bounds hold, of the median program."""
    programs = [program for program in PROGRAMS if not sys.argv[1:] or program.stem in sys.argv[1:]]
    medians = [measure(program) for program in programs]
    for name, way in WAYS.items():
        slow = [each[name] for each in medians]
        print(f"{name}: {summary(slow, 'x')} over {len(slow)} programs")
        print(verdict(f"{name}, median slow-down", statistics.median(slow), way.bound, "x"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
