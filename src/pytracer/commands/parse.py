"""Measure the significant bits in traces, write the result file and print the report.

Takes the traces that belong together with the newest one in the cache folder, or in the folder given by --directory:
those of one `pytracer run`, or those of the same command made by `pytracer trace`. --filename takes one trace alone:
its values are kept, but one execution has no variability to measure.

Example:
    pytracer parse --directory .__pytracercache__/traces -o result.h5
"""

import argparse
from pathlib import Path

from pytracer.commands.inventory import newest_group
from pytracer.commands.options import add_directory
from pytracer.commands.result import TRACE_FORMATS, Destination, check_output, report
from pytracer.errors import EXIT_OK
from pytracer.trace.cache import Cache


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--filename", metavar="F", type=Path, help="parse this trace alone")
    add_directory(source, "folder of traces")
    parser.add_argument(
        "--format", choices=TRACE_FORMATS, default="auto", help="format of the traces (default: what is there)"
    )
    parser.add_argument("-o", "--output", metavar="RESULT", type=Path, help="write the HDF5 result here")
    parser.add_argument("--json", action="store_true", help="print the report as one JSON object")


def execute(options: argparse.Namespace) -> int:
    """Parse the chosen traces."""
    folder = options.directory or options.settings.cache
    traces = [options.filename] if options.filename else [Path(entry.path) for entry in newest_group(folder)]
    cache = Cache(options.settings.cache)
    if options.output is None:
        cache.create()
    else:
        check_output(options.output)
    experiment = traces[0].name.rpartition(".")[0] or traces[0].name
    destination = Destination(cache, experiment, options.output, options.words)
    report(traces, destination, quiet=False, as_json=options.json, trace_format=options.format)
    return EXIT_OK
