"""Commands in front of the program that do not run it."""

import json
from pathlib import Path

import pytest

from .conftest import Pytracer

CACHE = ".__pytracercache__"


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text("def f(x): return x / 3\nf(0.7)\n")


@pytest.mark.parametrize(
    ("prefix", "ended"),
    [
        ("echo", "ended with status 0"),
        ("false", "ended with status 1"),
        ("sh -c 'exit 2'", "ended with status 2"),
        ("sh -c 'kill -9 $$'", "was ended by signal 9"),
    ],
)
@pytest.mark.parametrize("verb", [("run", "-n", 2), ("trace", "--command")])
def test_a_command_that_does_not_run_the_program(
    pytracer: Pytracer, tmp_path: Path, prefix: str, ended: str, verb: tuple[object, ...]
) -> None:
    shown = pytracer(verb[0], "--noise", f"env:prefix={prefix}", *verb[1:], "p.py")
    assert shown.returncode == 2
    assert shown.stderr.splitlines()[-1] == (
        f"pytracer: error: the command `{prefix}` in front of the program {ended} and did not run the program; "
        "it must run the words that follow it"
    )
    assert list((tmp_path / CACHE / "traces").iterdir()) == []


def test_a_command_that_fails_in_some_samples(pytracer: Pytracer, tmp_path: Path) -> None:
    script = tmp_path / "sometimes"
    script.write_text('#!/bin/sh\ntest "$1" != 2 || exit 7\nshift\nexec "$@"\n')
    script.chmod(0o755)
    shown = pytracer("run", "-n", 3, "--json", "--noise", f"env:prefix={script} {{sample}}", "p.py")
    assert shown.returncode == 1
    samples = json.loads(shown.stdout)["samples"]
    assert [sample["status"] for sample in samples] == ["reference", "measured", "measured", "failed"]
    assert samples[-1]["reason"].startswith(
        f"the command `{script} 2` in front of the program ended with status 7 and "
    )
