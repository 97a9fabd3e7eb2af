"""Run a program several times under stochastic arithmetic and rank the functions that lose digits.

Sample 0 runs unperturbed; N samples run with noise of their own, each in a fresh process, in this folder and with the
same arguments and standard input. What sample 0 prints is shown. Everything after the script, the module or the code
belongs to the program, as with `python` itself.

Examples:
    pytracer run script.py data.csv
    pytracer run -n 20 --jobs 4 --trace numpy --trace scipy.linalg script.py
    pytracer run --seed 7 -m package.module --fast
    pytracer run --json -c "import numpy; print(numpy.linalg.cond([[1, 2], [3, 4]]))"
"""

import argparse
from dataclasses import replace
from pathlib import Path

from pytracer.commands.messages import LOG
from pytracer.commands.options import NOISE_HELP, add_recording, add_seed, add_targets, at_least, noise_of, targets_of
from pytracer.commands.program import CommandLine
from pytracer.commands.progress import Bar
from pytracer.commands.result import Destination, check_output, report, store
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_FAILED, EXIT_OK
from pytracer.trace.cache import Cache
from pytracer.trace.experiment import Experiment, Runner
from pytracer.trace.program import Program
from pytracer.trace.sample import Sample, failures


def configure(parser: argparse.ArgumentParser) -> CommandLine:
    """Declare the options."""
    parser.usage = (
        "pytracer run [OPTION...] [--] SCRIPT [ARGUMENT...]\n"
        "       pytracer run [OPTION...] -m MODULE [ARGUMENT...]\n"
        "       pytracer run [OPTION...] -c CODE [ARGUMENT...]"
    )
    add = parser.add_argument
    options = [
        add(
            "-n",
            "--samples",
            metavar="N",
            type=at_least(2),
            help=f"perturbed samples, at least 2 (default: {DEFAULTS.samples})",
        ),
        add_seed(parser),
        add(
            "--jobs",
            metavar="J",
            type=at_least(1),
            help=f"samples at a time (default: {DEFAULTS.jobs})",
        ),
        add("--noise", metavar="MODEL", help=f"noise, {NOISE_HELP} (default: {DEFAULTS.noise})"),
        *add_targets(parser),
        *add_recording(parser),
        add("-q", "--quiet", action="store_true", help="print the result only"),
        add("--json", action="store_true", help="print one JSON object, and nothing else, on standard output"),
        add(
            "-o", "--output", metavar="RESULT", type=Path, help="write the HDF5 result here instead of the cache folder"
        ),
    ]
    return CommandLine("run", options)


def execute(options: argparse.Namespace) -> int:
    """Run the samples, parse their traces, print the report."""
    experiment = _prepare(options)
    try:
        samples = _run(experiment, quiet=options.quiet or options.json)
    except KeyboardInterrupt:
        LOG.warning("what was recorded is in %s", experiment.cache.traces)
        raise
    failed = [sample for sample in samples if sample.status != 0]
    for line in failures(failed):
        LOG.warning(line)
    destination = Destination(experiment.cache, experiment.id, options.output, options.words)
    traces = [sample.trace for sample in samples]
    report(traces, destination, experiment.settings, quiet=options.quiet, as_json=options.json)
    return EXIT_FAILED if failed else EXIT_OK


def _prepare(options: argparse.Namespace) -> Experiment:
    """Everything that can be wrong with the command is found here, before anything runs."""
    program: Program = options.program
    settings: Settings = options.settings
    program.check()
    settings = replace(settings, noise=noise_of(options.resolved, "run.noise", settings.noise, program))
    targets = targets_of(options.resolved, program)
    if options.output is not None:
        check_output(options.output)
    cache = Cache(settings.cache)
    cache.create()
    return Experiment(
        program=program,
        targets=targets,
        cache=cache,
        id=cache.new_trace(0).stem,
        settings=settings,
        words=options.words,
    )


def _run(experiment: Experiment, *, quiet: bool) -> list[Sample]:
    with Bar("samples", shown=not quiet, total=experiment.settings.samples + 1) as bar:

        def ended(sample: Sample) -> None:
            store(sample)
            bar.update(len(runner.done))

        runner = Runner(experiment, forward=not quiet, ended=ended)
        return runner.run()
