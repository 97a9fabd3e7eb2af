"""Calls that some samples made are shown inside their callers, whatever the pace of each sample."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from synthetic import Program, write_experiment

from pytracer.parse import parse

SAMPLES = 4
Calls = dict[str, dict[str, int]]


def calls_of(body: Callable[[Program, int], None], folder: Path) -> Calls:
    """Name -> when it began and ended, and the sample that shows it; each is called once."""
    with parse(write_experiment(folder, body, SAMPLES), folder / "clock.h5") as result:
        calls = result.calls
        names = result.functions["name"][calls["function"]].tolist()
        end = calls["enter_ns"] + np.maximum(calls["duration_ns"], 0)
        columns = zip(calls["enter_ns"].tolist(), end.tolist(), calls["source"].tolist(), strict=True)
        found = {
            name: dict(zip(("begin", "end", "source"), cells, strict=True))
            for name, cells in zip(names, columns, strict=True)
        }
    assert len(found) == len(names)
    return found


def wait(program: Program, ns: int) -> None:
    program.process.trace.clock += ns


def nest(program: Program, name: str, *inside: Any) -> None:
    """Call `name`, within which there are pauses (numbers) and calls."""

    def run() -> None:
        for each in inside:
            wait(program, each) if isinstance(each, int) else each()

    program.call(name, 1.0, inside=run)


def test_call_of_others_is_placed_in_its_caller(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        wait(program, 10**6 * i)  # not on the clock: it begins with the first call
        program.call("first", 1.0)
        wait(program, 10**6 * i)

        def more() -> None:
            nest(program, "more", 20, lambda: nest(program, "deep", 30))

        nest(program, "outer", 100, *([more] if i else []), 500)

    calls = calls_of(body, tmp_path)
    outer, more, deep = (calls[name] for name in ("outer", "more", "deep"))
    assert (outer["source"], more["source"], deep["source"]) == (0, 1, 1)
    assert outer["begin"] < 10
    assert more["begin"] == outer["begin"] + 101
    assert (deep["begin"], deep["end"]) == (more["begin"] + 21, more["begin"] + 52)
    assert more["end"] <= outer["end"]


def test_slower_sample_does_not_lead_out_of_the_caller(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        nest(program, "outer", 100 + 10**6 * i, *([lambda: nest(program, "late", 50)] if i == 2 else []))
        nest(program, "short", *([lambda: nest(program, "long", 10**6)] if i == 3 else []))

    calls = calls_of(body, tmp_path)
    assert calls["late"]["source"] == 2
    assert calls["late"]["end"] == calls["outer"]["end"]
    assert calls["long"]["begin"] == calls["short"]["begin"]


def test_caller_that_never_returned_has_no_end(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        function = program.process.function("mod", "runs", params=())
        program.lane.call(function, program.process.site("script.py", 1), ()).__enter__()
        wait(program, 70 + i)
        if i:
            program.call("inside", 1.0)

    calls = calls_of(body, tmp_path)
    assert calls["inside"]["begin"] == calls["runs"]["begin"] + 73


def test_alike_samples_keep_the_clock_of_the_reference(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        nest(program, "outer", 100 + 1000 * i, lambda: nest(program, "inner", 7))

    calls = calls_of(body, tmp_path)
    assert (calls["outer"]["begin"], calls["inner"]["begin"], calls["inner"]["end"]) == (0, 101, 109)
