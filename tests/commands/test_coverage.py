"""`info --coverage` and the report of `run` show the same ledger, from real programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Pytracer

PROGRAM = """
import numpy as np
import pandas as pd

class Thing:
    pass

def numbers(n):
    yield from range(n)

def look(thing):
    return np.sum([1.0 / 3.0, 2.0])

def nested(container):
    return 0.5

print(sum(numbers(3)), look(Thing()), pd.Series([1.5, 2.5]).sum(), nested([[[[[[1.0]]]]]]))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def by_event(ledger: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {entry["event"]: entry for entry in ledger}


def test_what_a_program_hides_is_listed(pytracer: Pytracer, program: Path) -> None:
    pytracer("trace", "--command", program)
    shown = pytracer("info", "--coverage", "--json")
    assert shown.returncode == 0, shown.stderr
    found = by_event(json.loads(shown.stdout)["ledger"])
    hidden = {each["name"]: each["count"] for each in found["native_module_not_hooked"]["names"]}
    assert hidden.keys() - {"pyarrow"} == {"pandas"}  # it imports pyarrow where it finds it
    assert hidden["pandas"] > 10
    assert sum(hidden.values()) == found["native_module_not_hooked"]["count"]
    assert found["generators"]["count"] == 1
    assert found["values_not_understood"]["count"] >= 1
    assert found["containers_cut"]["count"] == 1
    text = pytracer("info", "--coverage").stdout
    assert text.startswith(f"Not observed in 1 trace of {program}:\n\n")
    assert "generators and coroutines not followed: 1" in text


def test_targets_cover_their_native_modules(pytracer: Pytracer, program: Path) -> None:
    shown = pytracer("trace", "--trace", "pandas", "--trace", "nowhere_called", "--command", program)
    assert shown.returncode == 2
    pytracer("trace", "--trace", "pandas", "--trace", "scipy.optimize", "--command", program)
    found = by_event(json.loads(pytracer("info", "--coverage", "--json").stdout)["ledger"])
    hidden = found.get("native_module_not_hooked", {"names": []})["names"]
    assert [each["name"] for each in hidden] in ([], ["pyarrow"])  # pandas imports it where it finds it
    assert found["unknown_target"]["names"] == [{"name": "scipy.optimize", "count": 1}]


def test_the_report_shows_the_same(pytracer: Pytracer, program: Path) -> None:
    report = json.loads(pytracer("run", "-n", 2, "--json", program).stdout)
    ledger = json.loads(pytracer("info", "--coverage", "--json").stdout)
    assert report["coverage"]["ledger"] == ledger["ledger"]
    assert {entry["samples"] for entry in ledger["ledger"]} == {3}
    assert len(ledger["traces"]) == 3


def test_dropped_calls_are_first(pytracer: Pytracer, tmp_path: Path) -> None:
    path = tmp_path / "many.py"
    path.write_text("import numpy as np\nfor i in range(3000):\n    np.sin(np.full(1000, 0.5 + i))\n")
    shown = pytracer("trace", "--limit", "2 MB", "--command", path)
    assert shown.returncode == 0, shown.stderr
    [first, *_] = json.loads(pytracer("info", "--coverage", "--json").stdout)["ledger"]
    assert first["event"] == "calls_dropped"
    assert 0 < first["count"] < 6000


def test_another_folder_and_none(pytracer: Pytracer, program: Path, tmp_path: Path) -> None:
    pytracer("trace", "--command", program)
    [trace] = (tmp_path / ".__pytracercache__" / "traces").iterdir()
    trace.rename(tmp_path / "elsewhere")
    shown = pytracer("info", "--coverage", "--directory", "elsewhere", "--json")
    assert json.loads(shown.stdout)["traces"] == ["elsewhere"]
    shown = pytracer("info", "--coverage")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "no trace in " in shown.stderr


def test_nothing_missing(pytracer: Pytracer, programs: Path) -> None:
    pytracer("trace", "--command", programs / "arguments.py")
    assert pytracer("info", "--coverage").stdout.endswith("nothing that could be noticed\n")
