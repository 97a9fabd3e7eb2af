"""Reads a trace directory (see `schema`) without trusting it: everything is checked before use, nothing is executed.

    trace = Trace.open(path)
    for process in trace.processes:
        for lane in process.lanes:
            lane.calls, lane.values      # NumPy records, memory-mapped
            lane.value(row)              # a number, or a view of an array

A trace whose process was killed, or whose copy was cut short, is read as far as it goes; `Trace.notes` says what was
dropped. What cannot be a trace raises `TraceError`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.errors import TraceError
from pytracer.records.arrays import Arrays
from pytracer.records.pages import drop_pages
from pytracer.records.schema import CALL, COUNTERS, SCHEMA_VERSION, TASK, VALUE, Kind, Outcome, Role, TaskKind
from pytracer.records.tables import (
    Child,
    Coverage,
    Function,
    Origin,
    Site,
    Stack,
    Table,
    read_json,
    read_lines,
    records_of,
)
from pytracer.records.tasks import split_tasks
from pytracer.shared import NO_NOISE

Records = NDArray[np.void]

OUR_FRAMES = "/pytracer/trace/child.py"

NOT_FOLLOWED = "it is no Python, or one without Pytracer: what it computed is not recorded"

_PARTS = re.compile(r"[0-9]{1,9}|[^0-9]+")
_HEXADECIMAL = re.compile(rb"-?0x[0-9a-f]+")


@dataclass(frozen=True)
class Opaque:
    """A value whose content is not in the trace: a text, an object, an omitted array, a cut or empty container."""

    kind: Kind
    detail: str


@dataclass(frozen=True)
class Lane:
    """The calls of one thread.

    `calls` (CALL records) and `values` (VALUE records) end at the last usable record; ranges, kinds, roles and ids that
    they hold have been checked. `payload` is the raw bytes (uint8), `tasks` the TASK records.
    """

    name: str
    calls: Records
    values: Records
    payload: NDArray[np.uint8]
    arrays: Arrays
    names: Table[str]
    tasks: Records

    def value(self, row: int) -> Any:
        """The value at `row` of `values`: None, bool, int, float, complex, a read-only array view, or `Opaque`."""
        record = self.values[row]
        kind = Kind(int(record["kind"]))
        data, extra = int(record["data"]), int(record["extra"])
        match kind:
            case Kind.NONE:
                return None
            case Kind.BOOL:
                return bool(data)
            case Kind.INT:
                return int(np.uint64(data).astype(np.int64))
            case Kind.BIGINT:
                return self._big_integer(data, extra)
            case Kind.FLOAT64 | Kind.FLOAT32 | Kind.FLOAT16:
                return float(np.uint64(data).view(np.float64))
            case Kind.COMPLEX128 | Kind.COMPLEX64:
                return complex(np.uint64(data).view(np.float64), np.uint64(extra).view(np.float64))
            case Kind.ARRAY:
                array = self.arrays.view(row, self.payload)
                return Opaque(kind, "omitted") if array is None else array
            case Kind.OBJECT | Kind.EMPTY:
                return Opaque(kind, self.names.get(extra) or "unknown type")
            case Kind.STR | Kind.BYTES:
                return Opaque(kind, f"{extra} bytes, hash {data:016x}")
            case _:
                return Opaque(kind, str(extra))

    def drop_pages(self) -> None:
        """Forget what was read of the files: it would count as memory of this process."""
        drop_pages(self.calls, self.values, self.payload)

    def _big_integer(self, offset: int, length: int) -> int | Opaque:
        digits = self.digits(offset, length)
        return int(digits, 16) if digits else Opaque(Kind.BIGINT, "unreadable digits")

    def digits(self, offset: int, length: int) -> bytes:
        """The hexadecimal digits of a BIGINT value, empty when they lie outside the payload or are no digits."""
        if offset + length > len(self.payload):
            return b""
        text = self.payload[offset : offset + length].tobytes()
        return text if _HEXADECIMAL.fullmatch(text) else b""


@dataclass(frozen=True)
class Process:
    """One process of an execution: its tables, counters (see `COUNTERS`) and lanes."""

    name: str
    functions: Table[Function]
    sites: Table[Site]
    names: Table[str]
    coverage: tuple[Coverage, ...]
    counters: dict[str, int]
    lanes: tuple[Lane, ...]
    stacks: Table[Stack]
    origin: Origin | None  # None for the first process

    def stack(self, identity: int) -> list[Site]:
        """The call sites of a recorded stack, innermost first, without those of Pytracer that ran the program."""
        found: list[Site] = []
        while (node := self.stacks.get(identity)) is not None and node.parent < identity:
            site = self.sites.get(node.site)
            if site is not None and site.file.endswith(OUR_FRAMES):
                break
            found += [] if site is None else [site]
            identity = node.parent
        return found


@dataclass(frozen=True)
class Trace:
    """One sample: a whole execution of the program."""

    path: Path
    meta: dict[str, Any]
    ended_ns: int | None  # CLOCK_MONOTONIC at the regular end; None when the process was killed
    processes: tuple[Process, ...]
    notes: tuple[str, ...] = field(default=())  # what was dropped while reading, for the user

    @classmethod
    def open(cls, path: Path | str) -> "Trace":
        """Read the trace directory at `path`; every task has a lane of its own.

        Raises:
            TraceError: there is none, it is corrupt, or it has another version.
        """
        trace = cls.as_recorded(path)
        return replace(trace, processes=split_tasks(trace.processes))

    @classmethod
    def as_recorded(cls, path: Path | str) -> "Trace":
        """Likewise, with one lane a thread, whatever tasks it carried out."""
        path = Path(path)
        if not path.is_dir():
            raise TraceError(f"no trace at {path}: give the directory that `pytracer trace` wrote")
        notes: list[str] = []
        try:
            meta = _read_meta(path)
            processes = [_read_process(folder, notes) for folder in _folders(path, ("process-",))]
            processes = _with_unfollowed(path, processes, notes)
            return cls(path, meta, _read_end(path, notes), tuple(processes), tuple(notes))
        except OSError as error:
            raise TraceError(f"cannot read the trace {path}: {error.strerror or error}; check its files") from error

    @property
    def sample(self) -> int:
        """0 for the unperturbed reference."""
        return int(self.meta["sample"])

    @property
    def model(self) -> str:
        """Name of the noise model."""
        return str(self.meta["noise"]["model"])

    @property
    def seed(self) -> int | None:
        """Seed of the noise, None when there was none."""
        seed = self.meta["noise"].get("seed")
        return None if seed is None else int(seed)

    @property
    def settings(self) -> dict[str, str]:
        """What was varied around the process; empty when nothing was."""
        return dict(self.meta["noise"]["settings"])

    def counters(self) -> dict[str, int]:
        """The counters, summed over the processes."""
        totals = dict.fromkeys(COUNTERS.names or (), 0)
        for process in self.processes:
            for name, count in process.counters.items():
                totals[name] += count
        return totals

    def lanes(self) -> Iterator[tuple[Process, Lane]]:
        """Every lane with its process, in order of creation; those of tasks in order of their numbers."""
        places = [(process, lane) for process in self.processes for lane in process.lanes]
        return iter(sorted(places, key=lambda place: (_order(place[0].name), _order(place[1].name))))


def _folders(path: Path, prefixes: tuple[str, ...]) -> list[Path]:
    """Subfolders whose names begin so, in order of the numbers in their names."""
    found = [folder for folder in path.iterdir() if folder.name.startswith(prefixes) and folder.is_dir()]
    return sorted(found, key=lambda folder: _order(folder.name))


def _order(name: str) -> list[tuple[int, str]]:
    """The numbers in a name count as numbers: "lane-0.10" comes after "lane-0.9"."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in _PARTS.findall(name)]


def _read_meta(path: Path) -> dict[str, Any]:
    meta = read_json(path / "meta.json")
    if meta is None:
        raise TraceError(f"{path} is not a trace: meta.json is missing; give a directory that `pytracer trace` wrote")
    version = meta.get("schema")
    if version != SCHEMA_VERSION or isinstance(version, bool):
        raise TraceError(
            f"{path} has trace format {str(version)[:40]!r}, this pytracer reads {SCHEMA_VERSION}: trace again"
        )
    noise = meta.setdefault("noise", {"model": NO_NOISE})
    sample = meta.setdefault("sample", 0)
    sound = (
        isinstance(noise, dict)
        and isinstance(noise.get("model"), str)
        and isinstance(noise.get("seed"), int | None)
        and all(_is_texts(noise.setdefault(name, [])) for name in ("layers", "missing"))
        and _is_settings(noise.setdefault("settings", {}))
        and _is_texts(meta.setdefault("command", []))
        and isinstance(sample, int)
        and 0 <= sample < 2**31
    )
    if not sound:
        raise TraceError(f"{path / 'meta.json'} is corrupt: a field has the wrong type; trace again")
    return meta


def _is_settings(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _read_end(path: Path, notes: list[str]) -> int | None:
    try:
        end = read_json(path / "end.json")
    except TraceError:
        end = {}
    ended = (end or {}).get("ended_ns")
    if isinstance(ended, int) and 0 <= ended < 2**63:
        return ended
    notes.append("the program did not end regularly (killed, or still running): its trace is read as far as it goes")
    return None


def _read_process(folder: Path, notes: list[str]) -> Process:
    functions = read_lines(folder / "functions.jsonl", Function.parse, notes)
    sites = read_lines(folder / "sites.jsonl", Site.parse, notes)
    names = read_lines(folder / "names.jsonl", _parse_name, notes)
    coverage = read_lines(folder / "coverage.jsonl", Coverage.parse, notes)
    stacks = read_lines(folder / "stacks.jsonl", Stack.parse, notes)
    folders = _folders(folder, ("lane-", "foreign-"))
    lanes = tuple(_read_lane(lane, functions, sites, names, notes) for lane in folders)
    counters = records_of(folder / "counters.bin", COUNTERS, notes)
    counts = {name: int(counters[name][0]) if len(counters) else 0 for name in COUNTERS.names or ()}
    origin = _read_origin(folder / "process.json", notes)
    return Process(folder.name, functions, sites, names, coverage.rows, counts, lanes, stacks, origin)


def _read_origin(path: Path, notes: list[str]) -> Origin | None:
    try:
        fields = read_json(path)
        return None if fields is None else Origin.parse(fields)
    except (TraceError, KeyError, TypeError, ValueError):
        notes.append(f"{path.parent.name}/{path.name} is corrupt: the call that made this process is not known")
        return Origin.parse({})


def _with_unfollowed(path: Path, processes: list[Process], notes: list[str]) -> list[Process]:
    """Programs that a process started and that did not join the trace are put into its coverage."""
    found = {process.name for process in processes}
    for index, process in enumerate(processes):
        children = read_lines(path / process.name / "children.jsonl", Child.parse, notes).rows
        missing = [child for child in children if child.process not in found]
        coverage = tuple(Coverage("not_followed", child.command, NOT_FOLLOWED) for child in missing)
        processes[index] = replace(process, coverage=process.coverage + coverage)
    return processes


def _parse_name(fields: dict[str, Any]) -> str:
    return str(fields["name"])


def _read_lane(
    folder: Path, functions: Table[Function], sites: Table[Site], names: Table[str], notes: list[str]
) -> Lane:
    label = f"{folder.parent.name}/{folder.name}"
    calls = records_of(folder / "calls.bin", CALL, notes)
    values = records_of(folder / "values.bin", VALUE, notes)
    payload = records_of(folder / "payload.bin", np.dtype("u1"), notes)
    calls = _usable_calls(_written(calls, label, notes), len(values), functions, sites, label, notes)
    values = _usable_values(calls, values, folder)
    arrays = Arrays.index(values, payload)
    unreadable = int(np.count_nonzero(arrays.corrupt))
    if unreadable:
        notes.append(f"{label}: {unreadable} arrays lie outside payload.bin or have no sound header: left out")
    tasks = records_of(folder / "tasks.bin", TASK, notes)
    if np.any(tasks["kind"] > max(TaskKind)):
        raise TraceError(f"{label}/tasks.bin is corrupt: a task of an unknown kind; trace again")
    drop_pages(calls, values, payload)
    return Lane(folder.name, calls, values, payload, arrays, names, tasks)


def _written(calls: Records, label: str, notes: list[str]) -> Records:
    """The records before the first one that was never written."""
    written = calls["enter_ns"] != 0
    end = len(calls) if written.all() else int(np.argmin(written))
    gap = int(np.count_nonzero(written[end:]))
    if gap:
        notes.append(f"{label}: {gap} calls after a gap in calls.bin: dropped")
    return calls[:end]


def _usable_calls(
    calls: Records, n_values: int, functions: Table[Function], sites: Table[Site], label: str, notes: list[str]
) -> Records:
    rows = np.arange(len(calls))
    if np.any((calls["parent"] < -1) | (calls["parent"] >= rows)) or np.any(calls["outcome"] > max(Outcome)):
        raise TraceError(f"{label}/calls.bin is corrupt: a call has an impossible parent or outcome; trace again")
    usable = _inside(calls["inputs"], calls["n_inputs"], n_values)
    usable &= functions.find(calls["function"]) >= 0
    usable &= (sites.find(calls["site"]) >= 0) | (calls["site"] == 0)
    if not usable.all():
        end = int(np.argmin(usable))
        notes.append(f"{label}: {len(calls) - end} calls at the end refer to records that are missing: dropped")
        calls = calls[:end]
    cut = ~_inside(calls["outputs"], calls["n_outputs"], n_values) & (calls["outcome"] != Outcome.RUNNING)
    if cut.any():
        notes.append(f"{label}: {np.count_nonzero(cut)} calls lost their outputs: shown as not returned")
    running = np.flatnonzero(cut | (calls["outcome"] == Outcome.RUNNING))
    if len(running):
        calls = calls.copy()  # what is mapped stays as it is in the file: its pages may be dropped
        calls["outcome"][running] = Outcome.RUNNING
        calls["n_outputs"][running] = 0
    return calls


def _inside(first: NDArray[np.uint64], count: NDArray[np.uint16], length: int) -> NDArray[np.bool_]:
    # The first test keeps the sum of the second from wrapping around.
    result: NDArray[np.bool_] = (first <= length) & (first + count <= length)
    return result


def _usable_values(calls: Records, values: Records, folder: Path) -> Records:
    n_inputs, n_outputs = calls["n_inputs"].astype(np.int64), calls["n_outputs"].astype(np.int64)
    # Values belong to one call each; without this test a small file could claim 65535 values for every call.
    if n_inputs.sum() + n_outputs.sum() > len(values):
        raise TraceError(f"{folder / 'calls.bin'} is corrupt: calls claim more values than values.bin has; trace again")
    ends = [calls["inputs"][n_inputs > 0] + n_inputs[n_inputs > 0].astype(np.uint64)]
    ends.append(calls["outputs"][n_outputs > 0] + n_outputs[n_outputs > 0].astype(np.uint64))
    values = values[: int(max((e.max() for e in ends if len(e)), default=0))]
    if np.any(values["kind"] > max(Kind)) or np.any(values["role"] > max(Role)):
        raise TraceError(f"{folder / 'values.bin'} is corrupt: a value has an unknown kind or role; trace again")
    return values
