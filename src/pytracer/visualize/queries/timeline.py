"""The values of the calls of some functions, in order of call: what the timeline is drawn from.

A value takes ten bytes or so here: what an axis shows is read for the values in its range only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.store import Result
from pytracer.records.schema import Outcome
from pytracer.visualize.queries.cells import Floats, Ints, Rows, pick, row_type
from pytracer.visualize.queries.contents import Contents, Function
from pytracer.visualize.state import BITS, IMAG, MIN, State

BLOCK = 2**17
"""Calls taken at once."""

SUMMARIES = {MIN: "bits_min", "p05": "bits_p05", "median": "bits_median", "mean": "bits_mean", "max": "bits_max"}
"""Columns of the significant bits over the elements of a value."""


class Curve(NamedTuple):
    """An argument or result of a function, or a part of one."""

    function: Function
    label: str  # such as 'x', 'return[0]', 'a (after)'
    output: bool


@dataclass(frozen=True)
class Timeline:
    """Values: `call`, `value` and `curve` are columns of equal length, in order of call."""

    result: Result
    curves: list[Curve]
    calls: Rows  # rows in calls of all calls of the functions, ascending, also of those without values
    call: NDArray[Any]  # index in calls
    value: NDArray[Any]  # row in values
    curve: NDArray[Any]  # index in curves

    def __len__(self) -> int:
        return len(self.call)

    @cached_property
    def sizes(self) -> Ints:
        """Number of values of each curve."""
        return np.bincount(self.curve, minlength=len(self.curves))

    @cached_property
    def time_ms(self) -> Floats:
        """Time of entry of each of `calls`, after the first call of the program."""
        times: Floats = pick(self.result.calls, "enter_ns", self.calls) / 1e6
        return times

    @cached_property
    def raised(self) -> Ints:
        """Indices of those of `calls` that ended with an exception."""
        return np.flatnonzero(pick(self.result.calls, "outcome", self.calls) == Outcome.RAISED)

    @cached_property
    def has_complex(self) -> bool:
        """Whether any value may have an imaginary part."""
        return has_complex(self.result)

    def span(self, rows: Ints) -> int:
        """Rows of values between the first and the last of these: so many are read for a column of them."""
        return int(np.ptp(self.value[rows])) + 1 if len(rows) else 0

    def site(self, rows: Ints) -> Ints:
        """Row in sites of the call of each of these values; -1 when unknown."""
        sites: Ints = pick(self.result.calls, "site", self.calls[self.call[rows]])
        return sites

    def y(self, state: State, rows: Ints) -> Floats:
        """What the axis of `state` shows of these values; bits in base 2."""
        return self.column(column(state), rows)

    def column(self, name: str, rows: Ints) -> Floats:
        """A column of values, for these."""
        cells: Floats = pick(self.result.values, name, self.value[rows].astype(np.int64))
        return cells


def column(state: State) -> str:
    """The column of values that the y axis shows."""
    if state.y == BITS:
        return SUMMARIES[state.summary]
    return f"{state.y}_imag" if state.part == IMAG else state.y


def has_complex(result: Result) -> bool:
    """Whether any value of the result may have an imaginary part."""
    return any(dtype.startswith("complex") for dtype in result.types["dtype"].tolist())


def timeline(contents: Contents, functions: Sequence[Function], lane: int | None = None) -> Timeline:
    """The values of the calls of `functions`, in the row `lane` of lanes alone unless it is None."""
    result, index = contents.result, contents.calls_of
    parts = [_lane(result, index[function.row], lane) for function in functions]
    calls = parts[0] if len(parts) == 1 else np.sort(np.concatenate([np.zeros(0, np.int64), *parts]))
    builder = _Builder(contents, row_type(max(len(result.calls), len(result.values))))
    for start in range(0, len(calls), BLOCK):
        builder.add(start, calls[start : start + BLOCK])
    return Timeline(result, builder.curves, calls, *builder.columns())


def _lane(result: Result, calls: Rows, lane: int | None) -> Rows:
    if lane is None:
        return calls
    if lane >= len(result.lanes):
        return calls[:0]
    first = int(result.lanes.read("first_call", lane))
    low, high = np.searchsorted(calls, (first, first + int(result.lanes.read("calls", lane))))
    return calls[low:high]


class _Builder:
    """Puts the values of blocks of calls together."""

    def __init__(self, contents: Contents, dtype: np.dtype[Any]) -> None:
        self._contents, self._dtype = contents, dtype
        self._call: list[NDArray[Any]] = []
        self._value: list[NDArray[Any]] = []
        self._curve: list[NDArray[Any]] = []
        self._known: dict[int, int] = {}  # key of a curve -> its index

    @property
    def curves(self) -> list[Curve]:
        """In order of their indices."""
        return [self._name(key) for key in self._known]

    def columns(self) -> Iterator[NDArray[Any]]:
        """`call`, `value` and `curve` of all values so far."""
        lists = (self._call, self._value, self._curve)
        return (np.concatenate([np.zeros(0, self._dtype), *parts]) for parts in lists)

    def add(self, start: int, calls: Rows) -> None:
        """Take the values of a block of calls, whose first has the index `start`."""
        table, labels = self._contents.result.calls, len(self._contents.labels)
        inputs, outputs = (pick(table, name, calls).astype(np.int64) for name in ("n_inputs", "n_outputs"))
        count = inputs + outputs
        owner = np.repeat(np.arange(len(calls)), count)  # index in the block of each value
        rank = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        rows = pick(table, "first_value", calls)[owner] + rank
        label = pick(self._contents.result.values, "label", rows).astype(np.int64)
        function = pick(table, "function", calls).astype(np.int64)[owner]
        self._call.append((owner + start).astype(self._dtype))
        self._value.append(rows.astype(self._dtype))
        self._curve.append(self._numbers((function * 2 + (rank >= inputs[owner])) * labels + label))

    def _numbers(self, keys: Ints) -> NDArray[Any]:
        found, index = np.unique(keys, return_inverse=True)
        numbers = [self._known.setdefault(key, len(self._known)) for key in found.tolist()]
        return np.array(numbers, self._dtype)[index]

    def _name(self, key: int) -> Curve:
        rest, label = divmod(key, len(self._contents.labels))
        return Curve(self._contents.by_row[rest // 2], self._contents.labels[label], bool(rest % 2))


class Divergence(NamedTuple):
    """A place on the timeline where samples went different ways."""

    call: int  # index in calls of the timeline
    samples: str  # those that differ, as in the result: a JSON list
    kind: str


def divergences(found: Timeline) -> Iterator[Divergence]:
    """Those at a call that the timeline has: the first that differs, else the last before, else the one around it."""
    table = found.result.divergences
    if not len(table) or not len(found.calls):
        return
    candidates = np.stack([table[name] for name in ("first_call", "before", "parent")])
    place = np.minimum(np.searchsorted(found.calls, candidates), len(found.calls) - 1)
    here = found.calls[place] == candidates
    samples, kinds = table["samples"], table["kind"]
    for row in np.flatnonzero(here.any(axis=0)).tolist():
        first = int(here[:, row].argmax())
        yield Divergence(int(place[first, row]), samples[row], kinds[row])
