"""Runs the tests of an installed package in a process of its own, hooked and recording or not, and compares the outcomes."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pytracer.records.schema import COUNTERS

LISTENER = """
import json, os
outcomes, messages = {}, {}
def name(report):  # a file that is named by itself is not in the names of its tests
    file = os.path.basename(report.location[0]) if report.nodeid.startswith("::") else ""
    return file + report.nodeid + " " + report.when
def pytest_runtest_logstart(nodeid):
    with open(os.environ["OUTCOMES"] + ".last", "w") as file:
        file.write(nodeid)
def pytest_runtest_logreport(report):
    if report.failed and not hasattr(report, "wasxfail"):
        crash = getattr(report.longrepr, "reprcrash", None)
        lines = [line for line in str(report.longrepr).splitlines() if line.startswith(">")]
        message = str(report.longrepr) if crash is None else crash.message
        messages[name(report)] = message[:4000] + "\\n" + "\\n".join(lines)[:1000]
    if report.when == "call" or report.outcome != "passed":
        expected = {"skipped": "xfailed", "passed": "xpassed"} if hasattr(report, "wasxfail") else {}
        outcomes[name(report)] = expected.get(report.outcome, report.outcome)
def pytest_sessionfinish(session):
    with open(os.environ["OUTCOMES"], "w") as file:
        json.dump({"outcomes": outcomes, "messages": messages}, file)
"""

EVERYTHING = ["numpy", "scipy", "sklearn"]
LIMITS = {"array_bytes": 1 << 16, "trace_bytes": 4 << 30}
"""Whole suites would write tens of gigabytes: larger arrays are recorded by shape, and what comes after is counted."""

SECONDS = 300
"""A test that takes longer hangs: none takes half of that."""

REPEATABLE = {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Suite:
    """One execution of some tests."""

    outcomes: dict[str, str]  # by test and phase
    messages: dict[str, str]  # of those that failed
    counters: dict[str, int]  # of the trace; zero when there is none
    trace_bytes: int
    seconds: float  # of the processor, which a busy machine changes less than the clock

    def counts(self) -> dict[str, int]:
        """Number of tests by outcome."""
        return dict(sorted(Counter(self.outcomes.values()).items()))


def run(folder: Path, tests: list[str], *, traced: bool, model: str = "none") -> Suite:
    """Run the tests, named as `--pyargs` expects them, in an empty folder. Under noise only what the tests call is recorded."""
    (folder / "trace").mkdir(parents=True)
    (folder / "listener.py").write_text(LISTENER)
    words = ["--pyargs", *tests, "-q", "-p", "no:cacheprovider", "-p", "listener", "--rootdir", str(folder)]
    words += ["-c", os.devnull, "-W", "default", "--timeout", str(SECONDS)]
    command = [sys.executable, "-m", "pytest", *words]
    if traced:
        (folder / "spec.json").write_text(json.dumps(specification(folder / "trace", words, model)))
        command = [sys.executable, "-P", "-m", "pytracer.trace.child", str(folder / "spec.json")]
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    own = {"OUTCOMES": str(folder / "outcomes.json"), "PYTHONPATH": os.pathsep.join(paths)}
    start = processor_seconds()
    ran = subprocess.run(
        command, cwd=folder, env=os.environ | REPEATABLE | own, capture_output=True, text=True, check=False
    )
    seconds = processor_seconds() - start
    ended = (folder / "outcomes.json").exists()
    assert ended, f"status {ran.returncode} in {_last(folder)}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    counted = counters(folder / "trace")
    size = sum(path.stat().st_size for path in (folder / "trace").rglob("*.bin"))
    shutil.rmtree(folder / "trace")  # gigabytes
    found = json.loads((folder / "outcomes.json").read_text())
    return Suite(_named(found["outcomes"]), _named(found["messages"]), counted, size, seconds)


def _last(folder: Path) -> str:
    """The test that ran when the process died."""
    path = folder / "outcomes.json.last"
    return path.read_text() if path.exists() else "no test"


def _named(tests: dict[str, str]) -> dict[str, str]:
    """Without addresses in the names."""
    return {re.sub(r"0x[0-9a-f]{6,}", "0x", name): each for name, each in tests.items()}


def processor_seconds() -> float:
    """Spent by the child processes that have ended."""
    times = os.times()
    return times.children_user + times.children_system


def specification(trace: Path, words: list[str], model: str) -> dict[str, object]:
    """What the traced process reads: pytest under full hooking, or under noise."""
    targets = EVERYTHING if model == "none" else []
    return {
        "trace": str(trace),
        "command": {"kind": "module", "target": "pytest", "args": words},
        "noise": {"model": model, "seed": 1, "sample": 1},
        "targets": {"trace": targets, "exclude": [], "default": not targets},
        "limits": LIMITS,
        "experiment": None,
        "sample": 1,
    }


def counters(trace: Path) -> dict[str, int]:
    """Summed over the processes; the calls themselves are not read."""
    totals = dict.fromkeys(COUNTERS.names or (), 0)
    for path in trace.glob("process-*/counters.bin"):
        record = np.fromfile(path, COUNTERS)[0]
        for name in totals:
            totals[name] += int(record[name])
    return totals


def differences(plain: Suite, hooked: Suite) -> dict[str, tuple[str | None, str | None]]:
    """Outcome of each test that has not the same one on both sides."""
    pairs = {name: (plain.outcomes.get(name), hooked.outcomes.get(name)) for name in plain.outcomes | hooked.outcomes}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
