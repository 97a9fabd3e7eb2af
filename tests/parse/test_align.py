"""Alignment: programs that go different ways, with the answer a person would give for every call."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled import Script, check
from synthetic import Program

from pytracer.parse.align import AlignedLane, align
from pytracer.parse.catalog import Catalog
from pytracer.parse.divergence import Way, find_divergences
from pytracer.records.reader import Trace
from pytracer.records.writer import TraceWriter


def test_equal_executions_match_whole(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        for i in range(5):
            script.call(
                f"{i}", "f", script.noisy(0.1 * i), i, inside=lambda i=i: script.call(f"{i}.g", "g", script.noisy(2.0))
            )

    found = check(tmp_path, body)
    assert found.common == 60
    assert found.missed == found.wrong == found.divergences == []
    assert all(rows is found.lane.rows[0] for rows in found.lane.rows)  # one array for all


def test_ids_of_traces_differ(tmp_path: Path) -> None:
    """The same calls whose functions were numbered in another order."""

    def body(script: Script) -> None:
        for name in ("c", "b", "a") if script.sample else ():
            script.program.process.function("mod", name, file="/project/mod.py", line=1, params=("x", "y"))
        for name in "abc":
            script.call(name, name)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == found.divergences == []


def test_branch_with_common_tail(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        def inside() -> None:
            script.call("x", "x")
            if script.sample % 2:
                script.call("right 1", "right", line=3, inside=lambda: script.call("right 1 h", "h"))
                script.call("right 2", "right", line=3)
            else:
                script.call("left", "left", line=5, inside=lambda: script.call("left h", "h"))
            script.call("y", "y", line=6)

        script.call("start", "start")
        script.call("f", "f", inside=inside)
        script.call("end", "end", inside=lambda: script.call("end h", "h"))

    found = check(tmp_path, body, 5)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", "f", ["1 left"], ((1, 3), ["2 right"])]]
    [one] = found.divergences
    sites = found.catalog.sites.rows
    assert sites[one.site].line == 5
    # The calls that only samples 1 and 3 made match each other, and stand after those of the reference.
    shown = [found.catalog.functions.rows[f].name for f in found.lane.functions(slice(None))]
    assert shown == ["start", "f", "x", "left", "h", "right", "h", "right", "y", "end", "h"]
    assert found.lane.source.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert found.lane.parent.tolist() == [-1, -1, 1, 1, 3, 1, 5, 1, 1, -1, 9]
    assert (one.parent, one.before, one.first) == (1, 2, 3)


def test_loops_of_different_length_nested(tmp_path: Path) -> None:
    """10 iterations against 12: the first 10 are the same ones, and what comes after the loop matches again."""

    def body(script: Script) -> None:
        def outer(k: int) -> None:
            x = 1.0 + k
            for i in range(10 + 2 * (script.sample % 2)):
                x = script.noisy(x + 0.5**i, 40)
                script.call(f"{k}.{i}", "step", x, line=2, inside=lambda i=i: script.call(f"{k}.{i}.g", "g", line=3))
            script.call(f"{k}.end", "done", x, line=4)

        for k in range(6):
            script.call(f"{k}", "outer", k, inside=lambda k=k: outer(k))
        script.call("tail", "tail")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", "outer", [], ((1, 3), ["2 step"])]]
    assert found.divergences[0].times == 6


def test_loops_without_inputs_match_from_the_start(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        for i in range(10 + 2 * (script.sample == 1)):
            script.call(f"{i}", "step")
        script.call("end", "end")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", None, [], ((1,), ["2 step"])]]


def test_chaotic_loops_of_different_length(tmp_path: Path) -> None:
    """Inputs have nothing in common after some iterations, and every second iteration calls a helper or not."""

    def body(script: Script) -> None:
        x = script.noisy(0.3, 30)
        for i in range(400 + 17 * script.sample):
            x = 3.9 * x * (1 - x)
            script.call(f"{i}", "step", x, line=2)
            script.call(f"{i}.log", "log", i, line=3)
        script.call("tail", "tail", line=9)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", None, [], *(((s,), [f"{17 * s} step", f"{17 * s} log"]) for s in (1, 2, 3))]]


def test_helper_shared_by_branch_and_tail(tmp_path: Path) -> None:
    """The same function from the same site, in a branch that some samples take and in the tail that all reach."""

    def body(script: Script) -> None:
        def helper(label: str, x: float) -> None:
            script.call(label, "helper", x, line=2, inside=lambda: script.call(f"{label}.f", "f", x, line=3))

        a = script.noisy(1.7, 20)
        if script.sample in (1, 2):
            helper("branch 1", 10 * a)
            helper("branch 2", 20 * a)
        helper("tail 1", 0.3 * a)
        helper("tail 2", 0.7 * a)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", None, [], ((1, 2), ["2 helper"])]]


def test_recursion_of_different_depth(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        def descend(path: str, level: int) -> None:
            if level == 0:
                return
            for side in "lr":
                inside = f"{path}{side}"
                deeper = level - 1 + (script.sample == 2 and inside == "rootlr")
                script.call(
                    inside,
                    "recurse",
                    script.noisy(1.0 / (1 + len(inside))),
                    line=ord(side),
                    inside=lambda p=inside, d=deeper: descend(p, d),
                )

        descend("root", 5)
        script.call("tail", "tail")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    # One divergence: 8 calls at the bottom got calls in them, all from the same place of the same function.
    assert [(one.kind, one.times) for one in found.divergences] == [("calls", 8)]


def test_exceptions_in_some_samples(tmp_path: Path) -> None:
    """A call that raised is the same call; what it did not come to and what its caller did about it are no news."""

    def body(script: Script) -> None:
        fails = script.sample in (1, 3)

        def solve() -> None:
            script.call("check", "check", line=2, raises=fails)
            if not fails:
                script.call("factor", "factor", line=3)

        def attempt() -> None:
            script.call("solve", "solve", line=4, raises=fails, inside=solve)
            script.call("fallback" if fails else "refine", "fallback" if fails else "refine", line=5 + fails)

        script.call("attempt", "attempt", inside=attempt)
        script.call("tail", "tail")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["outcome", "solve", ["1 check"], ((1, 3), ["1 check"])]]
    ways = [found.divergences[0].reference, found.divergences[0].ways[0].calls]
    assert [way[0].outcome.name for way in ways] == ["RETURNED", "RAISED"]


def test_branch_that_raises_is_the_cause(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        def solve() -> None:
            script.call("common", "common", line=1)
            if script.sample == 2:
                script.call("bad", "bad", line=2, raises=True)
            else:
                script.call("good", "good", line=3)

        script.call("solve", "solve", line=4, raises=script.sample == 2, inside=solve)
        script.call("tail", "tail", line=5)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", "solve", ["1 good"], ((2,), ["1 bad"])]]


def test_reference_raised(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        def solve() -> None:
            script.call("check", "check", line=2, raises=script.sample == 0)
            if script.sample:
                script.call("factor", "factor", line=3)

        script.call("solve", "solve", line=4, raises=script.sample == 0, inside=solve)
        script.call("tail", "tail")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert found.summary == [["outcome", "solve", ["1 check"], ((1, 2, 3), ["1 check"])]]


def test_reordered_calls(tmp_path: Path) -> None:
    """A loop over a set of texts, in another order in each sample: keys agree all along, and only inputs tell."""
    names = [f"name{i}" for i in range(20)]

    def body(script: Script) -> None:
        order = np.random.default_rng(script.sample).permutation(20) if script.sample else np.arange(20)
        for i in order.tolist():
            script.call(
                names[i], "visit", names[i], script.noisy(0.5), line=2, inside=lambda i=i: script.call(f"in {i}", "g")
            )
        script.call("tail", "tail")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert {one.kind for one in found.divergences} == {"order"}
    assert len(found.divergences) == 1


def test_reordered_calls_with_noisy_numbers_only(tmp_path: Path) -> None:
    values = np.random.default_rng(5).normal(size=20)

    def body(script: Script) -> None:
        order = np.random.default_rng(script.sample).permutation(20) if script.sample else np.arange(20)
        for i in order.tolist():
            script.call(f"{i}", "visit", script.noisy(float(values[i]), 40), line=2)

    found = check(tmp_path, body)
    assert len(found.missed) <= 0.01 * found.common
    assert found.wrong == []
    assert {one.kind for one in found.divergences} == {"order"}


def test_calls_twice_each_in_another_order(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        for name in ("ab", "cd", "ef") if script.sample % 2 else ("ef", "ab", "cd"):
            for k in range(2):
                script.call(f"{name}.{k}", "visit", name, line=2)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []


def test_numbers_moved_by_noise_still_match(tmp_path: Path) -> None:
    """Whole numbers and floats that came out otherwise are values that differ, not other calls."""

    def body(script: Script) -> None:
        for i in range(30):
            script.call(f"{i}", "f", int(script.noisy(1000.0, 5)), script.noisy(1.0, 3), line=2)

    found = check(tmp_path, body)
    assert found.missed == found.wrong == found.divergences == []


def test_killed_sample(tmp_path: Path) -> None:
    """It ends in the middle: everything before matches, and there is one finding, where."""

    def body(script: Script) -> None:
        def outer(k: int) -> None:
            for i in range(5):
                if script.sample == 2 and (k, i) >= (2, 3):
                    return
                script.call(f"{k}.{i}", "inner", line=2)

        for k in range(2 if script.sample == 2 else 5):
            script.call(f"{k}", "outer", k, line=1, inside=lambda k=k: outer(k))
        if script.sample == 2:
            script.call("2", "outer", 2, line=1, inside=lambda: outer(2))
            return
        script.call("tail", "tail", line=9)

    found = check(tmp_path, body, ended=[2])
    assert found.missed == found.wrong == []
    assert found.summary == [["ended", "outer", ["1 inner"], ((2,), [])]]
    [one] = found.divergences
    assert found.labels[0][one.before] == "2.2"


def test_branches_of_some_samples_after_another_was_killed(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        script.call("start", "start", line=1)
        if script.sample == 1:
            return
        if script.sample == 3:
            script.call("extra", "extra", line=2)
        script.call("tail", "tail", line=3)

    found = check(tmp_path, body, ended=[1])
    assert found.missed == found.wrong == []
    assert found.summary == [["calls", None, [], ((3,), ["1 extra"])], ["ended", None, ["1 tail"], ((1,), [])]]


def test_nothing_inside_unmatched_calls_is_news(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        name = "ffg"[script.sample]
        inside = {"f": "h", "g": "hk"}[name]
        script.call(name, name, inside=lambda: [script.call(f"{name}.{x}", x) for x in inside] and None)
        script.call("end", "end")

    found = check(tmp_path, body, 3)
    assert found.summary == [["calls", None, ["1 f"], ((2,), ["1 g"])]]


def test_samples_that_agree_are_one_way(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        for name in (["a", "b"], ["a", "c"], ["a", "b"], ["a", "c"], ["a"])[script.sample]:
            script.call(name, name)

    found = check(tmp_path, body, 5)
    assert found.summary == [["calls", None, ["1 b"], ((1, 3), ["1 c"]), ((4,), [])]]


def test_deep_trees(tmp_path: Path) -> None:
    def body(script: Script) -> None:
        def descend(level: int) -> None:
            if level < 150:
                script.call(f"f{level}", "f", inside=lambda: descend(level + 1))
                script.call(f"w{level}", "w")

        descend(0)
        if script.sample:
            script.call("more", "more")
        script.call("end", "end")

    found = check(tmp_path, body)
    assert found.missed == found.wrong == []
    assert len(found.divergences) == 1


@given(seed=st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_random_trees(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Subtrees that samples leave out or put in, some of them the same ones: everything else matches, and so do these."""
    shape = np.random.default_rng(seed)
    children: dict[int, list[int]] = {-1: []}
    for node in range(40):
        children.setdefault(int(shape.integers(-1, node)), []).append(node)
        children.setdefault(node, [])
    left_out, put_in = ([set(shape.integers(0, 40, 3).tolist()) for _ in range(4)] for _ in range(2))

    def body(script: Script) -> None:
        def play(node: int) -> None:
            for child in children[node]:
                if script.sample and child in left_out[script.sample // 2]:
                    continue
                if script.sample and child in put_in[script.sample % 2]:
                    script.call(f"new {child}", "new", child, line=100 + child % 3)
                x = script.noisy(1.0 + child)
                script.call(f"{child}", f"f{child % 5}", x, line=child % 4, inside=lambda child=child: play(child))

        play(-1)

    folder = tmp_path_factory.mktemp("trees")
    found = check(folder, body)
    assert found.missed == found.wrong == []
    [other] = align([Trace.open(folder / f"{i}") for i in (0, 3, 2, 1)], Catalog())
    assert matched_rows(found.lane, [0, 1, 2, 3]) == matched_rows(other, [0, 3, 2, 1])


def matched_rows(lane: AlignedLane, samples: list[int]) -> set[tuple[int, ...]]:
    """For each merged call the rows of the samples, in order of their numbers."""
    rows = np.stack(
        [r for _, r in sorted(zip(samples, lane.rows, strict=True), key=lambda pair: pair[0]) if r is not None]
    )
    return {tuple(column) for column in rows.T.tolist()}


def traced(folder: Path, lanes: list[dict[str, list[float]]]) -> list[Trace]:
    """Traces of samples: for each lane the numbers that f was called with; the name of a lane is process/lane."""
    for i, own in enumerate(lanes):
        with TraceWriter(folder / f"{i}", sample=i) as trace:
            for name, numbers in own.items():
                process, _, lane = name.partition("/")
                known = next((p for p in trace._processes if p.folder.name == process), None)
                program = Program(known or trace.process(process), (known or trace._processes[-1]).lane(lane))
                for number in numbers:
                    program.call("f" if number < 100 else "g", number)
    return [Trace.open(folder / f"{i}") for i in range(len(lanes))]


def test_a_lane_without_calls_in_some_samples(tmp_path: Path) -> None:
    main = {"process-0/lane-0": [1.0]}
    lanes = align(traced(tmp_path, [main, {"process-0/lane-0": []}]), Catalog())
    [one] = find_divergences(lanes, [False] * 2)
    assert (one.kind, one.ways) == ("calls", (Way((1,), ()),))


def test_a_lane_without_calls_in_the_reference(tmp_path: Path) -> None:
    none, some = {"process-0/lane-0": []}, {"process-0/lane-0": [1.0, 2.0]}
    [lane] = align(traced(tmp_path, [none, some, some]), Catalog())
    assert [rows.tolist() for rows in lane.rows if rows is not None] == [[-1, -1], [0, 1], [0, 1]]
    [one] = find_divergences([lane], [False] * 3)
    assert (one.kind, one.reference, [way.samples for way in one.ways]) == ("calls", (), [(1, 2)])


def test_a_lane_that_some_samples_lack_is_a_divergence(tmp_path: Path) -> None:
    main, other = {"process-0/lane-0": [1.0, 2.0]}, {"process-0/lane-0.1": [100.0, 200.0]}
    lanes = align(traced(tmp_path, [main, main | other, main, main | other]), Catalog())
    assert [lane.name for lane in lanes] == ["lane-0", "lane-0.1"]
    [one] = find_divergences(lanes, [False] * 4)
    assert (one.kind, one.lane, one.reference) == ("lane", 1, ())
    assert [(way.samples, way.calls[0].calls) for way in one.ways] == [((1, 3), 2)]
    assert lanes[1].source.tolist() == [1, 1]


def test_workers_that_are_numbered_differently_are_paired_by_what_they_did(tmp_path: Path) -> None:
    main = {"process-0/lane-0": [1.0]}
    work = [[2.0, 3.0, 5.0], [7.0, 11.0, 13.0], [17.0, 19.0, 23.0]]
    orders = ([0, 1, 2], [2, 0, 1], [0, 1, 2], [1, 0, 2])
    samples = [main | {f"process-0.{k + 1}/lane-0": work[w] for k, w in enumerate(order)} for order in orders]
    lanes = align(traced(tmp_path, samples), Catalog())
    assert len(lanes) == 4
    assert find_divergences(lanes, [False] * 4) == []
    for lane in lanes:
        numbers = []
        for side in lane.lanes:
            assert side is not None
            numbers.append(side.values["data"][side.values["kind"] == 4].view(np.float64).tolist())
        assert numbers == [numbers[0]] * 4


def test_workers_with_other_names_are_paired_by_what_they_did(tmp_path: Path) -> None:
    main = {"process-0/lane-0": [1.0]}
    samples = [main | {"process-0.1/lane-0": [2.0, 3.0]}, main | {"process-0.7/lane-0": [2.0, 3.0]}]
    lanes = align(traced(tmp_path, samples), Catalog())
    assert [lane.process for lane in lanes] == ["process-0", "process-0.1"]
    assert find_divergences(lanes, [False] * 2) == []


def test_a_namesake_that_did_other_things_is_another_lane(tmp_path: Path) -> None:
    main = {"process-0/lane-0": [1.0]}
    first = main | {"process-0.1/lane-0": [2.0, 3.0], "process-0.2/lane-0": [200.0, 300.0]}
    second = main | {"process-0.1/lane-0": [200.0, 300.0], "process-0.2/lane-0": [2.0, 3.0]}
    lanes = align(traced(tmp_path, [first, second]), Catalog())
    assert len(lanes) == 3
    assert find_divergences(lanes, [False] * 2) == []
