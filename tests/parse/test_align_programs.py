"""Alignment of real programs, run under noise: each prints a label for every call of its own, in order of entry."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from labelled import Checked, compare

from pytracer.parse import Result, parse
from pytracer.parse.align import AlignedLane, align
from pytracer.parse.catalog import Catalog
from pytracer.parse.divergence import find_divergences
from pytracer.records.reader import Trace

PROGRAMS = Path(__file__).parent.parent / "programs" / "diverge"
SAMPLES = 4
TRACES = ".__pytracercache__/traces"

Run = Callable[[str], list[Path]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a program under noise and returns its traces."""

    def start(name: str) -> list[Path]:
        folder = tmp_path_factory.mktemp(name)
        options = ["-n", str(SAMPLES), "--jobs", "2", "--seed", "5", "-q", "--trace", "__main__"]
        command = [sys.executable, "-m", "pytracer", "run", *options, str(PROGRAMS / f"{name}.py")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        traces = sorted((folder / TRACES).iterdir(), key=lambda path: int(path.suffix[1:]))
        assert len(traces) == SAMPLES + 1, done.stderr
        return traces

    return start


def labelled(paths: list[Path], ended: tuple[int, ...] = ()) -> Checked:
    """Align traces of one lane, and compare with what the samples printed."""
    catalog = Catalog()
    [lane] = align([Trace.open(path) for path in paths], catalog)
    labels = [
        [line[2:] for line in (path / "stdout.txt").read_text().splitlines() if line.startswith("= ")] for path in paths
    ]
    return compare(lane, find_divergences([lane], [i in ended for i in range(len(paths))]), labels, catalog)


def test_branch(run: Run) -> None:
    found = labelled(run("branch"))
    assert found.missed == found.wrong == []
    [one] = found.divergences
    assert found.names(one)[:2] == ["calls", "main"]
    assert {text for way in found.names(one)[3:] for text in way[1]} | set(found.names(one)[2]) == {
        "1 shrink",
        "2 grow",
    }


def test_loops(run: Run) -> None:
    found = labelled(run("loops"))
    assert found.missed == found.wrong == []
    assert {one.kind for one in found.divergences} == {"calls"}
    assert {found.names(one)[1] for one in found.divergences} == {"outer"}
    assert sum(one.times for one in found.divergences) >= 3


def test_helper_shared_by_branch_and_tail(run: Run) -> None:
    found = labelled(run("shared_helper"))
    assert found.missed == found.wrong == []
    [one] = found.divergences
    assert {one.kind.value, *found.names(one)[2], *found.names(one)[3][1]} == {"calls", "2 helper"}


def test_recursion(run: Run) -> None:
    found = labelled(run("recursion"))
    assert found.missed == found.wrong == []
    assert {tuple(found.names(one)[:2]) for one in found.divergences} == {("calls", "descend")}


def test_exceptions(run: Run) -> None:
    found = labelled(run("exceptions"))
    assert found.missed == found.wrong == []
    [one] = found.divergences
    assert found.names(one)[:3] == ["outcome", "factorise", ["1 pivot"]]
    assert one.times >= 2


def test_killed(run: Run) -> None:
    paths = run("killed")
    killed = tuple(i for i, path in enumerate(paths) if Trace.open(path).ended_ns is None)
    assert 0 < len(killed) < len(paths) - 1
    found = labelled(paths, killed)
    assert found.missed == found.wrong == []
    ends = [one for one in found.divergences if one.kind == "ended"]
    assert [one.ways[0].samples for one in ends] == [(i,) for i in killed]
    assert {found.labels[0][one.before] for one in ends} == {"work 3 2"}
    assert found.divergences == ends


def test_order(run: Run) -> None:
    found = labelled(run("order"))
    assert found.missed == found.wrong == []
    assert {tuple(found.names(one)[:2]) for one in found.divergences} == {("order", None)}


def test_optimiser(run: Run) -> None:
    """Evaluations match while the same points are asked for, almost as many as there are match, and the tail does."""
    found = labelled(run("optimiser"))
    assert {label for _, label in found.missed} | {label for _, *labels in found.wrong for label in labels} <= {
        f"objective {k}" for k in range(150, 400)
    }
    lengths = [len(labels) for labels in found.labels]
    assert len(set(lengths)) > 1
    for sample in range(1, len(lengths)):
        both = [rows >= 0 for i in (0, sample) if (rows := found.lane.rows[i]) is not None]
        assert np.count_nonzero(both[0] & both[1]) >= 0.99 * min(lengths[0], lengths[sample])


def lanes_of(paths: list[Path]) -> tuple[list[AlignedLane], Catalog]:
    catalog = Catalog()
    return align([Trace.open(path) for path in paths], catalog), catalog


def contents(lane: AlignedLane, sample: int) -> list[tuple[int, ...]]:
    """Function and discrete inputs of each call of the merged lane."""
    side, rows = lane.lanes[sample], lane.rows[sample]
    assert side is not None
    assert rows is not None
    texts = []
    for row in rows.tolist():
        first, count = int(side.calls["inputs"][row]), int(side.calls["n_inputs"][row])
        own = side.values[first : first + count]
        texts.append(tuple(own["data"][own["kind"] == 10].tolist()))
    return [(int(f), *text) for f, text in zip(lane.functions(slice(None)), texts, strict=True)]


@pytest.mark.parametrize(("name", "lanes", "calls"), [("threads", 5, 101), ("workers", 13, 73)])
def test_lanes_in_any_order(run: Run, name: str, lanes: int, calls: int) -> None:
    """Threads interleave and workers finish as they like: the same lanes, the same calls, nothing to report."""
    paths = run(name)
    found, _ = lanes_of(paths)
    assert len(found) == lanes
    assert sum(map(len, found)) == calls
    for lane in found:
        for sample in range(len(paths)):
            rows = lane.rows[sample]
            assert rows is not None
            assert np.all(rows >= 0)
            assert contents(lane, sample) == contents(lane, 0)
    assert find_divergences(found, [False] * len(paths)) == []


def test_result_shows_the_divergence_and_its_evidence(run: Run, tmp_path: Path) -> None:
    with parse(run("branch"), tmp_path / "r.h5") as result:
        row = result.divergences.row(0)
        assert len(result.divergences) == 1
        assert row["kind"] == "calls"
        values = [_value(result, value) for value in json.loads(row["evidence"])]
        assert values[0] == ("accumulate", "return")
        source = result.calls["source"].tolist()
        made = result.calls["samples"].tolist()
        names = [result.functions["name"][f] for f in result.calls["function"].tolist()]
        only = [i for i, sample in enumerate(source) if sample > 0]
        assert only
        assert {names[i] for i in only} <= {"shrink", "polish", "grow"}
        # Calls that several samples made and the reference did not are measured.
        several = [i for i in only if made[i] >= 2]
        assert several
        assert np.isfinite(result.calls["output_bits_min"][several[0]])


def _value(result: Result, value: int) -> tuple[str, str]:
    call = int(result.values["call"][value])
    function = result.functions["name"][int(result.calls["function"][call])]
    return function, result.labels["text"][int(result.values["label"][value])]
