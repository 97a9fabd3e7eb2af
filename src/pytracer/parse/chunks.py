"""Writes the large tables of a result chunk by chunk, compressed here: equal chunks are compressed once.

The filters are HDF5's own, shuffle and deflate, which any reader undoes. Through h5py a chunk is compressed once for
each column, and again when a block ends within it; of scalars most columns of bits are equal, and many are constant.
"""

import zlib
from collections.abc import Mapping
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 1


class ChunkedTable:
    """The columns of one table, of numbers, with chunks of equal length and the filters shuffle and deflate."""

    def __init__(self, columns: Mapping[str, h5py.Dataset], chunk: int) -> None:
        self._columns = columns
        self._chunk = chunk
        self._pending: dict[str, list[NDArray[Any]]] = {name: [] for name in columns}
        self._waiting = 0  # rows in `pending`
        self._written = 0  # rows before them, in whole chunks
        self._constant: dict[tuple[int, bytes], bytes] = {}  # compressed chunks of one item each

    def append(self, columns: Mapping[str, ArrayLike]) -> None:
        """Append rows; raises OSError when the file cannot be written."""
        for name, dataset in self._columns.items():
            column = np.array(columns[name], dataset.dtype)
            self._pending[name].append(column)
        self._waiting += len(column)
        if self._waiting >= self._chunk:
            self._write(self._waiting // self._chunk * self._chunk)

    def flush(self) -> None:
        """Put all rows into the file."""
        if self._waiting:
            self._write(self._waiting)

    def _write(self, rows: int) -> None:
        """Write so many rows; those of a chunk that is not full stay pending, too."""
        joined = {name: np.concatenate(parts) for name, parts in self._pending.items()}
        for dataset in self._columns.values():
            dataset.resize((self._written + rows,))
        for first in range(0, rows, self._chunk):
            known: dict[bytes, bytes] = {}
            for name, dataset in self._columns.items():
                packed = self._packed(joined[name][first : first + self._chunk], known)
                dataset.id.write_direct_chunk((self._written + first,), packed)
        done = rows // self._chunk * self._chunk
        self._written += done
        self._waiting -= done
        # A copy: a view would keep the whole of it in memory.
        self._pending = {name: [column[done:].copy()] for name, column in joined.items()}

    def _packed(self, rows: NDArray[Any], known: dict[bytes, bytes]) -> bytes:
        """A compressed chunk."""
        whole = np.zeros(self._chunk, rows.dtype)
        whole[: len(rows)] = rows
        width = rows.dtype.itemsize
        items = whole.view(f"u{width}")
        if (items == items[0]).all():
            key = width, items[0].tobytes()
            if key not in self._constant:
                self._constant[key] = _compressed(whole, width)
            return self._constant[key]
        content = whole.tobytes()
        if content not in known:
            known[content] = _compressed(whole, width)
        return known[content]


def _compressed(rows: NDArray[Any], width: int) -> bytes:
    """By the filters shuffle (all first bytes, all second bytes, ...) and deflate."""
    planes = np.ascontiguousarray(rows.view(np.uint8).reshape(-1, width).T).data
    # The low bytes of floats are noise, in which looking for more than runs takes twice the time and finds nothing.
    strategy = zlib.Z_RLE if rows.dtype.kind == "f" else zlib.Z_DEFAULT_STRATEGY
    deflate = zlib.compressobj(LEVEL, strategy=strategy)
    return deflate.compress(planes) + deflate.flush()
