"""Calls and memory of traces whose values are known."""

from pathlib import Path

import numpy as np
import pytest
from synthetic import Program, write_trace

from pytracer.records.reader import Trace
from pytracer.records.schema import Kind
from pytracer.records.writer import TraceWriter
from pytracer.report.memory import NUMBER_BYTES, Usage, usage, usage_text


@pytest.mark.parametrize(
    ("value", "size"),
    [
        (None, 0),
        (True, 1),
        (7, 8),
        (2**100, 13),
        (-(2**100), 14),
        (1.5, 8),
        (np.float32(1.5), 4),
        (np.float16(1.5), 2),
        (1j, 16),
        (np.complex64(1j), 8),
        ("text", 0),
        pytest.param(object(), 0, id="object"),
        ([1.0, (2.0, np.float32(3))], 20),
        ({"a": 1, "b": np.ones(3)}, 32),
        (np.ones((3, 4), np.float32), 48),
        (np.ones(0), 0),
        (np.array(["ab", "c"]), 16),
    ],
    ids=repr,
)
def test_bytes_of_a_value(tmp_path: Path, value: object, size: int) -> None:
    path = write_trace(tmp_path / "t", lambda program: program.call("f", value, result=value), 0)
    assert usage(Trace.open(path)) == [Usage("mod.f", 1, size, size)]


def test_every_kind_of_number_has_a_size() -> None:
    other = {"NONE", "STR", "BYTES", "OBJECT", "EMPTY", "TRUNCATED", "SEEN", "ARRAY", "BIGINT"}
    assert {kind for kind in Kind if kind.name not in other} == NUMBER_BYTES.keys()


def test_sums_over_calls_threads_and_processes(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t", command=["script.py"]) as trace:
        for _ in range(2):
            process = trace.process()
            f, g, site = process.function("m", "f"), process.function("m", "g"), process.site("script.py", 1)
            process.function("m", "never called")
            for lane in (process.lane(), process.lane()):
                with lane.call(f, site, [np.ones(10)]) as call:
                    with lane.call(g, site, [], {"x": 1.0}) as inner:
                        inner.result(np.ones(1000))
                    call.after(0, np.ones(10))
                    call.result(2.0)
    assert usage(Trace.open(tmp_path / "t")) == [Usage("m.g", 4, 32, 32000), Usage("m.f", 4, 320, 352)]


def test_arrays_recorded_by_shape_count_whole(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t") as trace:
        process = trace.process()
        lane = process.lane()
        with lane.call(process.function("m", "f"), process.site("script.py", 1), [np.ones(1000)]):
            pass
    payload = tmp_path / "t/process-0/lane-0/payload.bin"
    content = bytearray(payload.read_bytes())
    content[20:24] = (1).to_bytes(4, "little")  # ArrayFlag.OMITTED
    payload.write_bytes(content[:32])  # the header and one length
    assert usage(Trace.open(tmp_path / "t")) == [Usage("m.f", 1, 8000, 0)]


def test_a_header_that_claims_too_much_does_not_wrap_around(tmp_path: Path) -> None:
    def body(program: Program) -> None:
        program.call("f", np.ones((3, 3)))

    path = write_trace(tmp_path / "t", body, 0)
    payload = path / "process-0/lane-0/payload.bin"
    content = bytearray(payload.read_bytes())
    content[20:24] = (1).to_bytes(4, "little")
    content[24:40] = (2**62).to_bytes(8, "little") * 2
    payload.write_bytes(content)
    [entry] = usage(Trace.open(path))
    assert entry.input_bytes == 2**47


def test_text_is_an_aligned_table_largest_first(tmp_path: Path) -> None:
    def body(program: Program) -> None:
        program.process.counters["calls_dropped"] = 3
        program.call("small", 1.0)
        for _ in range(12):
            program.call("large\x1b[31m", np.ones(1000), result=1.0)

    text = usage_text(Trace.open(write_trace(tmp_path / "t", body, 0)), "The title")
    lines = text.splitlines()
    assert lines[0] == "The title"
    table = lines[4:9]
    assert table == [
        "calls  input bytes  output bytes  total bytes  function",
        "   12        96000            96        96096  mod.large\\x1b[31m",
        "    1            8             0            8  mod.small",
        "-" * len(table[0]),
        "   13        96008            96        96104  total",
    ]
    assert lines[9].startswith("3 calls were not recorded and are missing here")


def test_text_of_an_empty_trace(tmp_path: Path) -> None:
    text = usage_text(Trace.open(write_trace(tmp_path / "t", lambda program: None, 0)), "The title")
    assert text.splitlines()[-1].split() == ["0", "0", "0", "0", "total"]
