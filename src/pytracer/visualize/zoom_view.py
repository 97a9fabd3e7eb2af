"""What the address asks for of one value: which element, which axes, which numbers; and the same as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pytracer.visualize import function_grid
from pytracer.visualize.figures.theme import FULL_BITS
from pytracer.visualize.figures.zoom import Shown
from pytracer.visualize.queries import arrays, calls
from pytracer.visualize.queries.arrays import COLUMNS, Elements, Value, Window
from pytracer.visualize.queries.calls import Call
from pytracer.visualize.queries.cells import Floats
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import BITS, LOG, MEAN, REAL, STD, State

BINS = 40
"""Of the histogram, unless the address says otherwise."""
MOST_BINS = 1000
NOTHING = "This call has no values: select another call, on the timeline or in the list of functions."


@dataclass(frozen=True)
class View:
    """What the address asks for: a value of a call, one of its elements, and how it is drawn."""

    contents: Contents
    state: State
    call: Call
    value: Value
    elements: Elements | None  # None when they are not stored

    @cached_property
    def element(self) -> int:
        """Flat index of the selected element, else of the worst one."""
        chosen = self.state.element
        return chosen if chosen is not None and not self.no_element else self.value.worst

    @property
    def no_element(self) -> str:
        """That the value has no such element as the address asks for, in words; empty when it has."""
        chosen, size = self.state.element, self.value.size
        if chosen is None or 0 <= chosen < size:
            return ""
        elements = "1 element" if size == 1 else f"{size} elements"
        return f"no element {chosen}: it has {elements}, numbered from 0; the worst one is shown"

    @cached_property
    def axes(self) -> tuple[int, int]:
        """The axes that go down and to the right; of an array with one axis both are that one."""
        last = len(self.value.shape) - 1
        across = self.state.across if self.state.across is not None and self.state.across <= last else last
        down = self.state.down if self.state.down is not None and self.state.down <= last else last - 1
        if down == across or down < 0:
            down = across - 1 if across else min(1, last)
        return down, across

    @cached_property
    def windows(self) -> tuple[Window, Window]:
        """What is shown of `axes`; an array with one axis is a single row."""
        down, across = (self.value.shape[axis] for axis in self.axes)
        rows = Window.of(None, 1) if self.is_line else Window.of(self.state.down_range, down)
        return rows, Window.of(self.state.across_range, across)

    @property
    def profile(self) -> int:
        """Which of `axes` the line through the element goes along: 0, down, or 1, across."""
        return 0 if self.state.along == "down" and not self.is_line else 1

    @property
    def is_line(self) -> bool:
        """Whether the array has one axis."""
        return len(self.value.shape) == 1

    @cached_property
    def part(self) -> str:
        """Real or imaginary part; a real array has no other."""
        return self.state.part if self.elements is not None and self.elements.is_complex else REAL

    @cached_property
    def shown(self) -> Shown:
        """Which numbers are drawn: without noise there are no bits and no deviations."""
        quantity = self.state.quantity if self.contents.result.perturbed else MEAN
        ends = (self.state.colour_low, self.state.colour_high)
        top = float(self.value.cells["precision"]) or FULL_BITS
        return Shown(quantity, self.state.unit, self.part, self.state.colour_scale == LOG, ends, top)

    @cached_property
    def numbers(self) -> Floats:
        """The chosen number of each element, flat."""
        assert self.elements is not None
        return self.elements.quantity(self.shown.quantity, self.part)

    @cached_property
    def plane(self) -> Floats:
        """Those along `axes` through the element, as rows and columns; an array with one axis is a single row."""
        assert self.elements is not None
        return self.numbers[None, :] if self.is_line else self.elements.plane(self.numbers, self.axes, self.element)


def view(contents: Contents, state: State) -> View | None:
    """The value of the address, else the worst one of the call, else of the worst call; None where there is none."""
    value = arrays.value(contents.result, state.value) if state.value is not None else None
    row = value.call if value is not None else state.call
    if row is None:
        function = function_grid.chosen(state, contents)
        row = function.worst_call if function is not None and function.worst_call >= 0 else None
    call = calls.call(contents, row)
    if call is None or not call.values:
        return None
    if value is None:
        value = arrays.value(contents.result, _worst(call).row)
    return None if value is None else View(contents, state, call, value, Elements.of(contents, value))


def _worst(call: Call) -> calls.Value:
    """The value with the fewest bits; of equal ones an output."""
    return min(call.values, key=lambda value: (value.bits_min is None, value.bits_min or 0.0, not value.output))


def pointed_at(found: View, data: dict[str, Any]) -> int:
    """Flat index of the element that the cell under a point of the heatmap shows."""
    point = data["points"][0]
    rows, columns = (window.block(point[axis]) for window, axis in zip(found.windows, "yx", strict=True))
    row, column = arrays.shown_of(found.plane[rows, columns], found.shown.quantity)
    # Of an array with one axis both are that one: the column, which comes last, counts.
    return moved(found, {found.axes[0]: rows.start + row, found.axes[1]: columns.start + column})


def moved(found: View, move: dict[int, int]) -> int:
    index = list(found.value.index(found.element))
    for axis, position in move.items():
        index[axis] = min(max(position, 0), found.value.shape[axis] - 1)
    return int(np.ravel_multi_index(index, found.value.shape))


def bins(state: State) -> int:
    return min(max(state.bins or BINS, 1), MOST_BINS)


def element_rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """All elements, as a table; bits in base 2."""
    found = view(contents, state)
    if found is None or found.elements is None:
        yield COLUMNS
        return
    indices = np.unravel_index(np.arange(found.value.size), found.value.shape)
    columns = [*indices, *(found.elements.column(name) for name in COLUMNS)]
    yield (*(f"index_{axis}" for axis in range(len(found.value.shape))), *COLUMNS)
    yield from zip(*(column.tolist() for column in columns), strict=True)


def sample_rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """What each sample had in the selected element, as a table."""
    found = view(contents, state)
    seen = arrays.observations(contents.result, found.value, found.element) if found is not None else None
    yield ("sample", "status", "real", "imag")
    if seen is not None:
        yield from zip(seen.sample.tolist(), seen.status, seen.real.tolist(), seen.imag.tolist(), strict=True)


def line_rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """The line through the selected element, as a table; bits in base 2."""
    found = view(contents, state)
    yield ("position", "mean", "std", "bits")
    if found is None or found.elements is None:
        return
    line = found.elements.line(found.axes[found.profile], found.element)
    columns = (found.elements.quantity(name, found.part)[line].tolist() for name in (MEAN, STD, BITS))
    yield from zip(range(len(line)), *columns, strict=True)


def histogram_rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """The histogram, as a table; bits in base 2."""
    found = view(contents, state)
    yield ("from", "to", state.normalisation)
    if found is None or found.elements is None:
        return
    heights, edges = arrays.histogram(found.numbers, bins(state), state.normalisation, log=found.shown.log)
    yield from zip(edges[:-1].tolist(), edges[1:].tolist(), heights.tolist(), strict=True)
