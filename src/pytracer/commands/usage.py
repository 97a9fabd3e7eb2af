"""The report on calls and memory that `trace --report` makes of a trace."""

import argparse
import os
import shlex
import sys
from pathlib import Path

from pytracer.commands.result import check_output
from pytracer.errors import PytracerError, UsageError
from pytracer.trace.journal import trace_journal

REPORT_NAME = "report.txt"


def add_report(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Whether to make the report, and where it goes."""
    return [
        parser.add_argument(
            "--report",
            choices=("on", "off", "only"),
            default="off",
            help="on: also report the calls of each traced function, and the bytes of the arrays and numbers that went "
            "in and came out; only: report and leave no trace (sizes are recorded in a temporary folder; what a call "
            "changes in place is then not counted) (default: %(default)s)",
        ),
        parser.add_argument(
            "--report-file",
            metavar="FILE",
            type=Path,
            help=f"write the report here instead of on standard error and, when on, in the trace ({REPORT_NAME})",
        ),
    ]


def check_report(options: argparse.Namespace) -> None:
    """Raise UsageError for options that contradict each other and for a file that cannot be written."""
    path: Path | None = options.report_file
    if options.dry_run and options.report != "off":
        raise UsageError(f"--dry-run records nothing that --report {options.report} could show; leave out one of them")
    if path is None:
        return
    if options.report == "off":
        raise UsageError("--report-file without a report; add --report on, or --report only")
    if path.exists() and not path.is_dir():
        if not os.access(path, os.W_OK):
            raise UsageError(f"cannot write into {str(path)!r}; choose another file for the report")
    else:
        check_output(path, "report")


def report_usage(trace: Path, options: argparse.Namespace) -> None:
    """Write the report of a trace to where the options say, and note in its log where that is."""
    from pytracer.records.reader import Trace
    from pytracer.report.memory import usage_text

    opened = Trace.open(trace)
    text = usage_text(opened, f"Calls and memory of {shlex.join(opened.meta['command'])}")
    path: Path | None = options.report_file
    if path is None:
        sys.stderr.write(text)
        path = trace / REPORT_NAME
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise PytracerError(f"cannot write the report {str(path)!r}: {error.strerror}; choose another file") from None
    trace_journal(trace).record("report", str(path.absolute()))
