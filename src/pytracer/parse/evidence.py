"""The traced values just before a divergence that already differed between the samples on its sides.

Looked at are the inputs of the calls around it, and all values of the last calls before it that all samples made. A
value's bits are -log2 of its standard deviation over its mean, of the worst of at most 4096 elements: enough to rank
values, by which a person sees what the decision was made from; the measured bits stand in the table of values.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.align import AlignedLane
from pytracer.parse.catalog import Catalog
from pytracer.parse.divergence import Divergence, DivergenceKind
from pytracer.parse.values import ValueRows, View
from pytracer.records.schema import Kind, Outcome

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SHOWN: Final = 8
"""Values that are kept for a divergence."""
CALLS: Final = 32
"""Calls before it that are looked at,"""
AROUND: Final = 8
"""and calls around it."""
ELEMENTS: Final = 2**12
"""Elements of an array that are looked at."""

_SCALARS = (Kind.FLOAT64, Kind.FLOAT32, Kind.FLOAT16, Kind.COMPLEX128, Kind.COMPLEX64)
_COMPLEX = (Kind.COMPLEX128, Kind.COMPLEX64)


class Evidence(NamedTuple):
    """A value that differed: number `value` (inputs, then outputs) of a call of the merged lane."""

    call: int
    value: int


def find_evidence(divergence: Divergence, lane: AlignedLane, catalog: Catalog) -> list[Evidence]:
    """At most SHOWN values, those with the fewest bits first, of equal ones the latest."""
    samples = _witnesses(divergence, lane)
    if len(samples) < 2:
        return []
    views = [View.of(side, catalog) for i in samples if (side := lane.lanes[i]) is not None]
    rows = np.stack([own for i in samples if (own := lane.rows[i]) is not None])
    calls, inputs_only = _candidates(divergence, lane)
    there = (rows[:, calls] >= 0).all(axis=0)
    calls, inputs_only = calls[there], inputs_only[there]
    if not len(calls):
        return []
    values = ValueRows.of(views[0], rows[0, calls].astype(np.int64), views, rows[:, calls].astype(np.int64))
    bits = _bits(views, values.samples)
    bits[values.output & inputs_only[values.call]] = np.inf
    # Values are numbered as the sample has them that the result shows.
    shown = (lane.source[calls] == samples[0])[values.call]
    differing = np.flatnonzero(np.isfinite(bits) & shown)
    order = differing[np.lexsort((-calls[values.call[differing]], bits[differing]))][:SHOWN]
    first = np.searchsorted(values.call, values.call[order])
    return [Evidence(int(calls[values.call[v]]), int(v - f)) for v, f in zip(order, first, strict=True)]


def _witnesses(divergence: Divergence, lane: AlignedLane) -> list[int]:
    """Samples to compare: all that have the lane; none where nothing before can be the reason."""
    if divergence.kind == DivergenceKind.LANE:
        return []
    samples = [i for i, rows in enumerate(lane.rows) if rows is not None]
    if divergence.kind == DivergenceKind.ENDED:
        [sample] = divergence.ways[0].samples
        side = lane.lanes[sample]
        if side is None or np.any(side.calls["outcome"] == Outcome.RUNNING):  # killed from outside
            return []
    return samples


def _candidates(divergence: Divergence, lane: AlignedLane) -> tuple[Ints, NDArray[np.bool_]]:
    """Calls to look at, and of which of them only the inputs count."""
    around = [divergence.first] if divergence.kind == DivergenceKind.OUTCOME else []
    above = divergence.parent
    while above >= 0 and len(around) < AROUND:
        around.append(above)
        above = int(lane.parent[above])
    at = divergence.first if divergence.first >= 0 else divergence.before + 1
    before = [call for call in range(max(at - CALLS, 0), at) if call not in around]
    calls = np.array([*around, *before], np.int64)
    return calls, np.arange(len(calls)) < len(around)


def _bits(views: Sequence[View], rows: Ints) -> Floats:
    """Bits of each value (V,) at `rows` (N, V); 0 for discrete ones that differ, infinite for those that do not."""
    contents = np.stack([view.contents(row) for view, row in zip(views, rows, strict=True)])
    result = np.where((contents != contents[0]).any(axis=0), 0.0, np.inf)
    kinds = views[0].kinds(rows[0])
    alike = np.isinf(result)
    for field in ("data", "extra"):
        some = np.flatnonzero(alike & np.isin(kinds, _SCALARS if field == "data" else _COMPLEX))
        numbers = [view.lane.values[field][row[some]] for view, row in zip(views, rows, strict=True)]
        floats = np.stack(numbers).view(np.float64) if len(some) else np.zeros((len(views), 0))
        result[some] = np.minimum(result[some], _spread(floats))
    for value in np.flatnonzero(alike & (kinds == Kind.ARRAY)).tolist():
        result[value] = _array_bits(views, rows[:, value])
    return result


def _array_bits(views: Sequence[View], rows: Ints) -> float:
    arrays = [view.lane.arrays.view(int(row), view.lane.payload) for view, row in zip(views, rows, strict=True)]
    sound = [array for array in arrays if array is not None]
    if len(sound) < len(arrays) or not sound[0].size:
        return np.inf
    step = -(-sound[0].size // ELEMENTS)
    elements = np.stack([array.reshape(-1)[::step] for array in sound])
    if elements.dtype.kind == "c":
        elements = np.concatenate([elements.real, elements.imag], axis=1)
    if elements.dtype.kind != "f":
        return 0.0 if (elements != elements[0]).any() else np.inf
    return float(np.min(_spread(elements.astype(np.float64))))


def _spread(values: Floats) -> Floats:
    """-log2 of standard deviation over mean of (N, V) values, at least 0; infinite where all are the same."""
    with np.errstate(all="ignore"):
        same = ((values == values[0]) | (np.isnan(values) & np.isnan(values[0]))).all(axis=0)
        bits = -np.log2(values.std(axis=0, ddof=1) / np.abs(values.mean(axis=0)))
    return np.where(same, np.inf, np.where(np.isnan(bits), 0.0, np.clip(bits, 0, 53)))
