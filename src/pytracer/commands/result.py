"""From traces to a result on disk and a report on the screen: what `run` and `parse` have in common."""

import os
import sys
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
    from pytracer.report.json import write_json
    from pytracer.report.text import write_text

    statuses = {trace: read_status(trace) for trace in traces}
    with Bar("parsing", shown=not (quiet or as_json)) as bar:
        result = parse(traces, output, exit_codes=statuses, progress=bar.update)
    with result:
        if as_json:
            write_json(result, sys.stdout)
        else:
            write_text(result)
    if not (quiet or as_json):
        print(
            f"pytracer: result of {len(traces)} traces in {output}; see it with `pytracer visualize`", file=sys.stderr
        )
