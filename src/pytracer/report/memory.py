"""How often each function was called, and the memory of what went in and came out.

Memory is the bytes of the arrays and numbers that a call was given and gave back, each time it was: the same array
passed twice counts twice. Items of containers count; strings and objects that are not understood do not. An argument
that the call changed in place is an output too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytracer.records.ledger import LOSSES
from pytracer.records.reader import Lane, Process, Records, Trace
from pytracer.records.schema import Kind
from pytracer.records.sums import Sums
from pytracer.report.plain import printable

NUMBER_BYTES = {
    Kind.BOOL: 1,
    Kind.INT: 8,
    Kind.FLOAT64: 8,
    Kind.FLOAT32: 4,
    Kind.FLOAT16: 2,
    Kind.COMPLEX128: 16,
    Kind.COMPLEX64: 8,
}
"""Bytes of the numbers of fixed size; an integer beyond 64 bits counts half a byte a hexadecimal digit."""

COLUMNS = ("calls", "input_bytes", "output_bytes")

DEFINITION = (
    "Bytes of the arrays and numbers that each call was given (inputs) and gave back or changed (outputs),\n"
    "counted each time; strings and other objects are not."
)


@dataclass(frozen=True)
class Usage:
    """The calls of one function; memory in bytes."""

    function: str  # module and qualified name
    calls: int
    input_bytes: int
    output_bytes: int

    @property
    def total_bytes(self) -> int:
        """Inputs and outputs."""
        return self.input_bytes + self.output_bytes


def usage(trace: Trace) -> list[Usage]:
    """One entry per function that was called, in all processes and threads; the largest total first."""
    totals: dict[str, list[int]] = {}
    memory = Sums(value_bytes)
    for process, lane in trace.lanes():
        for function, counts in _of_lane(process, lane, memory):
            known = totals.setdefault(function, [0, 0, 0])
            known[:] = (a + b for a, b in zip(known, counts, strict=True))
    found = [Usage(function, *counts) for function, counts in totals.items()]
    return sorted(found, key=lambda entry: (-entry.total_bytes, -entry.calls, entry.function))


def _of_lane(process: Process, lane: Lane, memory: Sums) -> Iterator[tuple[str, list[int]]]:
    """Function; its calls, bytes of inputs and of outputs."""
    function, count = process.functions.find(lane.calls["function"]), len(process.functions.rows)
    columns = [np.bincount(function, minlength=count)]
    for of_call in (memory.inputs(lane), memory.outputs(lane)):
        column = np.zeros(count, np.int64)
        np.add.at(column, function, of_call)
        columns.append(column)
    for row in np.flatnonzero(columns[0]).tolist():
        yield process.functions.rows[row].full_name, [int(column[row]) for column in columns]


def value_bytes(lane: Lane) -> NDArray[np.int64]:
    """Bytes of each value as the program held it, shape (len(lane.values),); 0 for what is no number or array."""
    values: Records = lane.values
    sizes = np.zeros(256, np.int64)
    for kind, size in NUMBER_BYTES.items():
        sizes[kind] = size
    found: NDArray[np.int64] = sizes[values["kind"]]
    found[lane.arrays.rows] = lane.arrays.nbytes
    big = values["kind"] == Kind.BIGINT
    found[big] = (np.clip(values["extra"][big], 1, len(lane.payload) + 1) - 1) // 2  # "0x" aside
    return found


def usage_text(trace: Trace, title: str) -> str:
    """A plain table with a line of totals."""
    found, dropped = usage(trace), trace.counters()["calls_dropped"]
    headings = (*(name.replace("_", " ") for name in COLUMNS), "total bytes", "function")
    total = Usage("total", *(sum(getattr(entry, name) for entry in found) for name in COLUMNS))
    rows = [headings, *(_cells(entry) for entry in (*found, total))]
    widths = [max(map(len, column)) for column in list(zip(*rows, strict=True))[:-1]]
    lines = [_line(cells, widths) for cells in rows]
    lines.insert(-1, "-" * len(lines[0]))
    missing = (
        [f"{dropped} calls were not recorded and are missing here: {LOSSES['calls_dropped'][1]}."] if dropped else []
    )
    return "\n".join([printable(title), DEFINITION, "", *lines, *missing, ""])


def _cells(entry: Usage) -> tuple[str, ...]:
    return (*(str(getattr(entry, name)) for name in COLUMNS), str(entry.total_bytes), printable(entry.function))


def _line(cells: tuple[str, ...], widths: Sequence[int]) -> str:
    numbers = "  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=False))
    return f"{numbers}  {cells[-1]}"
