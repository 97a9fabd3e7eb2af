"""`trace --report`: calls and memory of the traced functions, with and without a trace."""

import json
import os
from pathlib import Path

import pytest

from .conftest import Pytracer
from .test_bad_input import refused
from .test_run import CACHE, traces

PROGRAM = """
import os, sys
import numpy as np

def scale(values, factor=2.0):
    return np.multiply(values, factor)

def fill(values):
    values[:] = 1

print("printed")
for _ in range(3):
    scale(np.ones(1000))
scale([1.0] * 500)
fill(np.zeros(10))
if len(sys.argv) > 1:
    os._exit(int(sys.argv[1])) if sys.argv[1] != "raise" else 1 / 0
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def rows(text: str) -> dict[str, list[int]]:
    """Calls, bytes of inputs, of outputs and in total, by function."""
    lines = [line.split() for line in text.splitlines()]
    return {words[-1]: [int(word) for word in words[:4]] for words in lines if len(words) == 5 and words[0].isdecimal()}


def check(text: str, *, changed: int) -> None:
    """`changed` is the number of bytes that are recorded again because `fill` changed them."""
    found = rows(text)
    calls, given, given_back, total = found["__main__.scale"]
    assert (calls, given_back, total) == (4, 3 * 8000 + 4000, given + given_back)
    assert given >= 3 * 8000 + 4000
    assert found["numpy.multiply"] == [4, 28000 + 4 * 8, 28000, 56032]
    assert found["__main__.fill"] == [1, 80, changed, 80 + changed]
    totals = [sum(column) for column in zip(*(row for name, row in found.items() if name != "total"), strict=True)]
    assert found["total"] == totals
    sizes = [row[3] for name, row in found.items() if name != "total"]
    assert sizes == sorted(sizes, reverse=True)


def test_on_shows_the_report_and_keeps_it_in_the_trace(pytracer: Pytracer, program: Path, tmp_path: Path) -> None:
    shown = pytracer("trace", "--report", "on", "--command", program)
    assert (shown.returncode, shown.stdout) == (0, "printed\n"), shown.stderr
    check(shown.stderr, changed=80)
    [trace] = traces(tmp_path)
    report = trace / "report.txt"
    assert report.read_text() in shown.stderr
    assert report.read_text().startswith(f"Calls and memory of {program}\n")
    [entry] = json.loads(pytracer("info", "--trace", "--json").stdout)["traces"]
    assert (entry["report_name"], entry["report_path"]) == ("report.txt", str(report))


def test_only_leaves_no_trace(pytracer: Pytracer, program: Path, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    shown = pytracer("trace", "--report", "only", "--command", program, env=os.environ | {"TMPDIR": str(temporary)})
    assert (shown.returncode, shown.stdout) == (0, "printed\n"), shown.stderr
    check(shown.stderr, changed=0)
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / CACHE).exists()


@pytest.mark.parametrize("kind", ["on", "only"])
def test_report_file(pytracer: Pytracer, program: Path, tmp_path: Path, kind: str) -> None:
    shown = pytracer("trace", "--report", kind, "--report-file", "memory.txt", "--command", program)
    assert shown.returncode == 0, shown.stderr
    assert "Calls and memory" not in shown.stderr
    check((tmp_path / "memory.txt").read_text(), changed=80 if kind == "on" else 0)
    if kind == "on":
        [entry] = json.loads(pytracer("info", "--trace", "--json").stdout)["traces"]
        assert entry["report_path"] == str(tmp_path / "memory.txt")


@pytest.mark.parametrize(("argument", "status"), [("raise", 1), ("7", 7)])
def test_a_program_that_fails_gets_its_report(pytracer: Pytracer, program: Path, argument: str, status: int) -> None:
    shown = pytracer("trace", "--report", "only", "--command", program, argument)
    assert shown.returncode == 1
    assert rows(shown.stderr)["__main__.scale"][0] == 4
    assert shown.stderr.endswith(f"pytracer: the program exited with status {status}\n")


def test_without_it_there_is_none(pytracer: Pytracer, program: Path, tmp_path: Path) -> None:
    shown = pytracer("trace", "--command", program)
    assert "Calls and memory" not in shown.stderr
    [trace] = traces(tmp_path)
    assert not (trace / "report.txt").exists()
    [entry] = json.loads(pytracer("info", "--trace", "--json").stdout)["traces"]
    assert (entry["report_name"], entry["report_path"]) == (None, None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--report", "on", "--report-file", "."], "is a folder; give the name of a file for the report"),
        (["--report", "only", "--report-file", "nowhere/r.txt"], "no folder 'nowhere' for the report"),
        (["--report-file", "r.txt"], "--report-file without a report"),
        (["--report", "off", "--report-file", "r.txt"], "--report-file without a report"),
        (["--dry-run", "--report", "only"], "--dry-run records nothing that --report only could show"),
        (["--report", "sometimes"], "invalid choice: 'sometimes'"),
    ],
)
def test_refused_before_the_program_runs(
    pytracer: Pytracer, program: Path, tmp_path: Path, options: list[str], message: str
) -> None:
    assert message in refused(pytracer, tmp_path, "trace", *options, "--command", program)
