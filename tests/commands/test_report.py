"""`pytracer report` as a user runs it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "parse"))  # for `made`

from made import Made

Pytracer = Callable[..., subprocess.CompletedProcess[str]]

PROGRAM = """
import math
for x in (0.1, 0.2):
    print(math.sin(x + 1e5) - math.sin(1e5))
"""


@pytest.fixture
def ran(pytracer: Pytracer, tmp_path: Path) -> str:
    """What `run` printed about a program whose result is in the cache."""
    (tmp_path / "script.py").write_text(PROGRAM)
    run = pytracer("run", "-q", "-n", "3", "--trace", "math", "script.py")
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_report_says_the_same_again(ran: str, pytracer: Pytracer, tmp_path: Path) -> None:
    again = pytracer("report")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout == ran[ran.index("math.sin") :]
    assert "math.sin" in pytracer("report", "--top", 1).stdout
    [found] = (tmp_path / ".__pytracercache__").rglob("stats.*.h5")
    assert json.loads(pytracer("report", found, "--json").stdout)["result"] == str(found)


def test_page_is_written(ran: str, pytracer: Pytracer, tmp_path: Path) -> None:
    run = pytracer("report", "--html", "page.html")
    assert (run.returncode, run.stdout) == (0, "")
    assert "in page.html" in run.stderr
    assert "math.sin" in (tmp_path / "page.html").read_text()
    [found] = (tmp_path / ".__pytracercache__").rglob("stats.*.h5")
    before = found.read_bytes()
    for words in (("--html", found), ("--html", tmp_path), ("--html", "gone/page.html")):
        run = pytracer("report", found, *words)
        assert (run.returncode, run.stderr.count("\n")) == (2, 1)
    assert found.read_bytes() == before


@pytest.mark.parametrize("form", [(), ("--json",), ("--html", "page.html")])
def test_damaged_result_is_one_line(form: tuple[str, ...], pytracer: Pytracer, tmp_path: Path) -> None:
    made = Made()
    made.sample(0)
    made.call(made.function("f"), site=7)
    made.write(tmp_path / "bad.h5")
    run = pytracer("report", "bad.h5", *form)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert "calls/site leads out of the table sites" in run.stderr
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "no result in"),
        (("gone.h5",), "no result 'gone.h5'"),
        (("script.txt",), "is not a result"),
        (("x", "--directory", "."), "not allowed with"),
        (("--top", "0"), "is no integer from 1 on"),
        (("--json", "--html", "x"), "not allowed with"),
    ],
)
def test_mistakes_are_one_line(words: tuple[str, ...], message: str, pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "script.txt").write_text("no result")
    run = pytracer("report", *words)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)
    assert message in run.stderr
