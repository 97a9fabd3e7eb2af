"""Broken traces through the whole parser, and what it makes of them through reports and exports: an error message or a
sound result, never a crash, a hang or memory beyond a bound (see `bounded`). Nothing of a trace is executed."""

import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import bounded
import pytest
from breaking import add_tails, broken_copies

PROGRAM = """
import sys, threading
import numpy as np

def smooth(x, weights=(0.1, 0.9)):
    return np.convolve(x, np.array(weights) / 3.0, mode="same")

def helper(x, **more):
    if x > 0.1 + 0.2:  # a noisy comparison
        return smooth(np.full(3, x)).sum()
    return {"text": "x", "none": None, "z": 1j * x, "big": 2**70}

threads = [threading.Thread(target=helper, args=(0.1 * k,)) for k in (2, 3)]
for thread in threads:
    thread.start()
    thread.join()
for k in range(6):
    helper(0.1 * 3 + k / 7)
    np.linalg.solve(np.eye(3) + k / 7, np.arange(3) / 3)
    np.add([0.1, k], np.ones((2, 1), np.float32), out=np.zeros((2, 2)))
try:
    helper("no number")
except TypeError:
    pass
"""

KINDS = ("reference", "perturbed", "tails", "pickle")
FORMS = {"pickle": ["--format", "pickle"]}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The four traces of one experiment for each kind; the one to break first."""
    found = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        (folder / "program.py").write_text(PROGRAM)
        command = [sys.executable, "-m", "pytracer", "run", "-n", "3", "-q", *FORMS.get(kind, []), "program.py"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        traces = sorted((folder / ".__pytracercache__" / "traces").glob("*.pkl" if kind == "pickle" else "*.[0-3]"))
        for trace in traces:
            if trace.is_dir():
                for name in ("stdout.txt", "stderr.txt", "spec.json", "pytracer.log"):
                    (trace / name).unlink(missing_ok=True)
        chosen = traces.pop(0 if kind == "reference" else 1)
        if kind == "tails":
            add_tails(chosen)
        found[kind] = [chosen, *traces]
    return found


def outcomes(samples: list[Path], folder: Path, count: int, seed: int) -> Iterator[str]:
    broken, *whole = samples
    for number, trace in enumerate(whole):
        (folder / f"copies.{number}").symlink_to(trace)
    (folder / "copies").mkdir()
    paths = broken_copies(broken, folder / "copies", count, seed)
    for line in bounded.run("parse", *paths):
        assert line.startswith(("sound", "TraceError ", "UsageError ")), line
        yield line.split()[0]
    shutil.rmtree(folder / "copies")  # thousands of files, which pytest would keep


@pytest.mark.parametrize("kind", KINDS)
def test_broken_traces_are_refused_left_out_or_measured(
    samples: dict[str, list[Path]], tmp_path: Path, kind: str
) -> None:
    found = Counter(outcomes(samples[kind], tmp_path, 40, seed=1))
    assert found["sound"]  # the other samples are measured all the same


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 52))
@pytest.mark.parametrize("kind", KINDS)
def test_ten_thousand_broken_traces(samples: dict[str, list[Path]], tmp_path: Path, kind: str, seed: int) -> None:
    assert len(list(outcomes(samples[kind], tmp_path, 50, seed))) == 50
