"""Kinds of values that a setting takes: each checks a value of a file and says in words what it accepts."""

import difflib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

UNITS: dict[str, int] = {"": 1, "b": 1, "bytes": 1} | {
    f"{prefix}{suffix}".lower(): base**power
    for power, prefix in enumerate("kMGT", start=1)
    for suffix, base in (("B", 1000), ("iB", 1024))
}
MAX_SIZE = 2**63 - 1
SIZE = re.compile(r"(\d{1,18})(?:\.(\d{1,6}))?\s*([a-z]*)", re.IGNORECASE | re.ASCII)


class RefusedError(ValueError):
    """A kind does not take a value. The text is a remark to what it accepts; the caller knows the key and the file."""


class Kind(Protocol):
    """Checks values of one kind."""

    @property
    def accepted(self) -> str:
        """What is accepted, in words."""

    def check(self, value: object, folder: Path) -> Any:
        """The value as Settings holds it; relative input files are those of `folder`.

        Raises RefusedError.
        """


@dataclass(frozen=True)
class Integer:
    """An integer in a range."""

    minimum: int
    maximum: int = 2**64 - 1

    @property
    def accepted(self) -> str:
        """What is accepted, in words."""
        return f"an integer from {self.minimum} to {self.maximum}"

    def check(self, value: object, folder: Path) -> int:
        """The integer."""
        if not isinstance(value, int) or isinstance(value, bool) or not self.minimum <= value <= self.maximum:
            raise RefusedError
        return value


@dataclass(frozen=True)
class Boolean:
    """True or false."""

    accepted: str = "true or false"

    def check(self, value: object, folder: Path) -> bool:
        """The truth value."""
        if not isinstance(value, bool):
            raise RefusedError
        return value


@dataclass(frozen=True)
class Choice:
    """One of some words, in lower or upper case."""

    words: tuple[str, ...]

    @property
    def accepted(self) -> str:
        """What is accepted, in words."""
        return ", ".join(map(repr, self.words))

    def check(self, value: object, folder: Path) -> str:
        """The word."""
        if not isinstance(value, str) or value.lower() not in self.words:
            raise RefusedError(near(value, self.words))
        return value.lower()


@dataclass(frozen=True)
class Text:
    """A text that says something."""

    accepted: str = "a text that is not empty"

    def check(self, value: object, folder: Path) -> str:
        """The text."""
        return _text(value)


@dataclass(frozen=True)
class Folder:
    """The path of a folder, kept as it is: relative to the working directory."""

    accepted: str = "the path of a folder"

    def check(self, value: object, folder: Path) -> Path:
        """The path."""
        return Path(_text(value))


@dataclass(frozen=True)
class Names:
    """A list of dotted names."""

    accepted: str = "a list of dotted names"

    def check(self, value: object, folder: Path) -> tuple[str, ...]:
        """The names."""
        if not isinstance(value, list):
            raise RefusedError
        return tuple(_text(name) for name in value)


@dataclass(frozen=True)
class Files:
    """One input file or several; relative ones are beside the configuration file. An empty text means none."""

    accepted: str = "the path of a file, or a list of such paths"

    def check(self, value: object, folder: Path) -> tuple[Path, ...]:
        """The paths."""
        values = value if isinstance(value, list) else [] if value == "" else [value]
        return tuple(folder / _text(path) for path in values)


@dataclass(frozen=True)
class Size:
    """A number of bytes, as an integer or as a text with a unit."""

    accepted: str = "a number of bytes from 1 on, such as 1000000, '256 MB' or '1 GiB'"

    def check(self, value: object, folder: Path) -> int:
        """Bytes."""
        if isinstance(value, str):
            return parse_size(value)
        return Integer(1, MAX_SIZE).check(value, folder)


def parse_size(text: str) -> int:
    """Bytes in a text such as "256 MB" (decimal) or "1 GiB" (binary). Raises RefusedError for any other text."""
    match = SIZE.fullmatch(text.strip())
    if match is None or match[3].lower() not in UNITS:
        raise RefusedError
    unit, decimals = UNITS[match[3].lower()], (match[2] or "").ljust(6, "0")
    size = int(match[1]) * unit + int(decimals) * unit // 10**6
    if not 0 < size <= MAX_SIZE:
        raise RefusedError
    return size


def near(word: object, words: tuple[str, ...]) -> str:
    """A remark that names words like this one, or an empty text."""
    close = difflib.get_close_matches(word.lower(), words, n=2, cutoff=0.7) if isinstance(word, str) else []
    return f"; did you mean {' or '.join(map(repr, close))}?" if close else ""


def _text(value: object) -> str:
    """A text that can be printed, written and used as a path."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise RefusedError
    try:
        value.encode()  # JSON may hold half of a surrogate pair
    except UnicodeEncodeError:
        raise RefusedError from None
    return value
