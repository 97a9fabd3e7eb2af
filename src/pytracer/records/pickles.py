"""The pickle format of traces: where its files are, and how traces of either format are opened.

A pickle trace is one file. Where Pytracer wrote it, it stands beside the folder of the trace, which keeps the small
files (what the program printed, how it ended):

    traces/20250131T235959.4321.0/       meta.json, exit.json, ...
    traces/20250131T235959.4321.0.pkl    the calls and everything else that `parse` reads
"""

import dataclasses
import shutil
from pathlib import Path

from pytracer.errors import PytracerError, TraceError
from pytracer.records.pickle_file import SUFFIX, pickle_of
from pytracer.records.pickle_read import head_of_pickle, read_pickle
from pytracer.records.pickle_write import write_pickle
from pytracer.records.reader import Trace
from pytracer.records.tail import fold_tails

__all__ = ["FORMATS", "convert", "head_of_pickle", "open_trace"]

FORMATS = ("auto", "native", "pickle")


def open_trace(path: Path | str, form: str = "auto") -> Trace:
    """Read the trace at `path`: a folder, whose calls may stand in the pickle file beside it, or a pickle file.

    Args:
        path: of the folder or the file.
        form: one of FORMATS; "auto" reads the pickle file when there is one: it is whole, and native tables beside it
            are what is left of those that it was made from.

    Raises:
        TraceError: there is none, or it is corrupt.
        UsageError: a pickle file names something that is not data.
    """
    path = Path(path)
    beside = pickle_of(path)
    if form == "native" or (form == "auto" and not (path.is_file() or beside.is_file())):
        return Trace.open(path)
    if path.is_dir():
        if not beside.is_file():
            raise TraceError(f"no pickle trace at {beside}: give --format auto, or a file ending in {SUFFIX}")
        return dataclasses.replace(read_pickle(beside), path=path)
    if not path.is_file():
        raise TraceError(f"no trace at {path}: give the folder or the {SUFFIX} file that `pytracer trace` wrote")
    return read_pickle(path)


def convert(folder: Path) -> Path:
    """Write the closed native trace in `folder` as a pickle file, remove its native tables, and return the file.

    The tables stay when the file cannot be written. Raises PytracerError.
    """
    path = pickle_of(folder)
    try:
        fold_tails(folder)
        write_pickle(Trace.as_recorded(folder), path)
    except OSError as error:
        raise PytracerError(
            f"cannot write the pickle trace {path}: {error.strerror or error}; free some space: {folder} is kept as a "
            "native trace"
        ) from error
    for process in folder.glob("process-*"):
        shutil.rmtree(process, ignore_errors=True)
    return path
