"""The calls and values of a result as rows that stand alone: what a row refers to stands in it."""

from collections.abc import Callable, Iterator, Mapping
from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.schema import TABLES, TEXT, Finding
from pytracer.parse.store import Result
from pytracer.records.schema import CallFlag, Kind, Outcome, Role

BLOCK_ROWS = 2**14
"""Rows of a chunk of the result."""

Column = NDArray[Any]
Expand = Callable[[Column], Mapping[str, Column]]
"""The named columns that stand for one."""


def names_of(result: Result) -> list[str]:
    """Module and name of each function."""
    pairs = zip(result.functions["module"].tolist(), result.functions["name"].tolist(), strict=True)
    return [f"{module}.{name}" if module else name for module, name in pairs]


class Table:
    """`calls` or `values` of a result; each has a first column with the number of the row."""

    def __init__(self, result: Result, name: str) -> None:
        self.name = name
        self._table = getattr(result, name)
        self._expand = {"calls": _calls, "values": _values}[name](result)

    def kinds(self) -> dict[str, str]:
        """Name of each column and its dtype as in the schema, or TEXT."""
        kinds = {"row": "i8"}
        for column, (kind, _) in TABLES[self.name].items():
            nothing = np.zeros(0, np.dtype(kind))
            expanded = self._expand[column](nothing) if column in self._expand else {column: nothing}
            kinds |= {each: TEXT if cells.dtype == object else cells.dtype.str[1:] for each, cells in expanded.items()}
        return kinds

    def blocks(self) -> Iterator[dict[str, Column]]:
        """Its rows, BLOCK_ROWS at a time; texts are arrays of objects."""
        for first in range(0, len(self._table), BLOCK_ROWS):
            rows = slice(first, min(first + BLOCK_ROWS, len(self._table)))
            block: dict[str, Column] = {"row": np.arange(rows.start, rows.stop)}
            for column in TABLES[self.name]:
                cells = self._table.read(column, rows)
                block |= self._expand[column](cells) if column in self._expand else {column: cells}
            yield block


def _calls(result: Result) -> dict[str, Expand]:
    files, callers, texts = (_with_unknown(result.sites[name], "") for name in ("file", "function", "text"))
    lines = np.append(result.sites["line"], 0)
    names, processes, threads = map(_texts, (names_of(result), result.lanes["process"], result.lanes["name"]))
    samples = result.samples["sample"]
    return {
        "lane": lambda cells: {"process": processes[cells], "thread": threads[cells]},
        "function": lambda cells: {"function": names[cells]},
        "site": lambda cells: {
            "file": files[cells],
            "line": lines[cells],
            "caller": callers[cells],
            "source_line": texts[cells],
        },
        "outcome": lambda cells: {"outcome": _members(Outcome, cells)},
        "flags": lambda cells: {"flags": _flags(CallFlag, cells)},
        "source": lambda cells: {"shown_sample": samples[cells]},
    }


def _values(result: Result) -> dict[str, Expand]:
    labels = _texts(result.labels["text"])
    kinds = _members(Kind, result.types["kind"])
    dtypes, shapes = _texts(result.types["dtype"]), _texts(result.types["shape"])
    return {
        "role": lambda cells: {"role": _members(Role, cells)},
        "label": lambda cells: {"label": labels[cells]},
        "type": lambda cells: {"kind": kinds[cells], "dtype": dtypes[cells], "shape": shapes[cells]},
        "findings": lambda cells: {"findings": _flags(Finding, cells)},
    }


def _texts(texts: Any) -> Column:
    found = np.empty(len(texts), object)
    found[:] = list(texts)
    return found


def _with_unknown(texts: Any, unknown: str) -> Column:
    """With an entry for row -1."""
    return _texts([*texts, unknown])


def _members(kind: type[IntEnum], cells: Column) -> Column:
    """Names in lower case; a number where there is no such member."""
    known = {int(member): member.name.lower() for member in kind}
    return _texts([known.get(cell, str(cell)) for cell in cells.tolist()])


def _flags(kind: type[IntFlag], cells: Column) -> Column:
    """Names in lower case with '|' between them; empty for none."""
    known = {
        number: "|".join(str(member.name).lower() for member in kind if member & number)
        for number in np.unique(cells).tolist()
    }
    return _texts([known[cell] for cell in cells.tolist()])
