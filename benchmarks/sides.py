"""Runs both sides of a comparison in turn, each in a fresh process, and prints median and range."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

WORKLOADS = Path(__file__).parent / "workloads"
ROUNDS = int(os.environ.get("PYTRACER_BENCH_ROUNDS", "7"))


def untraced(program: Path, *args: str) -> str:
    """What the program prints when Python runs it."""
    return output_of([sys.executable, str(program), *args])


def traced(program: Path, *args: str, trace: Sequence[str] = (), model: str = "none") -> str:
    """What the program prints when it is recorded; the trace is thrown away."""
    with tempfile.TemporaryDirectory() as folder:
        return output_of(traced_command(Path(folder), program, *args, trace=trace, model=model))


def traced_command(folder: Path, program: Path, *args: str, trace: Sequence[str], model: str = "none") -> list[str]:
    """What runs the program and records it into the folder."""
    spec: dict[str, Any] = {
        "trace": str(folder),
        "command": {"kind": "script", "target": str(program), "args": args},
        "noise": {"model": model, "seed": 0, "sample": 1},
        "targets": {"trace": list(trace), "exclude": [], "default": not trace},
        "experiment": None,
        "sample": 1,
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    return [sys.executable, "-P", "-m", "pytracer.trace.child", str(path)]


def output_of(command: list[str]) -> str:
    """What a command that must succeed prints."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def summary(numbers: Sequence[float], unit: str) -> str:
    """Median and range."""
    return f"{statistics.median(numbers):8.3f} {unit} (range {min(numbers):.3f} to {max(numbers):.3f})"


def verdict(name: str, value: float, bound: float, unit: str, *, at_least: bool = False) -> str:
    """One line that says whether a figure holds."""
    holds = value >= bound if at_least else value <= bound
    sign = ">=" if at_least else "<="
    return f"{'holds' if holds else 'FAILS'}  {name}: {value:.3f} {unit}, bound {sign} {bound} {unit}"
