"""Puts the calls of a lane on one clock: each sample has its own, and runs at its own pace."""

import numpy as np

from pytracer.parse.align import AlignedLane
from pytracer.parse.groups import Ints
from pytracer.records.schema import Outcome


def clock_shifts(lane: AlignedLane, origins: Ints) -> Ints:
    """What to add to the times of each call's record (M,), nanoseconds; `origins` are the first calls of the samples.

    A call that the sample which shows its caller did not make lies as long after the entry of its caller as in its own
    sample, or less where the caller would have ended before.
    """
    shift: Ints = -origins[lane.source]
    caller = np.maximum(lane.parent, 0)
    foreign = (lane.parent >= 0) & (lane.source != lane.source[caller])
    if not foreign.any():
        return shift
    depth = lane.column("depth")
    order = np.argsort(depth, kind="stable")
    times = _Times(lane)
    for level in np.split(order, np.flatnonzero(np.diff(depth[order])) + 1):
        inside = level[lane.parent[level] >= 0]
        own = inside[~foreign[inside]]
        shift[own] = shift[caller[own]]
        other = inside[foreign[inside]]
        shift[other] = times.placed(other, shift) - times.enter[other]
    return shift


class _Times:
    """Of each call of a lane, in the sample that shows it."""

    def __init__(self, lane: AlignedLane) -> None:
        self._lane = lane
        self.enter = lane.column("enter_ns").astype(np.int64)
        self._returned = lane.column("outcome") != Outcome.RUNNING
        self._exit = lane.column("exit_ns").astype(np.int64)
        self._duration = np.where(self._returned, self._exit - self.enter, 0)

    def placed(self, calls: Ints, shift: Ints) -> Ints:
        """When these calls began, on the clock of what shows their callers."""
        lane, callers = self._lane, self._lane.parent[calls]
        before = np.empty(len(calls), np.int64)  # entry of the caller, in the sample of the call
        for sample in np.unique(lane.source[calls]).tolist():
            side, rows = lane.lanes[sample], lane.rows[sample]
            assert side is not None  # it shows some of them
            assert rows is not None
            some = lane.source[calls] == sample
            before[some] = side.calls["enter_ns"][rows[callers[some]]].astype(np.int64)
        first = self.enter[callers] + shift[callers]
        began = first + self.enter[calls] - before
        last = self._exit[callers] + shift[callers] - self._duration[calls]
        found: Ints = np.maximum(np.where(self._returned[callers], np.minimum(began, last), began), first)
        return found
