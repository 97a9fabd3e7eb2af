"""The tables of functions, edges and sources, and the call graph file that is made of them."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from synthetic import Program, spread, write_experiment

from pytracer.errors import UsageError
from pytracer.parse import Result, parse
from pytracer.parse.callgraph import CallGraph

GOOD, BAD = spread(40, 5), spread(12, 5, 1)


def program(calls: Program, i: int) -> None:
    def inside() -> None:
        for k in range(3):
            calls.call("g", float(GOOD[i]), result=float(BAD[i] if k == 1 else GOOD[i]), line=10 + k % 2, noisy=1)

    calls.call("f", 1.0, result=2.0, line=1, noisy=1, inside=inside)
    calls.call("g", 1.0, result=2.0, line=2)
    calls.call("g", "text", line=2)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return parse(write_experiment(tmp_path, program, 5), tmp_path / "stats.1.h5")


def test_functions_sum_up_their_calls(result: Result) -> None:
    f, g = (result.functions.row(i) for i in range(2))
    assert (f["name"], f["calls"], f["measurable"]) == ("f", 1, 1)
    assert (g["name"], g["calls"], g["measurable"]) == ("g", 5, 3)
    calls = [result.calls.row(i) for i in range(len(result.calls)) if result.calls.read("function", i) == 1]
    lost = sorted(call["bits_lost"] for call in calls if not math.isnan(call["bits_lost"]))
    outputs = sorted(call["output_bits_min"] for call in calls if not math.isnan(call["output_bits_min"]))
    assert len(lost) == len(outputs) == 3
    assert (g["bits_lost_max"], g["bits_lost_median"]) == (lost[2], lost[1])
    assert (g["output_bits_min"], g["output_bits_median"]) == (outputs[0], outputs[1])
    assert g["input_bits_min"] == min(call["input_bits_min"] for call in calls if call["measurable"])
    assert result.calls.read("bits_lost", g["worst_call"]) == lost[2]


def test_a_function_without_bits_has_none(tmp_path: Path) -> None:
    def body(calls: Program, i: int) -> None:
        calls.call("f", "text")

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        row = result.functions.row(0)
        assert (row["calls"], row["measurable"], row["worst_call"]) == (1, 0, -1)
        assert math.isnan(row["bits_lost_max"])


def test_edges_are_callers_and_callees(result: Result) -> None:
    edges = {(row["caller"], row["callee"]): row for row in (result.edges.row(i) for i in range(len(result.edges)))}
    assert {pair: edge["calls"] for pair, edge in edges.items()} == {(-1, 0): 1, (-1, 1): 2, (0, 1): 3}
    assert edges[0, 1]["bits_lost_max"] == result.functions.read("bits_lost_max", 1)
    assert math.isnan(edges[-1, 1]["bits_lost_max"])
    assert edges[0, 1]["duration_ns"] == result.calls["duration_ns"][1:4].sum()


def test_no_calls(tmp_path: Path) -> None:
    with parse(write_experiment(tmp_path, lambda calls, i: None, 3), tmp_path / "r.h5") as result:
        assert (len(result.functions), len(result.edges)) == (0, 0)
        assert CallGraph.of(result).content["edges"] == []


def test_the_file_says_what_the_result_says(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "callgraph.1"
    CallGraph.of(result).write(path)
    content = json.loads(path.read_text())
    assert (content["format"], content["version"], content["samples"]) == ("pytracer-callgraph", 1, 4)
    assert [(node["id"], node["name"], node["calls"]) for node in content["nodes"]] == [(0, "f", 1), (1, "g", 5)]
    assert content["nodes"][1]["bits_lost_max"] == result.functions.read("bits_lost_max", 1)
    inner, direct, own = sorted(content["edges"], key=lambda edge: -edge["calls"])
    assert (inner["caller"], inner["callee"], inner["calls"]) == (0, 1, 3)
    assert [(site["line"], site["calls"]) for site in inner["sites"]] == [(10, 2), (11, 1)]
    assert (direct["caller"], own["caller"], direct["bits_lost_max"]) == (None, None, None)
    CallGraph.read(path).check(path, result)


def rename(content: dict) -> None:
    content["nodes"][0]["name"] = "other"


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (rename, "is not the call graph of"),
        (lambda content: content.pop("edges"), "is not the call graph of"),
        (lambda content: content.update(version=2), "has call graph format 2, this pytracer reads 1"),
        (lambda content: content.pop("format"), "is no call graph"),
    ],
)
def test_another_call_graph_is_refused(
    result: Result, tmp_path: Path, damage: Callable[[dict], None], expected: str
) -> None:
    content = CallGraph.of(result).content
    damage(content)
    path = tmp_path / "callgraph.2"
    path.write_text(json.dumps(content))
    with pytest.raises(UsageError, match=expected):
        CallGraph.read(path).check(path, result)


@pytest.mark.parametrize("content", [b"", b"[1]", b"[" * 100_000, b"\xff", b"{"])
def test_what_is_no_call_graph(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "callgraph.3"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no call graph"):
        CallGraph.read(path)


def test_a_call_graph_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        CallGraph.read(tmp_path / "callgraph.4")
    with pytest.raises(UsageError, match="is no call graph"):
        CallGraph.read(tmp_path)
