"""Print the other supported Pythons of this machine, one "VERSION EXECUTABLE" a line.

Supported are the versions that pyproject.toml lists. Candidates are the executables on PATH and those that pyenv keeps.
A candidate counts when it really runs (a pyenv shim may not) and can build a C extension.
"""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent

PROBE = """
import ensurepip, sys, sysconfig, venv
from pathlib import Path
assert (Path(sysconfig.get_path("include")) / "Python.h").exists()
print("%d.%d %s" % (*sys.version_info[:2], sys.executable))
"""


def supported_versions() -> list[str]:
    """Versions such as "3.12", from the classifiers of the project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    matches = (re.fullmatch(r"Programming Language :: Python :: (3\.\d+)", entry) for entry in project["classifiers"])
    return [match[1] for match in matches if match]


def candidates(version: str) -> Iterator[Path]:
    """Executables that may be this version, best first."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)


def works(executable: Path, version: str) -> bool:
    """Whether the executable runs, is this version, and has what a virtual environment with an extension needs."""
    try:
        probe = subprocess.run([executable, "-c", PROBE], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return probe.returncode == 0 and probe.stdout.split(maxsplit=1)[0] == version


def other_pythons() -> Iterator[tuple[str, Path]]:
    """Each supported version but the running one, with the first candidate that works."""
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    for version in supported_versions():
        found = next((path for path in candidates(version) if works(path, version)), None)
        if version == running:
            continue
        if found is None:
            print(f"pythons.py: no working Python {version} on this machine: not tested with it", file=sys.stderr)
            continue
        yield version, found


if __name__ == "__main__":
    for version, executable in other_pythons():
        print(version, executable)
