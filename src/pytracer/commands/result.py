"""From traces to a result on disk and a report on the screen: what `run` and `parse` have in common."""

import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytracer.commands.messages import LOG
from pytracer.commands.progress import Bar
from pytracer.config import Settings
from pytracer.errors import PytracerError, UsageError
from pytracer.records.start import read_status
from pytracer.trace.cache import Cache, callgraph_of
from pytracer.trace.journal import result_journal
from pytracer.trace.sample import Sample

if TYPE_CHECKING:
    from pytracer.parse import Result

TRACE_FORMATS = ("auto", "native", "pickle")


def check_output(path: Path, what: str = "result") -> None:
    """Raise UsageError when the result, or something else, could not be written there."""
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder; give the name of a file for the {what}")
    if not path.parent.is_dir():
        raise UsageError(f"no folder {str(path.parent)!r} for the {what}; make it first")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write the {what} into {str(path.parent)!r}; choose a folder that you may write to")


@dataclass(frozen=True)
class Destination:
    """Where a result goes."""

    cache: Cache
    experiment: str
    chosen: Path | None  # by the user, instead of the cache folder
    words: tuple[str, ...]  # the command line

    @property
    def path(self) -> Path:
        """The file."""
        return self.chosen or self.cache.result(self.experiment)

    @property
    def dashboard(self) -> str:
        """The command that shows it."""
        named = f" --filename {shlex.quote(str(self.chosen))}" if self.chosen is not None else ""
        return f"pytracer visualize{named}"

    def log(self, traces: Sequence[Path]) -> None:
        """Say in the log of a result in the cache how it was made."""
        if self.chosen is None:
            journal = result_journal(self.path)
            journal.record("args", self.words)
            journal.record("traces", [str(trace) for trace in traces])


def store(sample: Sample) -> None:
    """Put the trace of a sample that ended into the format asked for; a trace that cannot be converted stays native."""
    if sample.settings.trace_format != "pickle":
        return
    from pytracer.records.pickles import convert

    try:
        convert(sample.trace)
    except PytracerError as error:
        LOG.warning("sample %d has no pickle trace: %s", sample.index, error)


def make(
    traces: Sequence[Path],
    destination: Destination,
    settings: Settings,
    *,
    quiet: bool,
    trace_format: str = "auto",
) -> "Result":
    """Parse the traces into a result and write its call graph."""
    from pytracer.parse import parse
    from pytracer.parse.callgraph import CallGraph
    from pytracer.parse.measurement import Measurement

    statuses = {trace: read_status(trace) for trace in traces}
    with Bar("parsing", shown=not quiet) as bar:
        result = parse(
            traces,
            destination.path,
            measurement=Measurement.of(settings),
            exit_codes=statuses,
            progress=bar.update,
            trace_format=trace_format,
            words=destination.words,
        )
    destination.log(traces)
    CallGraph.of(result).write(callgraph_of(destination.path))
    return result


def show(result: "Result", destination: Destination, *, quiet: bool, as_json: bool) -> None:
    """Print the report."""
    from pytracer.report.json import write_json
    from pytracer.report.plain import counted
    from pytracer.report.text import write_text

    if as_json:
        write_json(result, sys.stdout)
    else:
        write_text(result)
    if not (quiet or as_json):
        traces = counted(len(result.samples), "trace")
        LOG.info("result of %s in %s; see it with `%s`", traces, destination.path, destination.dashboard)


def report(
    traces: Sequence[Path],
    destination: Destination,
    settings: Settings,
    *,
    quiet: bool,
    as_json: bool,
    trace_format: str = "auto",
) -> None:
    """Parse the traces into a result, write its call graph, and print the report."""
    with make(traces, destination, settings, quiet=quiet or as_json, trace_format=trace_format) as result:
        show(result, destination, quiet=quiet, as_json=as_json)
