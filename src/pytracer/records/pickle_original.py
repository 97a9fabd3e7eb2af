"""Turns a pickle trace of the original Pytracer into the tables of a native one, as far as it goes.

Its records have the keys id, time, module, function, label ("inputs" or "outputs"), args and backtrace. They do not say
how the execution was perturbed, when calls began and ended, which thread made them, or how they failed.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.records.pickle_machine import BrokenError, Name, Pairs
from pytracer.records.pickle_names import Frame, PickledArray, PickledScalar, PickledType
from pytracer.records.pickle_tables import Budget, Encoded, PickledLane
from pytracer.records.schema import CALL, CallFlag, Kind, Outcome, Role
from pytracer.records.writer import TraceWriter

MAX_DEPTH = 4
"""Levels of nested containers that are kept,"""
MAX_ITEMS = 64
"""and items of each; a list of floats is kept whole, as an array."""
MAX_VALUES = 2**16 - 1  # what a CALL can count

UNKNOWN_NOISE = "unknown"
_RETURN = re.compile(r"Ret(\d{0,9})")


class OriginalTrace:
    """The native trace being made from the records of the original."""

    def __init__(self, folder: Path, budget: Budget) -> None:
        self._writer = TraceWriter(folder, noise={"model": UNKNOWN_NOISE})
        self._process = self._writer.process()
        self._lane = PickledLane(self._process, self._process.folder / "lane-0", budget)
        self._stack: list[tuple[int, int]] = []  # time and row of the calls that run
        self._running: set[int] = set()  # their times
        self._unmatched = 0

    def add(self, record: dict[str, Any]) -> None:
        """Take the next record. Errors of its contents are those of `Machine.load`."""
        args, time = record["args"], record["time"]
        if not isinstance(args, Pairs) or type(time) is not int:
            raise BrokenError("a record has no arguments or no time")
        if record["label"] == "inputs":
            values = [v for name, value in args.fields().items() for v in self._flatten(Role.KEYWORD, name, value)]
            self._enter(time, record, values)
        elif record["label"] == "outputs":
            self._exit(time, args.fields())
        else:
            raise BrokenError("a record has neither inputs nor outputs")

    def _enter(self, time: int, record: dict[str, Any], values: list[np.ndarray[Any, Any]]) -> None:
        module, name, frame = record["module"], record["function"], record["backtrace"]
        if not isinstance(module, str | None) or not isinstance(name, str):
            raise BrokenError("a record names no function")
        call = np.zeros((), CALL)
        call["enter_ns"] = self._writer.tick()
        call["parent"] = self._stack[-1][1] if self._stack else -1
        call["depth"] = min(len(self._stack), 2**16 - 1)
        call["function"] = self._process.function(module or "", name, kind="callable")
        if isinstance(frame, Frame) and isinstance(frame.filename, str) and type(frame.lineno) is int:
            call["site"] = self._process.site(frame.filename, frame.lineno, str(frame.name or "")[:1000])
        call["flags"] = CallFlag.INPUTS_CUT if len(values) > MAX_VALUES else 0
        self._stack.append((time, self._lane.enter(time, call, values[:MAX_VALUES])))
        self._running.add(time)

    def _exit(self, time: int, args: dict[str, Any]) -> None:
        if time not in self._running:
            self._unmatched += 1
            return
        values = [v for name, value in args.items() for v in self._flatten(Role.RETURN, _path(name), value)]
        while (begun := self._stack.pop()[0]) != time:
            self._running.remove(begun)
            self._lane.abandon(begun)
        self._running.remove(time)
        changes = {"exit_ns": self._writer.tick(), "outcome": Outcome.RETURNED}
        if len(values) > MAX_VALUES:
            changes["flags"] = CallFlag.OUTPUTS_CUT
        self._lane.exit(time, values[:MAX_VALUES], **changes)

    def _flatten(self, role: Role, path: str, value: Any) -> Iterator[np.ndarray[Any, Any]]:
        """VALUE records of a value and what it contains, in order."""
        waiting = [(path, value, 0)]
        while waiting:
            path, value, depth = waiting.pop()
            if not isinstance(value, list | tuple) or not value or self._is_packed(value):
                yield self._lane.value(role, 0, self._process.name(path[:1000]), self._encode(value))
                continue
            kept = MAX_ITEMS if depth < MAX_DEPTH else 0
            if len(value) > kept:
                waiting.append((path, _Rest(len(value) - kept), depth))
            waiting += [(path + step, item, depth + 1) for step, item in _steps(value, kept)[::-1]]

    def _is_packed(self, value: list[Any] | tuple[Any, ...]) -> bool:
        self._lane.look(len(value))
        return not isinstance(value, Pairs) and all(type(item) is float for item in value)

    def _encode(self, value: Any) -> Encoded:
        match value:
            case _Rest():
                return Kind.TRUNCATED, 0, value.items
            case Pairs():
                return self._lane.encode({})
            case list() | tuple():
                return self._lane.packed(value) if value else self._lane.encode(value)
            case PickledScalar():
                array = value.array()
                return self._object("numpy.void") if isinstance(array, tuple) else self._lane.encode(array[()])
            case PickledArray():
                return self._lane.array(value)
            case str():
                return self._lane.encode(value.encode("utf-8", "backslashreplace").decode())
            case Name():
                return Kind.OBJECT, 0, self._process.name(value.text)
            case Frame() | PickledType():
                return self._object("traceback.FrameSummary" if isinstance(value, Frame) else "numpy.dtype")
            case _:
                return self._lane.encode(value)

    def _object(self, name: str) -> Encoded:
        return Kind.OBJECT, 1, self._process.name(name)

    def release(self) -> None:
        """Close the files of the lane."""
        self._lane.close()

    def close(self) -> list[str]:
        """Complete the trace; returns notes for the user."""
        self._writer.close()
        notes = ["a pickle trace of the original: it does not say how the program was perturbed"]
        if self._unmatched:
            notes.append(f"{self._unmatched} records of outputs have no inputs: dropped")
        return notes


class _Rest:
    """The items of a container that are left out."""

    def __init__(self, items: int) -> None:
        self.items = items


def _steps(value: list[Any] | tuple[Any, ...], count: int) -> list[tuple[str, Any]]:
    """The first items of a container with the step of their path."""
    if not isinstance(value, Pairs):
        return [(f"[{i}]", item) for i, item in enumerate(value[:count])]
    items = enumerate(value[:count])
    return [(f"[{key!r:.200}]" if isinstance(key, str) else f"[{i}]", item) for i, (key, item) in items]


def _path(name: str) -> str:
    """The path of a returned value: that of Ret is empty, Ret0 is the first item of a tuple."""
    found = _RETURN.fullmatch(name)
    if found is None:
        return f"[{name!r}]"
    return f"[{found[1]}]" if found[1] else ""
