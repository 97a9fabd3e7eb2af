"""Reads files that may be broken, in a process whose memory is limited. Usage: bounded.py READER PATH...

READER is `trace` or `result`, or `parse`: then each trace is parsed together with the whole ones FOLDER.0, FOLDER.1, ...
beside the FOLDER that it is in, and everything is printed and exported that the result holds. For each path it prints
one line: "sound", or the type of the error and its message. Whatever else happens is a bug that ends the process.
"""

import contextlib
import faulthandler
import io
import os
import resource
import sys
from pathlib import Path
from typing import Any

MEMORY = 1 << 30
"""Bytes of address space: NumPy, HDF5 and the reader take half of it."""
BATCH = 16 << 20
"""Bytes that measuring may take."""
SECONDS = 200
"""For all the files together: only a reader that hangs takes so long."""


def read_trace(path: str) -> None:
    from traces import read_everything

    from pytracer.records.pickles import open_trace

    read_everything(open_trace(path))


def parse_trace(path: str) -> None:
    """As `pytracer parse` does; what it wrote must be sound."""
    from pytracer.parse import ResultError, parse
    from pytracer.parse.measurement import Measurement

    whole = sorted(Path(path).parent.parent.glob(f"{Path(path).parent.name}.[0-9]"))
    with parse([*whole, path], f"{path}.h5", measurement=Measurement(batch_size=BATCH)) as result:
        try:
            show(result)
        except ResultError as error:
            raise AssertionError(f"{path}: parse wrote an unsound result") from error


def show(result: Any) -> None:
    """Everything that is made of a result."""
    from pytracer.parse.callgraph import CallGraph
    from pytracer.report.export import FORMATS
    from pytracer.report.json import write_json
    from pytracer.report.text import write_text

    result.verify()
    write_json(result, io.StringIO())
    with contextlib.redirect_stdout(io.StringIO()):
        write_text(result)
    CallGraph.of(result).write(result.path.with_suffix(".callgraph"))
    for form in ("csv", "perfetto"):  # pyarrow reserves more addresses than MEMORY
        FORMATS[form](result, result.path.with_suffix(""))


def read_result(path: str) -> None:
    from pytracer.parse.schema import TABLES
    from pytracer.parse.store import Result

    with Result.open(path) as result:
        str(result.verdict), result.perturbed, result.provenance
        for table in TABLES:
            columns = getattr(result, table)
            for column in TABLES[table]:
                columns.read(column, slice(0, 1000))
            if len(columns):
                columns.row(len(columns) - 1)
        show(result)


READERS = {"trace": read_trace, "parse": parse_trace, "result": read_result}


def main() -> None:
    from pytracer.errors import PytracerError

    read = READERS[sys.argv[1]]
    for path in sys.argv[2:]:
        try:
            read(path)
        except PytracerError as error:
            print(type(error).__name__, str(error))
        else:
            print("sound")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    print("peak", peak)


def run(kind: str, *paths: Path) -> list[str]:
    """What became of each file. Fails when the process did."""
    import subprocess

    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", __file__, kind, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    *lines, _ = done.stdout.splitlines()
    assert len(lines) == len(paths)
    return lines


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    faulthandler.dump_traceback_later(SECONDS, exit=True)
    main()
