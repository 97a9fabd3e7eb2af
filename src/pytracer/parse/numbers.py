"""Statistics of numbers where they stand in the traces: per value (`Summary`), and element by element (`Statistics`).

The native kernel (summaries.c) reads the bytes of all samples at once, in blocks that fit the processor's cache, and
makes no copy; `summarise_reference` is the same in NumPy, and takes over for long doubles.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer import _native
from pytracer.parse.measure import Rule, Statistics

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

KERNEL_TYPES = ("f8", "f4", "f2", "c16", "c8", "i8")
"""What the native kernel reads, of either byte order."""

BYTES_KEPT = 16
"""Memory that an element takes while quantiles are found: its significant bits and its error bits."""

RESOLUTION = 1 / 256
"""Bits: to so much quantiles are known of arrays whose bits would take more than the memory that measuring may."""

THREAD_ELEMENTS = 2**18
"""Fewer elements are not worth a second thread."""


@dataclass(frozen=True)
class Numbers:
    """Where V values of one type stand in N samples, and in the unperturbed one where that is known.

    Offsets are in bytes; elements follow each other.
    """

    dtype: np.dtype[Any]
    payloads: tuple[Bytes, ...]  # N
    starts: Ints  # (N, V)
    sizes: Ints  # (V,) elements, at least 1
    unperturbed: Bytes | None = None
    unperturbed_starts: Ints | None = None  # (V,), -1 for none
    mapped: bool = False  # all of them are files that are mapped and were not changed: pages may be dropped

    def __getitem__(self, some: slice | Ints) -> "Numbers":
        """Some of the values."""
        base = None if self.unperturbed_starts is None else self.unperturbed_starts[some]
        return replace(self, starts=self.starts[:, some], sizes=self.sizes[some], unperturbed_starts=base)

    @property
    def has_kernel(self) -> bool:
        """Whether the native kernel knows the type."""
        return self.dtype.str[1:] in KERNEL_TYPES


@dataclass(frozen=True)
class Summary:
    """Statistics per value, shape (V,): see the columns of `values` in `schema`. In the order of summaries.c.

    Of complex numbers an element's bits are those of its worse part.
    """

    same: Floats  # 1 when equal in all samples
    bits_min: Floats
    bits_p05: Floats
    bits_median: Floats
    bits_mean: Floats
    bits_max: Floats
    error_bits_min: Floats
    error_bits_median: Floats
    unperturbed: Floats
    unperturbed_imag: Floats
    mean: Floats
    std: Floats
    mean_imag: Floats
    std_imag: Floats
    worst_element: Floats  # -1 without bits
    worst_mean: Floats
    worst_mean_imag: Floats
    largest: Floats
    norm: Floats
    nans: Floats  # elements that are NaN in some sample
    infs: Floats
    nan_differs: Floats  # 1 when some are NaN in some samples only
    inf_differs: Floats  # 1 when some are infinite in some samples only, or in both directions

    @classmethod
    def empty(cls, count: int) -> "Summary":
        """Nothing is known yet: NaN, and equal."""
        known = {"same": 1.0, "worst_element": -1.0, "nans": 0.0, "infs": 0.0, "nan_differs": 0.0, "inf_differs": 0.0}
        return cls(**{f.name: np.full(count, known.get(f.name, np.nan)) for f in fields(cls)})

    def put(self, index: Ints, other: "Summary") -> None:
        """Set the rows `index` to those of `other`."""
        for f in fields(self):
            getattr(self, f.name)[index] = getattr(other, f.name)

    def without_bits(self, some: NDArray[np.bool_]) -> None:
        """Forget the bits of some values, also those of the mean."""
        for f in fields(self):
            if "bits" in f.name:
                getattr(self, f.name)[some] = np.nan
        self.worst_element[some] = -1


def summarise(numbers: Numbers, rule: Rule, memory: int, jobs: int = 1) -> Summary:
    """Measure values in `jobs` threads; `memory` is what they may take together, in bytes.

    Quantiles are exact where an array's elements take at most its share of that memory (BYTES_KEPT each), else known to
    RESOLUTION.
    """
    if not numbers.has_kernel:
        return _joined([summarise_reference(part, rule) for part in _batches(numbers, memory)])
    total = int(numbers.sizes.sum())
    jobs = max(1, min(jobs, total // THREAD_ELEMENTS))
    keep = memory // (BYTES_KEPT * jobs)
    if jobs == 1:
        return _summarise(numbers, rule, keep)
    ends = np.searchsorted(np.cumsum(numbers.sizes), np.arange(1, jobs) * total // jobs, side="right")
    edges = np.unique([0, *ends.tolist(), len(numbers.sizes)])
    parts = [numbers[slice(*edge)] for edge in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)]
    with ThreadPoolExecutor(jobs) as pool:
        return _joined(list(pool.map(lambda part: _summarise(part, rule, keep), parts)))


def _summarise(numbers: Numbers, rule: Rule, keep: int) -> Summary:
    columns = np.empty((len(fields(Summary)), len(numbers.sizes)))
    payloads, starts, sizes, base, base_starts, dtype, how = _arguments(numbers, rule)
    _native.summarise_values(payloads, starts, sizes, base, base_starts, dtype, how, columns, keep, numbers.mapped)
    return Summary(*columns)


def _arguments(
    numbers: Numbers, rule: Rule
) -> tuple[tuple[Bytes, ...], Ints, Ints, Bytes | None, Ints | None, str, tuple[bool, bool, float, float]]:
    """What the kernels take before the columns."""
    base = numbers.unperturbed_starts
    starts = None if base is None else np.ascontiguousarray(base)
    where, sizes = np.ascontiguousarray(numbers.starts), np.ascontiguousarray(numbers.sizes)
    how = rule.general, rule.to_reference, rule.delta, float(rule.precision)
    return numbers.payloads, where, sizes, numbers.unperturbed, starts, numbers.dtype.str, how


def measure_elements(numbers: Numbers, rule: Rule) -> Floats:
    """Mean, std, mean_imag, std_imag, bits, bits_imag of every element, one value after the other; shape (6, M)."""
    if not numbers.has_kernel:
        s = _statistics(numbers, rule)
        return np.stack([s.mean, s.std, s.mean_imag, s.std_imag, s.bits, s.bits_imag])
    columns = np.empty((6, int(numbers.sizes.sum())))
    _native.measure_elements(*_arguments(numbers, rule), columns)
    return columns


def element_parts(numbers: Numbers, elements: int) -> Iterator[Numbers]:
    """The same elements in the same order, in portions of at most `elements`; a large array comes in parts."""
    ends = np.cumsum(numbers.sizes)
    first = 0
    while first < len(ends):
        done = int(ends[first - 1]) if first else 0
        last = int(np.searchsorted(ends, done + elements, side="right"))
        if last > first:
            yield numbers[first:last]
        else:
            last = first + 1
            yield from _pieces(numbers[first:last], elements)
        first = last


def _pieces(numbers: Numbers, elements: int) -> Iterator[Numbers]:
    """Pieces of one value."""
    size, width = int(numbers.sizes[0]), numbers.dtype.itemsize
    for offset in range(0, size, elements):
        base = numbers.unperturbed_starts
        yield replace(
            numbers,
            starts=numbers.starts + offset * width,
            sizes=np.array([min(elements, size - offset)]),
            unperturbed_starts=None if base is None else np.where(base < 0, -1, base + offset * width),
        )


# ---- the same in NumPy


def _batches(numbers: Numbers, memory: int) -> Iterator[Numbers]:
    """Consecutive values whose elements together fit into the memory; a larger value is alone, and does not."""
    bound = max(1, memory // (64 * (len(numbers.payloads) + 1)))
    ends = np.cumsum(numbers.sizes)
    first = 0
    while first < len(ends):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + bound, side="right")), first + 1)
        yield numbers[first:last]
        first = last


def summarise_reference(numbers: Numbers, rule: Rule) -> Summary:
    """What `summarise` gives, in NumPy, with exact quantiles."""
    ends = np.cumsum(numbers.sizes)
    statistics, samples, base = _statistics(numbers, rule), _samples(numbers), _unperturbed(numbers)
    parts = []
    for first, end in zip((ends - numbers.sizes).tolist(), ends.tolist(), strict=True):
        own = slice(first, end)
        of_value = Statistics(*(getattr(statistics, f.name)[own] for f in fields(Statistics)))
        parts.append(_summary(of_value, samples[:, own], None if base is None else base[own]))
    return _joined(parts)


def _statistics(numbers: Numbers, rule: Rule) -> Statistics:
    base = _unperturbed(numbers)
    statistics = Statistics.of(_samples(numbers), rule, base)
    if base is not None and numbers.unperturbed_starts is not None:
        without = np.repeat(numbers.unperturbed_starts < 0, numbers.sizes)
        statistics.error_bits[without] = np.nan
        if rule.to_reference:
            statistics.bits[without] = statistics.bits_imag[without] = np.nan
    return statistics


def _samples(numbers: Numbers) -> NDArray[Any]:
    """The numbers (N, M), at least as wide as float64."""
    rows = [_read(numbers, payload, starts) for payload, starts in zip(numbers.payloads, numbers.starts, strict=True)]
    return np.stack(rows)


def _unperturbed(numbers: Numbers) -> NDArray[Any] | None:
    if numbers.unperturbed is None or numbers.unperturbed_starts is None:
        return None
    return _read(numbers, numbers.unperturbed, numbers.unperturbed_starts)


def _read(numbers: Numbers, payload: Bytes, starts: Ints) -> NDArray[Any]:
    """One value after the other; NaN where the start is -1."""
    dtype = numbers.dtype
    wide = np.promote_types(dtype, np.complex128 if dtype.kind == "c" else np.float64)
    out = np.full(int(numbers.sizes.sum()), complex(np.nan, np.nan) if dtype.kind == "c" else np.nan, wide)
    end = np.cumsum(numbers.sizes)
    with np.errstate(all="ignore"):  # a float16 signalling NaN warns when it is widened
        for start, size, stop in zip(starts.tolist(), numbers.sizes.tolist(), end.tolist(), strict=True):
            if start >= 0:
                out[stop - size : stop] = np.frombuffer(payload, dtype, size, start)
    return out


def _summary(s: Statistics, samples: NDArray[Any], base: NDArray[Any] | None) -> Summary:
    """Of one value."""
    bits = s.fewest_bits
    known = not np.isnan(bits).any()
    worst = int(np.argmin(bits)) if known else -1
    is_complex = samples.dtype.kind == "c"
    with np.errstate(all="ignore"):
        magnitude = np.hypot(s.mean, s.mean_imag) if is_complex else np.abs(s.mean)
        quantiles = [np.quantile(bits, 0.05, method="lower"), np.median(bits)] if known else [np.nan, np.nan]
        scale = magnitude.max()
        norm = np.linalg.norm(magnitude / scale) * scale if 0 < scale < np.inf else scale
        nan, inf = (_special(samples, test) for test in (np.isnan, np.isinf))
        opposite = any(((part == np.inf).any(axis=0) & (part == -np.inf).any(axis=0)).any() for part in _parts(samples))
        row = [
            *(s.same.all(), np.min(bits), *quantiles, bits.mean(), np.max(bits)),
            *(np.min(s.error_bits), np.median(s.error_bits)),
            *((np.nan, np.nan) if base is None else (base.real.mean(), base.imag.mean() if is_complex else np.nan)),
            *(s.mean.mean(), s.std.mean(), s.mean_imag.mean(), s.std_imag.mean()),
            *(worst, s.mean[worst] if known else np.nan, s.mean_imag[worst] if known else np.nan),
            *(
                np.nan if np.isnan(magnitude).all() else np.nanmax(magnitude),
                norm,
                nan[0],
                inf[0],
                nan[1],
                inf[1] or opposite,
            ),
        ]
    return Summary(*(np.array([float(cell)]) for cell in row))


def _parts(samples: NDArray[Any]) -> Sequence[NDArray[Any]]:
    return (samples.real, samples.imag) if samples.dtype.kind == "c" else (samples,)


def _some(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Some, but not all."""
    result: NDArray[np.bool_] = np.asarray(flags.any(axis=0) & ~flags.all(axis=0))
    return result


def _special(samples: NDArray[Any], test: Any) -> tuple[int, bool]:
    """How many elements are so in some sample, and whether some part is so in some samples only."""
    found = [test(part) for part in _parts(samples)]
    elements = np.any([flags.any(axis=0) for flags in found], axis=0)
    return int(np.count_nonzero(elements)), any(bool(_some(flags).any()) for flags in found)


def _joined(parts: Sequence[Summary]) -> Summary:
    return Summary(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Summary)))
