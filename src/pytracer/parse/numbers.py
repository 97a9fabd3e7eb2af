"""Reads the numbers of matched values from all samples and measures them: scalars at once, arrays in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.measure import Statistics
from pytracer.parse.values import View
from pytracer.records.schema import Kind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BATCH_ELEMENTS = 2**18
"""Elements per sample that are measured at once: bounds the memory."""

_COMPLEX = (Kind.COMPLEX128, Kind.COMPLEX64)


@dataclass(frozen=True)
class Summary:
    """Statistics per value, shape (V,): see the columns of `values` in `schema`."""

    same: NDArray[np.bool_]
    bits_min: Floats
    bits_median: Floats
    bits_mean: Floats
    mean: Floats
    std: Floats
    mean_imag: Floats
    std_imag: Floats
    worst_element: Ints
    worst_mean: Floats
    worst_mean_imag: Floats
    largest: Floats

    @classmethod
    def empty(cls, count: int) -> "Summary":
        """Nothing is known yet."""
        nothing = {f.name: np.full(count, np.nan) for f in fields(cls)}
        return cls(**(nothing | {"same": np.ones(count, np.bool_), "worst_element": np.full(count, -1)}))

    def put(self, index: Ints, other: "Summary") -> None:
        """Set the rows `index` to those of `other`."""
        for f in fields(self):
            getattr(self, f.name)[index] = getattr(other, f.name)


def measure_scalars(views: Sequence[View], rows: Ints, kind: Kind, precision: int) -> Summary:
    """Measure scalars of one kind; `rows` (N, V) of values.bin. Integers get no bits."""
    s = Statistics.of(np.stack([_scalars(view, row, kind) for view, row in zip(views, rows, strict=True)]), precision)
    bits = np.full(len(s.bits), np.nan) if kind == Kind.INT else s.bits
    worst = np.where(np.isnan(bits), -1, 0)
    largest = _magnitude(s)
    return Summary(
        s.same, bits, bits, bits, s.mean, s.std, s.mean_imag, s.std_imag, worst, s.mean, s.mean_imag, largest
    )


def _magnitude(statistics: Statistics) -> Floats:
    """Of the means; the imaginary part of what is not complex is NaN."""
    return np.hypot(statistics.mean, np.where(np.isnan(statistics.mean_imag), 0.0, statistics.mean_imag))


def _scalars(view: View, rows: Ints, kind: Kind) -> NDArray[Any]:
    data = view.lane.values["data"][rows]
    if kind == Kind.INT:
        return data.view(np.int64).astype(np.float64)
    if kind not in _COMPLEX:
        return data.view(np.float64)
    return np.stack([data, view.lane.values["extra"][rows]], axis=1).view(np.complex128)[:, 0]


def array_batches(sizes: Ints) -> Iterator[slice]:
    """Consecutive values whose elements together are at most BATCH_ELEMENTS; a larger value is alone."""
    total = np.cumsum(sizes)
    first = 0
    while first < len(sizes):
        done = int(total[first - 1]) if first else 0
        last = max(int(np.searchsorted(total, done + BATCH_ELEMENTS, side="right")), first + 1)
        yield slice(first, last)
        first = last


def measure_elements(views: Sequence[View], rows: Ints, precision: int) -> Statistics:
    """Element-wise statistics of arrays of one dtype, one after the other; `rows` (N, V), equal shapes per column."""
    entries = [view.lane.arrays.find(row) for view, row in zip(views, rows, strict=True)]
    sizes = views[0].lane.arrays.size[entries[0]]
    dtype = views[0].lane.arrays.dtypes[int(views[0].lane.arrays.dtype[entries[0][0]])]
    starts = [view.lane.arrays.start[entry] // dtype.itemsize for view, entry in zip(views, entries, strict=True)]
    if len(sizes) > 1 or sizes[0] <= BATCH_ELEMENTS:
        return _measure_part(views, starts, sizes, dtype, precision)
    parts = []
    for offset in range(0, int(sizes[0]), BATCH_ELEMENTS):
        part = np.minimum(sizes - offset, BATCH_ELEMENTS)
        parts.append(_measure_part(views, [start + offset for start in starts], part, dtype, precision))
    return Statistics(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Statistics)))


def _measure_part(
    views: Sequence[View], starts: Sequence[Ints], sizes: Ints, dtype: np.dtype[Any], precision: int
) -> Statistics:
    wide = np.promote_types(dtype, np.complex128 if dtype.kind == "c" else np.float64)
    samples = np.empty((len(views), int(sizes.sum())), wide)
    with np.errstate(all="ignore"):  # a float16 signalling NaN warns when it is widened
        for row, view, start in zip(samples, views, starts, strict=True):
            _read(view.lane.payload, start, sizes, dtype, row)
    return Statistics.of(samples, precision)


def _read(payload: NDArray[np.uint8], starts: Ints, sizes: Ints, dtype: np.dtype[Any], out: NDArray[Any]) -> None:
    """Elements `starts[i] : starts[i] + sizes[i]` of the payload, one range after the other, into `out`."""
    flat = payload[: len(payload) // dtype.itemsize * dtype.itemsize].view(dtype)
    if len(out) > 64 * len(sizes):
        end = np.cumsum(sizes)
        for start, size, stop in zip(starts.tolist(), sizes.tolist(), end.tolist(), strict=True):
            out[stop - size : stop] = flat[start : start + size]
    else:
        before = np.cumsum(sizes) - sizes
        out[:] = flat[np.repeat(starts - before, sizes) + np.arange(len(out))]


def summarise(statistics: Statistics, sizes: Ints) -> Summary:
    """Statistics per array from those of the elements; `sizes` (V,) elements each, none of them 0."""
    first = np.cumsum(sizes) - sizes
    bits = statistics.bits
    lowest = np.minimum.reduceat(bits, first)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    candidates = np.flatnonzero(bits == lowest[owner])
    _, index = np.unique(owner[candidates], return_index=True)
    worst = candidates[index] if len(index) == len(sizes) else first  # no bits at all: a single sample
    known = ~np.isnan(lowest)
    with np.errstate(all="ignore"):
        means = {
            name: np.add.reduceat(getattr(statistics, name), first) / sizes
            for name in ("mean", "std", "mean_imag", "std_imag")
        }
        return Summary(
            same=np.logical_and.reduceat(statistics.same, first),
            bits_min=lowest,
            bits_median=_medians(bits, owner, sizes, first),
            bits_mean=np.add.reduceat(bits, first) / sizes,
            worst_element=np.where(known, worst - first, -1),
            worst_mean=np.where(known, statistics.mean[worst], np.nan),
            worst_mean_imag=np.where(known, statistics.mean_imag[worst], np.nan),
            largest=np.fmax.reduceat(_magnitude(statistics), first),
            **means,
        )


def _medians(values: Floats, owner: Ints, sizes: Ints, first: Ints) -> Floats:
    """Median of each segment; NaN when all values are."""
    if len(sizes) == 1 and not np.isnan(values[0]):
        return np.array([np.median(values)])
    ordered = values[np.lexsort((values, owner))]
    middle: Floats = (ordered[first + (sizes - 1) // 2] + ordered[first + sizes // 2]) / 2
    return middle
