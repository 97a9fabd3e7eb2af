"""Runs programs in the traced process itself, `python -m pytracer.trace.child`, without the command line around it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hooking import Call, read_calls

from pytracer.records.reader import Trace


@dataclass(frozen=True)
class Traced:
    """A traced execution that has ended."""

    script: Path
    trace: Path
    status: int
    out: str
    err: str

    def calls(self, *names: str) -> list[Call]:
        """The recorded calls, or those of these functions, in order of lane and entry."""
        return [call for call in read_calls(self.trace) if not names or call.name in names]

    def read(self) -> Trace:
        """The trace."""
        return Trace.open(self.trace)

    def counters(self) -> dict[str, int]:
        """Of all processes together."""
        return self.read().counters()


Run = Callable[..., Traced]


def spec(trace: Path, kind: str, target: str, args: list[str], names: tuple[str, ...]) -> dict[str, Any]:
    """What the parent writes for the traced process."""
    return {
        "trace": str(trace),
        "command": {"kind": kind, "target": target, "args": args},
        "noise": {"model": "none", "seed": 1, "sample": 0},
        "targets": {"trace": list(names), "exclude": [], "default": not names},
        "experiment": None,
        "sample": 0,
    }
