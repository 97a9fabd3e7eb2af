"""Source lines of call sites, read once when traces are parsed: the dashboard shows only what the result holds."""

import tokenize
from pathlib import Path

MAX_FILE = 4 * 2**20
MAX_LINE = 500


class SourceLines:
    """Lines of source files; the empty text where a line cannot be read."""

    def __init__(self) -> None:
        self._files: dict[str, list[str]] = {}

    def line(self, file: str, number: int) -> str:
        """Line `number` (from 1) of `file`, stripped and cut to MAX_LINE characters."""
        if file not in self._files:
            self._files[file] = _read(file)
        lines = self._files[file]
        return lines[number - 1].strip()[:MAX_LINE] if 1 <= number <= len(lines) else ""


def _read(file: str) -> list[str]:
    try:
        path = Path(file)
        # A name in a trace may lead to a device or a pipe, which would never end.
        if not path.is_file() or path.stat().st_size > MAX_FILE:
            return []
        with tokenize.open(path) as source:
            return source.read().splitlines()
    except (OSError, ValueError, SyntaxError):
        return []
