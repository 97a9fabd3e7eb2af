"""Options that several verbs share. One whose destination is a field of Settings overrides the configuration.

Such an option has no default of its own: None says that it was not given.
"""

import argparse
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import get_args

from pytracer.commands.inventory import readable_size
from pytracer.config import DEFAULTS, Elements, Method, Reference
from pytracer.errors import UsageError
from pytracer.settings import Resolved
from pytracer.settings.kinds import RefusedError, parse_size
from pytracer.settings.patterns import read_patterns
from pytracer.settings.resolve import COMMAND_LINE, DEFAULT
from pytracer.trace.program import Program, check_targets
from pytracer.trace.sample import Targets

UNCHECKED = re.compile(r"[*?]|^__main__\.")
"""Names that only the running program can tell: patterns, and what its own functions define."""

NOISE_HELP = "NAME[:option=value,...][+NAME...], see docs/noise.md and `pytracer doctor`"


def at_least(minimum: int) -> Callable[[str], int]:
    """The type of an option that takes an integer from `minimum` on."""

    def integer(text: str) -> int:
        if not text.isdecimal() or int(text) < minimum:
            raise argparse.ArgumentTypeError(f"{text!r} is no integer from {minimum} on")
        return int(text)

    return integer


def size(text: str) -> int:
    """The type of an option that takes a number of bytes."""
    try:
        return parse_size(text)
    except RefusedError:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write it as 1000000, '256 MB', 1GiB or 512M") from None


def fraction(text: str) -> float:
    """The type of an option that takes a probability."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1:  # NaN neither
        raise argparse.ArgumentTypeError(f"{text!r} is no number between 0 and 1, both excluded")
    return value


def add_seed(parser: argparse.ArgumentParser) -> argparse.Action:
    """The seed of the noise."""
    return parser.add_argument(
        "--seed", metavar="S", type=at_least(0), help=f"seed of the noise (default: {DEFAULTS.seed})"
    )


def add_directory(group: argparse._ActionsContainer, what: str) -> argparse.Action:
    """A folder to look in instead of the cache folder."""
    return group.add_argument(
        "--directory", metavar="D", type=Path, help=f"{what} (default: the cache folder, {DEFAULTS.cache})"
    )


def add_measurement(parser: argparse.ArgumentParser) -> None:
    """How values are measured."""
    add = parser.add_argument
    add(
        "--method",
        choices=get_args(Method),
        help="cnh, the Centered Normality Hypothesis, or general, which assumes no distribution "
        f"(default: {DEFAULTS.method})",
    )
    add(
        "--reference",
        choices=get_args(Reference),
        help=f"what bits are relative to: the mean, or the unperturbed sample (default: {DEFAULTS.reference})",
    )
    for name, what in (("probability", "probability"), ("confidence", "confidence level")):
        shown = getattr(DEFAULTS, name)
        add(f"--{name}", metavar="P", type=fraction, help=f"{what} of the significant bits (default: {shown})")
    add(
        "--elements",
        choices=get_args(Elements),
        help="arrays whose elements the result keeps: those that differ, within limits, or all, or none "
        f"(default: {DEFAULTS.elements})",
    )
    add(
        "--batch-size",
        metavar="SIZE",
        type=size,
        help=f"memory that measuring may take (default: {readable_size(DEFAULTS.batch_size)})",
    )
    add(
        "--jobs",
        metavar="J",
        type=at_least(1),
        dest="parse_jobs",
        help=f"threads that measure at a time (default: {DEFAULTS.parse_jobs})",
    )


def add_targets(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """What to trace."""
    trace = parser.add_argument(
        "--trace",
        metavar="NAME",
        action="append",
        dest="modules_to_load",
        help="trace this module, package or function (repeatable; default: your own code and what it calls directly in "
        "NumPy, SciPy and scikit-learn)",
    )
    exclude = parser.add_argument(
        "--exclude", metavar="NAME", action="append", dest="modules_to_exclude", help="leave this out (repeatable)"
    )
    files = [
        parser.add_argument(f"--{what}-file", metavar="F", action="append", type=Path, help=f"{effect} (repeatable)")
        for what, effect in (
            ("include", "trace only what matches a pattern in this file"),
            ("exclude", "leave out what matches a pattern in this file"),
        )
    ]
    return [trace, exclude, *files]


def add_recording(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """How much to record."""
    return [
        parser.add_argument(
            "--backtrace", action=argparse.BooleanOptionalAction, help="record the full Python stack of each call"
        ),
        parser.add_argument(
            "--follow",
            action=argparse.BooleanOptionalAction,
            help="trace the Python processes that the program starts, too (default: yes)",
        ),
        parser.add_argument(
            "--limit",
            metavar="SIZE",
            type=size,
            dest="trace_bytes",
            help=f"drop and count calls when a trace is larger (default: {readable_size(DEFAULTS.trace_bytes)})",
        ),
        parser.add_argument(
            "--format",
            choices=("native", "pickle"),
            dest="trace_format",
            help=f"format of the trace (default: {DEFAULTS.trace_format})",
        ),
    ]


def targets_of(resolved: Resolved, program: Program) -> Targets:
    """The targets asked for. Raises UsageError for a name that cannot exist and for a bad file of patterns."""
    settings = resolved.settings
    with blame(resolved, "modules_to_load"):
        check_targets(settings.modules_to_load, program)
    with blame(resolved, "modules_to_exclude"):
        check_targets(settings.modules_to_exclude, program)
    return Targets(
        settings.modules_to_load,
        settings.modules_to_exclude,
        read_patterns(settings.include_file),
        read_patterns(settings.exclude_file),
    )


def noise_of(resolved: Resolved, key: str, text: str, program: Program) -> str:
    """The noise that this key names, with the options that the configuration has for its models.

    Raises UsageError for a noise that does not exist, that this machine does not have, or whose options name what
    cannot exist.
    """
    from pytracer.noise import create

    with blame(resolved, key):
        model = create(text, resolved.settings.noise_options)
        found = model.availability()
        if not found.available:
            raise UsageError(
                f"the noise {model.text!r} is not available here: {found.reason}; `pytracer doctor` shows what is"
            )
        check_targets((name for name in model.names() if not UNCHECKED.search(name)), program)
    return model.text


def check_noise(resolved: Resolved) -> None:
    """Raise UsageError where the configuration names noise that does not exist, on this machine or any other."""
    from pytracer.noise import create

    for key, text in (("run.noise", resolved.settings.noise), ("trace.noise", resolved.settings.trace_noise)):
        with blame(resolved, key):
            create(text, resolved.settings.noise_options)


@contextmanager
def blame(resolved: Resolved, key: str) -> Iterator[None]:
    """A mistake in the value of this setting names the configuration file when it comes from there."""
    try:
        yield
    except UsageError as error:
        origin = resolved.origins[key]
        if origin in (COMMAND_LINE, DEFAULT):
            raise
        raise UsageError(f"{key} in {origin!r}: {error}") from None
