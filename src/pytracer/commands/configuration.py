"""The settings as `info --config` shows them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytracer.commands.inventory import readable_size
from pytracer.settings import Resolved
from pytracer.settings.keys import KEYS


def settings_object(resolved: Resolved) -> dict[str, Any]:
    """For JSON: the file, and each key with its value and where it came from."""
    settings = {name: {"value": value, "origin": resolved.origins[name]} for name, value in _values(resolved)}
    return {"file": None if resolved.file is None else str(resolved.file), "settings": settings}


def settings_text(resolved: Resolved) -> str:
    """For the terminal: one line a setting."""
    lines = [f"    {name:20} {_shown(name, value):24} {resolved.origins[name]}" for name, value in _values(resolved)]
    return "\n".join([f"Configuration file: {resolved.file or 'none'}", "", *lines])


def _values(resolved: Resolved) -> Iterator[tuple[str, Any]]:
    """Keys with plain values."""
    for key in KEYS:
        value = getattr(resolved.settings, key.field)
        if isinstance(value, tuple):
            yield key.name, [str(each) for each in value]
        else:
            yield key.name, str(value) if isinstance(value, Path) else value


def _shown(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return " ".join(value) or "none"
    return readable_size(value) if name.endswith("_bytes") else str(value)
