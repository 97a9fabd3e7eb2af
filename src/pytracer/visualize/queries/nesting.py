"""Reads the calls as bars over time, one inside the other, and chooses as many as a screen can show."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.store import Result
from pytracer.records.schema import Outcome
from pytracer.visualize.queries.cells import Floats, Ints, row_type

LEVELS = 40
"""Levels of nested calls of a lane that are drawn; deeper calls are counted."""
LANES = 24
"""Lanes that are drawn together; the others are counted."""
BARS = 1200
"""Bars that a browser still moves without delay."""
PIXELS = 1000
"""Calls that are shorter than this part of the view share a bar with their neighbours."""


COARSER = 1.25
"""Steps get at least so much longer while there are too many bars."""


@dataclass(frozen=True)
class Nesting:
    """All calls of a result, as columns: a row is a row of the table `calls`."""

    start_ns: Ints
    end_ns: Ints  # of a call that did not return: the last time seen in its lane
    lane: NDArray[np.int32]
    depth: NDArray[np.int32]
    function: NDArray[np.int32]
    bits: NDArray[np.float32]  # fewest bits of its outputs; NaN: not measured
    lost: NDArray[np.float32]
    returned: NDArray[np.bool_]
    lanes: tuple[str, ...]

    @classmethod
    def of(cls, result: Result) -> Self:
        """Read the columns: 40 bytes a call."""
        calls = result.calls
        start, duration, lane = calls["enter_ns"], calls["duration_ns"], calls["lane"]
        last = np.zeros(len(result.lanes), np.int64)
        np.maximum.at(last, lane, start + np.maximum(duration, 0))
        names = zip(result.lanes["process"], result.lanes["name"], strict=True)
        return cls(
            start_ns=start,
            end_ns=np.where(duration < 0, last[lane], start + np.maximum(duration, 0)),
            lane=lane,
            depth=calls["depth"],
            function=calls["function"],
            bits=calls["output_bits_min"].astype(np.float32),
            lost=calls["bits_lost"].astype(np.float32),
            returned=calls["outcome"] == Outcome.RETURNED,
            lanes=tuple(f"{process} {name}".strip() for process, name in names),
        )

    def __len__(self) -> int:
        return len(self.start_ns)

    @cached_property
    def end_ms(self) -> float:
        """When the last call ended, milliseconds after the first call."""
        return float(np.max(self.end_ns)) / 1e6 if len(self) else 0.0

    @cached_property
    def levels(self) -> Ints:
        """Levels of nested calls of each lane, at most LEVELS."""
        deepest = np.full(len(self.lanes), -1)
        np.maximum.at(deepest, self.lane, self.depth)
        levels: Ints = np.minimum(deepest + 1, LEVELS)
        return levels


@dataclass(frozen=True)
class Bars:
    """What is drawn: columns of equal length. A bar is one call, or neighbours too short to be told apart."""

    call: Ints  # the one call, or of several the one with the fewest bits
    calls: Ints  # how many
    start_ms: Floats
    end_ms: Floats
    line: Ints  # from the top, over all lanes shown
    bits: Floats  # of `call`; NaN: none of them was measured
    lanes: dict[int, int]  # lane -> its first line
    lines: int  # in all
    view_ms: tuple[float, float]
    left_out: str  # what is not drawn, in words; empty when nothing

    def __len__(self) -> int:
        return len(self.call)


def bars(
    nesting: Nesting, view_ms: tuple[float, float] | None = None, lane: int | None = None, *, lost: bool = False
) -> Bars:
    """The calls between two times (default: all), of one lane or of the first LANES.

    A shared bar has the bits of its worst call: the fewest output bits, or with `lost` the most bits lost.
    """
    first, last = view_ms if view_ms is not None else (0.0, nesting.end_ms)
    last = max(last, first + 1e-6)
    shown = _shown(nesting, lane)
    there = np.flatnonzero((nesting.start_ns <= last * 1e6) & (nesting.end_ns >= first * 1e6))
    first_line = np.full(len(nesting.lanes), -1, np.int32)
    first_line[list(shown)] = list(shown.values())
    in_lanes = there[first_line[nesting.lane[there]] >= 0].astype(row_type(len(nesting)))
    chosen = in_lanes[nesting.depth[in_lanes] < LEVELS]
    line = first_line[nesting.lane[chosen]] + nesting.depth[chosen]
    bits = nesting.lost if lost else nesting.bits
    start, end = nesting.start_ns[chosen] / 1e6, nesting.end_ns[chosen] / 1e6
    share = _Sharing(start, end, line, -bits[chosen] if lost else bits[chosen])
    found = share.until(BARS, (first, last))
    call = chosen[found.worst]
    return Bars(
        call=call,
        calls=found.calls,
        start_ms=found.start,
        end_ms=found.end,
        line=found.line,
        bits=bits[call].astype(float),
        lanes=shown,
        lines=int(sum(nesting.levels[i] for i in shown)),
        view_ms=(first, last),
        left_out=_left_out(len(nesting.lanes) - len(shown), len(in_lanes) - len(chosen), found),
    )


def _shown(nesting: Nesting, lane: int | None) -> dict[int, int]:
    """The lanes to show and their first lines."""
    chosen = [i for i in range(len(nesting.lanes)) if nesting.levels[i]]
    chosen = [lane] if lane is not None and lane in chosen else chosen[:LANES]
    firsts = np.cumsum([0, *(int(nesting.levels[i]) for i in chosen)])
    return dict(zip(chosen, firsts.tolist(), strict=False))


@dataclass(frozen=True)
class _Shared:
    worst: Ints  # index of the call that stands for the bar
    calls: Ints
    start: Floats
    end: Floats
    line: Ints


@dataclass(frozen=True)
class _Sharing:
    """Calls that may share bars: columns of equal length; the smallest `order` is the worst call."""

    start: Floats
    end: Floats
    line: Ints
    order: Any

    def until(self, limit: int, view: tuple[float, float]) -> _Shared:
        """Shared bars: as fine as the screen when they are at most `limit`, else coarser."""
        step = (view[1] - view[0]) / PIXELS
        while len((found := self.at(step, view[0])).worst) > limit:
            step *= max(len(found.worst) / limit, COARSER)
        return found

    def at(self, step: float, first: float) -> _Shared:
        """Calls shorter than `step` milliseconds share a bar with those of the same line and step."""
        short = np.flatnonzero(self.end - self.start < step)
        long = np.flatnonzero(self.end - self.start >= step)
        if not len(short):
            return self._alone(long)
        cell = np.floor((self.start[short] - first) / step).astype(np.int64)
        cells = int(np.max(cell)) + 2  # a call that began before the view has cell -1
        key = self.line[short] * cells + cell + 1
        number = np.cumsum(np.bincount(key) > 0) - 1  # of each key that there is: lines and cells are few, calls many
        group, count = number[key], int(number[-1]) + 1
        order = np.where(np.isnan(self.order[short]), np.inf, self.order[short])
        least = np.full(count, np.inf)
        np.minimum.at(least, group, order)
        worst = np.zeros(count, np.int64)
        candidates = np.flatnonzero(order == least[group])[::-1]
        worst[group[candidates]] = short[candidates]  # the last assignment, that of the first call, stays
        start, end = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(start, group, self.start[short])
        np.maximum.at(end, group, self.end[short])
        alone = self._alone(long)
        return _Shared(
            np.concatenate([alone.worst, worst]),
            np.concatenate([alone.calls, np.bincount(group)]),
            np.concatenate([alone.start, start]),
            np.concatenate([alone.end, end]),
            np.concatenate([alone.line, self.line[worst]]),
        )

    def _alone(self, rows: Ints) -> _Shared:
        return _Shared(rows, np.ones(len(rows), np.int64), self.start[rows], self.end[rows], self.line[rows])


def _left_out(lanes: int, deep: int, found: _Shared) -> str:
    merged = found.calls > 1
    shared = int(merged.sum())
    drawn = "1 bar, which shows" if shared == 1 else f"{shared} bars, which show"
    parts = [
        f"{found.calls[merged].sum()} short calls share {drawn} the worst of theirs: zoom in to tell them apart"
        if shared
        else "",
        f"{deep} {'call is' if deep == 1 else 'calls are'} nested deeper than {LEVELS} levels" if deep else "",
        f"{lanes} more {'lane' if lanes == 1 else 'lanes'}: choose one" if lanes > 0 else "",
    ]
    return "; ".join(filter(None, parts))
