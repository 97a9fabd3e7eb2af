"""Record one execution of a program.

Everything after --command is the program with its arguments: a script, `-m module`, or the name of a Python script on
PATH. Nothing is perturbed unless --noise says so. `pytracer parse` merges the traces of the same command.

Examples:
    pytracer trace --command script.py 100 --fast
    pytracer trace --trace numpy.linalg --command -m package.module
    pytracer trace --report only --report-file memory.txt --command script.py
    pytracer trace --noise sr --seed 7 --sample 3 --command script.py
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pytracer.commands.messages import LOG
from pytracer.commands.options import NOISE_HELP, add_recording, add_seed, add_targets, at_least, noise_of, targets_of
from pytracer.commands.program import CommandLine
from pytracer.commands.result import store
from pytracer.commands.usage import add_report, check_report, report_usage
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE
from pytracer.trace.cache import Cache
from pytracer.trace.program import Program, find_script
from pytracer.trace.sample import Sample, describe, interpreter_options, run, temporary_trace


def configure(parser: argparse.ArgumentParser) -> CommandLine:
    """Declare the options."""
    parser.usage = "pytracer trace [OPTION...] --command SCRIPT [ARGUMENT...]"
    add = parser.add_argument
    options = [
        add("--command", action="store_true", help="the rest of the line is the program with its arguments"),
        add("--dry-run", action="store_true", help="run the program without tracing"),
        add(
            "--noise",
            metavar="MODEL",
            dest="trace_noise",
            help=f"noise, {NOISE_HELP} (default: {DEFAULTS.trace_noise})",
        ),
        add_seed(parser),
        add(
            "--sample",
            metavar="I",
            type=at_least(0),
            default=0,
            help="number that chooses the noise (default: %(default)s)",
        ),
        *add_targets(parser),
        *add_recording(parser),
        *add_report(parser),
    ]
    return CommandLine("trace", options, introduction="--command")


def execute(options: argparse.Namespace) -> int:
    """Run the program once, on the user's own streams."""
    program: Program = options.program
    if program.kind == "script":
        program = replace(program, target=find_script(program.target))
    program.check()
    check_report(options)
    if options.dry_run:
        command = [sys.executable, *interpreter_options(), *program.command()]
        return _exit_code(subprocess.run(command, check=False).returncode)
    settings: Settings = options.settings
    noise = noise_of(options.resolved, "trace.noise", settings.trace_noise)
    targets = targets_of(options.resolved, program)
    if options.report == "only":
        settings = replace(settings, array_bytes=0)
    with _trace_folder(options) as trace:
        sample = Sample(program, targets, trace, options.sample, noise, settings, options.words)
        run(sample)
        if sample.refused():
            return EXIT_USAGE
        if options.report != "off":
            report_usage(trace, options)
        if options.report != "only":
            store(sample)
            LOG.info("trace in %s", trace)
    return _exit_code(sample.status)


@contextmanager
def _trace_folder(options: argparse.Namespace) -> Iterator[Path]:
    """An empty folder for the trace, in the cache unless it will not be kept."""
    if options.report == "only":
        with temporary_trace() as trace:
            yield trace
    else:
        cache = Cache(options.settings.cache)
        cache.create()
        yield cache.new_trace(options.sample)


def _exit_code(status: int) -> int:
    """The program's own messages were seen already; say only how it ended."""
    if status == 0:
        return EXIT_OK
    LOG.warning("the program %s", describe(status))
    return EXIT_FAILED
