"""`suggest` names what is worth tracing, and its suggestions work as options."""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pytracer.records.reader import Trace

from .conftest import Pytracer
from .test_run import CACHE, traces

PANDAS = """
import numpy as np
import pandas as pd

frame = pd.DataFrame({"group": np.arange(100) % 7, "x": np.linspace(0.0, 1.0, 100)})
print(frame.groupby("group")["x"].sum().iloc[0], frame["x"].rolling(10).mean().iloc[-1])
"""

STANDARD = """
import math, sys, json
from numpy import linalg, eye, ones

def f(x):
    return math.sin(x) + math.sqrt(x)

print(sum(f(0.1 * i) for i in range(10)), json.dumps([1.5]), linalg.solve(eye(3), ones(3)))
sys.exit(len(sys.argv) - 1)
"""


def write(tmp_path: Path, source: str) -> Path:
    path = tmp_path / "program.py"
    path.write_text(source)
    return path


def suggestions(text: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(text)["suggestions"]}


def test_pandas_and_its_native_code(pytracer: Pytracer, tmp_path: Path) -> None:
    program = write(tmp_path, PANDAS)
    shown = pytracer("suggest", "--json", program)
    assert shown.returncode == 0, shown.stderr
    assert shown.stderr == pytracer("trace", "--dry-run", "--command", program).stdout  # what the program prints
    [pandas] = suggestions(shown.stdout).values()
    assert pandas["name"] == "pandas"
    assert pandas["direct_calls"] >= 5
    assert pandas["calls"] > pandas["direct_calls"]
    assert 0 < pandas["native_share"] < 1
    functions = [each["name"] for each in pandas["functions"]]
    assert "pandas._libs.groupby.group_sum" in functions
    assert not (tmp_path / CACHE).exists()


def test_each_suggestion_is_an_option_that_records(pytracer: Pytracer, tmp_path: Path) -> None:
    program = write(tmp_path, PANDAS)
    [pandas] = suggestions(pytracer("suggest", "--json", program).stdout).values()
    for each in (pandas["modules"][0], pandas["functions"][0], pandas["functions"][-1]):
        shown = pytracer("trace", "--trace", each["name"], "--command", program)
        assert shown.returncode == 0, shown.stderr
        [path] = traces(tmp_path)
        functions = [row.full_name for process in Trace.open(path).processes for row in process.functions.rows]
        assert any(name.startswith(each["name"]) for name in functions), (each["name"], functions)
        pytracer("clean", "-f")


def test_floats_given_to_the_standard_library(pytracer: Pytracer, tmp_path: Path) -> None:
    program = write(tmp_path, STANDARD)
    shown = pytracer("suggest", "--command", program)
    assert shown.returncode == 0, shown.stderr
    first, *lines = shown.stdout.splitlines()
    assert first.startswith("10.27750341324")
    assert "    --trace math  # 20 calls, 20 with floats, " in "\n".join(lines)
    assert not any("--trace numpy" in line or "--trace json" in line for line in lines)
    [found] = suggestions(pytracer("suggest", "--json", "--command", program).stdout).values()
    assert {each["name"]: each["float_calls"] for each in found["functions"]} == {"math.sin": 10, "math.sqrt": 10}


@pytest.mark.skipif(not hasattr(math, "__file__"), reason="the math module is built into this Python: no file to copy")
def test_own_extension_modules(pytracer: Pytracer, tmp_path: Path) -> None:
    """A package of the user's own with a compiled module: the one of the standard library under another name."""
    package = tmp_path / "mine"
    package.mkdir()
    (package / "__init__.py").write_text("def half(x):\n    return x / 2\n")
    shutil.copy(math.__file__, package)
    program = write(tmp_path, "import mine, mine.math\nprint(mine.math.sin(mine.half(0.5)))\n")
    [mine] = suggestions(pytracer("suggest", "--json", program).stdout).values()
    assert (mine["name"], mine["calls"], mine["native_calls"]) == ("mine", 1, 1)  # `half` is a default target
    assert [each["name"] for each in mine["functions"]] == ["mine.math.sin"]
    pytracer("trace", "--command", program)
    [entry] = json.loads(pytracer("info", "--coverage", "--json").stdout)["ledger"]
    assert (entry["event"], entry["names"]) == ("native_module_not_hooked", [{"name": "mine", "count": 1}])


def test_nothing_to_add(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("suggest", programs / "cancels.py")
    assert shown.returncode == 0, shown.stderr
    assert "Nothing to add: " in shown.stdout
    assert "--trace" not in shown.stdout


def test_a_program_that_fails(pytracer: Pytracer, tmp_path: Path) -> None:
    shown = pytracer("suggest", "--json", write(tmp_path, STANDARD), "an argument")
    assert shown.returncode == 1
    assert list(suggestions(shown.stdout)) == ["math"]
    assert "pytracer: the program exited with status 1" in shown.stderr


def test_module_and_code(pytracer: Pytracer, tmp_path: Path) -> None:
    write(tmp_path, STANDARD)
    for words in (["-m", "program"], ["-c", "import math; math.sin(0.5)"]):
        shown = pytracer("suggest", *words, env=os.environ | {"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
        assert "--trace math" in shown.stdout, shown.stderr


@pytest.mark.parametrize("words", [["nowhere.py"], [], ["-m", "nowhere"], ["--bogus", "x.py"]])
def test_wrong_command(pytracer: Pytracer, words: list[str]) -> None:
    shown = pytracer("suggest", *words)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("pytracer: error: ")
    assert shown.stderr.count("\n") == 1
