"""Source lines and signatures: what the files say now, and nothing that is no source file."""

import os
from pathlib import Path

import pytest

from pytracer.parse.schema import SOURCE_BYTES
from pytracer.parse.sources import MAX_FILE, Sources
from pytracer.records.tables import Function

SOURCE = '''"""A module."""
import functools

def plain(a, b=1, *rest, c: int = (2, [3]), **more) -> "list[int]":
    return a

@functools.cache
@functools.partial(
    lambda f, name="def x(": f,
)
async def decorated(
    x: dict[str, int],  # the first
    /,
    y="a, b) def z(",
):
    return x

square = lambda x: x * x
class Model:
    def fit(self, X, y=None): return self
'''


def function(name: str, line: int, *params: str, file: str = "module.py") -> Function:
    return Function("m", name, "python", file, line, params)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    (tmp_path / "module.py").write_text(SOURCE)
    return Sources(str(tmp_path))


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (function("plain", 4, "a", "b"), "(a, b=1, *rest, c=(2, [3]), **more)"),
        (function("decorated", 7, "x", "y"), "(x, /, y='a, b) def z(')"),
        (function("Model.fit", 19, "self", "X", "y"), "(self, X, y=None)"),
        (function("<lambda>", 17, "x"), "(x)"),
        (function("plain", 4, "a", "other"), "(a, other)"),  # the file is not what ran
        (function("other", 4, "a", "b"), "(a, b)"),
        (function("plain", 400, "a", "b"), "(a, b)"),
        (function("plain", 4, "a", file="absent.py"), "(a)"),
        (function("add", 0, file=""), ""),
    ],
)
def test_signatures(sources: Sources, asked: Function, expected: str) -> None:
    assert sources.signature(asked) == expected


@pytest.mark.parametrize(
    "text", ["def f(" * 3000, "def f(" + "(" * 5000, "def f(a=" + "-" * 100_000 + "1): 0", "def f(x", "'''"]
)
def test_strange_sources_have_no_signature(tmp_path: Path, text: str) -> None:
    (tmp_path / "module.py").write_text(text)
    assert Sources(str(tmp_path)).signature(function("f", 1, "known")) == "(known)"


def test_lines(sources: Sources) -> None:
    assert sources.line("module.py", 16) == "return x"
    assert [sources.line("module.py", number) for number in (-1, 0, 1000)] == ["", "", ""]
    assert sources.text("module.py") == SOURCE


def test_only_source_files_are_read(tmp_path: Path) -> None:
    """A trace from somebody else must not bring other files into the result."""
    for name in ("secret", "key.pem", "script"):
        (tmp_path / name).write_text("x = 1\n")
    sources = Sources(str(tmp_path), "script")
    assert [sources.text(name) for name in ("secret", "key.pem", "script", "", "<string>")] == [
        "",
        "",
        "x = 1\n",
        "",
        "",
    ]


def test_devices_folders_and_large_files_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "huge.py").write_bytes(b"#" * (MAX_FILE + 1))
    (tmp_path / "large.py").write_bytes(b"#" * (SOURCE_BYTES + 1))
    (tmp_path / "latin.py").write_bytes(b"# \xe9\n")
    sources = Sources(str(tmp_path))
    names = ("pipe.py", "folder.py", "huge.py", "large.py", "latin.py", "nul\0.py", "x" * 5000 + ".py")
    assert [sources.text(name) for name in names] == [""] * 7
    assert sources.line("large.py", 1) != ""


def test_files_that_changed_are_named(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("1")
    (tmp_path / "new.py").write_text("1")
    os.utime(tmp_path / "old.py", (1000, 1000))
    os.utime(tmp_path / "new.py", (3000, 3000))
    sources = Sources(str(tmp_path), started=2000)
    assert sources.line("old.py", 1) == sources.line("new.py", 1) == "1"
    assert list(sources.changed) == ["new.py"]
