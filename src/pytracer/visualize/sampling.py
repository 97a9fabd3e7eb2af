"""Which values of a timeline are drawn: those that the filters and the axes let through, and not too many."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from pytracer.visualize.queries.cells import BLOCK, Floats, Ints
from pytracer.visualize.queries.timeline import Timeline
from pytracer.visualize.state import ALL, BITS, IMAG, LOG, TIME, Range, State
from pytracer.visualize.units import count, factor

LIMIT = 700
"""Points that a browser still moves without delay, as vector graphics."""


@dataclass(frozen=True)
class Selection:
    """What is drawn of a timeline."""

    rows: Ints  # of the timeline, ascending
    x: Floats  # of those rows: number of the call from 1, or milliseconds
    y: Floats  # of those rows, in the unit of the state
    values: int  # that the filters let through
    outside: int  # of them outside the range that is zoomed into
    unmeasured: int  # of the others without a finite number
    hidden: int  # of the others that a logarithmic axis cannot show
    thinned: bool  # whether points were left out
    imaginary: bool = False  # whether y is of the imaginary part

    @property
    def note(self) -> str:
        """What the reader does not see, in words; empty when nothing is missing."""
        parts = []
        if self.thinned:
            drawable = self.values - self.outside - self.unmeasured - self.hidden
            shape = "they keep the shape and the extremes of each curve; zoom in to see more"
            parts.append(f"{count(len(self.rows))} of {count(drawable)} points are drawn; {shape}")
        if self.unmeasured:
            seen = count(self.values - self.outside)
            why = "have no imaginary part, or it was" if self.imaginary else "were"
            parts.append(f"{count(self.unmeasured)} of {seen} values {why} not measured (not perturbed, or no float)")
        if self.hidden:
            parts.append(f"{count(self.hidden)} values are not positive: a logarithmic axis cannot show them")
        if self.outside:
            parts.append(f"{count(self.outside)} values lie outside the range shown")
        return ". ".join(parts)


def select(timeline: Timeline, state: State, limit: int = LIMIT) -> Selection:
    """The values that `state` asks for, at most about `limit` of them."""
    wanted, x = wanted_curves(timeline, state), positions(timeline, state)
    low, high = _heights(state)
    values = int(timeline.sizes[wanted].sum())
    outside, unmeasured, hidden = values, 0, 0
    rows, y = [np.zeros(0, np.int64)], [np.zeros(0)]
    for block in blocks(timeline, wanted, x, state.x_range):
        shown = timeline.y(state, block) * (factor(state.unit) if state.y == BITS else 1.0)
        measured = np.isfinite(shown)
        drawable = measured & (shown > 0) if state.y_scale == LOG else measured
        if state.x_scale == LOG:
            drawable = drawable & (x[timeline.call[block]] > 0)
        seen = drawable & (shown >= low) & (shown <= high)
        outside += int(drawable.sum() - seen.sum()) - len(block)
        unmeasured += int(len(block) - measured.sum())
        hidden += int(measured.sum() - drawable.sum())
        rows.append(block[seen])
        y.append(shown[seen])
    all_rows, all_y = np.concatenate(rows), np.concatenate(y)
    kept = thin(all_y, timeline.curve[all_rows], limit)
    return Selection(
        rows=all_rows[kept],
        x=x[timeline.call[all_rows[kept]]],
        y=all_y[kept],
        values=values,
        outside=outside,
        unmeasured=unmeasured,
        hidden=hidden,
        thinned=len(kept) < len(all_rows),
        imaginary=state.y != BITS and state.part == IMAG,
    )


def _heights(state: State) -> Range:
    """What the y axis shows, all unless it is zoomed into."""
    everything = (-np.inf, np.inf)
    if state.y_range is None or (state.y_scale == LOG and state.y_range[0] <= 0):  # a range of no logarithmic axis
        return everything
    return state.y_range


def positions(timeline: Timeline, state: State) -> Floats:
    """Where on the x axis each of the calls of the timeline lies."""
    return timeline.time_ms if state.x == TIME else np.arange(1.0, len(timeline.calls) + 1)


def wanted_curves(timeline: Timeline, state: State) -> NDArray[np.bool_]:
    """Which of the curves are of the chosen argument and role."""
    return np.array(
        [
            state.argument in ("", curve.label) and (state.role == ALL or curve.output == (state.role == "outputs"))
            for curve in timeline.curves
        ],
        bool,
    )


def blocks(timeline: Timeline, wanted: NDArray[np.bool_], x: Floats, inside: Range | None) -> Iterator[Ints]:
    """Rows of the wanted curves in a range of the x axis, ascending, some at once: never all in memory."""
    low, high = _calls_inside(x, inside)
    first, last = np.searchsorted(timeline.call, (low, high)).tolist()
    for start in range(first, last, BLOCK):
        rows = np.arange(start, min(start + BLOCK, last))
        keep = wanted[timeline.curve[rows]]
        if inside is not None:  # calls of other lanes lie between
            own = x[timeline.call[rows]]
            keep &= (own >= inside[0]) & (own <= inside[1])
        yield rows[keep]


def _calls_inside(x: Floats, wanted: Range | None) -> tuple[int, int]:
    """First and last but one index of the calls in a range; those between may lie outside."""
    if wanted is None:
        return 0, len(x)
    inside = np.flatnonzero((x >= wanted[0]) & (x <= wanted[1]))
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)


def thin(y: Floats, curve: Ints, limit: int) -> NDArray[np.int64]:
    """Ascending indices of about `limit` points, shared out by the lengths of the curves; all when there are not more.

    Each curve keeps its shape (MinMaxLTTB: Van Der Donckt et al., arXiv:2305.00332) and its smallest and largest value.
    """
    if len(y) <= limit:
        return np.arange(len(y))
    kept = []
    downsampler = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]
    small = curve.astype(np.int16) if np.max(curve) < 2**15 else curve  # which NumPy sorts in linear time
    order = np.argsort(small, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(curve[order])) + 1):
        share = max(limit * len(rows) // len(y), 3)
        own = np.ascontiguousarray(y[rows])
        kept += [rows[downsampler.downsample(own, n_out=share)], rows[[np.argmin(own), np.argmax(own)]]]
    return np.unique(np.concatenate(kept)).astype(np.int64)
