"""What parsing costs: time and memory for many scalar calls, and the rate for large arrays beside plain NumPy.

The traces are written by NumPy as their files, without running a program.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sides import output_of, summary, verdict

from pytracer.records.schema import ARRAY_HEADER, CALL, VALUE, Kind, Outcome, Role
from pytracer.records.writer import TraceWriter

ROUNDS = int(os.environ.get("PYTRACER_BENCH_ROUNDS", "3"))
ARRAY_CALLS, ARRAY_SIZE = 50, 10**6

PARSE = """
import resource, sys, time
start = time.perf_counter()
from pytracer.parse import parse
parse(sys.argv[2:], sys.argv[1]).close()
usage = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""

PLAIN = """
import resource, sys, time
import numpy as np
start = time.perf_counter()
samples = [np.memmap(path + "/process-0/lane-0/payload.bin", mode="r") for path in sys.argv[2:]]
count, size = int(sys.argv[1]), 8 * 10**6
step = (len(samples[0]) - size) // max(count - 1, 1)
for first in range(0, count * step, step):
    own = np.stack([sample[first + 48 : first + 48 + size].view(np.float64) for sample in samples[1:]])
    own.mean(axis=0), own.std(axis=0, ddof=1)
usage = resource.getrusage(resource.RUSAGE_SELF)
print(time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss)
"""


def write_sample(path: Path, sample: int, calls: int, values: np.ndarray, payload: Callable[[Path], None]) -> None:
    """A trace of `calls` calls of one function, one input and one output each."""
    noise = {"model": "sr", "seed": sample} if sample else {"model": "none"}
    with TraceWriter(path, sample=sample, noise=noise, command=["bench.py"], directory="/") as trace:
        process = trace.process()
        process.function("bench", "f", file="/bench.py", line=1, params=("x",))
        process.site("/bench.py", 2)
        process.counters["noisy_loops"] = process.counters["calls_recorded"] = calls
        process.lane()
    records = np.zeros(calls, CALL)
    rows = np.arange(calls)
    records["enter_ns"], records["exit_ns"] = 1000 + 1000 * rows, 1500 + 1000 * rows
    records["parent"], records["site"], records["perturbations"] = -1, 1, sample > 0
    records["function"] = json.loads((path / "process-0/functions.jsonl").read_text().splitlines()[0])["id"]
    records["site"] = json.loads((path / "process-0/sites.jsonl").read_text().splitlines()[0])["id"]
    records["inputs"], records["outputs"] = 2 * rows, 2 * rows + 1
    records["n_inputs"] = records["n_outputs"] = 1
    records["outcome"] = Outcome.RETURNED
    values["role"][1::2] = Role.RETURN
    lane = path / "process-0/lane-0"
    records.tofile(lane / "calls.bin")
    values.tofile(lane / "values.bin")
    payload(lane / "payload.bin")


def write_scalars(folder: Path, calls: int, samples: int) -> list[str]:
    """f(x) -> y with a spread of 1e-12, in an unperturbed sample and perturbed ones."""
    exact = np.random.default_rng(0).normal(size=2 * calls)
    for sample in range(samples + 1):
        noise = np.random.default_rng(1 + sample).normal(size=2 * calls) * (1e-12 if sample else 0)
        values = np.zeros(2 * calls, VALUE)
        values["kind"] = Kind.FLOAT64
        values["data"] = (exact * (1 + noise)).view(np.uint64)
        write_sample(folder / str(sample), sample, calls, values, lambda path: path.write_bytes(b""))
    return [str(folder / str(sample)) for sample in range(samples + 1)]


def write_arrays(folder: Path, samples: int) -> list[str]:
    """f(x) -> y on arrays of 1e6 elements."""
    rng = np.random.default_rng(0)
    exact, noise = rng.normal(size=ARRAY_SIZE), rng.normal(size=2 * ARRAY_SIZE) * 1e-12
    header = np.zeros(1, ARRAY_HEADER)
    header["dtype"], header["ndim"] = b"<f8", 1
    block = header.tobytes() + np.array([ARRAY_SIZE], "<i8").tobytes()
    block += bytes(-len(block) % 16)

    def payload(sample: int) -> Callable[[Path], None]:
        def write(path: Path) -> None:
            with path.open("wb") as file:
                for number in range(2 * ARRAY_CALLS):
                    shift = (7919 * number + 104729 * sample) % ARRAY_SIZE
                    spread = noise[shift : shift + ARRAY_SIZE] if sample else 0
                    file.write(block + (exact * (1 + spread)).tobytes())

        return write

    for sample in range(samples + 1):
        values = np.zeros(2 * ARRAY_CALLS, VALUE)
        values["kind"] = Kind.ARRAY
        values["data"] = np.arange(2 * ARRAY_CALLS) * (len(block) + 8 * ARRAY_SIZE)
        values["extra"] = 8 * ARRAY_SIZE
        write_sample(folder / str(sample), sample, ARRAY_CALLS, values, payload(sample))
    return [str(folder / str(sample)) for sample in range(samples + 1)]


class Cost(NamedTuple):
    """Of one process: the time of its work, the processor's time, start included, and its peak memory."""

    seconds: float
    processor: float
    megabytes: float


def run(script: str, *args: str) -> Cost:
    """Run it in a process of its own."""
    seconds, processor, memory = map(float, output_of([sys.executable, "-c", script, *args]).split())
    return Cost(seconds, processor, memory / 1024)


def show(name: str, costs: Sequence[Cost]) -> None:
    """Print what it cost."""
    seconds, processor, memory = zip(*costs, strict=True)
    times = f"{summary(seconds, 's')}, processor {summary(processor, 's')}"
    print(f"{name}: {times}, peak {summary(memory, 'MB')}")


def scalars(folder: Path, calls: int, samples: int, bound: float) -> list[str]:
    """Print time and memory of scalar calls; return the verdicts."""
    paths = write_scalars(folder, calls, samples)
    costs = [run(PARSE, str(folder / "result.h5"), *paths) for _ in range(ROUNDS)]
    name = f"{calls} scalar calls x {samples} samples"
    show(name, costs)
    return [
        verdict(name, statistics.median(cost.seconds for cost in costs), bound, "s"),
        verdict(f"{name}, peak memory", statistics.median(cost.megabytes for cost in costs), 300, "MB"),
    ]


def arrays(folder: Path, samples: int) -> list[str]:
    """Print the rate for large arrays beside a pass of NumPy over the same files; return the verdicts."""
    paths = write_arrays(folder, samples)
    size = 2 * ARRAY_CALLS * ARRAY_SIZE * 8 * (samples + 1)
    plain, ours = [], []
    for _ in range(ROUNDS):
        plain.append(run(PLAIN, str(2 * ARRAY_CALLS), *paths))
        ours.append(run(PARSE, str(folder / "result.h5"), *paths))
    show(f"{ARRAY_CALLS} calls of 1e6 elements x {samples} samples, {size / 1e9:.1f} GB", ours)
    show("mean and standard deviation by NumPy over the same files", plain)
    ratio = statistics.median(o.seconds / p.seconds for o, p in zip(ours, plain, strict=True))
    rate = size / 1e9 / statistics.median(cost.processor for cost in ours)
    memory = statistics.median(cost.megabytes for cost in ours)
    return [
        verdict("large arrays, per core", rate, 1, "GB/s", at_least=True),
        verdict("large arrays, parsing over NumPy", ratio, 2, "times"),
        verdict("large arrays, peak memory", memory, 600, "MB"),
    ]


def main() -> int:
    lines: list[str] = []
    cases: dict[str, Callable[[Path], Any]] = {
        "1e5": lambda folder: scalars(folder, 10**5, 5, 1.5),
        "1e6": lambda folder: scalars(folder, 10**6, 10, 20),
        "arrays": lambda folder: arrays(folder, 5),
    }
    started = time.perf_counter()
    for name in sys.argv[1:] or cases:
        with tempfile.TemporaryDirectory() as folder:
            lines += cases[name](Path(folder))
    print(*lines, sep="\n")
    print(f"in {time.perf_counter() - started:.0f} s")
    return any(line.startswith("FAILS") for line in lines)


if __name__ == "__main__":
    sys.exit(main())
