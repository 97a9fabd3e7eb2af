"""Writes and reads the result file; `schema` says what is in it.

with ResultWriter(path) as writer:
    writer.append("calls", {...})        # any number of times
    writer.finish({...}, provenance)     # only then the file appears under its name

with Result.open(path) as result:
    table = result.calls
    table["bits_lost"]                   # whole column
    table.read("bits_lost", rows)        # a slice or ascending rows
"""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytracer.errors import PytracerError, UsageError
from pytracer.parse.chunks import ChunkedTable
from pytracer.parse.files import Part
from pytracer.parse.schema import (
    ADDED,
    ATTRIBUTES,
    JSON_COLUMNS,
    NEVER_NONE,
    REFERENCES,
    RESULT_FORMAT,
    RESULT_VERSION,
    TABLES,
    TEXT,
)
from pytracer.parse.sink import Sink

CHUNK_ROWS = {"calls": 2**14, "values": 2**14, "elements": 2**14, "observations": 2**14}
"""Rows that are compressed together; a chunk takes its space even when it holds one row, so"""
SMALL_CHUNK_ROWS = 2**8
"""the other tables have small ones."""
MAX_COMPRESSION = 1100
"""Bytes that one compressed byte can stand for (deflate: 1032), and some more."""
CACHE_BYTES = 2**18
"""Of each column, so all of them take some 40 MB: two chunks, as tables are read from the first row to the last."""
VERSIONS = ("v110", "v110")
"""Of HDF5: half the size of the oldest form for small results, with checksums, and read by all since 2016."""
_TEXT_TYPE = h5py.string_dtype("utf-8")


class ResultError(UsageError):
    """A result file cannot be read: missing, corrupt, from another version, or not a result."""


class ResultWriter:
    """A result being written under a temporary name in the folder of `path`; `finish` gives it its name.

    Leaving the `with` block before `finish` removes it.

    Raises:
        PytracerError: the file cannot be written.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        try:
            self._part = Part(self.path)
        except OSError as error:
            raise _cannot_write(self.path, error) from error
        try:
            self._sink = Sink(self._part.name, "w+")
            self._file = h5py.File(self._sink, "w", libver=VERSIONS)
        except OSError as error:
            self._part.discard()
            raise _cannot_write(self.path, error) from error
        self._finished = False
        self._rows = dict.fromkeys(TABLES, 0)
        self._chunked: dict[str, ChunkedTable] = {}
        self._datasets: dict[str, Any] = {}
        for table, columns in TABLES.items():
            for column, (kind, comment) in columns.items():
                self._create(f"{table}/{column}", kind, comment)
            if table in CHUNK_ROWS:
                datasets = {column: self._datasets[f"{table}/{column}"] for column in columns}
                self._chunked[table] = ChunkedTable(datasets, CHUNK_ROWS[table])

    def _create(self, name: str, kind: str, comment: str) -> None:
        # Variable-length texts are references into a heap: compressing them gains nothing.
        options: dict[str, Any] = (
            {} if kind == TEXT else {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        )
        dtype = _TEXT_TYPE if kind == TEXT else np.dtype(kind)
        chunk = CHUNK_ROWS.get(name.partition("/")[0], SMALL_CHUNK_ROWS)
        dataset = self._file.create_dataset(name, (0,), dtype, maxshape=(None,), chunks=(chunk,), **options)
        self._datasets[name] = dataset
        dataset.attrs["comment"] = comment

    def rows(self, table: str) -> int:
        """Number of rows written so far."""
        return self._rows[table]

    def append(self, table: str, columns: Mapping[str, ArrayLike | Sequence[str]]) -> None:
        """Append rows: one sequence of equal length for each column of the table."""
        lengths = {len(column) for column in columns.values()}  # type: ignore[arg-type]
        if columns.keys() != TABLES[table].keys() or len(lengths) != 1:
            raise ValueError(f"columns of {table} are missing, unknown or of unequal length")
        first = self._rows[table]
        self._rows[table] = end = first + lengths.pop()
        if first == end:
            return
        try:
            if table in self._chunked:
                self._chunked[table].append(columns)
                columns = {}
            for name, column in columns.items():
                dataset = self._datasets[f"{table}/{name}"]
                dataset.resize((end,))
                dataset[first:end] = _storable(column) if TABLES[table][name][0] == TEXT else column
        except OSError as error:
            raise _cannot_write(self.path, self._sink.error or error) from error
        self._check()

    def column(self, table: str, name: str) -> NDArray[Any]:
        """A column of numbers as written so far."""
        try:
            if table in self._chunked:
                self._chunked[table].flush()
            written: NDArray[Any] = self._datasets[f"{table}/{name}"][:]
        except (OSError, RuntimeError) as error:
            raise _cannot_write(self.path, self._sink.error or error) from error
        return written

    def finish(self, attributes: Mapping[str, Any], provenance: Mapping[str, Any]) -> None:
        """Write the root attributes and the provenance, close, and rename to the final name."""
        attributes = {"format": RESULT_FORMAT, "version": RESULT_VERSION} | dict(attributes)
        if attributes.keys() != ATTRIBUTES.keys():
            raise ValueError(f"attributes are missing or unknown: {attributes.keys() ^ ATTRIBUTES.keys()}")
        try:
            for table in self._chunked.values():
                table.flush()
            for name, value in attributes.items():
                self._file.attrs[name] = value
            self._file["provenance"] = _storable([json.dumps(provenance)])[0]
            self._file.close()
            self._sink.close()
            self._check()
            self._part.keep()
        except (OSError, RuntimeError) as error:
            raise _cannot_write(self.path, error) from error
        self._finished = True

    def _check(self) -> None:
        if self._sink.error is not None:
            raise _cannot_write(self.path, self._sink.error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._finished:
            return
        with suppress(OSError, RuntimeError):  # the file goes away all the same
            self._file.close()
        self._sink.close()
        self._part.discard()


def _cannot_write(path: Path, error: Exception) -> PytracerError:
    reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
    return PytracerError(f"cannot write the result {path}: {reason}; check the space and the rights of its folder")


def _storable(texts: Any) -> list[str]:
    """Texts that HDF5 can hold: no NUL and no lone surrogates, which names found in a trace may contain."""
    return [text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode() for text in texts]


class Columns:
    """One table of a result. Columns are read when asked for; see `schema.TABLES` for their names."""

    def __init__(self, result: "Result", name: str) -> None:
        self._result = result
        self.name = name

    def __len__(self) -> int:
        return self._result.length(self.name)

    def __getitem__(self, column: str) -> NDArray[Any]:
        whole: NDArray[Any] = self.read(column)
        return whole

    def read(self, column: str, rows: slice | NDArray[np.int64] | int = slice(None)) -> Any:
        """The column at `rows`: a slice, one row, or strictly ascending rows. Texts are str objects (dtype object)."""
        return self._result.read(self.name, column, rows)

    def row(self, index: int) -> dict[str, Any]:
        """All columns of one row as Python values."""
        cells = {column: self.read(column, index) for column in TABLES[self.name]}
        return {column: cell.item() if isinstance(cell, np.generic) else cell for column, cell in cells.items()}


class Result:
    """A result file open for reading: one `Columns` per table of the schema, as attributes.

    Raises:
        ResultError: from `open` and from every reading method, when the file is not a sound result.
    """

    functions: Columns
    sites: Columns
    labels: Columns
    types: Columns
    sources: Columns
    edges: Columns
    confidence: Columns
    lanes: Columns
    samples: Columns
    calls: Columns
    values: Columns
    elements: Columns
    observations: Columns
    divergences: Columns
    explanations: Columns
    coverage: Columns
    notes: Columns

    def __init__(self, path: Path, file: Any) -> None:
        self.path = path
        self._file = file
        self._claimed = 0  # bytes of the columns
        self._datasets: dict[str, Any] = {}
        self._lengths = {table: self._check(table) for table in TABLES}
        if self._claimed > MAX_COMPRESSION * path.stat().st_size:
            raise _corrupt(path, f"a file of its size cannot hold {self._claimed} bytes")
        for table in TABLES:
            setattr(self, table, Columns(self, table))

    @classmethod
    def open(cls, path: Path | str) -> "Result":
        """Open and check the result at `path`."""
        path = Path(path)
        if not path.is_file():
            raise ResultError(f"no result at {path}: give a file that `pytracer parse` or `pytracer run` wrote")
        try:
            file = h5py.File(path, "r", rdcc_nbytes=CACHE_BYTES)
        except OSError as error:
            raise ResultError(f"{path} is not a result: HDF5 cannot open it; parse the traces again") from error
        try:
            if _text(file.attrs.get("format")) != RESULT_FORMAT:
                raise ResultError(f"{path} is not a result of pytracer: give a file that `pytracer parse` wrote")
            version = file.attrs.get("version")
            if not isinstance(version, int | np.integer) or version != RESULT_VERSION:
                raise ResultError(
                    f"{path} has result format {version}, this pytracer reads {RESULT_VERSION}: parse the traces again"
                )
            return cls(path, file)
        except (ResultError, OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
            file.close()
            raise error if isinstance(error, ResultError) else _corrupt(path, "its attributes", error) from error

    def _check(self, table: str) -> int:
        lengths = set()
        for column, (kind, _) in TABLES[table].items():
            name = f"{table}/{column}"
            # A link could lead to any other file, or to a pipe that never answers.
            inside = all(isinstance(self._file.get(part, getlink=True), h5py.HardLink) for part in (table, name))
            dataset = self._file.get(name) if inside else None
            if column in ADDED.get(table, {}) and self._file.get(name, getlink=True) is None:
                continue
            if not isinstance(dataset, h5py.Dataset) or dataset.ndim != 1:
                raise _corrupt(self.path, f"{name} is missing")
            if dataset.external or dataset.is_virtual:
                raise _corrupt(self.path, f"{name} stands in another file")
            is_text = h5py.check_string_dtype(dataset.dtype) is not None
            if is_text != (kind == TEXT) or (not is_text and dataset.dtype.kind != np.dtype(kind).kind):
                raise _corrupt(self.path, f"{name} has the wrong type")
            self._datasets[name] = dataset
            lengths.add(len(dataset))
            self._claimed += dataset.nbytes
        if len(lengths) != 1:
            raise _corrupt(self.path, f"the columns of {table} have different lengths")
        return int(lengths.pop())

    def length(self, table: str) -> int:
        """Number of rows of a table."""
        return self._lengths[table]

    def read(self, table: str, column: str, rows: Any = slice(None)) -> Any:
        """See `Columns.read`."""
        if column not in TABLES[table]:
            raise KeyError(f"{table} has no column {column}")
        try:
            dataset = self._datasets.get(f"{table}/{column}")
            if dataset is None:  # written before there was this column
                default = ADDED[table][column]
                return np.full(self.length(table), default, object if isinstance(default, str) else None)[rows]
            if TABLES[table][column][0] == TEXT:
                dataset = dataset.asstr(errors="replace")
            return dataset[rows]
        except (IndexError, OSError, RuntimeError, ValueError, KeyError, MemoryError) as error:
            raise _corrupt(self.path, f"{table}/{column} cannot be read", error) from error

    def verify(self) -> None:
        """Raise ResultError unless attributes, references to rows, and JSON texts are sound: reads those columns."""
        for name in ATTRIBUTES:
            self.attribute(name)
        for table, references in REFERENCES.items():
            for column, target in references.items():
                rows = self.read(table, column)
                least = 0 if column in NEVER_NONE.get(table, ()) else -1
                if len(rows) and not least <= rows.min() <= rows.max() < self.length(target):
                    raise _corrupt(self.path, f"{table}/{column} leads out of the table {target}")
        for table, columns in JSON_COLUMNS.items():
            for column, form in columns.items():
                try:
                    sound = all(fits(json.loads(text), form) for text in self.read(table, column))
                except (ValueError, RecursionError) as error:
                    raise _corrupt(self.path, f"{table}/{column} is not JSON", error) from error
                if not sound:
                    raise _corrupt(self.path, f"{table}/{column} has JSON of another form")

    def attribute(self, name: str) -> Any:
        """A root attribute (see `schema.ATTRIBUTES`) as a Python value."""
        try:
            value = self._file.attrs[name]
        except (KeyError, OSError, RuntimeError) as error:
            raise _corrupt(self.path, f"attribute {name} is missing", error) from error
        value = value.item() if isinstance(value, np.generic) else value
        if type(value) is not ATTRIBUTES[name][0] or (isinstance(value, float) and not np.isfinite(value)):
            raise _corrupt(self.path, f"attribute {name} has the wrong type or value")
        return value

    @property
    def perturbed(self) -> bool:
        """Whether anything was measured. When not, no bits may be shown."""
        return bool(self.attribute("perturbed"))

    @property
    def verdict(self) -> str:
        """'measured', or 'not perturbed: ' and the reason."""
        return str(self.attribute("verdict"))

    @property
    def provenance(self) -> dict[str, Any]:
        """The meta.json of the reference sample."""
        try:
            fields = json.loads(self._file["provenance"].asstr()[()])
        except (KeyError, OSError, RuntimeError, ValueError, AttributeError, TypeError) as error:
            raise _corrupt(self.path, "provenance cannot be read", error) from error
        if not isinstance(fields, dict):
            raise _corrupt(self.path, "provenance is no object")
        return fields

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()


def fits(value: Any, form: Any) -> bool:
    """Whether a JSON value has a form of `schema.JSON_COLUMNS`."""
    if isinstance(form, list):
        return isinstance(value, list) and all(fits(item, form[0]) for item in value)
    if isinstance(form, dict) and str in form:
        return isinstance(value, dict) and all(fits(item, form[str]) for item in value.values())
    if isinstance(form, dict):
        return isinstance(value, dict) and all(name in value and fits(value[name], form[name]) for name in form)
    return isinstance(value, form) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _corrupt(path: Path, what: str, error: Exception | None = None) -> ResultError:
    reason = f" ({str(error).splitlines()[0]})" if error is not None and str(error) else ""
    return ResultError(f"{path} is corrupt: {what}{reason}; parse the traces again")
