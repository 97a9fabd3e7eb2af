"""Reads include and exclude files; `pytracer.trace.patterns` says what a pattern is."""

import re
from collections.abc import Iterable
from pathlib import Path

from pytracer.errors import UsageError
from pytracer.settings.files import read_bytes
from pytracer.trace.patterns import Pattern

MAX_PATTERNS = 10_000
"""In one file: each is compared with each callable of the traced packages."""

NAME = re.compile(r"[\w.*?<>]+")
"""Parts of dotted names; angle brackets stand in names such as `outer.<locals>.inner`."""


def read_patterns(paths: Iterable[Path]) -> tuple[Pattern, ...]:
    """The patterns of these files. Raises UsageError for a file that cannot be read or a line that is no pattern."""
    return tuple(pattern for path in paths for pattern in _read_file(path))


def _read_file(path: Path) -> list[Pattern]:
    lines = read_bytes(path).removeprefix(b"\xef\xbb\xbf").splitlines()
    patterns = [
        Pattern(text, f"{path}:{number}")
        for number, line in enumerate(lines, 1)
        if (text := _pattern(line, path, number))
    ]
    if len(patterns) > MAX_PATTERNS:
        raise UsageError(f"{str(path)!r} has {len(patterns)} patterns, more than {MAX_PATTERNS}; use `*` to join some")
    return patterns


def _pattern(line: bytes, path: Path, number: int) -> str:
    """The pattern in a line in its standard form, or an empty text."""
    try:
        words = line.partition(b"#")[0].decode().split()
    except UnicodeDecodeError:
        raise UsageError(f"{path}:{number}: this line is not UTF-8; save the file as UTF-8") from None
    wrong = [word for word in words if NAME.fullmatch(word) is None]
    if wrong:
        raise UsageError(f"{path}:{number}: {wrong[0]!r} is no name; a pattern has dotted names, `*` and `?`")
    if len(words) > 2:
        raise UsageError(
            f"{path}:{number}: {len(words)} words where `module` or `module function` is expected; "
            "write one pattern a line"
        )
    return " ".join(words)
