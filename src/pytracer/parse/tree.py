"""The merged tree of a lane: the calls that any sample made, in order of time, and which sample made them.

It begins as the tree of the first sample. Each other sample is matched with it, and the calls that are new are put in
where the sample made them, so that the next samples can match them, too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.catalog import Catalog
from pytracer.parse.match import Matches, match, unsuspicious
from pytracer.parse.tokens import BITS, SURE, Tokens, tokens_of
from pytracer.records.reader import Lane, Process

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Side:
    """The calls of a lane in one sample."""

    lane: Lane
    key: Ints  # (calls,) function and call site in one number
    parent: Rows  # (calls,) row of the enclosing call, -1 for a root

    @classmethod
    def of(cls, process: Process, lane: Lane, catalog: Catalog) -> "Side":
        key = catalog.functions_of(process, lane)
        key <<= 32
        key += catalog.sites_of(process, lane)
        key += 1
        parent = lane.calls["parent"].astype(np.int32)
        lane.drop_pages()
        return cls(lane, key, parent)


def function_of(key: Ints) -> Ints:
    """Catalog number of the function."""
    return key >> 32


def site_of(key: Ints) -> Ints:
    """Catalog number of the call site, -1 when unknown."""
    return (key & (2**32 - 1)) - 1


@dataclass
class MergedTree:
    """All columns (M,) are in order of time: a call stands before those that it made, and these before the next."""

    catalog: Catalog
    lanes: list[Lane | None]  # of each sample, None where it has none
    key: Ints
    parent: Rows
    source: Rows  # sample whose record is shown
    rows: list[Rows | None]  # row of each call in each sample, -1 for none; samples that agree share one array
    moved: list[Rows]  # calls that each sample made in another order
    capped: int = 0  # lists that were too different to be aligned whole
    _whole: Rows = field(default_factory=lambda: np.zeros(0, np.int32))  # rows of a sample that made just these calls
    _coarse: Tokens = field(default_factory=lambda: np.zeros(0, np.uint64))
    _tokens: Tokens | None = None  # all levels, once samples differ

    @classmethod
    def of(cls, places: Sequence[tuple[Process, Lane] | None], catalog: Catalog) -> "MergedTree":
        """Merge the samples in their order; the first that has the lane is the one that the others are put into.

        One sample at a time is read: mapped pages count as memory.
        """
        first, place = next((i, place) for i, place in enumerate(places) if place is not None)
        side = Side.of(*place, catalog)
        own = np.arange(len(side.key), dtype=np.int32)
        nobody: list[Rows | None] = [None] * len(places)
        moved = [np.zeros(0, np.int32) for _ in places]
        lanes = [None if place is None else place[1] for place in places]
        tree = cls(catalog, lanes, side.key, side.parent, np.full(len(own), first, np.int32), nobody, moved)
        tree.rows[first] = tree._whole = own
        tree._coarse = tokens_of(side.lane, catalog, BITS[SURE : SURE + 1])[0]
        side.lane.drop_pages()
        for i, other in enumerate(places[first + 1 :], first + 1):
            if other is not None:
                tree._add(i, Side.of(*other, catalog))
        return tree

    def _add(self, sample: int, side: Side) -> None:
        if self._is_same(side):
            if len(self._whole) != len(self.key):
                self._whole = np.arange(len(self.key), dtype=np.int32)
            self.rows[sample] = self._whole
            return
        tokens = tokens_of(side.lane, self.catalog)
        side.lane.drop_pages()
        found = match(self.parent, self.key, self._all_tokens(), side.parent, side.key, tokens)
        self.rows[sample] = found.rows
        self.moved[sample] = np.flatnonzero(found.moved).astype(np.int32)
        self.capped += found.capped
        self._insert(sample, side, tokens, found)

    def _is_same(self, side: Side) -> bool:
        if not (np.array_equal(self.key, side.key) and np.array_equal(self.parent, side.parent)):
            return False
        coarse = tokens_of(side.lane, self.catalog, BITS[SURE : SURE + 1])[0]
        side.lane.drop_pages()
        return unsuspicious(self.parent, self.key, self._coarse, coarse)

    def _all_tokens(self) -> Tokens:
        if self._tokens is None:
            lane = next(lane for lane in self.lanes if lane is not None)  # only it has been put in so far
            self._tokens = tokens_of(lane, self.catalog)
            lane.drop_pages()
        return self._tokens

    def _insert(self, sample: int, side: Side, tokens: Tokens, found: Matches) -> None:
        """Put in what only `sample` has: before the next of its siblings that is matched, with all that is inside."""
        new, at = _places(self.parent, side.parent, found)
        if not len(new):
            return
        before = np.arange(len(self.key), dtype=np.int32)
        place = before + np.searchsorted(at, before, side="right").astype(np.int32)  # of what was there
        own = (at + np.arange(len(at))).astype(np.int32)  # of what is new
        merged = np.full(len(side.key) + 1, -1, np.int32)  # place of each call of the sample; -1: of a root's parent
        matched = np.flatnonzero(found.rows >= 0)
        merged[found.rows[matched]] = place[matched]
        merged[new] = own
        total = len(place) + len(own)
        parent = np.full(total, -1, np.int32)
        parent[place] = np.append(place, np.int32(-1))[self.parent]
        parent[own] = merged[side.parent[new]]
        self.parent = parent
        self.key = _joined(self.key, place, side.key[new], own)
        self.source = _joined(self.source, place, np.full(len(own), sample, np.int32), own)
        known_tokens, self._tokens = self._all_tokens(), np.empty((len(tokens), total), np.uint64)
        for merged_level, known_level, level in zip(self._tokens, known_tokens, tokens, strict=True):
            merged_level[place] = known_level
            merged_level[own] = level[new]
        self._coarse = self._tokens[SURE]
        nobody = np.full(len(own), -1, np.int32)
        known: dict[int, Rows] = {}  # samples that agree go on sharing an array
        for i, rows in enumerate(self.rows):
            if rows is not None:
                content = new.astype(np.int32) if i == sample else nobody
                known.setdefault(id(rows), _joined(rows, place, content, own))
        self.rows = [None if rows is None else known[id(rows)] for rows in self.rows]
        self.moved = [place[calls] for calls in self.moved]


def _joined(old: NDArray, place: Rows, new: NDArray, own: Rows) -> NDArray:  # type: ignore[type-arg]
    result = np.empty(len(place) + len(own), old.dtype)
    result[place] = old
    result[own] = new
    return result


def subtree_ends(parent: Rows, depth: Ints) -> Ints:
    """One past the last call inside each call, and at the end (index -1) past all calls; `depth` as of `depths`."""
    ends = np.append(np.arange(1, len(parent) + 1), len(parent))
    order = np.argsort(depth, kind="stable")
    starts = np.searchsorted(depth[order], np.arange((int(np.max(depth)) if len(depth) else 0) + 2))
    for level in range(len(starts) - 2, 0, -1):
        calls = order[starts[level] : starts[level + 1]]
        np.maximum.at(ends, parent[calls], ends[calls])
    return ends


def depths(parent: Rows) -> Ints:
    """Number of calls around each call."""
    depth = np.zeros(len(parent), np.int64)
    above = parent.copy()
    inside = np.flatnonzero(above >= 0)
    while len(inside):
        depth[inside] += 1
        above[inside] = parent[above[inside]]
        inside = inside[above[inside] >= 0]
    return depth


def _places(merged: Rows, parent: Rows, found: Matches) -> tuple[Ints, Ints]:
    """Calls of the sample (rows) that are new, in the order in which they are put in, and before which merged call."""
    row_of = np.full(len(parent) + 1, -1, np.int64)  # merged call of each row
    matched = np.flatnonzero(found.rows >= 0)
    row_of[found.rows[matched]] = matched
    new = np.flatnonzero(row_of[:-1] < 0)
    if not len(new):
        return new, new
    top = _topmost(parent, row_of, new)
    roots = np.unique(top)
    inside = row_of[parent[roots]]  # the merged call around each, -1 for a root of the lane
    inside[parent[roots] < 0] = -1
    follower = _next_sibling(parent, row_of, found, roots)
    depth = depths(merged)
    at = np.where(follower >= 0, follower, subtree_ends(merged, depth)[inside])
    at = np.maximum(at, inside + 1)
    deep = np.append(depth, -1)[inside] + 1  # 0 for the roots, whose call around is -1
    index = np.searchsorted(roots, top)
    order = np.lexsort((new, top, -deep[index], at[index]))
    return new[order], at[index][order]


def _topmost(parent: Rows, row_of: Ints, new: Ints) -> Ints:
    """Of each new call the outermost new call that it is inside."""
    top = np.arange(len(parent))
    above = parent[new]
    top[new] = np.where((above >= 0) & (row_of[above] < 0), above, new)
    while True:
        further = top[top[new]]
        if np.array_equal(further, top[new]):
            return further
        top[new] = further


def _next_sibling(parent: Rows, row_of: Ints, found: Matches, roots: Ints) -> Ints:
    """Merged call of the next sibling that is matched in order; -1 for none."""
    order = np.argsort(parent, kind="stable")
    usable = row_of[:-1][order] >= 0
    usable[usable] = ~found.moved[row_of[:-1][order][usable]].astype(np.bool_)
    count = len(order)
    nearest = np.where(usable, np.arange(count), count)
    nearest = np.append(np.minimum.accumulate(nearest[::-1])[::-1], count)
    position = np.empty(count, np.int64)
    position[order] = np.arange(count)
    next_one = nearest[position[roots]]
    sibling = order[np.minimum(next_one, count - 1)]
    is_one = (next_one < count) & (parent[sibling] == parent[roots])
    return np.where(is_one, row_of[sibling], -1)
