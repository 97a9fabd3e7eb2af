"""`parse --online` follows a program that is being traced."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pytracer.commands.online import follow
from pytracer.parse import Result

Pytracer = Callable[..., subprocess.CompletedProcess[str]]

SLOW = """
import time
import numpy as np
time.sleep(0.4)
x = np.linspace(0, 1, 100) * 0.1
print(np.sum(x * x) - np.dot(x, x))
time.sleep(0.4)
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A `pytracer run` of four perturbed samples that has begun."""
    (tmp_path / "slow.py").write_text(SLOW)
    command = [sys.executable, "-m", "pytracer", "run", "-n", "4", "slow.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, start_new_session=True) as process:
        yield process
        with_children(process, signal.SIGKILL)


def with_children(process: "subprocess.Popen[bytes]", number: int) -> None:
    """Send a signal to a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def test_each_finished_sample_updates_the_result(
    running: "subprocess.Popen[bytes]", pytracer: Pytracer, tmp_path: Path
) -> None:
    online = pytracer("parse", "--online", "-o", "online.h5")
    assert online.returncode == 0, online.stderr
    steps = [line for line in online.stderr.splitlines() if " of 5 samples: " in line]
    assert len(steps) >= 3
    assert "Not perturbed" in steps[0]
    assert steps[-1].startswith("pytracer: 5 of 5 samples: ")
    assert "(4 perturbed samples)" in steps[-1]
    assert running.wait() == 0
    assert pytracer("parse", "-o", "after.h5").returncode == 0
    with Result.open(tmp_path / "online.h5") as one, Result.open(tmp_path / "after.h5") as other:
        assert len(one.values) > 0
        for column in ("bits_min", "mean", "std"):
            assert np.array_equal(one.values[column], other.values[column], equal_nan=True)


def test_a_killed_run_ends_it_with_what_is_there(running: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytracer", "parse", "--online"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as online:
        while len(list(tmp_path.glob(".__pytracercache__/traces/*/exit.json"))) < 3:
            assert running.poll() is None
            time.sleep(0.05)
        with_children(running, signal.SIGKILL)
        report, messages = online.communicate(timeout=100)
    assert online.returncode == 0, messages
    assert "of 5 samples finished: the others were not started, or killed" in messages
    assert "perturbed samples)" in report


def test_nothing_traced_is_said(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert list(follow(tmp_path / "empty", idle_seconds=0.5)) == []
    for words in (("--filename", "t"), ("--command", "1")):
        refused = pytracer("parse", "--online", *words)
        assert refused.returncode == 2
        assert "--online takes the program that is being traced" in refused.stderr
