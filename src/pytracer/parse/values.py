"""Finds the values of matched calls in every sample, and says whether their types and contents agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.catalog import Catalog
from pytracer.parse.measure import PRECISION
from pytracer.parse.schema import Finding
from pytracer.records.reader import Lane
from pytracer.records.schema import Kind

Ints = NDArray[np.int64]
Tokens = NDArray[np.uint64]

ABSENT = np.uint64(2**64 - 1)
"""Token of a value that a sample does not have."""

COMPARED_BYTES = 2**24
"""Bytes of arrays of a sample that are compared before their pages are dropped."""

SMALL_BYTES = 2**12

_KIND_PRECISION = np.zeros(max(Kind) + 1, np.int64)
_KIND_PRECISION[[Kind.FLOAT64, Kind.COMPLEX128]] = 53
_KIND_PRECISION[[Kind.FLOAT32, Kind.COMPLEX64]] = 24
_KIND_PRECISION[Kind.FLOAT16] = 11
_DATA_COUNTS = (Kind.BOOL, Kind.INT, Kind.STR, Kind.BYTES)
_EXTRA_COUNTS = (Kind.STR, Kind.BYTES, Kind.TRUNCATED, Kind.SEEN)
NAMED = (Kind.OBJECT, Kind.EMPTY, Kind.FLOAT64)
"""Kinds whose `extra` is the id of a type name; that of a float64 is 0 unless another number was converted to it."""
_MIX = np.uint64(0x9E3779B97F4A7C15)


def _mix(token: Tokens, other: NDArray[np.uint64]) -> Tokens:
    """A hash of both (multiplication by the golden ratio, folded)."""
    product = (token ^ other) * _MIX
    result: Tokens = product ^ (product >> np.uint64(29))
    return result


@dataclass(frozen=True)
class View:
    """A lane whose names and dtypes are numbered as in the catalog, so that samples can be compared.

    All methods take rows of values.bin; a row of -1 stands for a value that is not there.
    """

    lane: Lane
    names: Ints  # catalog number of each row of the lane's names, and 0 (the empty name) for an unknown one
    dtypes: Ints  # catalog number of each dtype of the lane's arrays
    precisions: Ints  # bits of each of those dtypes, 0 when it is not floating-point

    @classmethod
    def of(cls, lane: Lane, catalog: Catalog) -> "View":
        precisions = [PRECISION.get(dtype.str, 0) for dtype in lane.arrays.dtypes]
        return cls(lane, catalog.names_of(lane), catalog.dtypes_of(lane), np.array(precisions, np.int64))

    def name_numbers(self, ids: NDArray[np.unsignedinteger]) -> Ints:
        """Catalog number of each id of names.jsonl."""
        return self.names[self.lane.names.find(ids)]

    def keys(self, rows: Ints) -> Ints:
        """Role, position and name of each value in one number; equal keys name the same part of a call."""
        records = self.lane.values[rows]
        names = self.name_numbers(records["name"])
        result: Ints = (names << 24) | (records["position"].astype(np.int64) << 3) | records["role"]
        return result

    def types(self, rows: Ints) -> Tokens:
        """Equal tokens mean equal kind and, for arrays, equal dtype and shape, where a type is named, equal type."""
        tokens = np.full(len(rows), ABSENT)
        there = np.flatnonzero(rows >= 0)
        records = self.lane.values[rows[there]]
        token = records["kind"].astype(np.uint64)
        arrays = np.flatnonzero(token == Kind.ARRAY)
        entries = self.lane.arrays.find(rows[there[arrays]])
        index = self.lane.arrays
        dtype = self.dtypes[index.dtype[entries]].astype(np.uint64) << np.uint64(1)
        token[arrays] = _mix(_mix(token[arrays], dtype | index.readable[entries]), index.shape_key[entries])
        named = np.flatnonzero(np.isin(records["kind"], NAMED) & (records["extra"] > 0))
        names = self.name_numbers(records["extra"][named])
        token[named] = _mix(token[named], names.astype(np.uint64))
        tokens[there] = token
        return tokens

    def contents(self, rows: Ints) -> Tokens:
        """Equal tokens mean equal type and value; the elements of arrays are not looked at."""
        tokens = self.types(rows)
        there = np.flatnonzero(rows >= 0)
        records = self.lane.values[rows[there]]
        for field, kinds in (("data", _DATA_COUNTS), ("extra", _EXTRA_COUNTS)):
            some = np.isin(records["kind"], kinds)
            tokens[there[some]] = _mix(tokens[there[some]], records[field][some])
        for i in np.flatnonzero(records["kind"] == Kind.BIGINT).tolist():
            digits = self.lane.digits(int(records["data"][i]), int(records["extra"][i]))
            tokens[there[i]] = hash(digits) % 2**64
        return tokens

    def kinds(self, rows: Ints) -> NDArray[np.uint8]:
        """Kind of each value; NONE for an absent one."""
        kinds = np.zeros(len(rows), np.uint8)
        kinds[rows >= 0] = self.lane.values["kind"][rows[rows >= 0]]
        return kinds

    def precision(self, rows: Ints) -> Ints:
        """Significant bits that the type of each value can hold; 0 when it is not floating-point or has no elements."""
        kinds = self.kinds(rows)
        precision = _KIND_PRECISION[kinds]
        arrays = np.flatnonzero(kinds == Kind.ARRAY)
        index = self.lane.arrays
        entries = index.find(rows[arrays])
        empty = index.readable[entries] & (index.size[entries] == 0)
        precision[arrays] = np.where(empty, 0, self.precisions[index.dtype[entries]])
        return precision

    def readable(self, rows: Ints) -> NDArray[np.bool_]:
        """False for arrays whose elements are not in the trace."""
        result = np.ones(len(rows), np.bool_)
        arrays = np.flatnonzero(self.kinds(rows) == Kind.ARRAY)
        result[arrays] = self.lane.arrays.readable[self.lane.arrays.find(rows[arrays])]
        return result

    def sizes(self, rows: Ints) -> Ints:
        """Number of elements of each value: 1 for what is no array, 0 for an array without elements in the trace."""
        result = np.ones(len(rows), np.int64)
        arrays = np.flatnonzero(self.kinds(rows) == Kind.ARRAY)
        result[arrays] = self.lane.arrays.size[self.lane.arrays.find(rows[arrays])]
        return result

    def starts(self, rows: Ints) -> Ints:
        """Payload offset of the elements of each array; -1 for one that is not there."""
        result = np.full(len(rows), -1)
        there = np.flatnonzero(rows >= 0)
        result[there] = self.lane.arrays.start[self.lane.arrays.find(rows[there])]
        return result

    def shapes(self, rows: Ints) -> tuple[tuple[int, ...], ...]:
        """Lengths of the dimensions of each array."""
        entries = self.lane.arrays.find(rows).tolist()
        return tuple(self.lane.arrays.shape(entry, self.lane.payload) for entry in entries)

    def elements(self, rows: Ints) -> list[NDArray[np.uint8]]:
        """The bytes of the elements of each array; none when they are not in the trace."""
        index = self.lane.arrays
        entries = index.find(rows)
        itemsize = np.array([dtype.itemsize for dtype in index.dtypes], np.int64)[index.dtype[entries]]
        start = index.start[entries]
        ranges = zip(start.tolist(), (start + index.size[entries] * itemsize).tolist(), strict=True)
        return [self.lane.payload[first:last] for first, last in ranges]


@dataclass(frozen=True)
class ValueRows:
    """The values of C calls, call after call, inputs before outputs; V in all."""

    call: Ints  # (V,) index among the calls
    output: NDArray[np.bool_]  # (V,)
    reference: Ints  # (V,) row in the reference
    samples: Ints  # (N, V) row in each sample, -1 where it has no such value
    counts_differ: NDArray[np.bool_]  # (2, C): samples have different numbers of inputs, of outputs

    @classmethod
    def of(cls, reference: View, calls: Ints, samples: Sequence[View], rows: Ints) -> "ValueRows":
        """`calls` (C,) are rows of the reference, `rows` (N, C) the matching ones; all of them exist."""
        inputs, n_inputs, outputs, n_outputs = _ranges(reference.lane, calls)
        count = n_inputs + n_outputs
        first = np.cumsum(count) - count
        call = np.repeat(np.arange(len(calls)), count)
        step = np.arange(len(call)) - first[call]
        output = step >= n_inputs[call]
        step -= np.where(output, n_inputs[call], 0)
        wanted = np.where(output, outputs[call], inputs[call]) + step
        keys = reference.keys(wanted)
        found = np.empty((len(samples), len(call)), np.int64)
        counts = np.empty((len(samples), 2, len(calls)), np.int64)
        for i, (view, matched) in enumerate(zip(samples, rows, strict=True)):
            inputs, n_inputs, outputs, n_outputs = _ranges(view.lane, matched)
            counts[i] = n_inputs, n_outputs
            there = step < np.where(output, n_outputs[call], n_inputs[call])
            found[i] = np.where(there, np.where(output, outputs[call], inputs[call]) + step, -1)
            there[there] = view.keys(found[i][there]) == keys[there]
            for c in np.unique(call[~there]).tolist():
                own = slice(first[c], first[c] + count[c])
                found[i, own] = _search(view, keys[own], int(matched[c]))
        differ = (counts != counts[:1]).any(axis=0)
        return cls(call, output, wanted, found, differ)


def _ranges(lane: Lane, calls: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """First row and number of the inputs, and of the outputs, of each call."""
    names = ("inputs", "n_inputs", "outputs", "n_outputs")
    inputs, n_inputs, outputs, n_outputs = (lane.calls[name][calls].astype(np.int64) for name in names)
    return inputs, n_inputs, outputs, n_outputs


def _search(view: View, keys: Ints, call: int) -> list[int]:
    """Rows of the values of one call that have these keys, each used once; -1 where there is none."""
    inputs, n_inputs, outputs, n_outputs = (int(r[0]) for r in _ranges(view.lane, np.array([call])))
    rows = np.concatenate([np.arange(inputs, inputs + n_inputs), np.arange(outputs, outputs + n_outputs)])
    left: dict[int, list[int]] = {}
    for key, row in zip(view.keys(rows[::-1]).tolist(), rows[::-1].tolist(), strict=True):
        left.setdefault(key, []).append(row)
    return [left[key].pop() if left.get(key) else -1 for key in keys.tolist()]


def agreement(tokens: Tokens) -> NDArray[np.float64]:
    """Share of the samples (N, V) that have the most common token; shape (V,)."""
    result = np.ones(tokens.shape[1])
    some = np.flatnonzero((tokens != tokens[0]).any(axis=0))
    ordered = np.sort(tokens[:, some], axis=0)
    run = best = np.ones(len(some), np.int64)
    for previous, current in pairwise(ordered):
        run = np.where(current == previous, run + 1, 1)
        best = np.maximum(best, run)
    result[some] = best / len(tokens)
    return result


def findings(views: Sequence[View], rows: Ints, some: Ints) -> Ints:
    """In what the types (rows (N, V)) of some values differ between samples (`schema.Finding`); 0 for the others."""
    result = np.zeros(rows.shape[1], np.int64)
    if not len(some):
        return result
    own = rows[:, some]
    there = own >= 0
    kinds = np.stack([view.kinds(row) for view, row in zip(views, own, strict=True)])
    arrays = there & (kinds == Kind.ARRAY)
    dtypes, shapes, names = (
        np.zeros(own.shape, np.int64),
        np.zeros(own.shape, np.uint64),
        np.zeros(own.shape, np.uint64),
    )
    for i, view in enumerate(views):
        index = view.lane.arrays
        entries = index.find(own[i, arrays[i]])
        dtypes[i, arrays[i]] = view.dtypes[index.dtype[entries]]
        shapes[i, arrays[i]] = index.shape_key[entries]
        others = there[i] & ~arrays[i]
        names[i, others] = view.types(own[i, others])
    result[some] |= np.where(there.all(axis=0), 0, Finding.MISSING)
    result[some] |= np.where(_differ(kinds, there) | _differ(names, there & ~arrays), Finding.KIND, 0)
    result[some] |= np.where(_differ(dtypes, arrays), Finding.DTYPE, 0)
    result[some] |= np.where(_differ(shapes, arrays), Finding.SHAPE, 0)
    return result


def _differ(columns: NDArray[Any], counted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether the counted entries (N, V) of a column are not all equal."""
    first = columns[np.argmax(counted, axis=0), np.arange(columns.shape[1])]
    result: NDArray[np.bool_] = ((columns != first) & counted).any(axis=0)
    return result


def array_contents(views: Sequence[View], rows: Ints) -> Tokens:
    """Tokens (N, V) of discrete arrays of equal type: equal where the elements are equal."""
    tokens = np.zeros(rows.shape, np.uint64)
    samples = [view.elements(row) for view, row in zip(views, rows, strict=True)]
    read = 0
    for v, blocks in enumerate(zip(*samples, strict=True)):
        read += len(blocks[0])
        if not all(_same_bytes(block, blocks[0]) for block in blocks[1:]):
            digests = [blake2b(np.ascontiguousarray(block).data, digest_size=8).digest() for block in blocks]
            tokens[:, v] = [int.from_bytes(digest, "little") for digest in digests]
        if read > COMPARED_BYTES:
            read = 0
            for view in views:
                view.lane.drop_pages()
    return tokens


def _same_bytes(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> bool:
    """Whether two arrays of bytes are equal; large ones are compared in parts, since that takes memory."""
    if len(a) != len(b):
        return False
    if len(a) < SMALL_BYTES:
        return a.tobytes() == b.tobytes()  # half the time
    parts = range(0, len(a), COMPARED_BYTES)
    return all(np.array_equal(a[i : i + COMPARED_BYTES], b[i : i + COMPARED_BYTES]) for i in parts)
