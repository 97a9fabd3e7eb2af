"""The limit of a trace: what is on disk and in memory stays bounded, and what was left out is counted and said."""

import subprocess
import sys
from pathlib import Path

import pytest

from pytracer.records.reader import Trace

PROGRAM = """
import resource
import sys
import numpy as np
def f(x): return x
bytes_each, arrays, scalars = map(int, sys.argv[1:])
x = np.ones(bytes_each // 8)
f(x)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for i in range(arrays):
    x += 1.0
    f(x)
for i in range(scalars):
    f(float(i))
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < 64 * 1024, f"{grown} kB"
"""
MiB = 2**20
SLACK = 8 * MiB  # buffers that are flushed whole, the small tables


def traced(folder: Path, limit: int, *sizes: int) -> tuple[Trace, str]:
    """The trace of the program, and what the ledger says of it."""
    (folder / "program.py").write_text(PROGRAM)
    pytracer = [sys.executable, "-m", "pytracer"]
    command = ["trace", "--limit", str(limit), "--trace", "__main__.f", "--command", "program.py", *map(str, sizes)]
    ran = subprocess.run([*pytracer, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    ledger = subprocess.run([*pytracer, "info", "--coverage"], cwd=folder, capture_output=True, text=True, check=True)
    (path,) = (folder / ".__pytracercache__" / "traces").iterdir()
    return Trace.open(path), ledger.stdout


def size_on_disk(trace: Trace) -> int:
    return sum(path.stat().st_blocks * 512 for path in trace.path.rglob("*") if path.is_file())


def test_disk_and_memory_stay_bounded(tmp_path: Path) -> None:
    limit = 64 * MiB
    trace, ledger = traced(tmp_path, limit, MiB, 400, 300_000)
    assert limit / 2 < size_on_disk(trace) < limit + SLACK
    counters = trace.counters()
    assert counters["arrays_omitted"] > 300
    assert counters["bytes_omitted"] == counters["arrays_omitted"] * MiB
    assert counters["calls_dropped"] > 0
    assert counters["calls_recorded"] + counters["calls_dropped"] == 300_401
    assert str(counters["calls_dropped"]) in ledger.replace(",", "")
    assert str(counters["arrays_omitted"]) in ledger.replace(",", "")


@pytest.mark.slow
def test_fifty_gigabytes_of_arrays_within_one(tmp_path: Path) -> None:
    limit = 1000 * MiB
    trace, ledger = traced(tmp_path, limit, 100 * MiB, 512, 1000)
    assert size_on_disk(trace) < limit + SLACK
    counters = trace.counters()
    assert counters["calls_recorded"] == 1513
    assert counters["calls_dropped"] == 0
    assert counters["bytes_omitted"] > 49 * 1024 * MiB
    assert str(counters["arrays_omitted"]) in ledger
