"""Mistakes of a user: one line with the fact and the remedy, a sensible exit code, and nothing left behind."""

import re
from pathlib import Path

import pytest

from .conftest import Pytracer

CACHE = ".__pytracercache__"


def refused(pytracer: Pytracer, folder: Path, *words: object) -> str:
    """Run, check that it was refused as a user's mistake before anything ran, and return the message."""
    shown = pytracer(*words)
    assert (shown.returncode, shown.stdout) == (2, "")
    match = re.fullmatch(r"pytracer: error: (.+)\n", shown.stderr)
    assert match, shown.stderr
    assert list((folder / CACHE).glob("traces/*")) == []
    return match[1]


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text("print('ran')\n")
    return path


def test_script_that_does_not_exist(pytracer: Pytracer, tmp_path: Path) -> None:
    assert refused(pytracer, tmp_path, "run", "nowhere.py") == (
        f"no script 'nowhere.py' in {str(tmp_path)!r}; check the path"
    )


def test_folder_instead_of_a_script(pytracer: Pytracer, tmp_path: Path) -> None:
    assert "is a folder, not a script; give the path of a Python file" in refused(pytracer, tmp_path, "run", tmp_path)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nif x:\n", "wrong.py:2: IndentationError: expected an indented block after 'if' statement on line 2"),
        ("x = (1,\n\ny = 2\n", "wrong.py:1: SyntaxError: '(' was never closed: x = (1,; mend it first"),
        ("print 'x'\n", "wrong.py:1: SyntaxError: Missing parentheses in call to 'print'"),
        ("x = '\0'\n", "null bytes"),
        ("# coding: nonsense\n", "unknown encoding: nonsense"),
    ],
)
def test_syntax_error(pytracer: Pytracer, tmp_path: Path, source: str, message: str) -> None:
    (tmp_path / "wrong.py").write_text(source)
    assert message in refused(pytracer, tmp_path, "run", "wrong.py")


def test_syntax_error_in_code(pytracer: Pytracer, tmp_path: Path) -> None:
    assert refused(pytracer, tmp_path, "run", "-c", "1 +").startswith("<string>:1: SyntaxError: invalid syntax: 1 +")


def test_module_that_does_not_exist(pytracer: Pytracer, tmp_path: Path) -> None:
    message = refused(pytracer, tmp_path, "run", "-m", "jsn.tool")
    assert message.startswith("no module named 'jsn.tool' (did you mean 'json'")
    assert refused(pytracer, tmp_path, "run", "-m", "json.tol").startswith("no module named 'json.tol';")


def test_package_that_cannot_run(pytracer: Pytracer, tmp_path: Path) -> None:
    assert "package 'numpy' has no __main__ module" in refused(pytracer, tmp_path, "run", "-m", "numpy")


@pytest.mark.parametrize("option", ["--trace", "--exclude"])
def test_unknown_target_suggests_near_names(pytracer: Pytracer, tmp_path: Path, script: Path, option: str) -> None:
    message = refused(pytracer, tmp_path, "run", option, "nummpy.linalg", script)
    assert message.startswith("no module named 'nummpy' (did you mean 'numpy'")


def test_target_that_is_no_name(pytracer: Pytracer, tmp_path: Path, script: Path) -> None:
    assert "'numpy/linalg' is not the name of a module" in refused(
        pytracer, tmp_path, "run", "--trace", "numpy/linalg", script
    )


@pytest.mark.parametrize("options", [(), ("-q",), ("--json",)])
def test_unknown_function_of_a_known_module(
    pytracer: Pytracer, tmp_path: Path, script: Path, options: tuple[str, ...]
) -> None:
    message = refused(pytracer, tmp_path, "run", *options, "--trace", "numpy.linalg.slove", script)
    assert "numpy.linalg.slove" in message
    assert "solve" in message.replace("slove", "")


def test_unknown_noise_model(pytracer: Pytracer, tmp_path: Path, script: Path) -> None:
    message = refused(pytracer, tmp_path, "run", "--noise", "gaussian", script)
    assert message.startswith("unknown noise model 'gaussian'; the models are ")


@pytest.mark.parametrize(
    ("option", "value"), [("-n", "1"), ("-n", "ten"), ("--jobs", "0"), ("--seed", "-1"), ("--seed", "1.5")]
)
def test_numbers_out_of_range(pytracer: Pytracer, tmp_path: Path, script: Path, option: str, value: str) -> None:
    assert f"'{value}' is no integer from " in refused(pytracer, tmp_path, "run", f"{option}={value}", script)


def test_cache_folder_that_cannot_be_made(pytracer: Pytracer, tmp_path: Path, script: Path) -> None:
    (tmp_path / CACHE).write_text("in the way")
    message = refused(pytracer, tmp_path, "run", script)
    assert message.startswith(f"cannot write traces below {str(tmp_path / CACHE)!r}: ")
    assert (tmp_path / CACHE).read_text() == "in the way"


def test_result_that_cannot_be_written(pytracer: Pytracer, tmp_path: Path, script: Path) -> None:
    assert "is a folder; give the name of a file" in refused(pytracer, tmp_path, "run", "-o", tmp_path, script)
    assert "no folder 'none' for the result" in refused(pytracer, tmp_path, "run", "-o", "none/r.h5", script)


def test_nothing_to_parse(pytracer: Pytracer, tmp_path: Path) -> None:
    assert refused(pytracer, tmp_path, "parse").startswith(f"no trace in '{CACHE}'; make one with ")
    assert "no trace" in refused(pytracer, tmp_path, "parse", "--filename", "nowhere")


def test_nothing_to_visualize(pytracer: Pytracer, tmp_path: Path) -> None:
    assert refused(pytracer, tmp_path, "visualize").startswith(f"no result in '{CACHE}'; make one with ")
    assert refused(pytracer, tmp_path, "visualize", "--filename", "nowhere.h5").startswith("no result 'nowhere.h5'; ")


def test_result_that_is_no_result(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "broken.h5").write_bytes(b"not HDF5")
    assert "broken.h5" in refused(pytracer, tmp_path, "visualize", "--no-browser", "--filename", "broken.h5")
