"""What is traced: names and patterns on the command line, in the configuration and in files; what matched nothing is said."""

import json
from pathlib import Path

import pytest

from pytracer.records.reader import Trace

from .conftest import Pytracer

CACHE = ".__pytracercache__"
PROGRAM = """
import numpy as np
def helper(x): return np.sqrt(x)
def other(x): return np.linalg.norm(x)
class Model:
    def fit(self): return helper(2.0)
    def score(self): return other([3.0, 4.0])
def outer():
    def inner(x): return np.exp(x)
    return inner(1.0)
print(Model().fit(), Model().score(), outer())
"""
DEFAULT = {
    "__main__.helper",
    "__main__.other",
    "__main__.Model.fit",
    "__main__.Model.score",
    "__main__.outer",
    "__main__.outer.<locals>.inner",
    "numpy.sqrt",
    "numpy.exp",
    "numpy.linalg.norm",
}


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    return path


def traced(pytracer: Pytracer, folder: Path, *options: str) -> tuple[set[str], list[tuple[str, str]]]:
    """The functions that were called, and the names that matched nothing with the reason."""
    shown = pytracer("trace", *options, "--command", "program.py")
    assert (shown.returncode, shown.stdout) == (0, "1.4142135623730951 5.0 2.718281828459045\n"), shown.stderr
    [path] = (folder / CACHE / "traces").iterdir()
    [process] = Trace.open(path).processes
    functions = {f"{each.module}.{each.name}" for each in process.functions.rows}
    return functions, [(each.name, each.why) for each in process.coverage if each.event == "unknown_target"]


def test_default_targets(pytracer: Pytracer, tmp_path: Path) -> None:
    assert traced(pytracer, tmp_path) == (DEFAULT, [])


def test_an_include_file_restricts(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("# mine\n__main__ Model\nnumpy* s*\nnumpy* zzz\n")
    functions, unknown = traced(pytracer, tmp_path, "--include-file", "in.txt")
    assert functions == {"__main__.Model.fit", "__main__.Model.score", "numpy.sqrt"}
    assert unknown == [("numpy* zzz", "in.txt:4: nothing of this name was imported or called by the first process")]


def test_an_exclude_file_removes(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "out.txt").write_text("numpy.linalg\n__main__ *inner\nnowhere.*\n")
    (tmp_path / "more.txt").write_text("__main__.helper\n")
    functions, unknown = traced(pytracer, tmp_path, "--exclude-file", "out.txt", "--exclude-file", "more.txt")
    assert DEFAULT - functions == {"numpy.linalg.norm", "__main__.outer.<locals>.inner", "__main__.helper"}
    assert functions < DEFAULT
    assert unknown == [("nowhere.*", "out.txt:3: nothing of this name was imported or called by the first process")]


def test_names_that_match_nothing(pytracer: Pytracer, tmp_path: Path) -> None:
    options = ("--trace", "__main__.helper", "--trace", "json.tool", "--trace", "__main__.hlper", "--exclude", "csv")
    functions, unknown = traced(pytracer, tmp_path, *options)
    assert functions == {"__main__.helper"}
    assert unknown == [
        ("json.tool", "name to trace: nothing of this name was imported or called by the first process"),
        ("__main__.hlper", "name to trace: nothing of this name was imported or called by the first process"),
        ("csv", "name to leave out: nothing of this name was imported or called by the first process"),
    ]


def test_modules_of_the_configuration(pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = {
        "modules_to_load": ["numpy", "__main__"],
        "modules_to_exclude": ["numpy.linalg"],
        "exclude_file": "o.txt",
    }
    (tmp_path / "config.json").write_text(json.dumps(content))
    (tmp_path / "o.txt").write_text("__main__ outer\n")
    monkeypatch.setenv("PYTRACER_CONFIG", "config.json")
    functions, unknown = traced(pytracer, tmp_path)
    assert unknown == []
    assert {"__main__.helper", "numpy.sqrt"} <= functions
    assert not [name for name in functions if name.startswith(("numpy.linalg.", "__main__.outer"))]


def test_the_command_line_replaces_the_modules_of_the_configuration(
    pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text('{"modules_to_load": ["numpy"]}')
    monkeypatch.setenv("PYTRACER_CONFIG", "config.json")
    functions, _ = traced(pytracer, tmp_path, "--trace", "__main__.helper")
    assert functions == {"__main__.helper"}


def test_a_report_lists_what_matched_nothing(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("__main__\nzzz *\n")
    shown = pytracer("run", "-n", "2", "--json", "--include-file", "in.txt", "program.py")
    assert shown.returncode == 0, shown.stderr
    assert '"name": "zzz *"' in shown.stdout
