"""The coverage ledger of traces as `info --coverage` shows it: nothing is parsed or measured."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytracer.commands.inventory import TraceEntry, newest_group
from pytracer.errors import TraceError
from pytracer.records.ledger import gaps, merge
from pytracer.records.pickles import open_trace
from pytracer.report.coverage import Entry, ledger, lines
from pytracer.report.plain import printable

LISTED = 50


@dataclass(frozen=True)
class Ledger:
    """What the traces of one program did not see."""

    traces: Sequence[TraceEntry]
    entries: Sequence[Entry]
    notes: Sequence[tuple[int, str]]  # number of the sample, what was dropped while reading its trace

    def object(self) -> dict[str, Any]:
        """For JSON, in the form that the report has."""
        return {
            "traces": [entry.path for entry in self.traces],
            "ledger": [entry.fields() for entry in self.entries],
            "notes": [{"sample": sample, "text": text} for sample, text in self.notes],
        }

    def text(self) -> str:
        """For the terminal."""
        count, command = len(self.traces), shlex.join(self.traces[0].command)
        title = f"Not observed in {count} trace{'s' * (count > 1)} of {command}:"
        found = [*lines(self.entries, LISTED), *(f"sample {sample}: {text}" for sample, text in self.notes)]
        return "\n".join(printable(line) for line in [title, "", *(found or ["nothing that could be noticed"])])


def newest_ledger(directory: Path) -> Ledger:
    """The ledger of the newest traces in a folder. Raises UsageError when there is none."""
    entries = newest_group(directory)
    found, notes = [], []
    for entry in entries:
        try:
            trace = open_trace(Path(entry.path))
        except TraceError as error:
            notes.append((entry.sample, f"its trace cannot be read: {error}"))
            continue
        found.append(gaps(trace))
        notes += [(trace.sample, note) for note in trace.notes]
    return Ledger(entries, ledger(merge(found)), notes)
