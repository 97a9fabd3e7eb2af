"""Finds and checks the arrays in a lane's payload, all at once."""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.records.schema import ARRAY_HEADER, PAYLOAD_ALIGNMENT, ArrayFlag, Kind

MAX_NDIM = 64  # NumPy's own limit
MAX_BYTES = 2**47  # no process holds a larger array: a header that claims more does not make sums wrap around
_DTYPE = re.compile(rb"[<>|=][biufcSUmM][0-9]{1,9}(\[[0-9A-Za-z]{1,8}\])?")
_NO_DATA = re.compile(rb"\|([OVT])[0-9]{1,9}")  # elements of these are never read
_MIX = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True)
class Arrays:
    """One entry per ARRAY value of a lane, in order of row; all columns have shape (K,).

    `shape_key` is equal for equal shapes. `readable` entries have their elements inside the payload.
    """

    rows: NDArray[np.int64]  # row in values.bin
    header: NDArray[np.int64]  # payload offset of the header
    start: NDArray[np.int64]  # payload offset of the elements; a multiple of PAYLOAD_ALIGNMENT
    size: NDArray[np.int64]  # number of elements; 0 when not readable
    ndim: NDArray[np.int64]
    shape_key: NDArray[np.uint64]
    dtype: NDArray[np.int64]  # index in dtypes
    readable: NDArray[np.bool_]
    corrupt: NDArray[np.bool_]
    nbytes: NDArray[np.int64]  # bytes that the elements took in the program, whether they are here or not
    dtypes: tuple[np.dtype[Any], ...]

    @classmethod
    def index(cls, values: NDArray[np.void], payload: NDArray[np.uint8]) -> "Arrays":
        """Read and check the header of every array in `values`."""
        rows = np.flatnonzero(values["kind"] == Kind.ARRAY)
        offset, nbytes = values["data"][rows], values["extra"][rows]
        sound = offset <= max(len(payload) - ARRAY_HEADER.itemsize, -1)
        header = np.where(sound, offset, 0).astype(np.int64)
        fields = _headers(payload, header, sound)
        ndim = fields["ndim"].astype(np.int64)
        lengths = header + ARRAY_HEADER.itemsize
        sound &= (ndim <= MAX_NDIM) & (lengths + 8 * np.minimum(ndim, MAX_NDIM) <= len(payload))
        ndim[~sound] = 0
        size, shape_key = _sizes(payload, lengths, ndim, sound)
        dtype, dtypes = _dtypes(fields["dtype"])
        itemsize = np.array([d.itemsize for d in dtypes], np.int64)[dtype]
        sound &= itemsize > 0
        plain = np.array([d.kind not in "OV" for d in dtypes], np.bool_)[dtype]
        omitted = (fields["flags"] & ArrayFlag.OMITTED) != 0
        start = -(-(lengths + 8 * ndim) // PAYLOAD_ALIGNMENT) * PAYLOAD_ALIGNMENT
        inside = (size * itemsize.astype(np.float64) == nbytes) & (start + size * itemsize <= len(payload))
        readable = sound & plain & ~omitted & (inside | (size == 0))
        count = np.where(readable, size, 0).astype(np.int64)
        corrupt = ~(readable | (sound & omitted))
        claimed = np.where(corrupt, 0, np.minimum(size * itemsize, MAX_BYTES)).astype(np.int64)
        return cls(rows, header, start, count, ndim, shape_key, dtype, readable, corrupt, claimed, dtypes)

    def find(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Entry of each row of values.bin; the rows must be of kind ARRAY."""
        return np.searchsorted(self.rows, rows)

    def shape(self, entry: int, payload: NDArray[np.uint8]) -> tuple[int, ...]:
        """Lengths of the dimensions."""
        first = int(self.header[entry]) + ARRAY_HEADER.itemsize
        return tuple(payload[first : first + 8 * int(self.ndim[entry])].view("<i8").tolist())

    def view(self, row: int, payload: NDArray[np.uint8]) -> NDArray[Any] | None:
        """The array at `row` of values.bin, read-only and not copied; None when its elements are not there."""
        entry = int(self.find(np.array([row]))[0])
        if not self.readable[entry]:
            return None
        dtype = self.dtypes[int(self.dtype[entry])]
        start, size = int(self.start[entry]), int(self.size[entry])
        flat = payload[start : start + size * dtype.itemsize].view(dtype) if size else np.zeros(0, dtype)
        flat.flags.writeable = False
        try:
            return flat.reshape(self.shape(entry, payload))
        except ValueError:  # an empty array may claim dimensions beyond what NumPy can hold
            return None


def _headers(payload: NDArray[np.uint8], header: NDArray[np.int64], sound: NDArray[np.bool_]) -> NDArray[np.void]:
    fields = np.zeros(len(header), ARRAY_HEADER)
    bytes_ = header[sound, None] + np.arange(ARRAY_HEADER.itemsize)
    fields[sound] = payload[bytes_].view(ARRAY_HEADER)[:, 0] if sound.any() else np.zeros(0, ARRAY_HEADER)
    return fields


def _sizes(
    payload: NDArray[np.uint8], lengths: NDArray[np.int64], ndim: NDArray[np.int64], sound: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.uint64]]:
    """Number of elements (float64: exact below 2**53, and cannot wrap around) and key of each shape.

    Negative lengths clear `sound`.
    """
    size = np.ones(len(ndim))
    key = ndim.astype(np.uint64)
    for axis in range(int(ndim.max(initial=0))):
        some = np.flatnonzero(ndim > axis)
        bytes_ = (lengths[some] + 8 * axis)[:, None] + np.arange(8)
        length = payload[bytes_].view("<i8")[:, 0]
        sound[some] &= length >= 0
        size[some] *= np.maximum(length, 0)
        key[some] = (key[some] ^ length.astype(np.uint64)) * _MIX
    return size, key


def _dtypes(texts: NDArray[np.bytes_]) -> tuple[NDArray[np.int64], tuple[np.dtype[Any], ...]]:
    """Index of each dtype and the dtypes; an unknown one becomes the empty void dtype (itemsize 0)."""
    unique, index = np.unique(texts, return_inverse=True)
    return index.astype(np.int64), tuple(plain_dtype(bytes(text)) for text in unique)


def plain_dtype(text: bytes) -> np.dtype[Any]:
    """The dtype named by `text`, such as b"<f8"; one that is not plain data becomes the empty void dtype."""
    if found := _NO_DATA.fullmatch(text):
        return np.dtype(text.decode("ascii")) if found[1] == b"V" else np.dtype("O")
    try:
        return np.dtype(text.decode("ascii")) if _DTYPE.fullmatch(text) else np.dtype("V0")
    except (TypeError, ValueError):
        return np.dtype("V0")
