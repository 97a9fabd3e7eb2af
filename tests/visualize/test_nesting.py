"""Calls as bars over time: nesting, level of detail, lanes."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import Made, rich

from pytracer.parse import Result
from pytracer.visualize.figures.gantt import gantt, height
from pytracer.visualize.figures.theme import LIGHT
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.nesting import BARS, LANES, LEVELS, PIXELS, Bars, Nesting, bars


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents.of(Result.open(rich().write(tmp_path / "rich.h5")))


def nesting(start: np.ndarray, length: np.ndarray, **columns: np.ndarray) -> Nesting:
    """Calls in nanoseconds, in one lane on one level unless columns say otherwise."""
    count = len(start)
    default = {
        "lane": np.zeros(count, np.int32),
        "depth": np.zeros(count, np.int32),
        "function": np.zeros(count, np.int32),
        "bits": np.full(count, 20, np.float32),
        "lost": np.full(count, 1, np.float32),
        "returned": np.ones(count, bool),
        "lanes": tuple(f"lane-{i}" for i in range(int(columns.get("lane", np.zeros(1)).max()) + 1)),
    }
    return Nesting(start_ns=start, end_ns=start + length, **default | columns)


def test_calls_stand_inside_their_callers(contents: Contents) -> None:
    found = bars(contents.nesting, (0.0, 0.0016))
    by_call = {call: (line, count) for call, line, count in zip(found.call, found.line, found.calls, strict=True)}
    assert by_call[0] == (0, 1)
    assert by_call[1] == (1, 1)
    assert sum(count for line, count in by_call.values() if line == 2) == 50  # all short calls of `dot`
    assert found.lanes == {0: 0, 1: 3}
    assert found.lines == 4
    assert found.left_out == ""


def test_short_calls_share_a_bar_that_shows_the_worst(contents: Contents) -> None:
    found = bars(contents.nesting)
    shared = np.flatnonzero(found.calls > 1)
    assert found.calls[shared].tolist() == [50]
    assert found.bits[shared].tolist() == [44]
    assert found.call[shared].tolist() == [2 + 6]  # the first of those with 44 bits
    assert "50 short calls share 1 bar," in found.left_out
    lost = bars(contents.nesting, lost=True)
    assert lost.bits[lost.calls > 1].tolist() == [6]


def test_call_that_did_not_return_lasts_as_long_as_its_lane(contents: Contents) -> None:
    assert contents.nesting.end_ns[-2] == 1_000_000
    assert not contents.nesting.returned[-2]


def test_lane_is_chosen(contents: Contents) -> None:
    found = bars(contents.nesting, lane=1)
    assert (found.lanes, found.lines, len(found)) == ({1: 0}, 1, 1)
    assert len(bars(contents.nesting, lane=99)) == len(bars(contents.nesting))


def test_nothing_in_an_empty_time(contents: Contents) -> None:
    assert len(bars(contents.nesting, (5.0, 6.0))) == 0


def test_lanes_and_levels_beyond_the_screen_are_counted() -> None:
    count = LANES + 5
    many = nesting(np.zeros(count, np.int64), np.full(count, 10), lane=np.arange(count, dtype=np.int32))
    assert "5 more lanes: choose one" in bars(many).left_out
    deep = nesting(np.zeros(100, np.int64), np.full(100, 10), depth=np.arange(100, dtype=np.int32))
    found = bars(deep)
    assert (len(found), found.lines) == (LEVELS, LEVELS)
    assert f"{100 - LEVELS} calls are nested deeper" in found.left_out


def test_unmeasured_calls_do_not_hide_measured_ones() -> None:
    bits = np.array([np.nan, 12, np.nan, 30], np.float32)
    found = bars(nesting(np.arange(4), np.ones(4, int), bits=bits), (0.0, 1.0))
    assert (found.calls.tolist(), found.bits.tolist()) == ([4], [12])
    found = bars(nesting(np.arange(2), np.ones(2, int), bits=np.full(2, np.nan, np.float32)), (0.0, 1.0))
    assert (found.calls.tolist(), np.isnan(found.bits).tolist()) == ([2], [True])


@given(
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**5), st.integers(0, 3)), min_size=1, max_size=200),
    st.integers(0, 10**6),
    st.integers(1, 10**6),
)
def test_every_call_in_the_view_is_in_one_bar(calls: list[tuple[int, int, int]], first: int, length: int) -> None:
    start, duration, depth = (np.array(column) for column in zip(*calls, strict=True))
    all_calls = nesting(start, duration, depth=depth.astype(np.int32))
    view = (first / 1e6, (first + length) / 1e6)
    found = bars(all_calls, view)
    there = (start <= view[1] * 1e6) & (start + duration >= view[0] * 1e6)
    assert found.calls.sum() == there.sum()
    assert (found.end_ms >= found.start_ms).all()
    assert (found.line == depth[found.call]).all()


def test_many_calls_are_few_bars() -> None:
    count = 200_000
    rng = np.random.default_rng(1)
    start = np.sort(rng.integers(0, 10**9, count))
    depth = rng.integers(0, 30, count).astype(np.int32)
    found = bars(nesting(start, rng.integers(0, 10**6, count), depth=depth))
    assert len(found) <= BARS
    assert found.calls.sum() == count


def drawn(contents: Contents, found: Bars, **options: object) -> dict[str, object]:
    figure = gantt(found, contents.nesting, contents.names, "bits", LIGHT, **options)  # type: ignore[arg-type]
    return {trace.name: trace for trace in figure.data} | {"shapes": figure.layout.shapes, "layout": figure.layout}


def test_chart_tells_function_bits_and_time(contents: Contents) -> None:
    found = bars(contents.nesting)
    chart = drawn(contents, found, selected=1)
    measured = chart["measured"]
    rows = [cells for cells in measured.customdata if cells[0] == 1]  # type: ignore[attr-defined]
    assert [list(row[1:4]) for row in rows] == [["mod.solve", "5.0 bits", "0.4"]]
    assert "5.0  mod.solve" in measured.text  # type: ignore[attr-defined]
    assert len(chart["not measured"].x) == 3  # type: ignore[attr-defined]
    frame = chart["shapes"][-1]  # type: ignore[index]
    assert (frame.y0, frame.y1) == (0.54, 1.46)
    assert height(found) > 100


def test_bar_is_at_least_a_pixel_wide(contents: Contents) -> None:
    found = bars(contents.nesting)
    least = (found.view_ms[1] - found.view_ms[0]) / PIXELS
    for trace in (drawn(contents, found)[name] for name in ("measured", "not measured")):
        assert min(trace.x) >= least  # type: ignore[attr-defined]


def test_result_without_calls_has_no_bars(tmp_path: Path) -> None:
    empty = Contents.of(Result.open(Made().write(tmp_path / "empty.h5")))
    assert len(bars(empty.nesting)) == 0


def test_unmeasured_bars_show_no_bits(contents: Contents) -> None:
    unmeasured = drawn(contents, bars(contents.nesting))["not measured"]
    assert {cells[2] for cells in unmeasured.customdata} == {"not measured"}  # type: ignore[attr-defined]
    assert unmeasured.text[0] == "mod.main"  # type: ignore[attr-defined]
