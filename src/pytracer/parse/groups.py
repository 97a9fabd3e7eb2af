"""Sums, extremes and medians over the rows of a table that belong together, such as the calls of a function."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def rank_key(bits: Floats) -> Floats:
    """Bits to rank by: what differs less than a thousandth differs by the rounding of the statistics themselves."""
    within = np.clip(bits, -1e9, 1e9)  # a damaged result holds anything
    rounded: Floats = np.round(within, 3)
    return rounded


BARS = (*range(0, 52, 4), 53)
"""Ends of the bars of a distribution of bits; the last bar has all bits of a float64 too."""


def distribution(bits: Floats) -> tuple[list[int], Sequence[int]]:
    """How many have so many bits (base 2): counts (bars,), and the ends of the bars (bars + 1,). NaN is in none."""
    return np.histogram(bits, BARS)[0].tolist(), BARS


class Groups:
    """Which of `count` groups each row belongs to: numbers (N,) from 0 on. A group may be empty."""

    def __init__(self, group: Ints, count: int) -> None:
        self.group = group
        self.count = count

    def sizes(self) -> Ints:
        """Number of rows of each group (count,)."""
        return np.bincount(self.group, minlength=self.count)

    def sums(self, column: NDArray[np.integer]) -> Ints:
        """Sums of integers (N,) over each group (count,), modulo 2**64."""
        total = np.zeros(self.count, np.int64)
        np.add.at(total, self.group, column.astype(np.int64, copy=False))
        return total

    def minima(self, column: Floats) -> Floats:
        """The smallest number of each group (count,), NaN aside; NaN where there is no other."""
        least = np.full(self.count, np.nan)
        np.fmin.at(least, self.group, column)
        return least

    def maxima(self, column: Floats) -> Floats:
        """The largest number, likewise."""
        most = np.full(self.count, np.nan)
        np.fmax.at(most, self.group, column)
        return most

    def medians(self, column: Floats) -> Floats:
        """The median, likewise."""
        middle = np.full(self.count, np.nan)
        known = np.flatnonzero(~np.isnan(column))
        known = known[np.lexsort((column[known], self.group[known]))]
        groups, first, size = np.unique(self.group[known], return_index=True, return_counts=True)
        middle[groups] = column[known[first + (size - 1) // 2]] / 2 + column[known[first + size // 2]] / 2
        return middle

    def worst_rows(self, lost: Floats, output: Floats) -> Ints:
        """The first row of each group that loses most; without any, the first with the fewest bits of output; or -1."""
        most, least = self.maxima(lost)[self.group], self.minima(output)[self.group]
        chosen = np.flatnonzero((lost == most) | (np.isnan(most) & (output == least)))
        row = np.full(self.count, -1)
        row[self.group[chosen[::-1]]] = chosen[::-1]  # the last assignment to an index wins
        return row
