"""Measure the significant bits in traces, write the result file and print the report.

Takes the traces that belong together with the newest one in the cache folder, or in the folder given by --directory:
those of one `pytracer run`, or those of the same command and noise made by `pytracer trace`, with those made without
noise. Of several with the same noise, seed and sample one is measured. --filename takes one trace alone: its values are
kept, but one execution has no variability to measure.

Example:
    pytracer parse --directory .__pytracercache__/traces -o result.h5
"""

import argparse
from pathlib import Path

from pytracer.commands.inventory import newest_program, of_one_noise
from pytracer.commands.messages import LOG
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
    traces = [options.filename] if options.filename else _newest(folder)
    cache = Cache(options.settings.cache)
    if options.output is None:
        cache.create()
    else:
        check_output(options.output)
    experiment = traces[0].name.rpartition(".")[0] or traces[0].name
    destination = Destination(cache, experiment, options.output, options.words)
    report(traces, destination, quiet=False, as_json=options.json, trace_format=options.format)
    return EXIT_OK


def _newest(folder: Path) -> list[Path]:
    """The traces that belong together with the newest one."""
    found = newest_program(folder)
    chosen = of_one_noise(found)
    others = sorted({trace.noise for trace in found} - {trace.noise for trace in chosen})
    if others:
        LOG.info("left out: traces of this command under other noise: %s", ", ".join(others))
    return [Path(trace.path) for trace in chosen]
