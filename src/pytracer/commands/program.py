"""The part of a command line that belongs to the user's program, as with `python` itself."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from pytracer.errors import UsageError
from pytracer.trace.program import Program

HELP = ("-h", "--help")


@dataclass(frozen=True)
class CommandLine:
    """Splits the words of a verb into its own options and the program that follows them."""

    verb: str
    options: Sequence[argparse.Action]
    introduction: str | None = None  # the option that must stand before the program, if any

    def split(self, argv: list[str]) -> tuple[list[str], Program | None]:
        """The verb with its own options, and the program; None when help was asked for."""
        position = self._own_words(argv)
        own, rest = argv[:position], argv[position:]
        if any(word in HELP for word in own):
            return own, None
        if rest and rest[0] == self.introduction:
            rest = rest[1:]
        elif self.introduction is not None:
            raise UsageError(f"no {self.introduction} given; see `pytracer {self.verb} --help`")
        return own, parse_program(rest, self.verb)

    def _own_words(self, argv: list[str]) -> int:
        """Number of words before the program."""
        valued = {name for action in self.options if action.nargs != 0 for name in action.option_strings}
        position = 1
        while position < len(argv):
            word = argv[position]
            if word == self.introduction or word in ("-", "--", "-m", "-c") or not word.startswith("-"):
                break
            position += 2 if word in valued else 1
        return min(position, len(argv))


def parse_program(words: list[str], verb: str) -> Program:
    """The program named by `script args`, `-m module args` or `-c code args`, after an optional `--`."""
    if words[:1] == ["--"]:
        words = words[1:]
    kind = {"-m": "module", "-c": "code"}.get(words[0] if words else "", "script")
    if kind != "script":
        words = words[1:]
    if not words:
        raise UsageError(f"no {kind} given to run; see `pytracer {verb} --help`")
    return Program(kind, words[0], tuple(words[1:]))
