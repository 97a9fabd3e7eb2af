"""Suggestions from traces whose calls are known."""

from pathlib import Path

import numpy as np
import pytest

from pytracer.records.reader import Trace
from pytracer.records.schema import CALL
from pytracer.records.writer import TraceWriter
from pytracer.report.suggest import Suggestions, own_time, suggest
from pytracer.report.suggestions import NOTHING, to_json, to_text


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """The user's function calls `lib.api.top`, which calls native code of `lib._core` and of numpy."""
    with TraceWriter(tmp_path / "t", command=["script.py"]) as writer:
        process, user = writer.process(), "/project/script.py"
        process.counters["calls_dropped"] = 2
        for name in ("lib.a", "lib.b", "other.c", "numpy.d"):
            process.coverage("not_hookable", name, "no slot")
        here, inside = process.site(user, 3), process.site("/lib/api.py", 9)
        own = process.function("helpers", "mine", file="/project/helpers.py")
        top = process.function("lib.api", "top", file="/lib/api.py")
        core = process.function("lib._core", "kernel", kind="builtin")
        local = process.function("lib.api", "f.<locals>.g", kind="builtin")
        sine = process.function("numpy", "sin", kind="ufunc")
        words = process.function("texts", "split", kind="builtin")
        lane = process.lane()
        with lane.call(own, here, [1.0]), lane.call(top, here, ["a"]) as call:
            for argument in (np.ones(3), np.ones(3, int), [1, (2.5,)], None):
                with lane.call(core, inside, [argument]), lane.call(sine, inside, [1.0]):
                    pass
            with lane.call(local, inside, [2.0]):
                pass
            call.result("b")
        with lane.call(words, here, ["a b"]):
            pass
    return Trace.open(tmp_path / "t")


def suggestions(trace: Trace) -> Suggestions:
    return suggest(trace, ["numpy"], lambda file: file.startswith("/project/"))


def test_counts(trace: Trace) -> None:
    found = suggestions(trace)
    [lib] = found.packages
    package = lib.package
    assert (package.name, package.calls, package.direct_calls, package.float_calls, package.native_calls) == (
        "lib",
        6,
        1,
        3,
        5,
    )
    assert (lib.called, lib.native, found.dropped) == (1, 2, 2)
    assert [(tally.name, tally.float_calls) for tally in lib.modules] == [("lib._core", 2), ("lib.api", 1)]
    assert [tally.name for tally in lib.functions] == ["lib._core.kernel"]


def test_native_time_is_that_of_no_other_recorded_call(trace: Trace) -> None:
    """The writer's clock ticks once an entry and once an exit."""
    found = suggestions(trace)
    [lib] = found.packages
    assert lib.package.native_ns == 4 * (3 - 1) + 1
    assert found.native_ns == lib.package.native_ns + 4 + 1
    assert found.share(lib.package) == 9 / 14


def test_own_time_of_unfinished_calls() -> None:
    calls = np.zeros(4, CALL)
    calls["enter_ns"], calls["exit_ns"], calls["parent"] = [1, 2, 5, 9], [0, 4, 8, 10], [-1, 0, 0, -1]
    assert own_time(calls).tolist() == [0, 2, 3, 1]


def test_text_and_json(trace: Trace) -> None:
    found = suggestions(trace)
    text = to_text(found)
    assert "\n    --trace lib  # 6 calls, 3 with floats, 64.3 % of the native time\n" in text
    assert (
        "your code calls 1 of its functions (1 calls); 2 of its native functions run without a hook (5 calls)" in text
    )
    assert "\n            --trace lib._core.kernel  # 4 calls, 2 with floats" in text
    assert "2 calls were not counted" in text
    assert "Calls of functions that cannot be hooked were not counted: 2 of lib, 1 of other." in text
    report = to_json(found)
    assert report["suggestions"][0]["functions"][0]["name"] == "lib._core.kernel"
    assert report["suggestions"][0]["native_share"] == 9 / 14
    assert (report["native_seconds"], report["dropped_calls"]) == (14e-9, 2)
    assert report["not_hookable"] == {"lib": 2, "other": 1}


def test_nothing_to_add(tmp_path: Path) -> None:
    with TraceWriter(tmp_path / "t"):
        pass
    found = suggestions(Trace.open(tmp_path / "t"))
    assert to_text(found) == NOTHING
    assert to_json(found) == {"suggestions": [], "native_seconds": 0, "dropped_calls": 0, "not_hookable": {}}
