"""What the process that starts the samples writes beside a trace, and reads: what was asked for, how and when it ended.

Imports nothing heavy: that process reads it, too.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

SPEC_NAME = "spec.json"
EXIT_NAME = "exit.json"


def read_spec(trace: Path) -> dict[str, Any]:
    """What the traced process was asked to do; empty when it is not known."""
    return _read(trace / SPEC_NAME)


def read_status(trace: Path) -> int | None:
    """The exit status of the sample that wrote this trace, or None when it is not known."""
    status = _read(trace / EXIT_NAME).get("status")
    return status if isinstance(status, int) else None


class Times(NamedTuple):
    """When the process of a sample ran, as the process that started it saw it."""

    started: str  # ISO 8601 with zone, empty when not known
    duration_ns: int  # wall time until its end, -1 when not known


def read_times(trace: Path) -> Times:
    """When the sample that wrote this trace ran; traces of pytracer before it was recorded do not say."""
    fields = _read(trace / EXIT_NAME)
    duration = fields.get("duration_ns")
    if type(duration) is not int or not 0 <= duration < 2**63:
        duration = -1
    return Times(moment(fields.get("started")), duration)


def moment(text: object) -> str:
    """The text when it is a time in ISO 8601 with zone, otherwise an empty one."""
    try:
        return text if isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None else ""
    except ValueError:
        return ""


def why_not_started(trace: Path) -> str:
    """Why there is no trace, where a command in front of the program did not run it; empty otherwise."""
    prefix, status = read_spec(trace).get("prefix"), read_status(trace)
    if not isinstance(prefix, str) or not prefix or status is None or (trace / "meta.json").exists():
        return ""
    ended = f"ended with status {status}" if status >= 0 else f"was ended by signal {-status}"
    return (
        f"the command `{prefix}` in front of the program {ended} and did not run the program; "
        "it must run the words that follow it"
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        fields = json.loads(path.read_bytes()) if path.is_file() else {}  # a pipe may never answer
    except (OSError, ValueError, RecursionError):
        return {}
    return fields if isinstance(fields, dict) else {}
