"""Puts the calls of a pickle trace into the tables of a native one, which the reader of native traces then checks."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.records.pickle_machine import BrokenError
from pytracer.records.pickle_names import PickledArray
from pytracer.records.schema import ARRAY_HEADER, VALUE, ArrayFlag, Kind, Outcome, Role
from pytracer.records.writer import LaneWriter, ProcessWriter

Encoded = tuple[int, int, int]
"""Kind, data and extra of a VALUE record."""


class Budget:
    """What a file of `size` bytes may be turned into: each value and each byte of an array stands in it at least once.

    Without it a small file that refers to one object again and again would fill the disk, or take hours.
    """

    def __init__(self, size: int) -> None:
        self._values, self._bytes = 2 * size, size  # an item is looked at in its container, and by itself

    def spend(self, values: int, bytes_: int) -> None:
        """Raise BrokenError when the file is too small for what it claims."""
        self._values -= values
        self._bytes -= bytes_
        if self._values < 0 or self._bytes < 0:
            raise BrokenError("it claims more values than a file of its size can hold")


class PickledLane(LaneWriter):
    """A lane whose calls come as records before and after each call."""

    def __init__(self, process: ProcessWriter, folder: Path, budget: Budget) -> None:
        super().__init__(process, folder)
        self._budget = budget
        self._running: dict[int, tuple[int, NDArray[np.void]]] = {}  # by time

    def enter(self, time: int, call: NDArray[np.void], values: list[NDArray[np.void]]) -> int:
        """A call begins; returns its row. `call` is a CALL record but for the places of its values."""
        if time in self._running:
            raise BrokenError(f"two calls have the time {time}")
        call["inputs"], call["n_inputs"] = self._append(values)
        call["outputs"], call["n_outputs"] = self._n_values, 0
        row = self._n_calls
        self._n_calls += 1
        self._running[time] = row, call
        return row

    def exit(self, time: int, values: list[NDArray[np.void]], **changes: int) -> None:
        """A call ends; KeyError when it did not begin."""
        row, call = self._running.pop(time)
        call["outputs"], call["n_outputs"] = self._append(values)
        for name, value in changes.items():
            call[name] = value
        self._store(row, call)

    def abandon(self, time: int) -> None:
        """A call did not end, or its end is not in the file."""
        row, call = self._running.pop(time)
        call["outcome"], call["exit_ns"] = Outcome.RUNNING, 0
        self._store(row, call)

    def close(self) -> None:
        """Close the files."""
        for time in list(self._running):
            self.abandon(time)
        super().close()

    def value(self, role: int, position: int, name: int, encoded: Encoded) -> NDArray[np.void]:
        """A VALUE record."""
        self._budget.spend(1, 0)
        record = np.zeros((), VALUE)
        record["role"], record["position"], record["name"] = Role(role), position, name
        record["kind"], record["data"], record["extra"] = encoded
        return record

    def encode(self, value: Any) -> Encoded:
        """A number or text of Python or NumPy."""
        kind, data, extra = self._encode(value)
        return kind, data, extra

    def big_integer(self, value: int) -> Encoded:
        """An integer by its digits, however small it is."""
        digits = hex(value).encode()
        return Kind.BIGINT, self._append_payload(digits), len(digits)

    def array(self, pickled: PickledArray, flags: int = 0) -> Encoded:
        """An array, or its shape when its elements are no plain data."""
        array = pickled.array()
        if isinstance(array, tuple):
            return self.omitted("", array)
        self._budget.spend(0, array.nbytes)
        return Kind.ARRAY, self._append_array(array, ArrayFlag(flags)), array.nbytes

    def packed(self, numbers: list[float] | tuple[float, ...]) -> Encoded:
        """A list of floats."""
        self._budget.spend(0, 8 * len(numbers))
        array = np.array(numbers, "<f8")
        return Kind.ARRAY, self._append_array(array, ArrayFlag.PACKED), array.nbytes

    def look(self, items: int) -> None:
        """So many items of a container are looked at."""
        self._budget.spend(items, 0)

    def omitted(self, dtype: str, shape: Sequence[int], flags: int = ArrayFlag.OMITTED) -> Encoded:
        """An array whose elements are not there."""
        header = np.zeros((), ARRAY_HEADER)
        header["dtype"], header["ndim"], header["flags"] = dtype.encode("ascii"), len(shape), flags
        return Kind.ARRAY, self._append_payload(header.tobytes() + np.array(shape, "<i8").tobytes()), 0
