"""The command line as a user runs it: real processes in a folder of their own."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Pytracer = Callable[..., subprocess.CompletedProcess[str]]

PROGRAMS = Path(__file__).parent.parent / "programs"


@pytest.fixture
def programs() -> Path:
    """The folder of target programs."""
    return PROGRAMS


@pytest.fixture
def pytracer(tmp_path: Path) -> Pytracer:
    """Run `pytracer` with these words in `tmp_path`, with nothing on standard input unless asked."""

    def run(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
        options = {"cwd": tmp_path, "timeout": 200} | options
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        command = [sys.executable, "-m", "pytracer", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)

    return run
