"""Measure the significant bits in traces, write the result file and print the report.

Takes the traces in the cache folder, or in the folder given by --directory, that belong together: those of one
`pytracer run`, or those of the same command and noise made by `pytracer trace`, with those made without noise. Where
there are traces of several commands it asks which; --command says it in advance. Of several with the same noise, seed
and sample one is measured. --filename takes one trace alone: its values are kept, but one execution has no variability
to measure. --online parses the samples of the program that is being traced as they finish, and ends with the last one;
the result can be looked at meanwhile.

The result is stats.<id>.h5 (docs/result-format.md), and beside it is its call graph, callgraph.<id>.

Examples:
    pytracer parse
    pytracer parse --method general --reference ieee --confidence 0.9
    pytracer parse --directory .__pytracercache__/traces --command 2 --batch-size 2G -o result.h5
"""

import argparse
from pathlib import Path

from pytracer.commands.choice import choose
from pytracer.commands.messages import LOG
from pytracer.commands.online import parse_online
from pytracer.commands.options import add_directory, add_measurement
from pytracer.commands.result import TRACE_FORMATS, Destination, check_output, report
from pytracer.errors import EXIT_OK, UsageError
from pytracer.trace.cache import Cache


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--filename", metavar="F", type=Path, help="parse this trace alone")
    add_directory(source, "folder of traces")
    parser.add_argument(
        "--command",
        metavar="N",
        dest="group",
        help="of several commands: its number, the newest being 1, or the command itself (default: ask)",
    )
    parser.add_argument(
        "--format", choices=TRACE_FORMATS, default="auto", help="format of the traces (default: what is there)"
    )
    parser.add_argument("--online", action="store_true", help="parse the samples of a running program as they finish")
    add_measurement(parser)
    parser.add_argument("-o", "--output", metavar="RESULT", type=Path, help="write the HDF5 result here")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def execute(options: argparse.Namespace) -> int:
    """Parse the chosen traces."""
    if options.filename and options.group:
        raise UsageError("--filename names the trace, --command chooses among several; leave one out")
    if options.online and (options.filename or options.group):
        raise UsageError("--online takes the program that is being traced; leave out --filename and --command")
    folder = options.directory or options.settings.cache
    cache = Cache(options.settings.cache)
    if options.output is None:
        cache.create()
    else:
        check_output(options.output)

    def destination(trace: Path) -> Destination:
        experiment = trace.name.rpartition(".")[0] or trace.name
        return Destination(cache, experiment, options.output, options.words)

    if options.online:
        parse_online(folder, destination, options.settings, as_json=options.json, trace_format=options.format)
        return EXIT_OK
    traces = [options.filename] if options.filename else choose(folder, options.group)
    place = destination(traces[0])
    report(traces, place, options.settings, quiet=False, as_json=options.json, trace_format=options.format)
    if options.filename:
        LOG.info("one trace: its values alone, no variability to measure")
    return EXIT_OK
