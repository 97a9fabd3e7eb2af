"""Shared ids for what the samples name differently: each trace numbers its functions, sites and names by itself."""

from collections.abc import Hashable, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytracer.records.reader import Lane, Process
from pytracer.records.tables import Function, Site

Row = TypeVar("Row", bound=Hashable)

DENSE_IDS = 2**20
"""Ids up to there are looked up in a table: ten times faster than a search."""


class Numbering(Generic[Row]):
    """Numbers rows in order of first appearance; `rows[i]` is row number i."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self._numbers: dict[Hashable, int] = {}

    def number(self, row: Row, identity: Hashable = None) -> int:
        """Number of `row`; rows of equal `identity` (by default the row itself) share one."""
        key = row if identity is None else identity
        found = self._numbers.setdefault(key, len(self.rows))
        if found == len(self.rows):
            self.rows.append(row)
        return found

    def numbers(self, rows: Sequence[Row]) -> NDArray[np.int64]:
        """Number of each row."""
        return np.array([self.number(row) for row in rows], np.int64)


def distinct(numbers: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64], NDArray[np.int64]]:
    """The distinct numbers in ascending order, where one of each stands, and the index of each number among them.

    As np.unique, without sorting columns that hold few distinct numbers.
    """
    head = numbers[: 2**10]
    found, place = np.unique(head, return_index=True)
    if len(head) == len(numbers) or len(found) > len(head) // 4:
        result: tuple[NDArray[Any], ...] = np.unique(numbers, return_index=True, return_inverse=True)
        return result[0], result[1], result[2]
    index = np.minimum(np.searchsorted(found, numbers), len(found) - 1)
    others = np.flatnonzero(found[index] != numbers)
    if len(others):
        more, first = np.unique(numbers[others], return_index=True)
        found, order = np.unique(np.concatenate([found, more]), return_index=True)
        place = np.concatenate([place, others[first]])[order]
        index = np.searchsorted(found, numbers)
    return found, place, index


def distinct_columns(columns: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The distinct columns of a table (K, C) of integers, and the index of each column among them."""
    code = np.zeros(columns.shape[1], np.int64)
    place = np.zeros(min(1, len(code)), np.int64)
    for row in columns:
        if not (row == row[:1]).all():
            found, _, index = distinct(row)
            _, place, code = distinct(code * len(found) + index)
    return columns[:, place], code


class Catalog:
    """The functions, call sites, names and dtypes of all samples.

    A function is known by its module, name, file and first line; a site by file, line and caller.
    """

    def __init__(self) -> None:
        self.functions: Numbering[Function] = Numbering()
        self.sites: Numbering[Site] = Numbering()
        self.names: Numbering[str] = Numbering()
        self.dtypes: Numbering[str] = Numbering()
        self.names.number("")

    def functions_of(self, process: Process, lane: Lane) -> NDArray[np.int64]:
        """Function number of every call of a lane of `process`."""
        rows = process.functions.rows
        shared = [self.functions.number(row, (row.module, row.name, row.file, row.line)) for row in rows]
        return _numbers(process.functions.ids, np.array(shared, np.int64), lane.calls["function"])

    def sites_of(self, process: Process, lane: Lane) -> NDArray[np.int64]:
        """Site number of every call of a lane of `process`; -1 when the place is not known."""
        return _numbers(process.sites.ids, self.sites.numbers(process.sites.rows), lane.calls["site"])

    def names_of(self, lane: Lane) -> NDArray[np.int64]:
        """Name number of each row of the lane's names, and at the end 0 (the empty name) for an unknown id."""
        return _with_default(self.names.numbers(lane.names.rows), 0)

    def dtypes_of(self, lane: Lane) -> NDArray[np.int64]:
        """Dtype number of each dtype of `lane.arrays`."""
        return self.dtypes.numbers([dtype.str for dtype in lane.arrays.dtypes])


def _numbers(ids: NDArray[np.int64], numbers: NDArray[np.int64], wanted: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The number of each wanted id, -1 for an unknown one; `ids` are those of `numbers`, ascending."""
    last = int(ids[-1]) if len(ids) else -1
    if last > DENSE_IDS:
        found = np.searchsorted(ids, wanted)
        return np.where(np.append(ids, -1)[found] == wanted, np.append(numbers, -1)[found], -1)
    dense = np.full(last + 2, -1)
    dense[ids] = numbers
    return dense[np.minimum(wanted, last + 1)]


def _with_default(numbers: NDArray[np.int64], default: int) -> NDArray[np.int64]:
    """`numbers` extended so that index -1 (not found) gives `default`."""
    return np.append(numbers, default)
