"""Reading what the writer wrote, and refusing or shortening what is broken."""

import json
import math
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytracer.errors import TraceError
from pytracer.records.reader import Lane, Opaque, Trace
from pytracer.records.schema import CALL, VALUE, Kind, Outcome, Role
from pytracer.records.writer import TraceWriter

SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.complex_numbers(),
    st.floats(width=32).map(np.float32),
    st.floats(width=16).map(np.float16),
    st.complex_numbers(width=64).map(np.complex64),
)
ARRAYS = st.one_of(
    hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    for dtype in ("<f8", "<f4", "<f2", "<c16", "<c8", "<i4", "|b1", ">f8", "<U3", "|S2")
)
VALUES = SCALARS | ARRAYS


def write_sample(path: Path, values: list[Any]) -> None:
    """Two nested calls: the values go into the outer one and come out of the inner one."""
    with TraceWriter(path, sample=2, noise={"model": "sr", "seed": 5}) as trace:
        process = trace.process()
        lane = process.lane()
        outer = process.function("m", "outer", file="m.py", line=3, params=("a", "b"))
        inner = process.function("m", "inner")
        with lane.call(outer, process.site("s.py", 1), values) as call:
            with lane.call(inner, process.site("m.py", 4, "outer"), (), {"key": 1.5}) as child:
                child.perturbations = 7
                child.result(values)
            call.result(None)
        process.coverage("note", "x", "because")
        process.counters["noisy_loops"] = 9


def only_lane(path: Path) -> Lane:
    [(_, lane)] = Trace.open(path).lanes()
    return lane


def same(value: Any, expected: Any) -> bool:
    if isinstance(expected, np.ndarray):
        return value.dtype == expected.dtype and value.shape == expected.shape and value.tobytes() == expected.tobytes()
    if isinstance(expected, float | complex | np.floating | np.complexfloating):
        return np.array(value).tobytes() == np.array(expected).astype(type(value)).tobytes() or (
            bool(np.isnan(expected)) and bool(np.isnan(value))
        )
    return type(value) is type(expected) and value == expected


@given(st.lists(VALUES, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_round_trip(values: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        write_sample(Path(folder) / "t", values)
        lane = only_lane(Path(folder) / "t")
        outer, inner = lane.calls
        assert (outer["n_inputs"], inner["n_outputs"]) == (len(values), len(values))
        for first in (int(outer["inputs"]), int(inner["outputs"])):
            for row, expected in enumerate(values, first):
                assert same(lane.value(row), expected)
        assert lane.values["role"][int(inner["inputs"])] == Role.KEYWORD
        assert (inner["parent"], inner["perturbations"], inner["outcome"]) == (0, 7, Outcome.RETURNED)


def test_tables_and_meta(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0])
    trace = Trace.open(tmp_path / "t")
    assert (trace.sample, trace.model, trace.seed, trace.notes) == (2, "sr", 5, ())
    [process] = trace.processes
    assert [f.name for f in process.functions.rows] == ["outer", "inner"]
    assert process.functions.rows[0].params == ("a", "b")
    assert process.sites.get(2) == ("m.py", 4, "outer")
    assert process.sites.get(99) is None
    assert process.coverage[0].why == "because"
    assert trace.counters()["noisy_loops"] == 9


def test_arrays_are_views_of_the_file(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [np.arange(6.0).reshape(2, 3)])
    lane = only_lane(tmp_path / "t")
    array = lane.value(0)
    assert np.shares_memory(array, lane.payload)
    assert not array.flags.writeable


def test_what_has_no_content_is_opaque(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", ["text", object(), np.array([None])])
    lane = only_lane(tmp_path / "t")
    text, thing, objects = (lane.value(row) for row in range(3))
    assert text.kind == Kind.STR
    assert text.detail.startswith("4 bytes")
    assert thing == Opaque(Kind.OBJECT, "object")
    assert objects == Opaque(Kind.ARRAY, "omitted")


def test_exception_is_recorded(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t") as trace:
        process = trace.process()
        lane = process.lane()
        with pytest.raises(ValueError, match="no"), lane.call(process.function("m", "f"), process.site("s.py", 1)):
            raise ValueError("no")
    [(process_read, lane_read)] = Trace.open(tmp_path / "t").lanes()
    assert lane_read.calls["outcome"][0] == Outcome.RAISED
    assert process_read.names.get(int(lane_read.values["name"][0])) == "ValueError"


def test_killed_process_leaves_its_calls(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0, 2.0])
    folder = tmp_path / "t" / "process-0" / "lane-0"
    (tmp_path / "t" / "end.json").unlink()
    calls = np.fromfile(folder / "calls.bin", CALL)
    calls[0]["outcome"], calls[0]["exit_ns"] = Outcome.RUNNING, 0
    (folder / "calls.bin").write_bytes(calls.tobytes() + bytes(10 * CALL.itemsize))
    with (folder / "values.bin").open("ab") as file:
        file.write(bytes(VALUE.itemsize * 100))
    trace = Trace.open(tmp_path / "t")
    [(_, lane)] = trace.lanes()
    assert list(lane.calls["outcome"]) == [Outcome.RUNNING, Outcome.RETURNED]
    assert len(lane.values) == 5  # two inputs; the keyword and two outputs of the inner call
    assert "did not end regularly" in trace.notes[0]


def test_cut_copy_is_shortened(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0, np.ones(100)])
    folder = tmp_path / "t" / "process-0" / "lane-0"
    for name, keep in (("calls.bin", CALL.itemsize + 5), ("payload.bin", 300)):
        (folder / name).write_bytes((folder / name).read_bytes()[:keep])
    trace = Trace.open(tmp_path / "t")
    [(_, lane)] = trace.lanes()
    assert len(lane.calls) == 1
    assert lane.value(1) == Opaque(Kind.ARRAY, "omitted")
    assert any("calls.bin: its last record was cut" in note for note in trace.notes)
    assert any("arrays lie outside" in note for note in trace.notes)


def test_lost_outputs_are_shown_as_not_returned(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0])
    values = tmp_path / "t" / "process-0" / "lane-0" / "values.bin"
    values.write_bytes(values.read_bytes()[: 3 * VALUE.itemsize])
    calls = only_lane(tmp_path / "t").calls
    assert list(calls["outcome"]) == [Outcome.RUNNING, Outcome.RETURNED]


def test_cut_last_line_is_dropped(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0])
    with (tmp_path / "t" / "process-0" / "sites.jsonl").open("a") as file:
        file.write('{"id": 3, "fi')
    assert any("sites.jsonl" in note for note in Trace.open(tmp_path / "t").notes)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("meta.json", b"{", "not JSON"),
        ("meta.json", b"[]", "no JSON object"),
        ("meta.json", b"[" * 100_000, "not JSON"),
        ("meta.json", b'{"schema": 99}', "trace format '99'"),
        ("meta.json", b'{"schema": 1, "sample": "x"}', "wrong type"),
        ("process-0/functions.jsonl", b'{"id": 1}\n', "functions.jsonl:1"),
        ("process-0/sites.jsonl", b'{"id": 1e9, "file": "", "line": 1}\n', "sites.jsonl:1"),
        ("process-0/lane-0/calls.bin", b"\xff" * 144, "impossible parent"),
    ],
)
def test_corrupt_files_are_named(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    write_sample(tmp_path / "t", [1.0])
    (tmp_path / "t" / name).write_bytes(content)
    with pytest.raises(TraceError, match=expected) as caught:
        Trace.open(tmp_path / "t")
    assert "\n" not in str(caught.value)


def test_missing_trace(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace at"):
        Trace.open(tmp_path / "absent")
    with pytest.raises(TraceError, match=r"meta\.json is missing"):
        Trace.open(tmp_path)


def test_calls_cannot_claim_shared_values(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [1.0, 2.0])
    path = tmp_path / "t" / "process-0" / "lane-0" / "calls.bin"
    calls = np.fromfile(path, CALL)
    calls["inputs"], calls["n_inputs"] = 0, 5
    path.write_bytes(calls.tobytes())
    with pytest.raises(TraceError, match="claim more values"):
        Trace.open(tmp_path / "t")


def test_empty_files(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [])
    for path in (tmp_path / "t" / "process-0").rglob("*.bin"):
        path.write_bytes(b"")
    assert len(only_lane(tmp_path / "t").calls) == 0


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("fuzz") / "template"
    write_sample(path, [1.0, 2**70, "s", 1 + 2j, np.arange(12.0).reshape(3, 4), np.float32(2), [1, {"k": None}]])
    return path


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fuzzed_bytes_never_crash(template: Path, data: st.DataObject) -> None:
    """Any byte of any file changed, files cut and extended: a TraceError, or a trace whose every value can be read."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "t"
        shutil.copytree(template, path)
        files = sorted(p for p in path.rglob("*") if p.is_file())
        target = data.draw(st.sampled_from(files))
        content = bytearray(target.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            position = data.draw(st.integers(0, max(len(content) - 1, 0)))
            content[position : position + 1] = data.draw(st.binary(min_size=0, max_size=9))
        target.write_bytes(content)
        try:
            trace = Trace.open(path)
        except TraceError:
            return
        for process, lane in trace.lanes():
            assert np.all(process.functions.find(lane.calls["function"]) >= 0)
            for row in range(len(lane.values)):
                lane.value(row)


def test_nan_payloads_survive(tmp_path: Path) -> None:
    write_sample(tmp_path / "t", [math.nan, -0.0])
    lane = only_lane(tmp_path / "t")
    assert math.isnan(lane.value(0))
    assert math.copysign(1, lane.value(1)) == -1


def test_meta_keeps_extra_fields(tmp_path: Path) -> None:
    TraceWriter(tmp_path / "t", command=["script.py"], python="3.11").close()
    meta = Trace.open(tmp_path / "t").meta
    assert (meta["command"], meta["python"]) == (["script.py"], "3.11")
    assert json.loads((tmp_path / "t" / "meta.json").read_text())["schema"] == 1
