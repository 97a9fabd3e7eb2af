"""Writes the files of the current versions of the formats; see README.md. Usage: python tests/data/make.py [FOLDER]"""

import contextlib
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "records"), str(HERE.parent / "parse")]

from synthetic import Program, spread, write_experiment  # noqa: E402
from traces import write_varied  # noqa: E402

from pytracer.parse import parse  # noqa: E402
from pytracer.parse.schema import RESULT_VERSION  # noqa: E402
from pytracer.records.pickle_write import write_pickle  # noqa: E402
from pytracer.records.reader import Trace  # noqa: E402
from pytracer.records.schema import SCHEMA_VERSION  # noqa: E402

BITS = 20
SAMPLES = 5
TRACE, PICKLE, RESULT = f"trace-{SCHEMA_VERSION}", f"trace-{SCHEMA_VERSION}.pkl", f"result-{RESULT_VERSION}.h5"


def write_result(path: Path) -> None:
    """A result of five samples: one function keeps its digits, the other has 20 bits left."""
    values = spread(BITS, SAMPLES)

    def body(program: Program, sample: int) -> None:
        program.call("exact", 1.5, result=3.0, line=2)
        program.call("loses", 1.0, result=[float(values[sample]), values[sample] + [[0.0], [1.0]]], line=3, noisy=1)

    # The result names its traces: they have relative paths, those of no machine.
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        parse(write_experiment(Path(), body, SAMPLES), "result.h5").close()
        shutil.copy("result.h5", path)


def main(folder: Path) -> None:
    """Write all files anew."""
    shutil.rmtree(folder / TRACE, ignore_errors=True)
    write_varied(folder / TRACE)
    write_pickle(Trace.as_recorded(folder / TRACE), folder / PICKLE)
    write_result(folder / RESULT)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
