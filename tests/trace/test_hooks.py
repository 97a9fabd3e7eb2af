"""Hooks in place: identity, pickles, signatures, tracebacks and results stay; every call is recorded once; removal restores all.

Hooks change a whole process, so the checks run in programs of their own, tests/programs/hooks/*.py: one process a program, one
test here a check.
"""

import ast
import functools
import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "programs" / "hooks"
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if path.name != "hooking.py")


def checks_of(program: Path) -> list[str]:
    """The names of the checks that a program has."""
    functions = [node.name for node in ast.parse(program.read_text()).body if isinstance(node, ast.FunctionDef)]
    return [name for name in functions if name.startswith("check_")]


@functools.cache
def outcomes(program: Path) -> dict[str, str | None]:
    """What each check of a program said: None when all is well. A check that is missing died with its process."""
    ran = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, timeout=240, check=False)
    reports = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    found = {report["check"]: report["failure"] for report in reports}
    died = f"the process ended with status {ran.returncode}:\n{ran.stdout[-2000:]}\n{ran.stderr[-2000:]}"
    if ran.returncode != 0:  # also when it died at exit
        found[reports[-1]["check"] if len(found) == len(checks_of(program)) else ""] = died
    return {check: found.get(check, died) for check in checks_of(program)}


@pytest.mark.parametrize(
    ("program", "check"),
    [
        pytest.param(program, check, id=f"{program.stem}-{check[6:]}")
        for program in PROGRAMS
        for check in checks_of(program)
    ],
)
def test_hooks(program: Path, check: str) -> None:
    failure = outcomes(program)[check]
    assert failure is None, f"{failure}\nAlone: python {program} {check}"
