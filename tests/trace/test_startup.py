"""What the traced process imports before the program runs: of the standard library, and of what lies beside the program."""

import subprocess
import sys
from pathlib import Path

import pytest
from tracing import Run

NEEDED = {
    "json": "reads spec.json, writes meta.json",
    **dict.fromkeys(("re", "enum", "functools", "collections", "keyword", "operator", "reprlib", "copyreg"), "of json"),
    "typing": "named tuples",
    "types": "of enum",
    **dict.fromkeys(("runpy", "importlib", "contextlib", "warnings", "threading"), "of `python -m`"),
    "sysconfig": "where packages are installed",
    **dict.fromkeys(("atexit", "itertools", "time"), "built in"),
}
"""Public modules of the standard library that recording itself takes -> why."""

SHOW = "import sys\nprint(*sorted({name.partition('.')[0] for name in sys.modules}))"


def modules(printed: str) -> set[str]:
    """Names of the public modules of the standard library among those printed."""
    return {name for name in printed.split() if name in sys.stdlib_module_names and not name.startswith("_")}


def test_without_noise_a_traced_process_loads_only_what_recording_needs(traced: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain.py"
    plain.write_text(SHOW)
    alone = subprocess.run([sys.executable, str(plain)], capture_output=True, text=True, check=True).stdout
    with_us = modules(traced(SHOW).out)
    assert "json" in with_us - modules(alone)
    assert with_us - modules(alone) <= NEEDED.keys()


@pytest.mark.parametrize("model", ["none", "sr", "mca"])
def test_a_module_beside_the_program_does_not_stand_in_for_one_of_ours(model: str, traced: Run, tmp_path: Path) -> None:
    for name in ("ast", "runpy", "json", "cmath", "math", "fnmatch", "subprocess", "pathlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(77)")
    shown = traced("x = 0.1 * 3.0\nprint(__name__)", model=model)
    assert shown.out == "__main__\n"
