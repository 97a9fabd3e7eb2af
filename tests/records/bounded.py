"""Reads files that may be broken, in a process whose memory is limited. Usage: bounded.py {trace,result} PATH...

For each path it prints one line: "sound", or the type of the error and its message. Whatever else happens is a bug that
ends the process.
"""

import faulthandler
import os
import resource
import sys
from pathlib import Path

MEMORY = 1 << 30
"""Bytes of address space: NumPy, HDF5 and the reader take half of it."""
SECONDS = 100
"""For all the files together: only a reader that hangs takes so long."""


def read_trace(path: str) -> None:
    from traces import read_everything

    from pytracer.records.pickles import open_trace

    read_everything(open_trace(path))


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


READERS = {"trace": read_trace, "result": read_result}


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
