"""Traces to read and to break, and how two traces are compared."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.records.reader import Lane, Trace
from pytracer.records.schema import CALL, Kind
from pytracer.records.writer import TraceWriter

PLACES = {"inputs", "outputs"}  # of values: another order in the table is the same trace
VALUES_OF_VARIED = 108
IN_PAYLOAD = (Kind.ARRAY, Kind.BIGINT)


def write_varied(path: Path) -> Path:
    """Two processes and three lanes; nesting, exceptions, values of every kind that has content."""
    values = [None, True, -3, 2**70, 1.5, np.float32(0.1), 2 + 1j, "text", object(), [1, [2.0]], {"k": np.arange(4)}]
    values += [b"bytes", [], {}, np.zeros((), np.longdouble), np.zeros(2, "i4,f8"), np.array(["2020-01-01"], "<M8[D]")]
    with TraceWriter(path, sample=3, noise={"model": "sr", "seed": 4}, command=["s.py", "1"]) as trace:
        for name in ("process-0", "process-0.1"):
            process = trace.process(name)
            process.counters["noisy_loops"] = 7
            process.coverage("note", "x", "because")
            outer = process.function("m", "outer", file="m.py", line=3, params=("a", "b"))
            inner = process.function("m", "Inner.method")
            site = process.site("/s.py", 12, "main")
            for lane in [process.lane() for _ in range(2 if name == "process-0" else 1)]:
                with lane.call(outer, site, values, {"key": 1.0}) as call:
                    for step in range(3):
                        try:
                            with lane.call(inner, 0, [step, np.linspace(0, 1, 5)[::2]]) as child:
                                child.perturbations = step
                                child.after(1, np.zeros((2, 0, 3)))
                                if step == 2:
                                    raise ValueError("no")
                                child.result((np.float64(step), np.array(["u"]), step))
                        except ValueError:
                            pass
                    call.result({"coef": np.ones((2, 3), ">f4"), "n": np.array([None])})
    return path


def read_everything(trace: Trace) -> int:
    """Look at all that a trace holds; the number of values."""
    values = 0
    for process, lane in trace.lanes():
        assert np.all(process.functions.find(lane.calls["function"]) >= 0)
        assert np.all(lane.calls["parent"] < np.arange(len(lane.calls)))
        for row in range(len(lane.values)):
            lane.value(row)
        values += len(lane.values)
    assert all(isinstance(note, str) for note in trace.notes)
    return values


def same_traces(first: Trace, second: Trace) -> bool:
    """Whether two traces hold the same, wherever in the tables it stands. Paths may differ."""
    for name in ("meta", "ended_ns", "notes"):
        assert getattr(first, name) == getattr(second, name), name
    assert [p.name for p in first.processes] == [p.name for p in second.processes]
    for one, other in zip(first.processes, second.processes, strict=True):
        assert [lane.name for lane in one.lanes] == [lane.name for lane in other.lanes]
        for table in ("functions", "sites", "names", "stacks"):
            assert getattr(one, table).rows == getattr(other, table).rows
        assert (one.coverage, one.counters, one.origin) == (other.coverage, other.counters, other.origin)
        for lane, twin in zip(one.lanes, other.lanes, strict=True):
            for field in set(CALL.names or ()) - PLACES:
                assert np.array_equal(lane.calls[field], twin.calls[field]), field
            assert list(contents(lane)) == list(contents(twin))
    return True


def contents(lane: Lane) -> Iterator[tuple[Any, ...]]:
    """What identifies each value of each call, and what it is to the last bit."""
    for call in lane.calls:
        for first, count in (("inputs", "n_inputs"), ("outputs", "n_outputs")):
            for row in range(int(call[first]), int(call[first]) + int(call[count])):
                value, record = lane.value(row), lane.values[row]
                yield tuple(record[name].item() for name in ("kind", "role", "position", "name"))
                if isinstance(value, np.ndarray):
                    yield value.dtype.str, value.shape, value.tobytes()
                elif record["kind"] in IN_PAYLOAD:
                    yield (value,)
                else:
                    yield record["data"].item(), record["extra"].item()
