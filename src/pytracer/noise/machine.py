"""What this machine has: processors, NumPy's SIMD levels, BLAS libraries. Asked in a process of its own, once."""

import functools
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

PROBE_SECONDS = 60.0


class Library(NamedTuple):
    """A BLAS library that NumPy or SciPy loads."""

    path: str
    version: str  # what an OpenBLAS says of itself; empty for other libraries
    cores: dict[str, str]  # core type -> the kernels that it gets
    left_alone: str | None  # why it keeps one rounding mode a call; None: modes are drawn anew inside it


class Machine(NamedTuple):
    """What can be varied."""

    processors: int  # that this process may use
    numpy: str  # version; empty when NumPy is not there
    loops: tuple[str, ...]  # ufuncs of NumPy that get stochastic loops
    simd: tuple[str, ...]  # features that NumPy chooses at run time and this processor has, the smallest first
    libraries: tuple[Library, ...]
    files: tuple[str, ...]  # that NumPy and SciPy load
    problem: str = ""  # why the rest is unknown


@functools.cache
def ask() -> Machine:
    """Ask once per process; takes half a second."""
    processors = len(os.sched_getaffinity(0))
    free = {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES")}
    command = [sys.executable, "-P", "-W", "ignore", "-m", "pytracer.noise.probe"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=free, timeout=PROBE_SECONDS)
        found: dict[str, Any] = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Machine(processors, "", (), (), (), (), f"asking NumPy and BLAS failed: {error}")
    libraries = tuple(
        Library(each["path"], each["version"], each["cores"], each["left_alone"]) for each in found["libraries"]
    )
    numpy = found["numpy"] or {"version": "", "found": (), "loops": ()}
    return Machine(
        processors,
        numpy["version"],
        tuple(dict.fromkeys(numpy["loops"])),
        tuple(numpy["found"]),
        libraries,
        tuple(found["files"]),
    )


def loaded_files() -> list[str]:
    """Files that are mapped into this process, each once: its program and libraries."""
    lines = Path("/proc/self/maps").read_text(errors="replace").splitlines()
    return list(dict.fromkeys(line.split(maxsplit=5)[5] for line in lines if "/" in line))
