"""The fidelity benchmark, imported as `python benchmarks/fidelity` finds its modules."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "fidelity"

collect_ignore_glob = [] if shutil.which("gcc") else ["test_*.py"]  # the reference is compiled with gcc


@pytest.fixture(scope="session", autouse=True)
def importable() -> Iterator[None]:
    before = set(sys.modules)
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))
    for name in set(sys.modules) - before:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(FOLDER)):
            del sys.modules[name]
