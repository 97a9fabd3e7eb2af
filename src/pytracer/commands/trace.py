"""Record one execution of a program.

Everything after --command is the program with its arguments: a script, `-m module`, or the name of a Python script on
PATH. Nothing is perturbed unless --noise says so. `pytracer parse` merges the traces of the same command and noise:
trace it once without noise, and several times with it.

Examples:
    pytracer trace --command script.py 100 --fast
    pytracer trace --trace numpy.linalg --command -m package.module
    pytracer trace --report only --report-file memory.txt --command script.py
    pytracer trace --noise sr --command script.py
    pytracer trace --noise sr --seed 7 --sample 3 --command script.py
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pytracer.commands.inventory import next_sample
from pytracer.commands.messages import LOG
from pytracer.commands.options import NOISE_HELP, add_recording, add_seed, add_targets, at_least, noise_of, targets_of
from pytracer.commands.program import CommandLine
from pytracer.commands.result import store
from pytracer.commands.usage import add_report, check_report, report_usage
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_FAILED, EXIT_OK, EXIT_USAGE, UsageError
from pytracer.records.start import why_not_started
from pytracer.shared import NO_NOISE
from pytracer.trace.cache import Cache
from pytracer.trace.program import Program, find_script
from pytracer.trace.sample import Sample, describe, interpreter_options, run, temporary_trace


def configure(parser: argparse.ArgumentParser) -> CommandLine:
    """Declare the options."""
    parser.usage = "pytracer trace [OPTION...] --command SCRIPT [ARGUMENT...]"
    add = parser.add_argument
    options = [
        add("--command", action="store_true", help="the rest of the line is the program with its arguments"),
        add("--dry-run", action="store_true", help="run the program without tracing, and without noise"),
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
            help="number that chooses the noise, from 1 on (default: the first one that no trace of this command under "
            "this noise in the cache folder has; 0 without noise)",
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
        if options.trace_noise not in (None, NO_NOISE):
            raise UsageError(
                f"--dry-run runs the program as it is, not under --noise {options.trace_noise}; leave one out"
            )
        command = [sys.executable, *interpreter_options(), *program.command()]
        return _exit_code(subprocess.run(command, check=False).returncode)
    settings: Settings = options.settings
    noise = noise_of(options.resolved, "trace.noise", settings.trace_noise, program)
    targets = targets_of(options.resolved, program)
    if options.report == "only":
        settings = replace(settings, array_bytes=0)
    number = _number(options, program, noise)
    with _trace_folder(options, number) as trace:
        sample = Sample(program, targets, trace, number, noise, settings, options.words)
        run(sample)
        if reason := why_not_started(trace):
            shutil.rmtree(trace, ignore_errors=True)
            raise UsageError(reason)
        if sample.refused():
            return EXIT_USAGE
        if options.report != "off":
            report_usage(trace, options)
        if options.report != "only":
            store(sample)
            LOG.info("trace in %s", trace)
    return _exit_code(sample.status)


def _number(options: argparse.Namespace, program: Program, noise: str) -> int:
    """The number of the sample. Raises UsageError for 0 under noise."""
    if options.sample is None:
        return next_sample(options.settings.cache, program, noise)
    if options.sample == 0 and noise != NO_NOISE:
        raise UsageError(
            f"sample 0 runs without noise, this one under {noise!r}; leave out --sample, or give 1 or more"
        )
    return int(options.sample)


@contextmanager
def _trace_folder(options: argparse.Namespace, sample: int) -> Iterator[Path]:
    """An empty folder for the trace, in the cache unless it will not be kept."""
    if options.report == "only":
        with temporary_trace() as trace:
            yield trace
    else:
        cache = Cache(options.settings.cache)
        cache.create()
        yield cache.new_trace(sample)


def _exit_code(status: int) -> int:
    """The program's own messages were seen already; say only how it ended."""
    if status == 0:
        return EXIT_OK
    LOG.warning("the program %s", describe(status))
    return EXIT_FAILED
