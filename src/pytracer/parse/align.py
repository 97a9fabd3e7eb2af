"""Lines the samples up call by call.

Lanes are matched by process and lane name. In a lane two calls match when they have the same key (function, call site,
outcome), their parents match, and they stand in the common prefix or the common suffix of their parents' children.
Sample 0 is the side that the others are compared with. Linear in the number of calls; equal trees need one comparison
of columns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.catalog import Catalog
from pytracer.records.reader import Lane, Process, Trace
from pytracer.records.schema import Outcome

Ints = NDArray[np.int64]

ROOT = -1


class CallCount(NamedTuple):
    """So many calls of a function that ended in one way."""

    function: int  # number in the catalog
    outcome: Outcome
    calls: int


class Side(NamedTuple):
    """What some samples called where the reference called something else."""

    samples: tuple[int, ...]  # index in the sequence of compared traces
    calls: tuple[CallCount, ...]


@dataclass(frozen=True)
class Divergence:
    """Children of one call that do not match in all samples. Rows are those of the reference lane, -1 for none."""

    parent: int  # the call whose children differ; ROOT for the roots of the lane
    site: int  # number in the catalog of the first call that differs; -1 when not known
    before: int  # last matched child before the difference
    first: int  # first unmatched child
    reference: tuple[CallCount, ...]
    sides: tuple[Side, ...]


@dataclass(frozen=True)
class AlignedLane:
    """One lane in all samples.

    `rows` (samples, calls) gives for each call of the reference the row of the matching call in each sample, -1 for
    none. `function` and `site` (calls,) are catalog numbers of the reference's calls.
    """

    process: str
    name: str
    reference: Lane | None  # None when only other samples have this lane
    lanes: tuple[Lane | None, ...]
    rows: Ints
    function: Ints
    site: Ints
    divergences: tuple[Divergence, ...]


def align(reference: Trace, samples: Sequence[Trace], catalog: Catalog) -> list[AlignedLane]:
    """Match the calls of every sample with those of the reference, lane by lane."""
    sides = [{(process.name, lane.name): (process, lane) for process, lane in trace.lanes()} for trace in samples]
    first = {(process.name, lane.name): (process, lane) for process, lane in reference.lanes()}
    keys = list(first) + [key for side in sides for key in side if key not in first]
    return [_align_lane(key, first.get(key), [s.get(key) for s in sides], catalog) for key in dict.fromkeys(keys)]


@dataclass(frozen=True)
class _Tree:
    """The calls of a lane as lists of children: those of call r are `order[first[r + 1] : first[r + 2]]`."""

    key: Ints  # function, site and outcome of each call in one number
    parent: Ints
    order: Ints
    first: Ints
    ordered: Ints  # key[order]

    @classmethod
    def of(cls, place: tuple[Process, Lane] | None, catalog: Catalog) -> "_Tree":
        if place is None:
            empty = np.zeros(0, np.int64)
            return cls(empty, empty, empty, np.zeros(2, np.int64), empty)
        function, site = catalog.functions_of(*place), catalog.sites_of(*place)
        calls = place[1].calls
        parent = calls["parent"].astype(np.int64)
        first = np.concatenate([[0], np.cumsum(np.bincount(parent + 1, minlength=len(parent) + 1))])
        key, order = _key(function, site, calls["outcome"]), np.argsort(parent, kind="stable")
        return cls(key, parent, order, first, key[order])

    def children(self, calls: Ints) -> tuple[Ints, Ints]:
        """Start in `order` and number of the children of each call."""
        return self.first[calls + 1], self.first[calls + 2] - self.first[calls + 1]


def _key(function: Ints, site: Ints, outcome: NDArray[np.uint8]) -> Ints:
    result: Ints = (function << 34) | ((site + 1) << 2) | outcome.astype(np.int64)
    return result


def _function_of(key: Ints) -> Ints:
    return key >> 34


def _site_of(key: int) -> int:
    return ((key >> 2) & (2**32 - 1)) - 1


class _Difference(NamedTuple):
    """Children of matched calls between their common prefix and suffix, in one sample."""

    parent: int
    before: int
    reference: Ints  # rows in the reference
    sample: Ints  # rows in the sample


def _align_lane(
    name: tuple[str, str],
    reference: tuple[Process, Lane] | None,
    samples: Sequence[tuple[Process, Lane] | None],
    catalog: Catalog,
) -> AlignedLane:
    tree = _Tree.of(reference, catalog)
    others = [_Tree.of(sample, catalog) for sample in samples]
    rows = np.full((len(samples), len(tree.key)), -1)
    differences: list[list[_Difference]] = []
    for row, other in zip(rows, others, strict=True):
        if np.array_equal(tree.key, other.key) and np.array_equal(tree.parent, other.parent):
            row[:] = np.arange(len(row))
            differences.append([])
        else:
            differences.append(_match(tree, other, row))
    site = ((tree.key >> 2) & (2**32 - 1)) - 1
    lanes = tuple(sample[1] if sample else None for sample in samples)
    divergences = tuple(_merge(tree, others, differences))
    lane = reference[1] if reference else None
    return AlignedLane(*name, lane, lanes, rows, _function_of(tree.key), site, divergences)


def _match(tree: _Tree, other: _Tree, rows: Ints) -> list[_Difference]:
    """Fill `rows` with the matches, one level of the trees at a time, and return what is left over."""
    found: list[_Difference] = []
    a = b = np.array([ROOT])
    while len(a):
        (start_a, count_a), (start_b, count_b) = tree.children(a), other.children(b)
        shared = np.minimum(count_a, count_b)
        end_a, end_b = start_a + count_a - 1, start_b + count_b - 1
        prefix = _common(tree.ordered, start_a, other.ordered, start_b, shared, 1)
        suffix = _common(tree.ordered, end_a, other.ordered, end_b, shared - prefix, -1)
        for i in np.flatnonzero(prefix + suffix < np.maximum(count_a, count_b)).tolist():
            middle_a = slice(start_a[i] + prefix[i], start_a[i] + count_a[i] - suffix[i])
            middle_b = slice(start_b[i] + prefix[i], start_b[i] + count_b[i] - suffix[i])
            before = int(tree.order[middle_a.start - 1]) if prefix[i] else -1
            found.append(_Difference(int(a[i]), before, tree.order[middle_a], other.order[middle_b]))
        head, steps = _ranges(prefix)
        tail, back = _ranges(suffix)
        a = tree.order[np.concatenate([start_a[head] + steps, end_a[tail] - back])]
        b = other.order[np.concatenate([start_b[head] + steps, end_b[tail] - back])]
        rows[a] = b
    return found


def _ranges(counts: Ints) -> tuple[Ints, Ints]:
    """For counts (2, 0, 3): the segments (0, 0, 2, 2, 2) and the steps (0, 1, 0, 1, 2)."""
    segment = np.repeat(np.arange(len(counts)), counts)
    return segment, np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts)


def _common(key_a: Ints, start_a: Ints, key_b: Ints, start_b: Ints, limit: Ints, direction: int) -> Ints:
    """How many keys of each pair of sequences agree, from the starts in `direction`, at most `limit`."""
    segment, step = _ranges(limit)
    step = step * direction
    unequal = np.flatnonzero(key_a[start_a[segment] + step] != key_b[start_b[segment] + step])
    segments, first = np.unique(segment[unequal], return_index=True)
    length = limit.copy()
    length[segments] = np.abs(step[unequal[first]])
    return length


def _merge(tree: _Tree, others: Sequence[_Tree], differences: Sequence[Sequence[_Difference]]) -> list[Divergence]:
    """One divergence per call whose children differ in some sample, in order of that call."""
    by_parent: dict[int, list[tuple[int, _Difference]]] = {}
    for sample, found in enumerate(differences):
        for difference in found:
            by_parent.setdefault(difference.parent, []).append((sample, difference))
    return [_divergence(tree, others, parent, by_parent[parent]) for parent in sorted(by_parent)]


def _divergence(
    tree: _Tree, others: Sequence[_Tree], parent: int, found: Sequence[tuple[int, _Difference]]
) -> Divergence:
    unmatched = np.unique(np.concatenate([difference.reference for _, difference in found]))
    groups: dict[bytes, list[tuple[int, Ints]]] = {}
    for sample, difference in found:
        keys = others[sample].key[difference.sample]
        groups.setdefault(keys.tobytes(), []).append((sample, keys))
    sides = tuple(Side(tuple(s for s, _ in group), _count(group[0][1])) for group in groups.values())
    first = int(unmatched[0]) if len(unmatched) else -1
    heads = [int(tree.key[first])] if first >= 0 else [int(g[0][1][0]) for g in groups.values() if len(g[0][1])]
    before = min(difference.before for _, difference in found)
    return Divergence(parent, _site_of(heads[0]), before, first, _count(tree.key[unmatched]), sides)


def _count(keys: Ints) -> tuple[CallCount, ...]:
    """Calls per function and outcome, in order of first appearance."""
    kinds, first, calls = np.unique((_function_of(keys) << 2) | (keys & 3), return_index=True, return_counts=True)
    order = np.argsort(first)
    return tuple(CallCount(int(kinds[i]) >> 2, Outcome(int(kinds[i]) & 3), int(calls[i])) for i in order)
