"""A result says where it comes from, and the JSON report with it."""

import json
import os
import platform
from pathlib import Path

import h5py
import numpy as np

from .conftest import Pytracer

PROGRAM = """
import numpy as np

def solve(size, *, ridge=0.5):
    matrix = np.full((size, size), 0.1) + ridge * np.eye(size)
    return np.linalg.solve(matrix, np.arange(size) / 3)

solve(3)
solve(4, ridge=0.25)
"""


def test_provenance_and_aggregates(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PROGRAM)
    (tmp_path / "c.json").write_text('{"parse": {"confidence": 0.75}}')
    environment = os.environ | {"PYTRACER_CONFIG": "c.json"}
    done = pytracer("run", "-n", 3, "--seed", 7, "--json", "-o", "r.h5", "p.py", env=environment)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    with h5py.File(tmp_path / "r.h5") as file:
        provenance = json.loads(file["provenance"].asstr()[()])
        seeds = file["samples/seed"].asstr()[:].tolist()
        names = file["functions/name"].asstr()[:].tolist()
        signature = file["functions/signature"].asstr()[names.index("solve")]
        sources = dict(zip(file["sources/file"].asstr()[:], file["sources/text"].asstr()[:], strict=True))
    assert seeds == ["", "7", "7", "7"]
    assert provenance["command"] == ["p.py"]
    assert provenance["python"] == platform.python_version()
    assert provenance["packages"]["numpy"] == np.__version__
    assert provenance["processor"] == processor()
    assert any("blas" in library["library"] for library in provenance["blas"])
    assert all(library.keys() == {"library", "version", "kernels"} for library in provenance["blas"])
    assert provenance["parse"]["args"][:2] == ["run", "-n"]
    assert provenance["parse"]["measurement"]["confidence"] == 0.75
    assert report["provenance"] == {name: provenance[name] for name in report["provenance"]}
    assert signature == "(size, *, ridge=0.5)"
    assert list(sources.values()) == [PROGRAM]

    [own] = [entry for entry in report["aggregates"] if entry["function"] == "__main__.solve"]
    rows = [row for row in report["functions"] if row["function"] == "__main__.solve"]
    assert (own["calls"], len(rows)) == (2, 2)
    assert own["signature"] == signature
    assert own["bits_lost"]["max"] == max(row["bits_lost"] for row in rows)
    assert own["output_bits"]["min"] == min(row["output_bits"]["min"] for row in rows)
    lost = [entry["bits_lost"]["max"] for entry in report["aggregates"]]
    known = [bits for bits in lost if bits is not None]
    assert known == sorted(known, reverse=True)
    assert lost[: len(known)] == known  # those without bits come last
    assert (report["method"], report["reference"], report["samples_measured"]) == ("cnh", "mean", 3)


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else os.uname().machine


def test_a_script_that_changed_is_named(pytracer: Pytracer, tmp_path: Path) -> None:
    """Its lines in the report may not be those that ran."""
    (tmp_path / "p.py").write_text(PROGRAM)
    assert pytracer("run", "-q", "-n", 2, "p.py").returncode == 0
    (tmp_path / "p.py").write_text("# other\n" + PROGRAM)
    os.utime(tmp_path / "p.py", (2_000_000_000, 2_000_000_000))
    notes = json.loads(pytracer("parse", "--json").stdout)["coverage"]["notes"]
    assert [note["text"].partition(":")[0] for note in notes] == ["p.py"]
    assert "changed after the program started" in notes[0]["text"]
