"""Pickle traces as the original Pytracer writes them, made with the standard library."""

import pickle
import sys
import traceback
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

RECORD_MODULE = "pytracer.core.inout.writer._pickle"


class PytracerPickleTrace(dict[str, Any]):
    """The record type of the original."""


PytracerPickleTrace.__module__ = RECORD_MODULE


@contextmanager
def _original_is_installed() -> Iterator[None]:
    """While it is pickled, the record type must be found under its name."""
    module = types.ModuleType(RECORD_MODULE)
    module.PytracerPickleTrace = PytracerPickleTrace  # type: ignore[attr-defined]
    sys.modules[RECORD_MODULE] = module
    try:
        yield
    finally:
        del sys.modules[RECORD_MODULE]


def record(label: str, time: int, function: str, **args: Any) -> PytracerPickleTrace:
    """A record of the original."""
    frame = traceback.FrameSummary("/project/script.py", 7, "main", line="f(x)")
    return PytracerPickleTrace(
        id=140737353816944 + time, time=time, module="numpy", function=function, label=label, args=args, backtrace=frame
    )


def write_original(path: Path, records: Iterable[Any], protocol: int = pickle.HIGHEST_PROTOCOL) -> Path:
    """One pickler without a memo for the whole file."""
    with path.open("wb") as file, _original_is_installed():
        pickler = pickle.Pickler(file, protocol)
        pickler.fast = True
        for each in records:
            pickler.dump(each)
    return path


def read_as_original(path: Path) -> list[Any]:
    """What the reader of the original gets: it keeps one unpickler for the whole file."""
    records = []
    with path.open("rb") as file:
        unpickler = pickle.Unpickler(file)
        while True:
            try:
                records.append(unpickler.load())
            except EOFError:
                return records
