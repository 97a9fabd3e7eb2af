"""Which points are drawn, and that the page says what is not."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracer.visualize.queries import Argument, Contents, Timeline, timeline
from pytracer.visualize.sampling import select, thin
from pytracer.visualize.state import LOG, MEAN, State


def made(y: np.ndarray, curves: int = 1) -> Timeline:
    index = np.arange(len(y))
    arguments = [Argument(f"a{i}", i % 2 == 1) for i in range(curves)]
    return Timeline(arguments, index, index + 1, index / 1e3, index % curves, index * 0, y, -y, np.abs(y))


@pytest.mark.parametrize(("length", "curves"), [(20_000, 1), (100_000, 3), (100_001, 7)])
def test_long_timeline_is_thinned_and_says_so(length: int, curves: int) -> None:
    y = np.random.default_rng(1).uniform(20, 50, length)
    lowest, highest = length // 3, length // 2
    y[lowest], y[highest] = 1.0, 53.0
    found = select(made(y, curves), State(), limit=5000)
    assert 4500 <= len(found.rows) <= 5000 + 2 * curves
    assert {lowest, highest} <= set(found.rows.tolist())
    assert (np.diff(found.rows) > 0).all()
    assert found.note.startswith(f"{len(found.rows)} of {length} points are drawn")


def test_short_timeline_is_whole(contents: Contents) -> None:
    points = timeline(contents.result, contents.by_key["mod.alpha"])
    found = select(points, State())
    assert found.rows.tolist() == list(range(len(points)))
    assert found.note == ""


def test_unmeasured_values_are_counted(contents: Contents) -> None:
    found = select(timeline(contents.result, contents.by_key["mod.silent"]), State())
    assert (len(found.rows), found.unmeasured) == (0, 3)
    assert "3 of 3 values were not measured" in found.note


def test_argument_is_selected(contents: Contents) -> None:
    points = timeline(contents.result, contents.by_key["mod.alpha"])
    found = select(points, State(argument="return"))
    assert set(points.argument[found.rows]) == {2}
    assert len(select(points, State(argument="nothing")).rows) == 0


def test_logarithmic_axis_leaves_out_what_it_cannot_show(contents: Contents) -> None:
    points = timeline(contents.result, contents.by_key["mod.alpha"])
    found = select(points, State(argument="return", y=MEAN, scale=LOG))
    assert (len(found.rows), found.not_positive) == (0, 7)
    assert "7 values are not positive" in found.note


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=300), st.integers(1, 5), st.integers(3, 100))
def test_extremes_of_each_curve_stay(values: list[float], curves: int, limit: int) -> None:
    y = np.array(values)
    curve = np.arange(len(y)) % curves
    kept = thin(y, curve, limit)
    assert (np.diff(kept) > 0).all()
    assert len(kept) <= max(limit, 3 * curves) + 2 * curves
    for number in set(curve.tolist()):
        assert y[curve == number].min() == y[kept][curve[kept] == number].min()
        assert y[curve == number].max() == y[kept][curve[kept] == number].max()


def test_nothing_to_select() -> None:
    empty = replace(made(np.zeros(0)), arguments=[])
    assert len(select(empty, State()).rows) == 0
