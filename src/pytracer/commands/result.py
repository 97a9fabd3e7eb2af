"""From traces to a result on disk and a report on the screen: what `run` and `parse` have in common."""

import os
from collections.abc import Sequence
from pathlib import Path

from pytracer.commands.progress import Bar
from pytracer.errors import UsageError
from pytracer.trace.sample import read_status


def check_output(path: Path) -> None:
    """Raise UsageError when the result could not be written there."""
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder; give the name of a file for the result")
    if not path.parent.is_dir():
        raise UsageError(f"no folder {str(path.parent)!r} for the result; make it first")
    if not os.access(path.parent, os.W_OK):
        raise UsageError(f"cannot write the result into {str(path.parent)!r}; choose a folder that you may write to")


def report(traces: Sequence[Path], output: Path, *, quiet: bool, as_json: bool) -> None:
    """Parse the traces into `output` and print the report."""
    from pytracer.parse import parse

    statuses = {trace: read_status(trace) for trace in traces}
    with Bar("parsing", shown=not (quiet or as_json)) as bar:
        result = parse(traces, output, exit_codes=statuses, progress=bar.update)
    with result:
        print(result)
