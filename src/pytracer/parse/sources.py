"""Source files of call sites and functions, read once when traces are parsed: what is shown comes from the result."""

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from pytracer.parse.schema import SOURCE_BYTES
from pytracer.records.reader import Trace
from pytracer.records.tables import Function

MAX_FILE = 4 * 2**20
MAX_LINE = 500
MAX_HEADER = 5000
"""Tokens between the first line of a function, a decorator maybe, and the end of its parameters."""

SUFFIXES = (".py", ".pyw", ".pyi", ".pyx", ".pxd", ".pxi")
"""A trace names files, and may come from somebody else: no others are copied into the result, but the script itself."""


class Sources:
    """The source files that a program was made of, as they are now.

    `directory` is where it ran, and `script` what it ran; `started` in seconds since 1970, NaN when not known.
    """

    def __init__(self, directory: str = "", script: str = "", started: float = float("nan")) -> None:
        self.changed: dict[str, None] = {}  # files that are younger than the start of the program
        self._directory = directory
        self._script = script
        self._started = started
        self._texts: dict[str, str] = {}
        self._lines: dict[str, list[str]] = {}

    @classmethod
    def of(cls, trace: Trace) -> "Sources":
        """Those of the program that a trace is of."""
        directory, command = trace.meta.get("directory"), trace.meta["command"]
        script = command[0] if command and not command[0].startswith("-") else ""
        return cls(directory if isinstance(directory, str) else "", script, _seconds(trace.meta.get("started")))

    def text(self, file: str) -> str:
        """The whole file; empty when it cannot be read or has more than SOURCE_BYTES."""
        text = self._text(file)
        return text if len(text.encode(errors="replace")) <= SOURCE_BYTES else ""

    def line(self, file: str, number: int) -> str:
        """Line `number` (from 1) of `file`, stripped and cut to MAX_LINE characters; empty when it cannot be read."""
        lines = self._lines_of(file)
        return lines[number - 1].strip()[:MAX_LINE] if 1 <= number <= len(lines) else ""

    def signature(self, function: Function) -> str:
        """Its parameters with their defaults, such as '(a, b=1, *, out=None)'.

        Without defaults where its source does not say, or is not what ran; empty when nothing is known of them.
        """
        lines = self._lines_of(function.file) if function.line > 0 and function.file else []
        written = _signature(lines[function.line - 1 :], function.name.rpartition(".")[2])
        if written is not None and written[1] == function.params:
            return written[0]
        return f"({', '.join(function.params)})" if function.params else ""

    def _lines_of(self, file: str) -> list[str]:
        if file not in self._lines:
            self._lines[file] = self._text(file).split("\n")
        return self._lines[file]

    def _text(self, file: str) -> str:
        if file not in self._texts:
            known = file.endswith(SUFFIXES) or (file and file == self._script)
            self._texts[file] = self._read(file) if known else ""
        return self._texts[file]

    def _read(self, file: str) -> str:
        try:
            path = Path(self._directory, file)
            status = path.stat()
            # A name in a trace may lead to a device or a pipe, which would never end.
            if not path.is_file() or status.st_size > MAX_FILE:
                return ""
            if status.st_mtime > self._started + 1:  # of which only the second is known
                self.changed[file] = None
            with tokenize.open(path) as source:
                return source.read()
        except (OSError, ValueError, SyntaxError):
            return ""


def _seconds(date: object) -> float:
    """Seconds since 1970 of an ISO 8601 date; NaN when it is none."""
    try:
        return datetime.fromisoformat(str(date)).timestamp()
    except (ValueError, OverflowError, OSError):
        return float("nan")


def _signature(lines: list[str], name: str) -> tuple[str, tuple[str, ...]] | None:
    """Of the first `def` in these lines, if it has this name: its parameters, and the names of positional ones."""
    try:
        text = _parameters(tokenize.generate_tokens(io.StringIO("\n".join(lines[:MAX_HEADER])).readline), name)
        [definition] = ast.parse(f"def f{text}: pass").body if text else [None]
        if not isinstance(definition, ast.FunctionDef):
            return None
        arguments = definition.args
        positional = tuple(each.arg for each in (*arguments.posonlyargs, *arguments.args))
        for each in _all_of(arguments):
            each.annotation = None
        return f"({ast.unparse(arguments)})", positional
    except (tokenize.TokenError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _parameters(tokens: Iterable[tokenize.TokenInfo], name: str) -> str:
    """From the parenthesis behind `def name` to the one that closes it; empty when another name follows the `def`."""
    words: list[str] = []
    before, depth = "", 0
    for token, _ in zip(tokens, range(MAX_HEADER), strict=False):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            continue
        if before == "def" and token.string != name:
            return ""
        if words or before == "def":
            words.append(token.string)
            depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
            if depth == 0 and len(words) > 1:
                return " ".join(words[1:])
        before = token.string
    return ""


def _all_of(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from filter(None, (arguments.vararg, arguments.kwarg))
