"""Reads pickle traces: turns them into the tables of a native trace, and reads those."""

import dataclasses
import itertools
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pytracer.errors import PytracerError, TraceError, UsageError
from pytracer.records.pickle_machine import BrokenError, CutError, Machine, Pairs, RefusedError
from pytracer.records.pickle_names import NAMES
from pytracer.records.pickle_original import OriginalTrace
from pytracer.records.pickle_own import OwnTrace, head_files
from pytracer.records.pickle_tables import Budget
from pytracer.records.pickle_write import EXTRA
from pytracer.records.reader import Trace

_WRONG = (BrokenError, KeyError, ValueError, TypeError, IndexError, OverflowError, AttributeError)


def read_pickle(path: Path) -> Trace:
    """Read the pickle trace in the file `path`.

    A file that was cut is read as far as it goes; `Trace.notes` says so.

    Raises:
        TraceError: it is no pickle trace, or corrupt.
        UsageError: it names something other than numbers, texts, containers and NumPy arrays.
    """
    # The tables are memory-mapped: they last as long as the trace, though the folder has gone.
    with tempfile.TemporaryDirectory(prefix="pytracer-") as folder:
        try:
            tables = Path(folder, "trace")
            notes = _convert(path, tables)
            trace = Trace.open(tables)
        except OSError as error:
            raise PytracerError(
                f"cannot read the pickle trace {path}: {error.strerror or error}; check the file, and the space in "
                f"{tempfile.gettempdir()}"
            ) from error
        except TraceError as error:
            raise TraceError(str(error).replace(str(tables), str(path))) from error
        return dataclasses.replace(trace, path=path, notes=(*notes, *trace.notes))


def head_of_pickle(path: Path) -> bytes | None:
    """The meta.json in a pickle trace; None when it is one of the original. Raises as `read_pickle`."""
    try:
        with _records(path) as records:
            head = next(records)
            return head_files(head)["meta.json"] if EXTRA in head else None
    except OSError as error:
        raise TraceError(f"cannot read the pickle trace {path}: {error.strerror or error}; check the file") from error


def _convert(path: Path, folder: Path) -> list[str]:
    notes: list[str] = []
    budget = Budget(path.stat().st_size)
    with _records(path) as records:
        head = next(records)
        trace: OwnTrace | OriginalTrace
        if EXTRA in head:
            trace = OwnTrace(folder, budget, head)
        else:
            trace = OriginalTrace(folder, budget)
            records = itertools.chain([head], records)
        try:
            for record in records:
                trace.add(record)
        except CutError:
            notes.append(f"{path.name}: its last record was cut: dropped")
        finally:
            trace.release()
        return trace.close() + notes


@contextmanager
def _records(path: Path) -> Iterator[Iterator[dict[str, Any]]]:
    """The records of a pickle trace. What is wrong with them is raised from the block as an error for the user."""
    number = 0

    def read(machine: Machine) -> Iterator[dict[str, Any]]:
        nonlocal number
        while not machine.ended():
            record = machine.load()
            if not isinstance(record, Pairs):
                raise BrokenError("a record is no dictionary")
            number += 1
            yield record.fields()
        if not number:
            raise BrokenError("it is empty")

    try:
        with path.open("rb") as file:
            yield read(Machine(file, path.stat().st_size, NAMES))
    except RefusedError as error:
        raise UsageError(
            f"record {number + 1} of {path} contains {_printable(error)}: pickle traces are read when they hold only "
            "numbers, texts, containers and NumPy arrays; trace again without the function that has it"
        ) from error
    except _WRONG as error:
        reason = str(error) if isinstance(error, BrokenError) else f"a record is not as expected ({_printable(error)})"
        raise TraceError(f"{path} is corrupt at record {max(number, 1)}: {reason}; trace again") from error
    except CutError as error:
        raise TraceError(f"{path} is no pickle trace: it ends inside its first record; trace again") from error
    except MemoryError as error:
        raise TraceError(f"{path}: record {number + 1} takes more memory than there is; trace again") from error


def _printable(error: Exception) -> str:
    return ascii(str(error))[1:-1][:200]
