"""Kinds of values that a setting takes: each checks a value of a file and says in words what it accepts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytracer.errors import UsageError, near

UNITS: dict[str, int] = {"": 1, "b": 1, "bytes": 1} | {
    f"{prefix}{suffix}".lower(): base**power
    for power, prefix in enumerate("kMGT", start=1)
    for suffix, base in (("B", 1000), ("iB", 1024), ("", 1024))
}
MAX_SIZE = 2**63 - 1
SIZE_TEXT = re.compile(r"(\d{1,18})(?:\.(\d{1,6}))?\s*([a-z]*)", re.IGNORECASE | re.ASCII)


class RefusedError(ValueError):
    """A kind does not take a value. The text is a remark to what it accepts; the caller knows the key and the file."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Checks the values of a setting."""

    accepted: str  # in words
    check: Callable[[object, Path], Any]
    """The value as Settings holds it; relative input files are those of the folder. Raises RefusedError."""


def integer(minimum: int, maximum: int = 2**64 - 1) -> Kind:
    """An integer in a range."""

    def check(value: object, folder: Path) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise RefusedError
        return value

    return Kind(f"an integer from {minimum} to {maximum}", check)


def _fraction(value: object, folder: Path) -> float:
    if not isinstance(value, float) or not 0 < value < 1:  # NaN neither
        raise RefusedError
    return value


def choice(*words: str) -> Kind:
    """One of some words, in lower or upper case."""

    def check(value: object, folder: Path) -> str:
        if not isinstance(value, str) or value.lower() not in words:
            raise RefusedError(near(value, words))
        return value.lower()

    return Kind(", ".join(map(repr, words)), check)


def text(accepted: str) -> Kind:
    """A text that says something."""
    return Kind(accepted, lambda value, folder: _text(value))


def _boolean(value: object, folder: Path) -> bool:
    if not isinstance(value, bool):
        raise RefusedError
    return value


def _names(value: object, folder: Path) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise RefusedError
    return tuple(_text(name) for name in value)


def _files(value: object, folder: Path) -> tuple[Path, ...]:
    values = value if isinstance(value, list) else [] if value == "" else [value]  # the original has "" for none
    return tuple(folder / _text(path) for path in values)


def _size(value: object, folder: Path) -> int:
    if isinstance(value, str):
        return parse_size(value)
    size: int = integer(1, MAX_SIZE).check(value, folder)
    return size


def _noise_options(value: object, folder: Path) -> tuple[str, ...]:
    """Each model with its options as the text that the command line would have, checked."""
    from pytracer.noise import create, spec

    if not isinstance(value, dict) or not all(isinstance(options, dict) for options in value.values()):
        raise RefusedError
    parts = [
        spec.Part(model, {name: _option(text) for name, text in options.items()}) for model, options in value.items()
    ]
    try:
        for part in parts:
            create(spec.write([part]))
    except UsageError as error:
        raise RefusedError(f"; {error}") from None
    return tuple(spec.write([part]) for part in parts if part.options)


def _option(value: object) -> str:
    """The value of an option of a noise model as the command line would have it."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(value)


FRACTION = Kind("a number between 0 and 1, both excluded", _fraction)
BOOLEAN = Kind("true or false", _boolean)
NAMES = Kind("a list of dotted names", _names)
INPUT_FILES = Kind("the path of a file, or a list of such paths", _files)
NOISE_OPTIONS = Kind("a table of noise models, each a table of its options", _noise_options)
FOLDER = Kind("the path of a folder", lambda value, folder: Path(_text(value)))
SIZE = Kind("a number of bytes from 1 on, such as 1000000, '256 MB', '1 GiB' or '512M'", _size)


def parse_size(text: str) -> int:
    """Bytes in a text such as "256 MB" (decimal), "1 GiB" or "1G" (binary). Raises RefusedError for any other text."""
    match = SIZE_TEXT.fullmatch(text.strip())
    if match is None or match[3].lower() not in UNITS:
        raise RefusedError
    unit, decimals = UNITS[match[3].lower()], (match[2] or "").ljust(6, "0")
    size = int(match[1]) * unit + int(decimals) * unit // 10**6
    if not 0 < size <= MAX_SIZE:
        raise RefusedError
    return size


def _text(value: object) -> str:
    """A text that can be printed, written and used as a path."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise RefusedError
    try:
        value.encode()  # JSON may hold half of a surrogate pair
    except UnicodeEncodeError:
        raise RefusedError from None
    return value
