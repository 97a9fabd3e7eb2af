"""The traces and results in a cache folder, as the verbs list and choose them."""

import contextlib
import itertools
import json
from collections.abc import Hashable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from pytracer.errors import PytracerError, UsageError
from pytracer.records.pickle_file import is_loose, pickle_of
from pytracer.records.start import SPEC_NAME, read_spec
from pytracer.shared import NO_NOISE
from pytracer.trace.cache import Cache, callgraph_of
from pytracer.trace.journal import result_journal, trace_journal
from pytracer.trace.program import Program


@dataclass(frozen=True)
class TraceEntry:
    """One trace."""

    date: str  # when it was written, ISO 8601
    name: str
    path: str
    size: int  # bytes
    args: list[str] | None = None  # words of the command line of Pytracer that made it
    report_path: str | None = None  # of the report on calls and memory
    log_path: str | None = None
    command: list[str] = field(default_factory=list)
    sample: int = 0
    noise: str = "unknown"
    experiment: str | None = None  # None for a single trace
    problem: str | None = None  # why the rest is unknown

    @property
    def program(self) -> Hashable:
        """Traces that have it in common are of one experiment, or single ones of the same command."""
        return self.experiment or tuple(self.command)

    def fields(self) -> dict[str, object]:
        """For printing; None where there is none."""
        return _with_names(asdict(self))


@dataclass(frozen=True)
class ResultEntry:
    """One result."""

    date: str  # when it was written, ISO 8601
    name: str
    path: str
    size: int  # bytes
    args: list[str] | None = None  # words of the command line of Pytracer that made it
    traces: list[str] | None = None  # paths of the traces
    callgraph_path: str | None = None
    log_path: str | None = None
    problem: str | None = None  # why the rest is unknown

    def fields(self) -> dict[str, object]:
        """For printing; None where there is none."""
        return _with_names(asdict(self))


def find_traces(directory: Path) -> list[TraceEntry]:
    """The traces in a cache, in a folder of traces, or the one that the folder is; oldest first."""
    traces = Cache(directory).traces
    folder = traces if traces.is_dir() else directory
    if _is_trace(folder):
        return [_trace_entry(folder)]
    entries = [_trace_entry(path) for path in _children(folder) if _is_trace(path) or is_loose(path)]
    return sorted(entries, key=lambda entry: (entry.date, entry.name))


def find_results(directory: Path) -> list[ResultEntry]:
    """The results in a cache or in a folder of results, oldest first."""
    stats = Cache(directory).stats
    folder = stats if stats.is_dir() else directory
    entries = [
        _result_entry(path) for path in _children(folder) if path.name.startswith("stats.") and path.suffix == ".h5"
    ]
    return sorted(entries, key=lambda entry: (entry.date, entry.name))


def newest_result(directory: Path) -> Path:
    """The newest result. Raises UsageError when there is none."""
    results = find_results(directory)
    if not results:
        raise UsageError(f"no result in {str(directory)!r}; make one with `pytracer run script.py`")
    return Path(results[-1].path)


def newest_group(directory: Path) -> list[TraceEntry]:
    """The traces that belong together with the newest one, by sample. Raises UsageError when there is none."""
    return of_one_noise(newest_program(directory))


def newest_program(directory: Path) -> list[TraceEntry]:
    """The traces of the newest one's experiment or command, oldest first. Raises UsageError when there is none."""
    traces = [trace for trace in find_traces(directory) if trace.problem is None]
    if not traces:
        raise UsageError(f"no trace in {str(directory)!r}; make one with `pytracer run script.py`")
    return [trace for trace in traces if trace.program == traces[-1].program]


def of_one_noise(traces: Sequence[TraceEntry]) -> list[TraceEntry]:
    """By sample, those under the noise of the last one that has some, and those without noise, which go with any."""
    noise = next((trace.noise for trace in reversed(traces) if trace.noise != NO_NOISE), NO_NOISE)
    return sorted((trace for trace in traces if trace.noise in (noise, NO_NOISE)), key=lambda trace: trace.sample)


def next_sample(directory: Path, program: Program, noise: str) -> int:
    """The first number from 1 on that no trace of this program under this noise has; 0 without noise."""
    if noise == NO_NOISE:
        return 0
    command = {"kind": program.kind, "target": program.target, "args": list(program.args)}
    taken = set()
    for path in _children(Cache(directory).traces):
        try:
            spec = read_spec(path)
            if (spec["command"], spec["noise"]["model"]) == (command, noise):
                taken.add(spec["sample"])
        except (KeyError, TypeError):
            continue  # no trace, or a damaged one
    return next(number for number in itertools.count(1) if number not in taken)


def size_of(folder: Path) -> int:
    """Bytes that the files below a folder take; some may go away meanwhile."""
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            total += 0 if path.is_symlink() else path.lstat().st_blocks * 512
    return total


def readable_size(size: float) -> str:
    """1536 as "1.5 KiB"."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _with_names(fields: dict[str, object]) -> dict[str, object]:
    """The fields, with the name of each file before its path."""
    named: dict[str, object] = {}
    for key, value in fields.items():
        if key.endswith("_path"):
            named[key.replace("_path", "_name")] = Path(str(value)).name if value is not None else None
        named[key] = value
    return named


def _existing(path: Path) -> str | None:
    return str(path) if path.is_file() else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _words(value: object) -> list[str] | None:
    """A list of texts, or None for what else a damaged log may hold."""
    return [str(word) for word in value] if isinstance(value, list) else None


def _is_trace(folder: Path) -> bool:
    return (folder / "meta.json").is_file() or (folder / SPEC_NAME).is_file()


def _children(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _date(path: Path) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime).astimezone().isoformat(timespec="seconds")


def with_traces(entry: ResultEntry) -> ResultEntry:
    """The entry with the traces that the result holds, or with the reason why it cannot be read."""
    from pytracer.parse import Result, ResultError  # imports h5py

    try:
        with Result.open(entry.path) as result:
            return replace(entry, traces=[str(trace) for trace in result.read("samples", "trace")])
    except ResultError as error:
        return replace(entry, problem=str(error))


def _result_entry(path: Path) -> ResultEntry:
    journal = result_journal(path)
    return ResultEntry(
        date=_date(path),
        name=path.name,
        path=str(path),
        size=path.stat().st_size,
        args=_words(journal.fields().get("args")),
        callgraph_path=_existing(callgraph_of(path)),
        log_path=_existing(journal.path),
    )


def _meta(path: Path) -> dict[str, Any] | None:
    """The meta.json of a trace; what is known of a pickle file of the original; None when there is none."""
    from pytracer.records.pickles import head_of_pickle  # imports NumPy
    from pytracer.records.tables import read_json

    if path.is_dir():
        return read_json(path / "meta.json")
    head = head_of_pickle(path)
    return {"command": [], "sample": 0, "noise": {"model": "unknown"}} if head is None else json.loads(head)


def _size_of_trace(path: Path) -> int:
    """Bytes of a folder and the pickle file beside it, or of a pickle file."""
    file = pickle_of(path) if path.is_dir() else path
    return (size_of(path) if path.is_dir() else 0) + (file.stat().st_size if file.is_file() else 0)


def _trace_entry(path: Path) -> TraceEntry:
    journal = trace_journal(path)
    said = journal.fields()
    entry = TraceEntry(
        date=_date(path),
        name=path.name,
        path=str(path),
        size=_size_of_trace(path),
        args=_words(said.get("args")),
        report_path=_text(said.get("report")),
        log_path=_existing(journal.path),
    )
    try:
        meta = _meta(path)
        if meta is None:
            return replace(entry, problem="no meta.json: the program never started")
        return replace(
            entry,
            command=[str(word) for word in meta["command"]],
            sample=int(meta["sample"]),
            noise=str(meta["noise"]["model"]),
            experiment=meta.get("experiment"),
        )
    except PytracerError as error:
        return replace(entry, problem=str(error))
    except (KeyError, TypeError, ValueError):
        return replace(entry, problem="meta.json is corrupt: a field is missing or has the wrong type; trace again")
