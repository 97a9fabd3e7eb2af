"""Finds and reads the configuration file: the JSON that PYTRACER_CONFIG names, else the nearest pyproject.toml."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pytracer.errors import UsageError

VARIABLE = "PYTRACER_CONFIG"
MAX_BYTES = 1 << 20
"""No configuration is larger; what is was not meant to be one."""


@dataclass(frozen=True)
class Source:
    """What a configuration file holds. `path` is None when there is none."""

    path: Path | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where its relative input files are."""
        return Path() if self.path is None else self.path.parent


def find_source() -> Source:
    """The configuration of this environment and working directory. Raises UsageError when it cannot be read."""
    named = os.environ.get(VARIABLE)
    if named:
        return Source(Path(named), read_json(Path(named)))
    for folder in _upwards():
        path = folder / "pyproject.toml"
        if path.is_file():
            return Source(path, read_pyproject(path))
    return Source()


def read_json(path: Path) -> Mapping[str, Any]:
    """The object in a JSON file."""
    import json

    try:
        content = json.loads(read_bytes(path), object_pairs_hook=_object)
    except RecursionError:
        raise _unreadable(path, "JSON", "it is nested too deeply") from None
    except ValueError as error:
        raise _unreadable(path, "JSON", str(error)) from None
    if not isinstance(content, dict):
        raise _unreadable(path, "JSON", "it must hold one object")
    return content


def read_pyproject(path: Path) -> Mapping[str, Any]:
    """The table `[tool.pytracer]`; empty when the file has none."""
    data = read_bytes(path)
    if b"pytracer" not in data:  # saves the import of tomllib, and another tool's mistake is not ours to report
        return {}
    import tomllib

    try:
        content = tomllib.loads(data.decode())
    except RecursionError:
        raise _unreadable(path, "TOML", "it is nested too deeply") from None
    except ValueError as error:
        raise _unreadable(path, "TOML", str(error)) from None
    tool = content.get("tool", {})
    table = tool.get("pytracer", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise UsageError(f"tool.pytracer in {str(path)!r} is no table; write its keys below [tool.pytracer]")
    return table


def read_bytes(path: Path) -> bytes:
    """The content of an input file that a person wrote. Raises UsageError when it cannot be one."""
    try:
        if path.exists() and not path.is_file():
            raise UsageError(f"{str(path)!r} is no regular file; give the path of a text file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"cannot read {str(path)!r}: {error.strerror}; check the path") from None
    if len(data) > MAX_BYTES:
        raise UsageError(f"{str(path)!r} is larger than {MAX_BYTES} bytes; give the path of a text file")
    return data


def _upwards() -> tuple[Path, ...]:
    try:
        here = Path.cwd()
    except FileNotFoundError:  # the working directory was removed
        return ()
    return (here, *here.parents)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        twice = next(name for name in content if sum(name == key for key, _ in pairs) > 1)
        raise ValueError(f"key {twice!r} stands there twice")
    return content


def _unreadable(path: Path, language: str, reason: str) -> UsageError:
    return UsageError(f"cannot read the configuration {str(path)!r} as {language}: {reason}; mend it")
