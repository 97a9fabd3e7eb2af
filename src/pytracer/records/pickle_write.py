"""Writes a closed trace as one pickle file, a record before and a record after each call.

`docs/pickle-format.md` is the specification. The records of each call come in order of entry and exit, lane after lane.
"""

import pickle
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.records.pickle_names import Frame
from pytracer.records.reader import Lane, Opaque, Process, Trace
from pytracer.records.schema import ARRAY_HEADER, CALL, ArrayFlag, Kind, Outcome, Role

VERSION = 1
PROTOCOL = 4  # what Python 3.4 and later read

EXTRA = "pytracer"
"""Key of a record under which stands what the original's records do not have."""

PLACES = ("inputs", "outputs", "n_inputs", "n_outputs")
"""Fields of CALL that say where in values.bin a call's values stand."""

LANE_TABLES = ("calls.bin", "values.bin", "payload.bin")

IN_ARGS = frozenset(
    {Kind.NONE, Kind.BOOL, Kind.INT, Kind.BIGINT, Kind.COMPLEX128, Kind.COMPLEX64}
    | {Kind.FLOAT64, Kind.FLOAT32, Kind.FLOAT16}
)
"""Kinds of values whose content stands in `args` as a Python number; arrays stand there too."""

UNREADABLE = 2**63
"""Payload offset of the digits of an integer that the trace has lost."""

Record = dict[str, Any]


def write_pickle(trace: Trace, path: Path) -> None:
    """Write `trace` to `path`, which appears when it is complete. Raises OSError."""
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            pickler = _Pickler(file, PROTOCOL)
            pickler.fast = True  # no memo: a reader keeps one for the whole file, and each record stands alone
            for record in _records(trace):
                pickler.dump(record)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class _Pickler(pickle.Pickler):
    """Names only what every version of NumPy and Python knows under the same name."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.ndarray):
            return np.ndarray, (obj.shape, obj.dtype.str, obj.tobytes())
        if isinstance(obj, Frame):
            return traceback.FrameSummary, (obj.filename, obj.lineno, obj.name)
        return NotImplemented


def _records(trace: Trace) -> Iterator[Record]:
    whole = {"id": 0, "time": 0, "module": "pytracer", "function": "trace", "args": {}, "backtrace": None}
    yield whole | {"label": "inputs", EXTRA: {"version": VERSION, "files": dict(_files(trace.path))}}
    time = 1
    for process, lane in trace.lanes():
        yield from _lane_records(process, lane, time)
        time += len(lane.calls)
    yield whole | {"label": "outputs", EXTRA: {"calls": time - 1}}


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The files of a trace but the tables of its lanes, by their path below it."""
    paths = [folder / "meta.json", folder / "end.json", *sorted(folder.glob("process-*/**/*"))]
    for path in paths:
        if path.is_file() and path.suffix != ".tail" and path.name not in LANE_TABLES:
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _lane_records(process: Process, lane: Lane, time: int) -> Iterator[Record]:
    """The records of a lane; its first call has the given time."""
    writer = _LaneRecords(process, lane, time)
    running: list[int] = []
    for row, parent in enumerate(lane.calls["parent"].tolist()):
        while running and running[-1] != parent:
            yield from writer.outputs(running.pop())
        yield writer.inputs(row)
        running.append(row)
    while running:
        yield from writer.outputs(running.pop())


class _LaneRecords:
    """Makes the records of one call of a lane."""

    def __init__(self, process: Process, lane: Lane, time: int) -> None:
        self._lane, self._time = lane, time
        self._place = f"{process.name}/{lane.name}"
        self._frames = {
            site: Frame(*row) for site, row in zip(process.sites.ids.tolist(), process.sites.rows, strict=True)
        }
        self._fields = [name for name in CALL.names or () if name not in PLACES]
        self._functions = dict(zip(process.functions.ids.tolist(), process.functions.rows, strict=True))
        self._names = dict(zip(lane.names.ids.tolist(), lane.names.rows, strict=True))

    def inputs(self, row: int) -> Record:
        """What was recorded when the call began, and the fields of its CALL record."""
        call = self._lane.calls[row]
        fields = {name: call[name].item() for name in self._fields}
        record = self._record(row, "inputs", int(call["inputs"]), int(call["n_inputs"]))
        record[EXTRA] |= {"call": fields}
        return record

    def outputs(self, row: int) -> Iterator[Record]:
        """What was recorded when it ended; nothing when it did not."""
        call = self._lane.calls[row]
        if call["outcome"] != Outcome.RUNNING:
            yield self._record(row, "outputs", int(call["outputs"]), int(call["n_outputs"]))

    def _record(self, row: int, label: str, first: int, count: int) -> Record:
        call = self._lane.calls[row]
        function = self._functions[int(call["function"])]  # the reader dropped calls of unknown ones
        args: dict[str, Any] = {}
        values = [self._value(i, function.params, args) for i in range(first, first + count)]
        return {
            "id": int(call["function"]),
            "time": self._time + row,
            "module": function.module,
            "function": function.name,
            "label": label,
            "args": args,
            "backtrace": self._frames.get(int(call["site"])),
            EXTRA: {"lane": self._place, "values": values},
        }

    def _value(self, row: int, params: Sequence[str], args: dict[str, Any]) -> tuple[Any, ...]:
        """(label, role, position, name, kind, rest); puts the content into `args` where it is known."""
        record = self._lane.values[row]
        kind, role, position, name, data, extra = record.item()
        content = self._lane.value(row) if kind in IN_ARGS or kind == Kind.ARRAY else None
        label = _label(params, role, position, self._names.get(name, ""))
        while label in args:
            label += "'"
        lost = isinstance(content, Opaque)
        rest: Any = (data, extra)
        if kind == Kind.ARRAY:
            rest = self._array(row, data, omitted=lost)
        elif kind in IN_ARGS:
            rest = (UNREADABLE, 0) if lost else (data, extra) if kind == Kind.FLOAT64 and extra else None
        if (kind in IN_ARGS or kind == Kind.ARRAY) and not lost:
            args[label] = content
        return label, role, position, name, kind, rest

    def _array(self, row: int, offset: int, *, omitted: bool) -> tuple[Any, ...]:
        """The flags, and for an array whose elements are not there its dtype and shape."""
        index, payload = self._lane.arrays, self._lane.payload
        entry = int(index.find(np.array([row]))[0])
        if index.corrupt[entry]:
            return int(ArrayFlag.OMITTED), "", ()
        header = payload[offset : offset + ARRAY_HEADER.itemsize].view(ARRAY_HEADER)[0]
        flags = int(header["flags"]) | (int(ArrayFlag.OMITTED) if omitted else 0)
        return (flags, header["dtype"].decode("ascii"), index.shape(entry, payload)) if omitted else (flags,)


def _label(params: Sequence[str], role: int, position: int, path: str) -> str:
    """The name of a value as the original has it: of the parameter or Arg0, Arg1, ...; Ret or Ret0, Ret1, ..."""
    argument = params[position] if position < len(params) else f"Arg{position}"
    match role:
        case Role.POSITIONAL:
            return argument + path
        case Role.RETURN:
            index, bracket, rest = path.removeprefix("[").partition("]")
            return f"Ret{index}{rest}" if path.startswith("[") and bracket and index.isdecimal() else f"Ret{path}"
        case Role.AFTER:
            return f"{argument}{path} (after)"
        case _:
            return path
