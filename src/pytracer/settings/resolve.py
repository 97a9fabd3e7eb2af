"""Puts the settings together, command line over file over defaults, and says where each came from."""

import reprlib
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytracer.config import DEFAULTS, Settings
from pytracer.errors import UsageError, near
from pytracer.settings.files import Source, find_source
from pytracer.settings.keys import BY_NAME, KEYS, OBSOLETE, TABLES, Key, standard_name
from pytracer.settings.kinds import RefusedError

COMMAND_LINE = "command line"
DEFAULT = "default"


@dataclass(frozen=True)
class Resolved:
    """The settings of one command."""

    settings: Settings
    file: Path | None  # the configuration that was read
    origins: Mapping[str, str]  # name of each key -> COMMAND_LINE, the path of the file, or DEFAULT
    remarks: tuple[str, ...] = ()  # what the user should know about the file


def resolve(options: Namespace) -> Resolved:
    """The settings for these options, whose names are those of the fields of Settings; None means not given.

    Raises UsageError for a configuration file that cannot be read, has unknown keys, or values of a wrong type.
    """
    source = find_source()
    remarks: list[str] = []
    configured = dict(_configured(source, remarks))
    given = {key.field: value for key in KEYS if (value := _given(options, key)) is not None}
    settings = replace(DEFAULTS, **{key.field: value for key, value in configured.items()} | given)
    origins = dict.fromkeys(BY_NAME, DEFAULT) | {key.name: str(source.path) for key in configured}
    origins |= {key.name: COMMAND_LINE for key in KEYS if key.field in given}
    return Resolved(settings, source.path, origins, tuple(remarks))


def _given(options: Namespace, key: Key) -> Any:
    value = getattr(options, key.field, None)
    return tuple(value) if isinstance(value, list) else value


def _configured(source: Source, remarks: list[str]) -> Iterator[tuple[Key, Any]]:
    """Each key of the file with its checked value."""
    seen: dict[str, str] = {}
    for written, value in _flat(source.content, source):
        name = standard_name(written)
        if name in seen:
            raise UsageError(f"{_place(written, source)} and {seen[name]!r} are the same setting; keep one")
        seen[name] = written
        if name in OBSOLETE:
            remarks.append(f"{_place(written, source)} has no effect: {OBSOLETE[name]}")
            continue
        key = BY_NAME[name]
        try:
            yield key, key.kind.check(value, source.folder)
        except RefusedError as remark:
            raise UsageError(
                f"{_place(written, source)} cannot be {_short(value)}; accepted: {key.kind.accepted}{remark}"
            ) from None


def _flat(content: Mapping[str, Any], source: Source, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """The dotted names of a nested table with their values. Raises UsageError for a name that is no key."""
    for part, value in content.items():
        name = f"{prefix}{part}"
        standard = standard_name(name)
        if isinstance(value, dict) and standard in TABLES:
            yield from _flat(value, source, f"{name}.")
        elif standard in BY_NAME or standard in OBSOLETE:
            yield name, value
        elif standard in TABLES:
            raise UsageError(f"{_place(name, source)} cannot be {_short(value)}; accepted: a table of its own keys")
        else:
            raise _unknown(name, source)


def _unknown(name: str, source: Source) -> UsageError:
    table = standard_name(name).rpartition(".")[0]
    known = [key for key in BY_NAME if key.startswith(f"{table}.")] or list(BY_NAME)
    remark = near(standard_name(name), tuple(BY_NAME))
    return UsageError(f"unknown {_place(name, source)}{remark}; accepted: {', '.join(known)}")


def _place(name: str, source: Source) -> str:
    return f"key {name!r} in {str(source.path)!r}"


def _short(value: Any) -> str:
    try:
        return reprlib.repr(value)
    except ValueError:  # an integer of thousands of digits
        return f"this {type(value).__name__}"
