"""Include and exclude files."""

import re
from pathlib import Path

import pytest

from pytracer.errors import UsageError
from pytracer.settings.patterns import MAX_PATTERNS, read_patterns
from pytracer.trace.patterns import Pattern


def test_a_pattern_a_line(folder: Path) -> None:
    path = folder / "exclude.txt"
    path.write_bytes(
        b"\xef\xbb\xbf# first\nnumpy\n\n  numpy*\t*array  # with a reason\r\n__main__ f.<locals>.<lambda>\nm\xc3\xb6del\n"
    )
    assert read_patterns([path]) == (
        Pattern("numpy", f"{path}:2"),
        Pattern("numpy* *array", f"{path}:4"),
        Pattern("__main__ f.<locals>.<lambda>", f"{path}:5"),
        Pattern("m\u00f6del", f"{path}:6"),
    )


def test_several_files_in_order(folder: Path) -> None:
    for name in ("a", "b"):
        (folder / name).write_text(name)
    assert [pattern.origin for pattern in read_patterns([Path("b"), Path("a")])] == ["b:1", "a:1"]
    assert read_patterns([]) == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb c d\n", "x.txt:2: 3 words where `module` or `module function` is expected; "),
        (b"numpy/linalg\n", "x.txt:1: 'numpy/linalg' is no name; "),
        (b"numpy [ab]\n", "x.txt:1: '[ab]' is no name; "),
        (b"a\nb\n\xff\xfe\n", "x.txt:3: this line is not UTF-8; "),
        (b"a\0b\n", r"x.txt:1: 'a\x00b' is no name; "),
        (b"a\n" * (MAX_PATTERNS + 1), "'x.txt' has 10001 patterns, more than 10000; "),
        (b"#" * (2 << 20), "'x.txt' is larger than "),
    ],
)
def test_mistakes(folder: Path, content: bytes, message: str) -> None:
    (folder / "x.txt").write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(message)):
        read_patterns([Path("x.txt")])


def test_files_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot read 'nowhere\.txt': No such file or directory; check the path"):
        read_patterns([Path("nowhere.txt")])
    with pytest.raises(UsageError, match="is no regular file"):
        read_patterns([folder])
