"""Which values of a timeline are drawn: those that the filters and the axes let through, and not too many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from pytracer.visualize.queries.cells import Floats, Ints
from pytracer.visualize.queries.timeline import Timeline
from pytracer.visualize.state import ALL, BITS, LOG, TIME, Range, State
from pytracer.visualize.units import count, factor

LIMIT = 5000
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
            parts.append(f"{count(self.unmeasured)} of {seen} values were not measured (not perturbed, or no float)")
        if self.hidden:
            parts.append(f"{count(self.hidden)} values are not positive: a logarithmic axis cannot show them")
        if self.outside:
            parts.append(f"{count(self.outside)} values lie outside the range shown")
        return ". ".join(parts)


def select(timeline: Timeline, state: State, limit: int = LIMIT) -> Selection:
    """The values that `state` asks for, at most about `limit` of them."""
    chosen = filtered(timeline, state)
    x = positions(timeline, state)
    low, high = _calls_inside(x, state.x_range)
    inside = chosen[(timeline.call[chosen] >= low) & (timeline.call[chosen] < high)]
    if state.x == TIME and state.x_range:  # calls of other lanes lie between
        own = x[timeline.call[inside]]
        inside = inside[(own >= state.x_range[0]) & (own <= state.x_range[1])]
    y = timeline.y(state, inside)
    y = y * factor(state.unit) if state.y == BITS else y
    measured = np.isfinite(y)
    drawable = measured.copy()
    if state.y_scale == LOG:
        drawable &= y > 0
    if state.x_scale == LOG:
        drawable &= x[timeline.call[inside]] > 0
    rows, y = inside[drawable], y[drawable]
    kept = thin(y, timeline.curve[rows], limit)
    return Selection(
        rows=rows[kept],
        x=x[timeline.call[rows[kept]]],
        y=y[kept],
        values=len(chosen),
        outside=len(chosen) - len(inside),
        unmeasured=int(len(inside) - measured.sum()),
        hidden=int(measured.sum() - drawable.sum()),
        thinned=len(kept) < len(rows),
    )


def positions(timeline: Timeline, state: State) -> Floats:
    """Where on the x axis each of the calls of the timeline lies."""
    return timeline.time_ms if state.x == TIME else np.arange(1.0, len(timeline.calls) + 1)


def filtered(timeline: Timeline, state: State) -> Ints:
    """Rows of the chosen argument and role."""
    wanted = [
        state.argument in ("", curve.label) and (state.role == ALL or curve.output == (state.role == "outputs"))
        for curve in timeline.curves
    ]
    if all(wanted):
        return np.arange(len(timeline))
    return np.flatnonzero(np.array(wanted, bool)[timeline.curve])


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
    order = np.argsort(curve, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(curve[order])) + 1):
        share = max(limit * len(rows) // len(y), 3)
        own = np.ascontiguousarray(y[rows])
        kept += [rows[downsampler.downsample(own, n_out=share)], rows[[np.argmin(own), np.argmax(own)]]]
    return np.unique(np.concatenate(kept)).astype(np.int64)
