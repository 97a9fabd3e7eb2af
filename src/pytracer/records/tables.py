"""The small files of a trace: JSON objects, JSON lines with ids, and tables of fixed-size records."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from pytracer.errors import TraceError
from pytracer.records.tail import Tail

Row = TypeVar("Row")

MAX_ID = 2**32


class Function(NamedTuple):
    """A recorded callable; see FUNCTION_FIELDS."""

    module: str
    name: str
    kind: str
    file: str  # empty when unknown
    line: int  # 0 when unknown
    params: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Module and qualified name."""
        return f"{self.module}.{self.name}" if self.module else self.name

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Function":
        params = tuple(str(name) for name in fields.get("params") or ())
        file, line = str(fields.get("file") or ""), _line(fields.get("line"))
        return cls(str(fields["module"] or ""), str(fields["name"]), str(fields.get("kind", "")), file, line, params)


class Site(NamedTuple):
    """A place in the source that makes calls; see SITE_FIELDS."""

    file: str
    line: int
    function: str

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Site":
        return cls(str(fields["file"] or ""), _line(fields["line"]), str(fields.get("function") or ""))


class Coverage(NamedTuple):
    """Something that could not be observed; see COVERAGE_FIELDS."""

    event: str
    name: str
    why: str

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Coverage":
        return cls(str(fields["event"]), str(fields["name"]), str(fields.get("why") or ""))


class Stack(NamedTuple):
    """A call site and the stack below it; see STACK_FIELDS."""

    parent: int
    site: int

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Stack":
        return cls(int(fields["parent"]), int(fields["site"]))


class Origin(NamedTuple):
    """What made a process; see PROCESS_FIELDS."""

    pid: int
    how: str
    parent: str  # empty when not known
    lane: str  # likewise
    call: int

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Origin":
        how, parent, lane = (str(fields.get(name) or "") for name in ("how", "parent", "lane"))
        return cls(int(fields.get("pid", 0)), how, parent, lane, int(fields.get("call", -1)))


class Child(NamedTuple):
    """A program that was started; see CHILD_FIELDS."""

    process: str
    command: str

    @classmethod
    def parse(cls, fields: dict[str, Any]) -> "Child":
        return cls(str(fields["process"]), " ".join(str(word) for word in fields["command"]))


@dataclass(frozen=True)
class Table(Generic[Row]):
    """Rows found by id. `ids` (int64, ascending) holds the id of each row; files without ids count from 0."""

    ids: NDArray[np.int64]
    rows: tuple[Row, ...]

    def find(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Index in `rows` of each id, -1 where there is none."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        wanted = ids.astype(np.int64)
        index = np.minimum(np.searchsorted(self.ids, wanted), len(self.ids) - 1)
        return np.where(self.ids[index] == wanted, index, -1)

    def get(self, wanted: int) -> Row | None:
        """The row with this id."""
        if not 0 <= wanted < MAX_ID:
            return None
        index = int(self.find(np.array([wanted]))[0])
        return None if index < 0 else self.rows[index]


def _line(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**31 else 0


def read_json(path: Path) -> dict[str, Any] | None:
    """The JSON object in `path`; None when there is no such file."""
    if not path.is_file():
        return None
    try:
        fields = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise TraceError(f"{path} is corrupt: it is not JSON; trace again") from error
    if not isinstance(fields, dict):
        raise TraceError(f"{path} is corrupt: it holds no JSON object; trace again")
    return fields


def read_lines(path: Path, parse: Callable[[dict[str, Any]], Row], notes: list[str]) -> Table[Row]:
    """One row a line. A last line that was cut is dropped and noted; another line that cannot be read is an error."""
    lines = path.read_bytes().split(b"\n") if path.is_file() else [b""]
    found: dict[int, Row] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            identity = fields.get("id", number - 1)
            if not isinstance(identity, int) or not 0 <= identity < MAX_ID:
                raise ValueError("id")
            found.setdefault(identity, parse(fields))
        except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as error:
            if number == len(lines):
                notes.append(f"{path.parent.name}/{path.name}: its last line was cut: dropped")
                break
            raise TraceError(f"{path}:{number} is corrupt: not the expected JSON object; trace again") from error
    ids = np.array(sorted(found), dtype=np.int64)
    return Table(ids, tuple(found[i] for i in ids.tolist()))


def records_of(path: Path, dtype: np.dtype[Any], notes: list[str]) -> NDArray[Any]:
    """The records of a table; empty when there is no such file. A cut record is noted.

    The file is memory-mapped copy-on-write; while it has a tail (still running, or never folded) it is copied.
    """
    tail = Tail.read(path)
    size = tail.flushed + len(tail.rest) if tail else path.stat().st_size if path.is_file() else 0
    count, rest = divmod(size, dtype.itemsize)
    if rest:
        notes.append(f"{path.parent.name}/{path.name}: its last record was cut: dropped")
    if not count:  # an empty file cannot be mapped
        return np.zeros(0, dtype)
    if tail:
        return np.frombuffer(bytearray(tail.whole(path)[: count * dtype.itemsize]), dtype)
    return np.asarray(np.memmap(path, dtype, mode="c", shape=(count,)))
