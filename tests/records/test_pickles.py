"""Pickle traces: ours hold all that a native one holds, and the original's reader lists them; the original's are read."""

import collections
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from pickling import read_as_original, record, write_original
from test_reader import VALUES, write_sample
from traces import VALUES_OF_VARIED, read_everything, same_traces, write_varied

from pytracer.errors import PytracerError, TraceError
from pytracer.records.pickles import convert, head_of_pickle, open_trace
from pytracer.records.reader import Opaque, Trace
from pytracer.records.schema import CALL, VALUE, Kind, Outcome


def test_everything_comes_back(tmp_path: Path) -> None:
    native = Trace.open(write_varied(tmp_path / "t"))
    path = convert(tmp_path / "t")
    assert path == tmp_path / "t.pkl"
    assert not list((tmp_path / "t").glob("process-*"))
    for source in (path, tmp_path / "t"):
        trace = open_trace(source)
        assert trace.path == source
        assert same_traces(native, trace)
    assert read_everything(trace) == VALUES_OF_VARIED


@given(values=VALUES.map(lambda value: [value, value]))
@settings(max_examples=25, deadline=None)
def test_values_come_back(values: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        write_sample(Path(folder) / "t", values)
        native = Trace.open(Path(folder) / "t")
        convert(Path(folder) / "t")
        assert same_traces(native, open_trace(Path(folder) / "t"))


def test_a_killed_trace_comes_back(tmp_path: Path) -> None:
    path = write_varied(tmp_path / "t")
    (path / "end.json").unlink()
    calls = path / "process-0" / "lane-0" / "calls.bin"
    content = np.fromfile(calls, CALL)
    content[0]["outcome"], content[0]["exit_ns"], content[0]["n_outputs"] = Outcome.RUNNING, 0, 0
    content.tofile(calls)
    native = Trace.open(path)
    convert(path)
    trace = open_trace(path)
    assert same_traces(native, trace)


def test_the_type_of_a_fraction_comes_back(tmp_path: Path) -> None:
    path = write_varied(tmp_path / "t")
    table = path / "process-0" / "lane-0" / "values.bin"
    values = np.fromfile(table, VALUE)
    [first, *_] = np.flatnonzero(values["kind"] == Kind.FLOAT64)
    values[first]["extra"] = 1  # id of its type name
    values.tofile(table)
    native = Trace.open(path)
    convert(path)
    trace = open_trace(path)
    assert same_traces(native, trace)
    assert 1 in trace.processes[0].lanes[0].values["extra"][trace.processes[0].lanes[0].values["kind"] == Kind.FLOAT64]


def test_the_original_lists_our_records(tmp_path: Path) -> None:
    write_varied(tmp_path / "t")
    records = read_as_original(convert(tmp_path / "t"))
    assert all(type(each) is dict for each in records)
    keys = {"id", "time", "module", "function", "label", "args", "backtrace"}
    assert all(keys <= each.keys() for each in records)
    opened: list[tuple[Any, ...]] = []
    for each in records:  # inputs and outputs of a call have one time and nest
        identity = tuple(each[key] for key in ("id", "time", "module", "function"))
        if each["label"] == "inputs":
            opened.append(identity)
        else:
            assert (each["label"], opened.pop()) == ("outputs", identity)
    assert not opened
    outer, inner, returned = records[1], records[2], records[3]
    assert (outer["function"], inner["function"]) == ("outer", "Inner.method")
    assert (outer["backtrace"].filename, outer["backtrace"].lineno, outer["backtrace"].name) == ("/s.py", 12, "main")
    assert inner["backtrace"] is None
    assert outer["args"]["b"] is True
    assert np.array_equal(inner["args"]["Arg1"], [0, 0.5, 1])
    assert returned["args"]["Ret0"] == 0.0
    assert returned["args"]["Arg1 (after)"].shape == (2, 0, 3)
    assert records[-2]["args"]["Ret['coef']"].dtype == ">f4"


def test_native_and_pickle_are_told_apart(tmp_path: Path) -> None:
    path = write_varied(tmp_path / "t")
    with pytest.raises(TraceError, match=r"no pickle trace at .*t\.pkl"):
        open_trace(path, "pickle")
    convert(path)
    assert not open_trace(path, "native").processes
    (path / "process-0").mkdir()  # a removal that was interrupted
    assert len(open_trace(path).processes[0].lanes) == 2
    assert len(open_trace(path, "pickle").processes) == 2
    with pytest.raises(TraceError, match="no trace at"):
        open_trace(tmp_path / "absent", "native")
    with pytest.raises(TraceError, match="no trace at"):
        open_trace(tmp_path / "absent.pkl", "pickle")


def test_head_tells_what_was_traced(tmp_path: Path) -> None:
    path = write_varied(tmp_path / "t")
    meta = (path / "meta.json").read_bytes()
    assert head_of_pickle(convert(path)) == meta
    assert head_of_pickle(write_original(tmp_path / "o.pkl", [record("inputs", 0, "f")])) is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
def test_a_full_disk_keeps_the_native_trace(tmp_path: Path) -> None:
    path = write_varied(tmp_path / "t")
    (tmp_path / "t.pkl.part").symlink_to("/dev/full")
    with pytest.raises(PytracerError, match=r"cannot write the pickle trace .*No space left"):
        convert(path)
    assert read_everything(open_trace(path)) == VALUES_OF_VARIED
    assert not (tmp_path / "t.pkl").exists()


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_traces_of_the_original_are_read(tmp_path: Path, protocol: int) -> None:
    x = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    nested = collections.OrderedDict(deep=[1, [2.5, 3.5], ("s", None)])
    path = write_original(
        tmp_path / "o.pkl",
        [
            record("inputs", 0, "solve", a=x, b=np.float32(0.1), n=nested),
            record(
                "inputs", 1, "dot", Arg0=2j, dtype=np.float64, s={"é"}, t=np.datetime64("2020-01-01", "D"), e=[], q=b"x"
            ),
            record("outputs", 1, "dot", Ret=np.array([1, 2], "<i4")),
            record("outputs", 0, "solve", Ret0=1.0, Ret1=x[:, ::2]),
            record("inputs", 2, "late"),
        ],
        protocol,
    )
    trace = open_trace(path)
    assert (trace.model, trace.sample, trace.path) == ("unknown", 0, path)
    assert any("does not say how the program was perturbed" in note for note in trace.notes)
    [(process, lane)] = trace.lanes()
    assert list(lane.calls["parent"]) == [-1, 0, -1]
    assert list(lane.calls["outcome"]) == [Outcome.RETURNED, Outcome.RETURNED, Outcome.RUNNING]
    assert process.sites.get(int(lane.calls["site"][0])) == ("/project/script.py", 7, "main")
    found = {}
    for row in range(len(lane.values)):
        name = process.names.get(int(lane.values["name"][row])) or ""
        found[int(lane.values["role"][row]), name] = lane.value(row)
    inputs = {name: value for (role, name), value in found.items() if role == 1}
    outputs = {name: value for (role, name), value in found.items() if role == 2}
    assert np.array_equal(inputs["a"], x)
    assert inputs["b"] == np.float32(0.1)
    assert inputs["Arg0"] == 2j
    assert inputs["dtype"] == Opaque(Kind.OBJECT, "numpy.float64")
    assert inputs["n['deep'][0]"] == 1
    assert np.array_equal(inputs["n['deep'][1]"], [2.5, 3.5])
    assert inputs["n['deep'][2][0]"].detail.startswith("1 bytes")
    assert inputs["n['deep'][2][1]"] is None
    assert inputs["e"] == Opaque(Kind.EMPTY, "list")
    assert inputs["q"].detail.startswith("1 bytes")
    assert np.array_equal(outputs[""], [1, 2])
    assert outputs["[0]"] == 1.0
    assert np.array_equal(outputs["[1]"], x[:, ::2])


def test_large_containers_of_the_original_are_cut_and_counted(tmp_path: Path) -> None:
    deep: Any = 1
    for _ in range(10):
        deep = [deep]
    path = write_original(tmp_path / "o.pkl", [record("inputs", 0, "f", a=list(range(100)), d=deep)])
    [(_, lane)] = open_trace(path).lanes()
    kinds = lane.values["kind"].tolist()
    assert kinds == [Kind.INT] * 64 + [Kind.TRUNCATED] * 2
    assert lane.values["extra"][-2:].tolist() == [36, 1]


def test_outputs_without_inputs_are_noted(tmp_path: Path) -> None:
    records = [record("inputs", 0, "f"), record("outputs", 5, "g"), record("outputs", 0, "f", Ret=1.0)]
    trace = open_trace(write_original(tmp_path / "o.pkl", records))
    assert any("1 records of outputs have no inputs" in note for note in trace.notes)
    assert [lane.value(0) for _, lane in trace.lanes()] == [1.0]


@pytest.mark.parametrize("ours", [True, False])
def test_a_cut_file_is_read_as_far_as_it_goes(tmp_path: Path, ours: bool) -> None:
    records = [record(label, i, "f", x=1.0) for i in range(9) for label in ("inputs", "outputs")]
    path = convert(write_varied(tmp_path / "t")) if ours else write_original(tmp_path / "o.pkl", records)
    content = path.read_bytes()
    counts = set()
    for length in range(len(content) - 1, 2000, -397) if ours else range(1000, len(content), 397):
        path.write_bytes(content[:length])
        trace = open_trace(path)
        assert any("cut" in note for note in trace.notes)
        read_everything(trace)
        counts.add(sum(len(lane.calls) for _, lane in trace.lanes()))
    assert len(counts) > 4
    path.write_bytes(content[:50])
    with pytest.raises(TraceError, match="ends inside its first record"):
        open_trace(path)


def test_a_pickle_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "other.pkl"
    for content, expected in (
        (b"", "it is empty"),
        (pickle.dumps([1, 2]), "a record is no dictionary"),
        (pickle.dumps({"a": 1}), "not as expected"),
        (pickle.dumps({"a": 1}, protocol=0), "does not begin with a protocol"),
        (b"\x89HDF\r\n\x1a\n", "does not begin with a protocol"),
    ):
        path.write_bytes(content)
        with pytest.raises(TraceError, match=expected) as caught:
            open_trace(path)
        assert "\n" not in str(caught.value)
