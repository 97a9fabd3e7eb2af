"""Which words of a command line belong to the user's program."""

import argparse

import pytest

from pytracer.commands import run, trace
from pytracer.commands.program import CommandLine
from pytracer.errors import UsageError
from pytracer.trace.program import Program


@pytest.fixture
def run_line() -> CommandLine:
    return run.configure(argparse.ArgumentParser())


@pytest.fixture
def trace_line() -> CommandLine:
    return trace.configure(argparse.ArgumentParser())


@pytest.mark.parametrize(
    ("words", "own", "program"),
    [
        ("script.py", 0, Program("script", "script.py")),
        ("script.py -n 3 --json", 0, Program("script", "script.py", ("-n", "3", "--json"))),
        ("-n 3 script.py -n 4", 2, Program("script", "script.py", ("-n", "4"))),
        ("-n3 --seed=1 script.py", 2, Program("script", "script.py")),
        ("-q --jobs 2 -- script.py -- x", 3, Program("script", "script.py", ("--", "x"))),
        ("-- -strange-name.py", 0, Program("script", "-strange-name.py")),
        ("-m package.module -m x", 0, Program("module", "package.module", ("-m", "x"))),
        ("--json -c code -c x", 1, Program("code", "code", ("-c", "x"))),
        ("-- -m module", 0, Program("module", "module")),
        ("--trace numpy --exclude numpy.fft script.py", 4, Program("script", "script.py")),
        ("-o result.h5 script.py -h", 2, Program("script", "script.py", ("-h",))),
    ],
)
def test_run_stops_at_the_program(run_line: CommandLine, words: str, own: int, program: Program) -> None:
    argv = ["run", *words.split()]
    assert run_line.split(argv) == (argv[: own + 1], program)


@pytest.mark.parametrize("words", ["", "-n", "-n 3", "-n 3 --", "-m", "-q -c"])
def test_run_without_a_program(run_line: CommandLine, words: str) -> None:
    with pytest.raises(UsageError, match="given to run; see `pytracer run --help`"):
        run_line.split(["run", *words.split()])


def test_help_needs_no_program(run_line: CommandLine, trace_line: CommandLine) -> None:
    assert run_line.split(["run", "-n", "3", "--help"]) == (["run", "-n", "3", "--help"], None)
    assert trace_line.split(["trace", "-h"]) == (["trace", "-h"], None)


@pytest.mark.parametrize(
    ("words", "own", "program"),
    [
        ("--command script.py --dry-run", 0, Program("script", "script.py", ("--dry-run",))),
        ("--dry-run --command -m module --command", 1, Program("module", "module", ("--command",))),
        ("--noise sr --sample 3 --command -- script.py", 4, Program("script", "script.py")),
    ],
)
def test_trace_gives_the_rest_to_the_command(trace_line: CommandLine, words: str, own: int, program: Program) -> None:
    argv = ["trace", *words.split()]
    assert trace_line.split(argv) == (argv[: own + 1], program)


@pytest.mark.parametrize("words", ["", "script.py", "--dry-run script.py --command x"])
def test_trace_needs_the_command(trace_line: CommandLine, words: str) -> None:
    with pytest.raises(UsageError, match="no --command given"):
        trace_line.split(["trace", *words.split()])
