"""NumPy's own tests have the same outcomes with everything in NumPy hooked and recording as without."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pytracer.records.schema import COUNTERS

QUICK = [
    "numpy.fft.tests.test_helper",
    "numpy.linalg.tests.test_deprecations",
    "numpy.lib.tests.test_index_tricks",
    "numpy.lib.tests.test_polynomial",
    "numpy.lib.tests.test_twodim_base",
]

LISTENER = """
import json, os
outcomes = {}
def pytest_runtest_logreport(report):
    if report.when == "call" or report.outcome != "passed":
        outcomes[report.nodeid + " " + report.when] = report.outcome
def pytest_sessionfinish(session):
    with open(os.environ["OUTCOMES"], "w") as file:
        json.dump(outcomes, file)
"""


def run(folder: Path, modules: list[str], *, traced: bool) -> tuple[dict[str, str], dict[str, int]]:
    """Outcome of each test, and the counters of the trace."""
    (folder / "trace").mkdir(parents=True)
    (folder / "listener.py").write_text(LISTENER)
    arguments = ["--pyargs", *modules, "-q", "-p", "no:cacheprovider", "-p", "listener", "--rootdir", str(folder)]
    arguments += ["-c", os.devnull, "-W", "default"]
    command = [sys.executable, "-m", "pytest", *arguments]
    if traced:
        spec = {
            "trace": str(folder / "trace"),
            "command": {"kind": "module", "target": "pytest", "args": arguments},
            "noise": {"model": "none", "seed": 1, "sample": 0},
            "targets": {"trace": ["numpy"], "exclude": [], "default": False},
            "experiment": None,
            "sample": 0,
        }
        (folder / "spec.json").write_text(json.dumps(spec))
        command = [sys.executable, "-P", "-m", "pytracer.trace.child", str(folder / "spec.json")]
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"OUTCOMES": str(folder / "outcomes.json"), "PYTHONPATH": os.pathsep.join(paths)}
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert (folder / "outcomes.json").exists(), f"status {ran.returncode}\n{ran.stdout[-3000:]}\n{ran.stderr[-3000:]}"
    counted = counters(folder / "trace")
    shutil.rmtree(folder / "trace")  # gigabytes
    return json.loads((folder / "outcomes.json").read_text()), counted


def counters(trace: Path) -> dict[str, int]:
    """Summed over the processes; the calls themselves are not read."""
    totals = dict.fromkeys(COUNTERS.names or (), 0)
    for path in trace.glob("process-*/counters.bin"):
        record = np.fromfile(path, COUNTERS)[0]
        for name in totals:
            totals[name] += int(record[name])
    return totals


def compare(tmp_path: Path, modules: list[str], least: int) -> None:
    plain, _ = run(tmp_path / "plain", modules, traced=False)
    hooked, counted = run(tmp_path / "hooked", modules, traced=True)
    different = {
        name: (plain.get(name), hooked.get(name)) for name in plain | hooked if plain.get(name) != hooked.get(name)
    }
    assert different == {}
    passed = sum(outcome == "passed" for outcome in plain.values())
    assert passed >= least
    assert counted["calls_recorded"] > 10 * passed
    assert counted["calls_dropped"] == 0
    print(f"{len(plain)} outcomes ({passed} passed), {counted['calls_recorded']} calls recorded")


def test_a_few_files(tmp_path: Path) -> None:
    compare(tmp_path, QUICK, 100)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "package", ["numpy.linalg", "numpy.fft", "numpy.lib", "numpy.ma", "numpy._core.tests.test_umath"]
)
def test_package(tmp_path: Path, package: str) -> None:
    compare(tmp_path, [package], 50)
