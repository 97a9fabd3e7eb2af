"""Exports hold what the result holds: checked by pandas, pyarrow and the rules of the trace event format."""

import json
import math
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.errors import PytracerError, UsageError
from pytracer.parse import Result, parse
from pytracer.report.export import FORMATS, blocks
from pytracer.report.export.blocks import Table

GOOD, BAD = spread(40, 5), spread(12, 5, 1)


def body(program: Program, i: int) -> None:
    def inside() -> None:
        for k in range(20):
            program.call(
                "g", float(GOOD[i]), np.array([1.0, BAD[i]]), result=k, key='a "quoted", value', noisy=1, line=4
            )

    program.call("f", 1.0, result=float(BAD[i]), noisy=1, inside=inside)
    program.call("h", math.inf, math.nan, result=1j * GOOD[i], noisy=1)
    program.call("fails", 1.0, raises=True)


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Read in blocks of a few rows."""
    monkeypatch.setattr(blocks, "BLOCK_ROWS", 7)
    return parse(write_experiment(tmp_path, body, 5), tmp_path / "stats.1.h5")


def frames(result: Result, form: str, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    written = FORMATS[form](result, folder / "out")
    assert [path.name for path in written] == [f"out.calls.{form}", f"out.values.{form}"]
    if form == "csv":
        calls, values = (pd.read_csv(path, keep_default_na=False, na_values=[""]) for path in written)
        return calls, values
    calls, values = map(pd.read_parquet, written)
    return calls, values


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_tables_hold_every_row_and_number(result: Result, tmp_path: Path, form: str) -> None:
    calls, values = frames(result, form, tmp_path)
    for table, frame in ((result.calls, calls), (result.values, values)):
        assert frame["row"].tolist() == list(range(len(table)))
        kinds = Table(result, table.name).kinds()
        assert list(frame.columns) == list(kinds)
        for column in set(kinds) & {*_columns(table)}:
            if kinds[column][0] in "fiu":
                np.testing.assert_array_equal(frame[column].to_numpy(np.float64), table[column].astype(np.float64))


def _columns(table: Any) -> list[str]:
    from pytracer.parse.schema import TABLES

    return list(TABLES[table.name])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_references_are_replaced_by_what_they_say(result: Result, tmp_path: Path, form: str) -> None:
    calls, values = frames(result, form, tmp_path)
    names = [result.functions.read("name", i) for i in result.calls["function"]]
    assert calls["function"].tolist() == [f"mod.{name}" for name in names]
    assert calls["line"].tolist() == [4 if name == "g" else 1 for name in names]
    assert set(zip(calls["process"], calls["thread"], strict=True)) == {("process-0", "lane-0")}
    assert dict(zip(names, calls["outcome"], strict=True))["fails"] == "raised"
    assert set(calls["shown_sample"]) == {0}
    g = values[values["call"] == 1]
    assert g["label"].tolist() == ["x", "y", "key", "return"]
    assert g["kind"].tolist() == ["float64", "array", "str", "int"]
    assert g["shape"].fillna("").tolist() == ["", "(2,)", "", ""]
    assert g["role"].tolist() == ["positional", "positional", "keyword", "return"]


def events(result: Result, folder: Path) -> list[dict[str, Any]]:
    [path] = FORMATS["perfetto"](result, folder / "out")
    assert path.name == "out.perfetto.json"
    content = json.loads(path.read_text(), parse_constant=lambda text: pytest.fail(f"{text} is not JSON"))
    assert content["displayTimeUnit"] == "ns"
    found: list[dict[str, Any]] = content["traceEvents"]
    return found


def test_the_timeline_has_a_slice_for_each_call_and_counters(result: Result, tmp_path: Path) -> None:
    found = events(result, tmp_path)
    assert all({"name", "ph", "pid", "tid"} <= event.keys() for event in found)
    slices = [event for event in found if event["ph"] in "XB"]
    assert [event["args"]["row"] for event in slices] == list(range(len(result.calls)))
    for event, row in zip(slices, range(len(result.calls)), strict=True):
        call = result.calls.row(row)
        assert event["ts"] == pytest.approx(call["enter_ns"] / 1000)
        assert event["dur"] == pytest.approx(call["duration_ns"] / 1000)
        assert ("output_bits_min" in event["args"]) is not math.isnan(call["output_bits_min"])
    counters = [event for event in found if event["ph"] == "C" and event["name"].startswith("output bits")]
    bits = result.calls["output_bits_min"]
    assert [event["args"] for event in counters] == [{"bits": value} for value in bits[~np.isnan(bits)].tolist()]
    assert all(isinstance(value, float) for event in counters for value in event["args"].values())
    names = {(event["pid"], event["tid"]): event["args"]["name"] for event in found if event["name"] == "thread_name"}
    assert {(event["pid"], event["tid"]) for event in slices} == names.keys()


def test_slices_of_a_thread_nest(tmp_path: Path) -> None:
    """Those of samples that went another way, too: Perfetto drops what overlaps."""

    def diverging(program: Program, i: int) -> None:
        for k in range(3):
            inside = (lambda: program.call("inner", float(BAD[i]))) if i % 2 else None
            program.call(f"odd{k}" if i in (2, 3) else "f", float(GOOD[i]), noisy=1, inside=inside)

    (tmp_path / "t").mkdir()
    with parse(write_experiment(tmp_path / "t", diverging, 5), tmp_path / "r.h5") as result:
        found = events(result, tmp_path)
    threads = defaultdict(list)
    for event in found:
        if event["ph"] == "X":
            threads[event["tid"]].append((round(event["ts"] * 1000), round((event["ts"] + event["dur"]) * 1000)))
    for slices in threads.values():
        for start, end in slices:
            assert not any(start < other < end < last or other < start < last < end for other, last in slices)


def test_a_call_that_did_not_return_begins_only(tmp_path: Path, result: Result) -> None:
    from pytracer.report.export.perfetto import _Threads

    columns = {name: column.tolist() for name, column in next(iter(Table(result, "calls").blocks())).items()}
    call = {name: cells[0] for name, cells in columns.items()} | {"duration_ns": -1}
    begun = [event for event in _Threads(result).events(call) if event["ph"] in "XB"]
    assert [(event["ph"], "dur" in event) for event in begun] == [("B", False)]


def test_nothing_measured(tmp_path: Path) -> None:
    with parse(write_experiment(tmp_path, lambda program, i: None, 3), tmp_path / "r.h5") as result:
        assert events(result, tmp_path) == []
        calls, values = frames(result, "csv", tmp_path)
        assert (len(calls), len(values)) == (0, 0)
        assert len(frames(result, "parquet", tmp_path)[0]) == 0


def test_without_pyarrow_the_remedy_is_named(result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(UsageError, match=r"pip install 'pytracer\[export\]'"):
        FORMATS["parquet"](result, tmp_path / "out")


@pytest.mark.parametrize("form", list(FORMATS))
def test_nothing_half_written_is_left(
    result: Result, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "exports"
    folder.mkdir()

    def fail(self: Table) -> Any:
        yield next(blocks_of(self))
        raise OSError(28, "No space left on device")

    blocks_of = Table.blocks
    monkeypatch.setattr(Table, "blocks", fail)
    with pytest.raises(PytracerError, match="No space left on device; check the space"):
        FORMATS[form](result, folder / "out")
    assert list(folder.iterdir()) == []
