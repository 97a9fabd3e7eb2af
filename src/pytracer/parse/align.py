"""Lines the samples up call by call: see docs/alignment.md.

Lanes (threads, tasks) are paired by name (`lanes`), the calls of a lane are merged into one tree (`tree`), and where
samples went different ways is told from that tree (`divergence`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.catalog import Catalog
from pytracer.parse.lanes import LaneGroup, pair_lanes
from pytracer.parse.tree import MergedTree, function_of, site_of
from pytracer.records.reader import Lane, Trace
from pytracer.records.schema import CALL

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]


@dataclass(frozen=True)
class AlignedLane:
    """One lane in all samples: the calls that any of them made, in order of time. All columns have shape (M,).

    `rows[i]` gives for each call its row in sample i, -1 for none; it is None where the sample has no such lane.
    Samples that made the same calls share one array.
    """

    process: str
    name: str
    lanes: tuple[Lane | None, ...]
    rows: tuple[Rows | None, ...]
    source: Rows  # index of the sample whose record is shown
    parent: Rows  # call that made it, -1 for a root
    key: Ints  # function and call site in one number (tree.function_of, tree.site_of)
    moved: tuple[Rows, ...]  # of each sample: the calls that it made in another order than the others
    capped: int  # lists of calls that were too different to be aligned whole

    def __len__(self) -> int:
        return len(self.key)

    def functions(self, calls: slice | Ints) -> Ints:
        """Catalog number of the function of each of the calls."""
        return function_of(self.key[calls])

    def sites(self, calls: slice | Ints) -> Ints:
        """Catalog number of the call site of each of the calls, -1 when unknown."""
        return site_of(self.key[calls])

    def shown(self, calls: slice | Ints) -> Rows:
        """Row of each of the calls in the sample that is its source."""
        source = self.source[calls]
        result = np.empty(len(source), np.int32)
        for sample in np.unique(source).tolist():
            rows = self.rows[sample]
            assert rows is not None  # it is the source
            some = source == sample
            result[some] = rows[calls][some]
        return result

    def records(self, calls: slice | Ints) -> NDArray[np.void]:
        """The CALL record of each of the calls in the sample that is its source; the parent is a row of that sample."""
        return self._gather(calls, None)

    def column(self, name: str, calls: slice | Ints = slice(None)) -> NDArray[Any]:
        """A field of these records."""
        return self._gather(calls, name)

    def _gather(self, calls: slice | Ints, name: str | None) -> NDArray[Any]:
        source, shown = self.source[calls], self.shown(calls)
        result = np.empty(len(source), CALL if name is None else CALL[name])
        for sample in np.unique(source).tolist():
            lane = self.lanes[sample]
            assert lane is not None  # it is the source
            some = source == sample
            result[some] = (lane.calls if name is None else lane.calls[name])[shown[some]]
        return result


def align(traces: Sequence[Trace], catalog: Catalog) -> list[AlignedLane]:
    """Match the calls of all traces, lane by lane. Calls of several are shown as the first of them made them."""
    return [_align_lane(group, catalog) for group in pair_lanes(traces, catalog)]


def _align_lane(group: LaneGroup, catalog: Catalog) -> AlignedLane:
    tree = MergedTree.of(group.places, catalog)
    return AlignedLane(
        group.process,
        group.name,
        tuple(tree.lanes),
        tuple(tree.rows),
        tree.source,
        tree.parent,
        tree.key,
        tuple(tree.moved),
        tree.capped,
    )
