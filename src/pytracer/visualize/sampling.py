"""Which values of a timeline are drawn: those of one argument, those an axis can show, and not too many."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tsdownsample import MinMaxLTTBDownsampler

from pytracer.visualize.queries import Floats, Ints, Timeline
from pytracer.visualize.state import BITS, LOG, STD, State

LIMIT = 5000
"""Points that a browser still moves without delay, as vector graphics."""


@dataclass(frozen=True)
class Selection:
    """What is drawn of a timeline."""

    rows: Ints  # of the timeline, ascending
    y: Floats  # of those rows
    values: int  # of the chosen argument
    unmeasured: int  # of them without a finite number
    not_positive: int  # of them that a logarithmic axis cannot show
    thinned: bool  # whether points were left out

    @property
    def note(self) -> str:
        """What the reader does not see, in words; empty when nothing is missing."""
        parts = []
        if self.thinned:
            parts.append(
                f"{len(self.rows)} of {self.values - self.unmeasured - self.not_positive} points are drawn; "
                "they keep the shape and the extremes of each curve"
            )
        if self.unmeasured:
            parts.append(f"{self.unmeasured} of {self.values} values were not measured (not perturbed, or no float)")
        if self.not_positive:
            parts.append(f"{self.not_positive} values are not positive: a logarithmic axis cannot show them")
        return ". ".join(parts)


def select(timeline: Timeline, state: State, limit: int = LIMIT) -> Selection:
    """The values that `state` asks for, at most about `limit` of them."""
    y = {BITS: timeline.bits, STD: timeline.std}.get(state.y, timeline.mean)
    chosen = np.ones(len(timeline), bool)
    if state.argument:
        wanted = [i for i, argument in enumerate(timeline.arguments) if argument.label == state.argument]
        chosen = np.isin(timeline.argument, wanted)
    measured = chosen & np.isfinite(y)
    drawable = measured & (y > 0) if state.scale == LOG else measured
    rows = np.flatnonzero(drawable)
    kept = rows[thin(y[rows], timeline.argument[rows], limit)]
    return Selection(
        rows=kept,
        y=y[kept],
        values=int(chosen.sum()),
        unmeasured=int(chosen.sum() - measured.sum()),
        not_positive=int(measured.sum() - drawable.sum()),
        thinned=len(kept) < len(rows),
    )


def thin(y: Floats, curve: Ints, limit: int) -> NDArray[np.int64]:
    """Ascending indices of about `limit` points, shared out by the lengths of the curves; all when there are not more.

    Each curve keeps its shape (MinMaxLTTB: Van Der Donckt et al., arXiv:2305.00332) and its smallest and largest value.
    """
    if len(y) <= limit:
        return np.arange(len(y))
    kept = []
    downsampler = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]
    for number in np.unique(curve):
        rows = np.flatnonzero(curve == number)
        share = max(limit * len(rows) // len(y), 3)
        own = np.ascontiguousarray(y[rows])
        kept += [rows[downsampler.downsample(own, n_out=share)], rows[[own.argmin(), own.argmax()]]]
    return np.unique(np.concatenate(kept)).astype(np.int64)
