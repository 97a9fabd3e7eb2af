"""Reads columns of a result: at chosen rows, without a table ever standing in Python objects."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.store import Columns, ResultError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

BLOCK = 2**18
"""Rows read at once."""


def pick(table: Columns, column: str, rows: Rows) -> NDArray[Any]:
    """The column at `rows`, in any order.

    HDF5 needs seconds to pick many single rows, so the blocks that they lie in are read.

    Raises:
        ResultError: the table has no such row.
    """
    if not len(rows):
        return np.asarray(table.read(column, slice(0, 0)))
    if (rows[1:] < rows[:-1]).any():
        ascending, inverse = np.unique(rows, return_inverse=True)
        return pick(table, column, ascending)[inverse]
    first, last = int(rows[0]), int(rows[-1])
    if first < 0 or last >= len(table):
        raise ResultError(f"the result is corrupt: it refers to a row that {table.name} does not have; parse again")
    parts = []
    while first <= last:
        end = min(first + BLOCK, last + 1)
        low, high = np.searchsorted(rows, (first, end)).tolist()
        parts.append(table.read(column, slice(first, end))[rows[low:high] - first])
        first = end if high == len(rows) else max(end, int(rows[high]))
    return np.concatenate(parts)


def row_type(rows: int) -> np.dtype[Any]:
    """Integers that number so many rows, in half the memory where they can."""
    return np.dtype(np.int32 if rows <= np.iinfo(np.int32).max else np.int64)


def known(value: float | None) -> float | None:
    """The number, or None for NaN: not measured."""
    return None if value is None or math.isnan(value) else float(value)


def number(real: float | None, imag: float | None) -> float | complex | None:
    """A real or a complex number from its parts; None where not known."""
    return real if real is None or imag is None else complex(real, imag)
