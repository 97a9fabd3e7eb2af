"""What the parent process has to say about a trace or a result, in a text file beside it.

One line an event: the time, then words, or the name of a field and its value as JSON.
"""

import contextlib
import json
import re
import time
from pathlib import Path
from typing import Any

FIELD = re.compile(r"\S+ (\w+): (.*)")


class Journal:
    """A file that may not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def say(self, text: str) -> None:
        """Add a line. Nothing is lost for good when the disk is full: the trace or the terminal has it too."""
        line = f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {' '.join(text.splitlines())}\n"
        with contextlib.suppress(OSError), self.path.open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(line)

    def record(self, field: str, value: Any) -> None:
        """Add a line from which `fields` gets the value back."""
        self.say(f"{field}: {json.dumps(value)}")

    def fields(self) -> dict[str, Any]:
        """The last value recorded of each field; empty when there is no file."""
        try:
            lines = self.path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return {}
        found: dict[str, Any] = {}
        for match in filter(None, map(FIELD.fullmatch, lines)):
            with contextlib.suppress(ValueError, RecursionError):
                found[match[1]] = json.loads(match[2])
        return found


def trace_journal(trace: Path) -> Journal:
    """The journal of a trace, inside its folder."""
    return Journal(trace / "pytracer.log")


def result_journal(result: Path) -> Journal:
    """The journal of a result in the cache, beside it."""
    return Journal(result.with_suffix(".log"))
