"""`export` writes what other programs read, and says which files."""

import json
from pathlib import Path

import pandas as pd
import pytest

from .conftest import Pytracer

RESULT = Path(__file__).parent.parent / "data" / "result-1.h5"


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("--to", "csv"), ["result-1.calls.csv", "result-1.values.csv"]),
        (("--to", "parquet", "-o", "x.parquet"), ["x.calls.parquet", "x.values.parquet"]),
        (("--to", "perfetto", "-o", "t.v2.json"), ["t.v2.perfetto.json"]),
        (("--to", "perfetto", "-o", "t.v2"), ["t.v2.perfetto.json"]),
    ],
)
def test_writes_files_and_names_them(
    pytracer: Pytracer, tmp_path: Path, words: tuple[str, ...], names: list[str]
) -> None:
    shown = pytracer("export", RESULT, *words)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.split() == names
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    content = tmp_path / names[0]
    if content.suffix == ".json":
        assert {event["name"] for event in json.loads(content.read_text())["traceEvents"]} >= {"mod.exact", "mod.loses"}
    else:
        calls = pd.read_csv(content) if content.suffix == ".csv" else pd.read_parquet(content)
        assert calls["function"].tolist() == ["mod.exact", "mod.loses"]


def damaged(folder: Path) -> Path:
    import h5py

    path = folder / "damaged.h5"
    path.write_bytes(RESULT.read_bytes())
    with h5py.File(path, "r+") as file:
        file["calls/function"][0] = 1000
    return path


@pytest.mark.parametrize(
    ("name", "words", "message"),
    [
        ("absent.h5", ("--to", "csv"), "no result at absent.h5"),
        ("damaged.h5", ("--to", "csv"), "damaged.h5 is corrupt: calls/function leads out of the table functions"),
        (RESULT, ("--to", "csv", "-o", "absent/x"), "no folder 'absent' for the export"),
        (RESULT, ("--to", "excel"), "invalid choice: 'excel'"),
        (RESULT, (), "the following arguments are required: --to"),
    ],
)
def test_mistakes_are_one_line(
    pytracer: Pytracer, tmp_path: Path, name: str, words: tuple[str, ...], message: str
) -> None:
    damaged(tmp_path)
    shown = pytracer("export", name, *words)
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert message in shown.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.h5"]
