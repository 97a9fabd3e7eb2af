"""`trace` records one execution; `parse` merges those of the same command."""

import json
import os
import sys
from pathlib import Path

import pytest

from .conftest import Pytracer
from .test_run import CACHE, traces


def test_one_execution_unperturbed(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    shown = pytracer("trace", "--command", programs / "arguments.py", "--seed", "x")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout == f"{[str(programs / 'arguments.py'), '--seed', 'x']}\n{tmp_path}\n"
    [trace] = traces(tmp_path)
    assert f"pytracer: trace in {trace}\n" in shown.stderr
    meta = json.loads((trace / "meta.json").read_text())
    assert (meta["noise"]["model"], meta["experiment"], meta["sample"]) == ("none", None, 0)


def test_dry_run_traces_nothing(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    shown = pytracer("trace", "--dry-run", "--command", programs / "arguments.py", "a")
    assert shown.returncode == 0
    assert shown.stdout == f"{[str(programs / 'arguments.py'), 'a']}\n{tmp_path}\n"
    assert not (tmp_path / CACHE).exists()
    assert pytracer("trace", "--dry-run", "--command", programs / "fails.py", "exit").returncode == 1


def test_module(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("trace", "--command", "-m", "arguments", "b", cwd=programs)
    assert shown.stdout.startswith(f"{[str(programs / 'arguments.py'), 'b']}\n"), shown.stderr
    pytracer("clean", "-f", cwd=programs)


def test_script_on_path(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    tool = folder / "my-tool"
    tool.write_text(f"#!{sys.executable}\n{(programs / 'arguments.py').read_text()}")
    tool.chmod(0o755)
    environment = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    shown = pytracer("trace", "--command", "my-tool", "c", env=environment)
    assert shown.stdout.startswith(f"{[str(tool), 'c']}\n"), shown.stderr


def on_path(folder: Path, content: bytes) -> dict[str, str]:
    """The environment in which `my-tool` is an executable with this content."""
    tool = folder / "bin" / "my-tool"
    tool.parent.mkdir()
    tool.write_bytes(content)
    tool.chmod(0o755)
    return os.environ | {"PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize(
    "content", [b"#!/bin/sh\nexit 0\n", b"\x7fELF\0\0", b"", b"print(1)\n", b"#!/usr/bin/perl\n1;\n"]
)
def test_a_file_on_path_that_is_no_python_script(pytracer: Pytracer, tmp_path: Path, content: bytes) -> None:
    environment = on_path(tmp_path, content)
    shown = pytracer("trace", "--command", "my-tool", env=environment)
    assert (shown.returncode, shown.stdout) == (2, "")
    tool = str(tmp_path / "bin" / "my-tool")
    assert shown.stderr == (
        f"pytracer: error: 'my-tool' on PATH is {tool!r}, no Python script; name a script, or use -m MODULE\n"
    )
    assert not (tmp_path / CACHE).exists()


def test_a_script_whose_python_is_started_by_sh(pytracer: Pytracer, tmp_path: Path) -> None:
    start = f"#!/bin/sh\n'''exec' {sys.executable} \"$0\" \"$@\"\n' '''\nprint('ran')\n"
    shown = pytracer("trace", "--command", "my-tool", env=on_path(tmp_path, start.encode()))
    assert (shown.returncode, shown.stdout) == (0, "ran\n"), shown.stderr


@pytest.mark.parametrize("command", [["nowhere.py"], ["-m", "nowhere"], ["sh"]])
def test_wrong_command(pytracer: Pytracer, tmp_path: Path, command: list[str]) -> None:
    shown = pytracer("trace", "--command", *command)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert shown.stderr.startswith("pytracer: error: ")
    assert shown.stderr.count("\n") == 1
    assert not (tmp_path / CACHE).exists()


def test_failing_program(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("trace", "--command", programs / "fails.py", "exit")
    assert shown.returncode == 1
    assert shown.stderr.endswith("pytracer: the program exited with status 3\n")


def test_unknown_function(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("trace", "--trace", "numpy.linalg.slove", "--command", programs / "cancels.py")
    assert (shown.returncode, shown.stdout) == (2, "")
    assert "slove" in shown.stderr


def test_parse_merges_single_traces_of_the_same_command(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    program = programs / "cancels.py"
    pytracer("trace", "--command", programs / "arguments.py")
    pytracer("trace", "--command", program)
    for sample in (1, 2, 3):
        pytracer("trace", "--noise", "sr", "--sample", sample, "--command", program)
    shown = pytracer("parse", "--command", 1, "-o", "merged.h5")
    assert shown.returncode == 0, shown.stderr
    assert "naive_variance" in shown.stdout
    see = "see it with `pytracer visualize --filename merged.h5`"
    assert shown.stderr.startswith(f"pytracer: result of 4 traces in merged.h5; {see}")
    assert (tmp_path / "merged.h5").exists()


def test_parse_again_gives_the_report_of_the_run(pytracer: Pytracer, programs: Path) -> None:
    first = pytracer("run", "-n", 3, "--json", programs / "cancels.py")
    again = pytracer("parse", "--json")
    assert json.loads(again.stdout)["functions"] == json.loads(first.stdout)["functions"]


def test_parse_one_trace_measures_nothing(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    pytracer("trace", "--noise", "sr", "--command", programs / "cancels.py")
    [trace] = traces(tmp_path)
    shown = pytracer("parse", "--filename", trace)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith("Not measured: there is one sample only. ")


def test_parse_a_truncated_trace(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    pytracer("run", "-n", 3, programs / "cancels.py")
    calls = traces(tmp_path)[2] / "process-0" / "lane-0" / "calls.bin"
    os.truncate(calls, calls.stat().st_size // 2 + 7)
    shown = pytracer("parse")
    assert shown.returncode == 0, shown.stderr
    assert "naive_variance" in shown.stdout


def test_parse_a_corrupt_trace(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    pytracer("run", "-n", 2, programs / "cancels.py")
    (traces(tmp_path)[0] / "process-0" / "functions.jsonl").write_text("{}\n[1]\n{}\n")
    shown = pytracer("parse")
    assert shown.returncode == 2
    assert shown.stderr.startswith("pytracer: error: ")
    assert shown.stderr.count("\n") == 1
