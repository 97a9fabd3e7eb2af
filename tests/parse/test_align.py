"""Alignment: equal trees match whole; where samples differ, the answer a person would give."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import Program, write_trace

from pytracer.parse.align import AlignedLane, CallCount, align
from pytracer.parse.catalog import Catalog
from pytracer.records.reader import Trace
from pytracer.records.schema import Outcome
from pytracer.records.writer import TraceWriter

Tree = Sequence["str | tuple[str, Tree]"]


def play(program: Program, tree: Tree) -> None:
    """Make the calls of `tree`: names, or (name, calls inside); a name ending in '!' raises."""
    for node in tree:
        name, inside = node if isinstance(node, tuple) else (node, ())
        program.call(name.rstrip("!"), raises=name.endswith("!"), inside=lambda inside=inside: play(program, inside))


def aligned(folder: Path, *trees: Tree) -> tuple[AlignedLane, Catalog]:
    traces = [
        Trace.open(write_trace(folder / f"{i}", lambda program, tree=tree: play(program, tree), i))
        for i, tree in enumerate(trees)
    ]
    catalog = Catalog()
    [lane] = align(traces[0], traces[1:], catalog)
    return lane, catalog


def text(calls: Sequence[CallCount], catalog: Catalog) -> list[str]:
    return [
        f"{count.calls} {catalog.functions.rows[count.function].name}" + "!" * (count.outcome == Outcome.RAISED)
        for count in calls
    ]


def test_equal_trees(tmp_path: Path) -> None:
    tree = ["a", ("b", ["c", "c"]), "a"]
    lane, _ = aligned(tmp_path, tree, tree, tree)
    assert lane.rows.tolist() == [[0, 1, 2, 3, 4]] * 2
    assert lane.divergences == ()


def test_ids_of_traces_differ(tmp_path: Path) -> None:
    """The same calls whose functions, sites and names were numbered in another order."""
    tree = ["a", "b", "c"]

    def reverse(program: Program) -> None:
        for name in ("c", "b", "a"):
            program.process.function("mod", name, file="/project/mod.py", line=1, params=("x", "y"))
        play(program, tree)

    first = Trace.open(write_trace(tmp_path / "0", lambda program: play(program, tree), 0))
    second = Trace.open(write_trace(tmp_path / "1", reverse, 1))
    [lane] = align(first, [second], Catalog())
    assert lane.rows.tolist() == [[0, 1, 2]]
    assert lane.divergences == ()


def test_branch_with_common_tail(tmp_path: Path) -> None:
    lane, catalog = aligned(
        tmp_path, ["start", ("f", ["x", "left", "y"]), "end"], ["start", ("f", ["x", "right", "right", "y"]), "end"]
    )
    assert lane.rows.tolist() == [[0, 1, 2, -1, 5, 6]]
    [divergence] = lane.divergences
    assert (divergence.parent, divergence.before, divergence.first) == (1, 2, 3)
    assert text(divergence.reference, catalog) == ["1 left"]
    assert [(side.samples, text(side.calls, catalog)) for side in divergence.sides] == [((0,), ["2 right"])]


def test_more_iterations(tmp_path: Path) -> None:
    lane, catalog = aligned(tmp_path, ["step"] * 10 + ["end"], ["step"] * 12 + ["end"], ["step"] * 10 + ["end"])
    assert lane.rows[0].tolist() == [*range(10), 12]
    assert lane.rows[1].tolist() == list(range(11))
    [divergence] = lane.divergences
    assert (divergence.parent, divergence.first, divergence.reference) == (-1, -1, ())
    assert [(side.samples, text(side.calls, catalog)) for side in divergence.sides] == [((0,), ["2 step"])]


def test_outcomes_tell_calls_apart(tmp_path: Path) -> None:
    lane, catalog = aligned(tmp_path, ["a", "f", "b"], ["a", "f!", "b"])
    assert lane.rows.tolist() == [[0, -1, 2]]
    [divergence] = lane.divergences
    assert text(divergence.reference, catalog) == ["1 f"]
    assert text(divergence.sides[0].calls, catalog) == ["1 f!"]


def test_nothing_inside_unmatched_calls_matches(tmp_path: Path) -> None:
    lane, _ = aligned(tmp_path, [("f", ["h"]), "end"], [("g", ["h"]), "end"])
    assert lane.rows.tolist() == [[-1, -1, 2]]
    assert len(lane.divergences) == 1


def test_samples_that_agree_are_one_side(tmp_path: Path) -> None:
    lane, catalog = aligned(tmp_path, ["a", "b"], ["a", "c"], ["a", "b"], ["a", "c"], ["a"])
    [divergence] = lane.divergences
    assert [(side.samples, text(side.calls, catalog)) for side in divergence.sides] == [((0, 2), ["1 c"]), ((3,), [])]
    assert text(divergence.reference, catalog) == ["1 b"]


def test_lanes_are_matched_by_name(tmp_path: Path) -> None:
    traces = []
    for i, lanes in enumerate((["lane-0", "lane-1"], ["lane-0", "lane-2"])):
        with TraceWriter(tmp_path / f"{i}", sample=i) as trace:
            process = trace.process()
            for name in lanes:
                Program(process, process.lane(name)).call("f")
        traces.append(Trace.open(tmp_path / f"{i}"))
    lanes_found = align(traces[0], traces[1:], Catalog())
    assert [lane.name for lane in lanes_found] == ["lane-0", "lane-1", "lane-2"]
    assert [lane.rows.tolist() for lane in lanes_found] == [[[0]], [[-1]], [[]]]
    assert [len(lane.divergences) for lane in lanes_found] == [0, 1, 1]
    assert lanes_found[2].reference is None
    assert [len(side.calls) for side in lanes_found[2].divergences[0].sides] == [1]


def test_deep_and_wide_trees(tmp_path: Path) -> None:
    deep: Tree = ["leaf"]
    for _ in range(150):
        deep = [("f", [*deep, "w"])]
    lane, _ = aligned(tmp_path, [*deep, "end"], [*deep, "more", "end"])
    assert np.count_nonzero(lane.rows >= 0) == lane.rows.size


TREES = st.recursive(st.lists(st.sampled_from("ab")), lambda inner: st.lists(st.tuples(st.sampled_from("ab"), inner)))


def simple_match(first: Tree, second: Tree) -> int:
    """Number of calls that common prefixes and suffixes match, by plain recursion."""
    nodes = [[node if isinstance(node, tuple) else (node, ()) for node in tree] for tree in (first, second)]
    prefix, limit = 0, min(len(n) for n in nodes)
    while prefix < limit and nodes[0][prefix][0] == nodes[1][prefix][0]:
        prefix += 1
    suffix = 0
    while suffix < limit - prefix and nodes[0][-1 - suffix][0] == nodes[1][-1 - suffix][0]:
        suffix += 1
    pairs = [(i, i) for i in range(prefix)] + [(-1 - i, -1 - i) for i in range(suffix)]
    return len(pairs) + sum(simple_match(nodes[0][i][1], nodes[1][j][1]) for i, j in pairs)


def preorder(tree: Tree) -> list[str]:
    """Names of the calls in order of entry."""
    nodes = [node if isinstance(node, tuple) else (node, ()) for node in tree]
    return [name for first, inside in nodes for name in [first, *preorder(inside)]]


@given(first=TREES, second=TREES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_matches_are_right(tmp_path_factory: pytest.TempPathFactory, first: Tree, second: Tree) -> None:
    """Matched calls have equal keys and matched parents, each is used once, and none is missed."""
    lane, _ = aligned(tmp_path_factory.mktemp("trees"), first, second)
    swapped, _ = aligned(tmp_path_factory.mktemp("trees"), second, first)
    other = lane.lanes[0]
    assert lane.reference is not None
    assert other is not None
    [row] = lane.rows
    matched = np.flatnonzero(row >= 0)
    assert len(set(row[matched])) == len(matched) == simple_match(first, second)
    names = [preorder(first), preorder(second)]
    for mine, theirs in zip(matched, row[matched], strict=True):
        parent, other_parent = lane.reference.calls["parent"][mine], other.calls["parent"][theirs]
        assert (parent == -1 and other_parent == -1) or row[parent] == other_parent
        assert names[0][mine] == names[1][theirs]
        assert swapped.rows[0, theirs] == mine
    assert bool(lane.divergences) == (len(matched) < max(len(row), len(other.calls)))
