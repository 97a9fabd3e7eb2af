"""Without noise a traced program prints what the untraced one prints, to the last bit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
BENCHMARKS = sorted((ROOT.parent / "benchmarks" / "workloads" / "programs").glob("*.py"))
PROGRAMS = [
    *sorted((ROOT / "programs" / "science").glob("*.py")),
    ROOT.parent / "examples" / "demo.py",
    *(pytest.param(program, marks=pytest.mark.slow) for program in BENCHMARKS),
]
EVERYTHING = [word for name in ("numpy", "scipy", "sklearn") for word in ("--trace", name)]


def start(command: list[str], folder: Path) -> subprocess.Popen[str]:
    folder.mkdir()
    # With more threads, k-means adds its partial sums in the order in which they are ready.
    environment = os.environ | {"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([sys.executable, *command], cwd=folder, env=environment, text=True, **streams)


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_output_is_that_of_the_untraced_program(program: Path, tmp_path: Path) -> None:
    trace = ["-m", "pytracer", "trace", "--noise", "none"]
    commands = {
        "untraced": [str(program)],
        "default": [*trace, "--command", str(program)],
        "everything": [*trace, *EVERYTHING, "--command", str(program)],
    }
    running = {name: start(command, tmp_path / name) for name, command in commands.items()}
    printed = {name: process.communicate() for name, process in running.items()}
    for name, process in running.items():
        assert process.returncode == 0, f"{name}: {printed[name][1]}"
    assert len(printed["untraced"][0].splitlines()) > 2
    assert printed["default"][0] == printed["untraced"][0]
    assert printed["everything"][0] == printed["untraced"][0]
    assert list((tmp_path / "default").rglob("calls.bin"))
