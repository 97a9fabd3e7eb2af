"""The help texts are complete and show an example that works as written."""

import re
import shlex

import pytest

from pytracer import __version__
from pytracer.commands import VERBS

from .conftest import Pytracer


def test_overview_names_every_verb_with_its_summary(pytracer: Pytracer) -> None:
    shown = pytracer("--help")
    assert shown.returncode == 0
    assert shown.stderr == ""
    for verb in VERBS:
        assert re.search(rf"^    {verb}\s+[A-Z]", shown.stdout, re.MULTILINE)


@pytest.mark.parametrize("verb", VERBS)
def test_verb_explains_each_option(pytracer: Pytracer, verb: str) -> None:
    shown = pytracer(verb, "--help")
    assert shown.returncode == 0
    options = shown.stdout.partition("\noptions:\n")[2]
    undocumented = [line for line in re.findall(r"^  (-.*)$(?!\n {10})", options, re.MULTILINE) if "  " not in line]
    assert undocumented == []
    examples = re.findall(r"^    (pytracer .*)$", shown.stdout, re.MULTILINE)
    assert examples
    assert all(shlex.split(example)[1] == verb for example in examples)


def test_version(pytracer: Pytracer) -> None:
    assert pytracer("--version").stdout == f"pytracer {__version__}\n"


@pytest.mark.parametrize("words", [(), ("frobnicate",), ("run", "--bogus", "x.py"), ("info", "--samples", "3")])
def test_a_wrong_command_line_is_one_line_and_status_2(pytracer: Pytracer, words: tuple[str, ...]) -> None:
    shown = pytracer(*words)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert re.fullmatch(r"pytracer: error: .*; see `pytracer.* --help`\n", shown.stderr)
