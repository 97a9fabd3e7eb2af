"""Adds up a quantity of the values that belong to each call."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from pytracer.records.reader import Lane, Records

Ints = NDArray[np.int64]


class Sums:
    """`quantity` gives an integer for each value of a lane, shape (len(lane.values),)."""

    def __init__(self, quantity: Callable[[Lane], Ints]) -> None:
        self._quantity = quantity
        self._known: dict[int, tuple[Records, Ints]] = {}  # the lanes of tasks share the values of their thread

    def inputs(self, lane: Lane) -> Ints:
        """Sum over the inputs of each call, shape (len(lane.calls),)."""
        return self._between(lane, "inputs", "n_inputs")

    def outputs(self, lane: Lane) -> Ints:
        """Sum over the outputs of each call, shape (len(lane.calls),)."""
        return self._between(lane, "outputs", "n_outputs")

    def _between(self, lane: Lane, first: str, number: str) -> Ints:
        key = id(lane.values)
        if key not in self._known:
            sums = np.concatenate([np.zeros(1, np.int64), np.cumsum(self._quantity(lane), dtype=np.int64)])
            self._known[key] = (lane.values, sums)  # holding the values keeps their id
        sums = self._known[key][1]
        count = lane.calls[number]
        start = np.where(count > 0, lane.calls[first], 0).astype(np.int64)
        found: Ints = sums[start + count] - sums[start]
        return found
