"""Pytracer's own messages, beside its results: the settings of the logger say which, where and how they are shown.

Errors and warnings are shown on standard error wherever the others go: nobody is left with an exit code alone.
"""

import logging
import sys
from collections.abc import Iterator
from typing import Any

from pytracer.config import Settings
from pytracer.errors import UsageError

LOG = logging.getLogger("pytracer")

COLORS = {"DEBUG": "2", "WARNING": "33", "ERROR": "31"}
"""Level -> the parameter of the terminal's escape sequence."""


class Line(logging.Formatter):
    """How a message looks: `pytracer: ...`, or with time and level."""

    def __init__(self, style: str, *, color: bool) -> None:
        super().__init__("[%(asctime)s] %(levelname)s: %(message)s", "%H:%M:%S")
        self._short = style == "print"
        self._color = color

    def format(self, record: logging.LogRecord) -> str:
        """The text of a message."""
        text = super().format(record)
        if self._short:
            text = f"pytracer: {'error: ' if record.levelno >= logging.ERROR else ''}{record.getMessage()}"
        color = COLORS.get(record.levelname) if self._color else None
        return text if color is None else f"\x1b[{color}m{text}\x1b[0m"


def start_messages(settings: Settings) -> None:
    """From now on LOG obeys these settings. Raises UsageError when its file cannot be written."""
    for handler in LOG.handlers[:]:
        LOG.removeHandler(handler)
        handler.close()
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    LOG.propagate = False
    LOG.setLevel(level)
    for handler in _handlers(settings, level):
        color = settings.log_color and handler.stream.isatty()
        handler.setFormatter(Line(settings.log_format, color=color))
        LOG.addHandler(handler)


def _handlers(settings: Settings, level: int) -> Iterator["logging.StreamHandler[Any]"]:
    output = settings.log_output
    errors = logging.StreamHandler(sys.stderr)
    errors.setLevel(level if output == "stderr" else max(level, logging.WARNING))
    yield errors
    if output == "stdout":
        shown = logging.StreamHandler(sys.stdout)
        shown.addFilter(lambda record: record.levelno < logging.WARNING)
        yield shown
    elif output != "stderr":
        try:
            yield logging.FileHandler(output, encoding="utf-8", errors="backslashreplace")
        except OSError as error:
            raise UsageError(
                f"cannot write messages into {output!r}: {error.strerror}; choose another file for logger.output"
            ) from None
