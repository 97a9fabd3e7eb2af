"""Options that several verbs share."""

import argparse
from collections.abc import Callable

from pytracer.config import DEFAULTS
from pytracer.trace.names import check_targets
from pytracer.trace.program import Program
from pytracer.trace.sample import Targets


def at_least(minimum: int) -> Callable[[str], int]:
    """The type of an option that takes an integer from `minimum` on."""

    def integer(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is no integer from {minimum} on")
        return int(text)

    return integer


def add_seed(parser: argparse.ArgumentParser) -> argparse.Action:
    """The seed of the noise."""
    return parser.add_argument(
        "--seed", metavar="S", type=at_least(0), default=DEFAULTS.seed, help="seed of the noise (default: %(default)s)"
    )


def add_targets(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What to trace."""
    trace = parser.add_argument(
        "--trace",
        metavar="NAME",
        action="append",
        default=[],
        help="trace this module, package or function (repeatable; default: your own code and what it calls directly in "
        "NumPy, SciPy and scikit-learn)",
    )
    exclude = parser.add_argument(
        "--exclude", metavar="NAME", action="append", default=[], help="leave this out (repeatable)"
    )
    return [trace, exclude]


def targets_of(options: argparse.Namespace, program: Program) -> Targets:
    """The targets asked for. Raises UsageError for a name that cannot exist."""
    check_targets([*options.trace, *options.exclude], program.folder())
    return Targets(tuple(options.trace), tuple(options.exclude))


def check_noise(model: str) -> None:
    """Raise UsageError for an unknown noise model."""
    from pytracer.noise import create

    create(model)
