"""Turns a pickle trace that `pickle_write` wrote into the tables of a native one."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.records.pickle_machine import BrokenError, Pairs
from pytracer.records.pickle_names import PickledArray
from pytracer.records.pickle_tables import Budget, Encoded, PickledLane
from pytracer.records.pickle_write import EXTRA, IN_ARGS, PLACES, VERSION
from pytracer.records.schema import CALL, ArrayFlag, Kind
from pytracer.records.writer import ProcessWriter, TraceWriter

_NUMBERS = r"\d{1,9}(?:\.\d{1,9}){0,50}"
_LANE = re.compile(rf"(process-{_NUMBERS})/((?:lane|foreign)-{_NUMBERS})")
_FILE = re.compile(rf"(process-{_NUMBERS}/((lane|foreign)-{_NUMBERS}/)?)?[a-z_]{{1,50}}\.(json|jsonl|bin)")
_PYTHON = (
    {Kind.BOOL: bool, Kind.INT: int}
    | dict.fromkeys((Kind.FLOAT64, Kind.FLOAT32, Kind.FLOAT16), float)
    | dict.fromkeys((Kind.COMPLEX128, Kind.COMPLEX64), complex)
)


class OwnTrace:
    """The native trace being made from the records, the first of which is `head`."""

    def __init__(self, folder: Path, budget: Budget, head: dict[str, Any]) -> None:
        self._budget = budget
        self._files = head_files(head)
        self._writer = TraceWriter(folder)
        self._processes: dict[str, ProcessWriter] = {}
        self._names: set[str] = set()  # of the lanes so far
        self._lane: PickledLane | None = None
        self._place = ""
        self._calls = 0
        self.complete = False

    def add(self, record: dict[str, Any]) -> None:
        """Take the next record. Errors of its contents are those of `Machine.load`."""
        if self.complete:
            raise BrokenError("a record follows the last one")
        extra = _fields(record[EXTRA])
        if "lane" not in extra:
            self.complete = True
            if _integer(extra["calls"]) != self._calls:
                raise BrokenError(f"it has {self._calls} calls, its end says {extra['calls']:.20g}")
            return
        lane = self._lane_of(extra["lane"])
        args = _fields(record["args"])
        values = [_value(lane, args, entry) for entry in extra["values"]]
        time = _integer(record["time"])
        if record["label"] == "inputs":
            lane.enter(time, _call(_fields(extra["call"])), values)
            self._calls += 1
        else:
            lane.exit(time, values)

    def _lane_of(self, place: str) -> PickledLane:
        if self._lane is None or place != self._place:
            found = _LANE.fullmatch(place)
            if found is None or place in self._names:
                raise BrokenError("its lanes are mixed up")
            if self._lane is not None:
                self._lane.close()
            process, name = found[1], found[2]
            if process not in self._processes:
                self._processes[process] = self._writer.process(process)
            writer = self._processes[process]
            self._names.add(place)
            self._lane, self._place = PickledLane(writer, writer.folder / name, self._budget), place
        return self._lane

    def release(self) -> None:
        """Close the files of the lanes."""
        if self._lane is not None:
            self._lane.close()

    def close(self) -> list[str]:
        """Complete the trace; returns notes for the user."""
        self._writer.close()
        (self._writer.path / "end.json").unlink()
        for name, content in self._files.items():
            path = self._writer.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        return [] if self.complete else ["the pickle file was cut: read as far as it goes"]


def head_files(head: dict[str, Any]) -> dict[str, bytes]:
    """The files of the trace that its first record holds, by path."""
    extra = _fields(head[EXTRA])
    if _integer(extra["version"]) != VERSION:
        raise BrokenError(f"its version is {extra['version']:.20g}, this pytracer reads {VERSION}")
    files = _fields(extra["files"])
    for name, content in files.items():
        if not _FILE.fullmatch(name) or not isinstance(content, bytes):
            raise BrokenError("it holds a file that no trace has")
    if "meta.json" not in files:
        raise BrokenError("it holds no meta.json")
    return files


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, Pairs):
        raise BrokenError("a dictionary is missing")
    return value.fields()


def _integer(value: Any) -> int:
    """What the file says is an integer. Nothing else of it may be hashed: see `Machine.load`."""
    if type(value) is not int:
        raise BrokenError("an integer is missing")
    return value


def _call(fields: dict[str, Any]) -> np.ndarray[Any, Any]:
    if fields.keys() != set(CALL.names or ()) - set(PLACES):
        raise BrokenError("the fields of a call are missing or unknown")
    call = np.zeros((), CALL)
    for name, value in fields.items():
        call[name] = _integer(value)
    return call


def _value(lane: PickledLane, args: dict[str, Any], entry: Sequence[Any]) -> np.ndarray[Any, Any]:
    label, *places, rest = entry
    role, position, name, kind = map(_integer, places)
    content = args.get(label) if isinstance(label, str) else None
    return lane.value(role, position, name, _encode(lane, Kind(kind), rest, content))


def _encode(lane: PickledLane, kind: Kind, rest: Any, content: Any) -> Encoded:
    if kind == Kind.ARRAY:
        flags = _integer(rest[0])
        if flags & ArrayFlag.OMITTED:
            _, dtype, shape = rest
            return lane.omitted(dtype, [_integer(length) for length in shape], flags)
        if not isinstance(content, PickledArray):
            raise BrokenError("an array is missing")
        return lane.array(content, flags)
    if kind not in IN_ARGS or rest is not None:
        data, extra = map(_integer, rest)
        return kind, data, extra
    return _number(lane, kind, content)


def _number(lane: PickledLane, kind: Kind, content: Any) -> Encoded:
    if kind == Kind.NONE:
        return kind, 0, 0
    if kind == Kind.BIGINT:
        return lane.big_integer(_integer(content))
    if type(content) is not _PYTHON[kind]:
        raise BrokenError("a number has the wrong type")
    _, data, extra = lane.encode(content)
    return kind, data, extra
