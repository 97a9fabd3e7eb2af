"""Writes the trace format in plain Python: the readable twin of the native recorder, and how tests and other front ends
make traces.

    with TraceWriter(path, sample=1, noise={"model": "sr", "seed": 7}) as trace:
        process = trace.process()
        lane = process.lane()
        function = process.function("numpy", "dot", kind="dispatcher", params=("a", "b"))
        site = process.site("script.py", 12, "main")
        with lane.call(function, site, [x, y]) as call:
            call.perturbations = 3
            call.result(z)
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np

from pytracer.records.schema import (
    ARRAY_HEADER,
    CALL,
    COUNTERS,
    PAYLOAD_ALIGNMENT,
    SCHEMA_VERSION,
    VALUE,
    ArrayFlag,
    Kind,
    Outcome,
    Role,
)
from pytracer.shared import NO_NOISE

_FLOATS: dict[type, Kind] = {
    float: Kind.FLOAT64,
    np.float64: Kind.FLOAT64,
    np.float32: Kind.FLOAT32,
    np.float16: Kind.FLOAT16,
}
_CHARACTERS = "biufcSUmM"  # dtype kinds whose elements are plain data


class TraceWriter:
    """A trace being written. Extra keyword arguments become fields of meta.json (META_FIELDS)."""

    def __init__(
        self, path: Path | str, *, sample: int = 0, noise: Mapping[str, Any] | None = None, **meta: Any
    ) -> None:
        self.path = Path(path)
        self.path.mkdir(parents=True)
        self.clock = 0
        self._processes: list[ProcessWriter] = []
        fields = {"model": NO_NOISE, "seed": None, "layers": [], "missing": [], "settings": {}} | dict(noise or {})
        meta = {"schema": SCHEMA_VERSION, "command": [], "sample": sample, "noise": fields} | meta
        (self.path / "meta.json").write_text(json.dumps(meta))

    def tick(self) -> int:
        """The next time stamp: a counter, so that the same calls give the same trace."""
        self.clock += 1
        return self.clock

    def process(self, name: str | None = None) -> "ProcessWriter":
        """Add a process; the first is process-0."""
        writer = ProcessWriter(self, self.path / (name or f"process-{len(self._processes)}"))
        self._processes.append(writer)
        return writer

    def close(self) -> None:
        """End regularly: without it the trace is that of a killed process."""
        for process in self._processes:
            process.close()
        (self.path / "end.json").write_text(json.dumps({"ended_ns": self.tick()}))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


class ProcessWriter:
    """The tables and lanes of one process. Ids start at 1; equal rows get one id."""

    def __init__(self, trace: TraceWriter, folder: Path) -> None:
        self.trace = trace
        self.folder = folder
        folder.mkdir()
        self.counters = np.zeros(1, COUNTERS)
        self._ids: dict[str, dict[str, int]] = {"functions": {}, "sites": {}, "names": {}}
        self._lanes: list[LaneWriter] = []

    def function(
        self,
        module: str,
        name: str,
        *,
        kind: str = "python",
        file: str | None = None,
        line: int | None = None,
        params: Sequence[str] = (),
    ) -> int:
        """Id of a callable."""
        fields = {"module": module, "name": name, "kind": kind, "file": file, "line": line, "params": list(params)}
        return self._row("functions", fields)

    def site(self, file: str, line: int, function: str = "<module>") -> int:
        """Id of a call site."""
        return self._row("sites", {"file": file, "line": line, "function": function})

    def name(self, name: str) -> int:
        """Id of a keyword name, value path or type name; 0 for the empty one."""
        return self._row("names", {"name": name}) if name else 0

    def _row(self, table: str, fields: dict[str, Any]) -> int:
        ids = self._ids[table]
        key = json.dumps(fields)
        if key not in ids:
            ids[key] = len(ids) + 1
            with (self.folder / f"{table}.jsonl").open("a") as file:
                file.write(json.dumps({"id": ids[key]} | fields) + "\n")
        return ids[key]

    def coverage(self, event: str, name: str, why: str) -> None:
        """Note what could not be observed (COVERAGE_FIELDS)."""
        with (self.folder / "coverage.jsonl").open("a") as file:
            file.write(json.dumps({"event": event, "name": name, "why": why}) + "\n")

    def lane(self, name: str | None = None) -> "LaneWriter":
        """Add a thread; the first is lane-0."""
        writer = LaneWriter(self, self.folder / (name or f"lane-{len(self._lanes)}"))
        self._lanes.append(writer)
        return writer

    def close(self) -> None:
        """Write the counters and close the files."""
        for lane in self._lanes:
            lane.close()
        (self.folder / "counters.bin").write_bytes(self.counters.tobytes())


class LaneWriter:
    """The calls of one thread, written as they happen: a call record at entry, and again at exit."""

    def __init__(self, process: ProcessWriter, folder: Path) -> None:
        folder.mkdir()
        self.process = process
        self._calls, self._values, self._payload = (
            (folder / f"{name}.bin").open("wb") for name in ("calls", "values", "payload")
        )
        self._n_calls = self._n_values = 0
        self._open: list[int] = []

    @contextmanager
    def call(
        self, function: int, site: int, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Iterator["CallWriter"]:
        """Record a call; calls made inside the block are its children. An exception is recorded and goes on."""
        values = [v for i, arg in enumerate(args) for v in self._flatten(Role.POSITIONAL, i, "", arg)]
        values += [v for name, arg in (kwargs or {}).items() for v in self._flatten(Role.KEYWORD, 0, name, arg)]
        record = np.zeros((), CALL)
        record["enter_ns"] = self.process.trace.tick()
        record["parent"] = self._open[-1] if self._open else -1
        record["inputs"], record["n_inputs"] = self._append(values)
        record["function"], record["site"], record["depth"] = function, site, len(self._open)
        row = self._n_calls
        self._n_calls += 1
        self._store(row, record)
        call = CallWriter(self)
        self._open.append(row)
        try:
            yield call
            record["outcome"] = Outcome.RETURNED
        except Exception as error:
            record["outcome"] = Outcome.RAISED
            call.outputs = self._flatten(Role.EXCEPTION, 0, type(error).__name__, None)
            raise
        finally:
            self._open.pop()
            record["exit_ns"] = self.process.trace.tick()
            record["perturbations"] = call.perturbations
            record["outputs"], record["n_outputs"] = self._append(call.outputs)
            self._store(row, record)

    def _store(self, row: int, record: np.ndarray[Any, Any]) -> None:
        self._calls.seek(row * CALL.itemsize)
        self._calls.write(record.tobytes())

    def _append(self, values: list[np.ndarray[Any, Any]]) -> tuple[int, int]:
        first = self._n_values
        self._values.write(b"".join(value.tobytes() for value in values))
        self._n_values += len(values)
        return first, len(values)

    def _flatten(self, role: Role, position: int, path: str, value: Any) -> list[np.ndarray[Any, Any]]:
        """VALUE records of `value`; items of a list, tuple or dict become values of their own, named by their path."""
        if isinstance(value, list | tuple) and value:
            return [v for i, item in enumerate(value) for v in self._flatten(role, position, f"{path}[{i}]", item)]
        if isinstance(value, dict) and value:
            return [v for key, item in value.items() for v in self._flatten(role, position, f"{path}[{key!r}]", item)]
        record = np.zeros((), VALUE)
        record["role"], record["position"], record["name"] = role, position, self.process.name(path)
        record["kind"], record["data"], record["extra"] = self._encode(value)
        return [record]

    def _encode(self, value: Any) -> tuple[Kind, int, int]:
        if isinstance(value, np.longdouble | np.clongdouble | np.datetime64 | np.timedelta64):
            value = np.array(value)  # they have no kinds of their own
        match value:
            case None:
                return Kind.NONE, 0, 0
            case bool() | np.bool_():
                return Kind.BOOL, int(value), 0
            case int() | np.integer():
                return self._encode_integer(int(value))
            case float() | np.floating() if type(value) in _FLOATS:
                return _FLOATS[type(value)], _bits(float(value)), 0
            case complex() | np.complexfloating():
                kind = Kind.COMPLEX64 if isinstance(value, np.complex64) else Kind.COMPLEX128
                return kind, _bits(float(value.real)), _bits(float(value.imag))
            case str() | bytes():
                kind, content = (Kind.BYTES, value) if isinstance(value, bytes) else (Kind.STR, value.encode())
                return kind, _fnv1a(content), len(content)
            case np.ndarray() if value.dtype.kind in _CHARACTERS:
                return Kind.ARRAY, self._append_array(value, ArrayFlag(0)), value.nbytes
            case np.ndarray():
                return Kind.ARRAY, self._append_array(value, ArrayFlag.OMITTED), 0
            case _:
                kind = Kind.EMPTY if isinstance(value, list | tuple | dict) else Kind.OBJECT
                return kind, int(kind == Kind.OBJECT), self.process.name(_type_name(type(value)))

    def _encode_integer(self, value: int) -> tuple[Kind, int, int]:
        if -(2**63) <= value < 2**63:
            return Kind.INT, value % 2**64, 0
        digits = hex(value).encode()
        return Kind.BIGINT, self._append_payload(digits), len(digits)

    def _append_array(self, array: np.ndarray[Any, Any], flags: ArrayFlag) -> int:
        header = np.zeros((), ARRAY_HEADER)
        header["dtype"], header["ndim"], header["flags"] = array.dtype.str.encode(), array.ndim, flags
        offset = self._append_payload(header.tobytes() + np.array(array.shape, "<i8").tobytes())
        self._append_payload(b"" if flags & ArrayFlag.OMITTED else array.tobytes())
        return offset

    def _append_payload(self, content: bytes) -> int:
        """Append at the next multiple of PAYLOAD_ALIGNMENT and return where."""
        self._payload.write(bytes(-self._payload.tell() % PAYLOAD_ALIGNMENT))
        offset = self._payload.tell()
        self._payload.write(content)
        return offset

    def close(self) -> None:
        """Close the files."""
        files: tuple[BinaryIO, ...] = (self._calls, self._values, self._payload)
        for file in files:
            file.close()


class CallWriter:
    """A call that has not returned yet. Set `perturbations` before the block ends."""

    def __init__(self, lane: LaneWriter) -> None:
        self._lane = lane
        self.perturbations = 0
        self.outputs: list[np.ndarray[Any, Any]] = []

    def result(self, value: Any) -> None:
        """The returned value."""
        self.outputs += self._lane._flatten(Role.RETURN, 0, "", value)

    def after(self, position: int, value: Any, name: str = "") -> None:
        """An argument as the call left it; `name` is that of one that was given by name."""
        self.outputs += self._lane._flatten(Role.AFTER, position, name, value)


def _bits(value: float) -> int:
    return int(np.float64(value).view(np.uint64))


def _type_name(kind: type) -> str:
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _fnv1a(content: bytes) -> int:
    result = 0xCBF29CE484222325
    for byte in content[:4096]:
        result = (result ^ byte) * 0x100000001B3 % 2**64
    return result
