"""Broken traces and results, recorded by the tool and then damaged: an error message or a sound reading, never a crash,
a hang or memory beyond a bound (see `bounded`)."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import bounded
import numpy as np
import pytest
from breaking import add_tails, broken_copies
from pickling import PytracerPickleTrace, record, write_original

from pytracer.records.pickles import convert

PROGRAM = """
import threading
import numpy as np

def worker(n):
    return np.linalg.norm(np.arange(n) / 3.0)

def fails(x):
    raise ValueError(x)

threads = [threading.Thread(target=worker, args=(n,)) for n in (5, 6)]
for thread in threads:
    thread.start()
    thread.join()
for k in range(8):
    np.add([0.1, k], np.ones((2, 1), np.float32), out=np.zeros((2, 2)))
    np.linalg.solve(np.eye(3) + k / 7, {"a": [1j, 2, 2**70]}["a"][:2] + [k]) if k == 99 else worker(k + 1)
try:
    fails({"text": "x", "none": None, "deep": [[1, [2.5]]]})
except ValueError:
    pass
"""

KINDS = ("native", "tails", "pickle", "original", "result")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A trace in each format and a result, made by the tool."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "pytracer", "run", "-n", "2", "-q", "-o", "result.h5", "program.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [recorded] = (folder / ".__pytracercache__" / "traces").glob("*.1")
    for name in ("stdout.txt", "stderr.txt", "spec.json", "pytracer.log"):
        (recorded / name).unlink(missing_ok=True)
    for name in ("native", "tails", "pickle"):
        shutil.copytree(recorded, folder / name)
    add_tails(folder / "tails")
    pickle = convert(folder / "pickle")
    original = write_original(folder / "original.pkl", original_records())
    native = {name: folder / name for name in ("native", "tails")}
    return native | {"pickle": pickle, "original": original, "result": folder / "result.h5"}


def original_records() -> Iterator[PytracerPickleTrace]:
    for time in range(8):
        yield record(
            "inputs", time, "solve", a=np.eye(3) / (time + 1), b=[1.5, 2.5], c=np.float32(0.5), d={"k": (1, "x", None)}
        )
        yield record("inputs", 100 + time, "dot", Arg0=2j, Arg1=np.arange(4)[::2], dtype=np.float64)
        yield record("outputs", 100 + time, "dot", Ret=2**70)
        yield record("outputs", time, "solve", Ret0=np.asfortranarray(np.ones((2, 3))), Ret1=b"bytes")


def outcomes(kind: str, sample: Path, folder: Path, count: int, seed: int) -> Iterator[str]:
    paths = broken_copies(sample, folder, count, seed)
    reader = "result" if kind == "result" else "trace"
    for line in bounded.run(reader, *paths):
        assert line.startswith(("sound", "TraceError ", "UsageError ", "ResultError ", "PytracerError ")), line
        yield line.split()[0]
    shutil.rmtree(folder)  # thousands of files, which pytest would keep


@pytest.mark.parametrize("kind", KINDS)
def test_unbroken_files_are_sound(samples: dict[str, Path], kind: str) -> None:
    assert bounded.run("result" if kind == "result" else "trace", samples[kind]) == ["sound"]


@pytest.mark.parametrize("kind", KINDS)
def test_broken_files_are_refused_or_read(samples: dict[str, Path], tmp_path: Path, kind: str) -> None:
    found = Counter(outcomes(kind, samples[kind], tmp_path, 40, seed=1))
    assert found.keys() & {"TraceError", "ResultError"}
    assert found["sound"] or kind in ("pickle", "original")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 10))
@pytest.mark.parametrize("kind", KINDS)
def test_many_broken_files(samples: dict[str, Path], tmp_path: Path, kind: str, seed: int) -> None:
    assert len(list(outcomes(kind, samples[kind], tmp_path, 250, seed))) == 250
