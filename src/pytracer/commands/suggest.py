"""Run a program once and suggest packages and functions to add as targets.

Looks for what is given floating-point numbers outside the default targets: other packages that your code calls, and
native code that runs with no hook. The program runs unperturbed, with its calls counted and timed; no trace is kept.
Each suggestion is a --trace option for `pytracer run` and `pytracer trace`. The program is given as to `run`.

--json prints one object {suggestions, native_seconds, dropped_calls, not_hookable: {package: callables}}, and what the
program prints goes to standard error. A suggestion is {name, calls, direct_calls, float_calls, native_calls,
native_share, why, modules, functions}; the last two are lists of narrower ones with the same numbers. Shares are of the
time in native functions, 0 to 1.

Examples:
    pytracer suggest script.py data.csv
    pytracer suggest --json -m package.module
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pytracer.commands.messages import LOG
from pytracer.commands.program import CommandLine
from pytracer.config import Settings
from pytracer.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from pytracer.shared import NO_NOISE
from pytracer.trace.program import Program, find_script
from pytracer.trace.sample import Sample, Targets, describe, run, temporary_trace

ITEMS = 16
"""Items of a container in which floats are looked for."""


def configure(parser: argparse.ArgumentParser) -> CommandLine:
    """Declare the options."""
    parser.usage = "pytracer suggest [--json] [--command] SCRIPT [ARGUMENT...]"
    add = parser.add_argument
    options = [
        add("--command", action="store_true", help="may stand before the program, as with `pytracer trace`"),
        add("--json", action="store_true", help="print one JSON object, and nothing else, on standard output"),
    ]
    return CommandLine("suggest", options)


def execute(options: argparse.Namespace) -> int:
    """Run the program and print the suggestions."""
    from pytracer.trace.survey import survey_packages  # imports what the traced process has

    program: Program = options.program
    if program.kind == "script":
        program = replace(program, target=find_script(program.target))
    program.check()
    settings: Settings = replace(options.settings, array_bytes=0, items=ITEMS, backtrace=False)
    targets = Targets(survey=survey_packages(program.folder()))
    with temporary_trace() as trace:
        sample = Sample(program, targets, trace, 0, NO_NOISE, settings, options.words)
        run(sample, sys.stderr if options.json else None)
        if sample.refused():
            return EXIT_USAGE
        _print(trace, as_json=options.json)
    if sample.status == 0:
        return EXIT_OK
    LOG.warning("the program %s: what it would have called later is not in the suggestions", describe(sample.status))
    return EXIT_FAILED


def _print(trace: Path, *, as_json: bool) -> None:
    from pytracer.records.reader import Trace
    from pytracer.report.suggest import suggest
    from pytracer.report.suggestions import to_json, to_text
    from pytracer.trace.targets import DEFAULT_PACKAGES

    found = suggest(Trace.open(trace), DEFAULT_PACKAGES, _is_user(trace))
    print(json.dumps(to_json(found), indent=2) if as_json else to_text(found))


def _is_user(trace: Path) -> Callable[[str], bool]:
    """Tells the source files of the user's own code, as the traced process knew them."""
    from pytracer.trace.session import UserCode

    written = json.loads((trace / "user.json").read_bytes())
    user = UserCode(tuple(written["roots"]), tuple(written["files"]))
    excluded = user.exclude()
    return lambda file: file in user.files or (file.startswith(user.roots) and not file.startswith(excluded))
