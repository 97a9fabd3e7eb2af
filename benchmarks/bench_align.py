"""How long alignment takes where samples made the same calls, and where they made 1000 calls more or less.

    python benchmarks/bench_align.py [--calls 100000] [--samples 5] [--differences 1000]

Traces of scalar calls f(x) -> y are written with NumPy, in two shapes: `loops` (a loop of 100 calls inside each call of
another function) and `flat` (all calls in one list). Each figure is measured in a process of its own, traces being in
the page cache; memory is the peak of what that process had in memory, mapped files included, less what it had before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from pytracer.records.schema import CALL, COUNTERS, VALUE, Kind, Outcome, Role

LOOP = 100
ROUNDS = 3


def write(path: Path, sample: int, calls: int, differences: int, *, flat: bool) -> None:
    """A trace of about so many calls; perturbed samples leave out or repeat `differences` of them."""
    random = np.random.default_rng([sample, differences])
    step = np.arange(calls)
    copies = np.ones(calls, np.int64)
    if sample and differences:
        chosen = random.choice(calls, differences, replace=False)
        copies[chosen] = random.choice([0, 2], differences)
    step = np.repeat(step, copies)
    loop = step // LOOP
    starts = np.flatnonzero(np.diff(loop, prepend=-1)) if not flat else np.zeros(0, np.int64)
    count = len(step) + len(starts)
    is_loop = np.zeros(count, np.bool_)
    is_loop[starts + np.arange(len(starts))] = True
    table, values = np.zeros(count, CALL), np.zeros(2 * count, VALUE)
    parent = np.where(is_loop, -1, np.maximum.accumulate(np.where(is_loop, np.arange(count), -1)))
    time = 1 + 2 * np.arange(count, dtype=np.uint64)
    rows = np.arange(count, dtype=np.uint64)
    number = np.zeros(count)
    number[~is_loop] = np.sin(step) + 2
    number[is_loop] = loop[starts]
    number = number * (1 + (sample > 0) * 2.0**-45 * random.normal(size=count))
    for name, column in {
        "enter_ns": time, "exit_ns": time + np.uint64(1), "parent": parent, "inputs": 2 * rows, "outputs": 2 * rows + 1,
        "function": 1 + is_loop, "site": 1 + is_loop, "perturbations": int(sample > 0), "n_inputs": 1, "n_outputs": 1,
        "depth": parent >= 0, "outcome": Outcome.RETURNED,
    }.items():  # fmt: skip
        table[name] = column
    values["kind"] = Kind.FLOAT64
    values["role"][1::2] = Role.RETURN
    values["data"][::2] = number.view(np.uint64)
    values["data"][1::2] = (number**2).view(np.uint64)
    _put(path, sample, table, values)


def _put(path: Path, sample: int, calls: np.ndarray, values: np.ndarray) -> None:
    lane = path / "process-0" / "lane-0"
    lane.mkdir(parents=True)
    noise = {"model": "sr" if sample else "none", "seed": sample or None}
    meta = {"schema": 1, "sample": sample, "command": ["bench"], "noise": noise}
    (path / "meta.json").write_text(json.dumps(meta))
    (path / "end.json").write_text('{"ended_ns": 1}')
    function = {"module": "m", "kind": "python", "file": "m.py", "line": 1, "params": ["x"]}
    rows = {
        "functions": [{"id": i, "name": name} | function for i, name in ((1, "f"), (2, "loop"))],
        "sites": [{"id": i, "file": "m.py", "line": i, "function": "main"} for i in (1, 2)],
    }
    for name, lines in rows.items():
        (path / "process-0" / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    counters = np.zeros(1, COUNTERS)
    counters["noisy_scalars"] = sample
    (path / "process-0" / "counters.bin").write_bytes(counters.tobytes())
    (lane / "calls.bin").write_bytes(calls.tobytes())
    (lane / "values.bin").write_bytes(values.tobytes())
    (lane / "payload.bin").touch()


MEASURE = """
import resource, sys, time
from pytracer.parse.align import align
from pytracer.parse.catalog import Catalog
from pytracer.parse.divergence import find_divergences
from pytracer.records.reader import Trace
traces = [Trace.open(path) for path in sys.argv[1:]]
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.perf_counter()
lanes = align(traces, Catalog())
found = find_divergences(lanes, [False] * len(traces))
elapsed = time.perf_counter() - start
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(elapsed, memory / 1024, sum(one.times for one in found))
"""

PARSE = """
import sys, time
from pytracer.parse import parse
start = time.perf_counter()
parse(sys.argv[1:], sys.argv[1] + ".h5").close()
print(time.perf_counter() - start)
"""


def rounds_of(program: str, paths: list[Path]) -> list[list[str]]:
    """What each run of a program prints, words apart."""
    command = [sys.executable, "-c", program, *map(str, paths)]
    return [subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() for _ in range(ROUNDS)]


def measure(paths: list[Path]) -> tuple[list[float], float, int]:
    """Seconds of each round, MB, and divergences."""
    rounds = rounds_of(MEASURE, paths)
    return sorted(float(r[0]) for r in rounds), max(float(r[1]) for r in rounds), int(float(rounds[0][2]))


def main() -> None:
    """Print a line for each shape and kind of samples."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--samples", type=int, default=5)
    parser.add_argument("--differences", type=int, default=1000)
    options = parser.parse_args()
    print(f"{options.calls} calls, {options.samples} samples; median of {ROUNDS} (smallest to largest)")
    for flat in (False, True):
        medians, parses = [], []
        for differences in (0, options.differences):
            with tempfile.TemporaryDirectory() as folder:
                paths = [Path(folder) / str(i) for i in range(options.samples)]
                for i, path in enumerate(paths):
                    write(path, i, options.calls, differences, flat=flat)
                times, memory, found = measure(paths)
                parses.append(sorted(float(one[0]) for one in rounds_of(PARSE, paths)))
            medians.append(times[len(times) // 2])
            shape, what = (
                "flat" if flat else "loops",
                f"{differences} differences a sample" if differences else "identical",
            )
            print(
                f"{shape:5}  {what:28}  {medians[-1]:.3f} s ({times[0]:.3f} to {times[-1]:.3f})  "
                f"{memory:.0f} MB  {found} found  "
                f"whole parse {parses[-1][ROUNDS // 2]:.2f} s ({parses[-1][0]:.2f} to {parses[-1][-1]:.2f})"
            )
        ratio = parses[1][ROUNDS // 2] / parses[0][ROUNDS // 2]
        print(f"{shape:5}  ratio of alignment {medians[1] / medians[0]:.1f}, of the whole parse {ratio:.1f}")


if __name__ == "__main__":
    main()
