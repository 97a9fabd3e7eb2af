"""Find where a Python program loses its digits.

Pytracer runs a program several times under stochastic arithmetic, records what goes into and comes out of its
functions, lines the executions up call by call, and ranks the functions by the significant bits they lose.

Start with:

    pytracer run script.py
"""

import argparse
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn, Protocol, cast

from pytracer import __version__
from pytracer.commands.messages import LOG, start_messages
from pytracer.commands.program import CommandLine
from pytracer.config import DEFAULTS
from pytracer.errors import EXIT_FAILED, EXIT_USAGE, PytracerError
from pytracer.settings import resolve

VERBS = ("run", "trace", "parse", "report", "visualize", "export", "suggest", "info", "doctor", "clean")

EXIT_INTERRUPTED = 128 + signal.SIGINT
EXIT_TERMINATED = 128 + signal.SIGTERM


class Verb(Protocol):
    """What the module of a verb offers; its docstring is the verb's help."""

    __doc__: str

    def configure(self, parser: argparse.ArgumentParser) -> CommandLine | None:
        """Declare the options; return how to split the line when a program follows them."""

    def execute(self, options: argparse.Namespace) -> int:
        """Do it and return the exit code."""


class Parser(argparse.ArgumentParser):
    """Prints a usage error as every other error, in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit with the message and where to read more."""
        self.exit(EXIT_USAGE, f"pytracer: error: {message}; see `{self.prog} --help`\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code: 0 ok, 1 the program or an operation failed, 2 usage."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(EXIT_TERMINATED))
    start_messages(DEFAULTS)
    try:
        status = _dispatch(list(sys.argv[1:] if argv is None else argv))
        sys.stdout.flush()
    except PytracerError as error:
        LOG.error(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        LOG.warning("interrupted")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; without this the interpreter would complain when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    except Exception:
        traceback.print_exc()
        LOG.error("this is a mistake of Pytracer: please report it with the lines above")
        return EXIT_FAILED
    return status


def _dispatch(argv: list[str]) -> int:
    parser = Parser(
        prog="pytracer", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    parser.add_argument("--version", action="version", version=f"pytracer {__version__}")
    verbs = parser.add_subparsers(title="verbs", dest="verb", metavar="VERB", required=True)
    options = argparse.Namespace(words=tuple(argv))
    for name in VERBS:
        verb = cast(Verb, importlib.import_module(f"pytracer.commands.{name}"))
        own = verbs.add_parser(
            name,
            help=verb.__doc__.partition("\n")[0].removesuffix("."),
            description=verb.__doc__,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        own.set_defaults(execute=verb.execute)
        command_line = verb.configure(own)
        if command_line is not None and argv[:1] == [name]:
            argv, options.program = command_line.split(argv)
    parser.parse_args(argv, options)
    _configure(options)
    return int(options.execute(options))


def _configure(options: argparse.Namespace) -> None:
    """Add the settings to the options, and let the messages obey them."""
    resolved = resolve(options)
    start_messages(resolved.settings)
    LOG.debug("configuration: %s", resolved.file or "none, the defaults")
    for remark in resolved.remarks:
        LOG.warning(remark)
    options.resolved, options.settings = resolved, resolved.settings
