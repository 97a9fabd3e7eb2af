"""Who called whom: edges, the part that is drawn, its layout, and the page."""

import re
from collections.abc import Iterator
from itertools import pairwise
from math import comb
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import Made, rich

from pytracer.parse import Result
from pytracer.visualize.figures.arrows import HALF, Arrow, arrows
from pytracer.visualize.figures.callgraph import callgraph, size
from pytracer.visualize.figures.theme import LIGHT
from pytracer.visualize.pages import callgraph as page
from pytracer.visualize.queries.callgraph import PROGRAM, Drawing, Edge, Graph, Node, around, draw, place, worst
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents.of(Result.open(rich().write(tmp_path / "rich.h5")))


def edge(caller: int, callee: int, lost: float | None = None) -> Edge:
    return Edge(caller, callee, 1, 1.0, lost, None)


def graph(*pairs: tuple[int, int]) -> Graph:
    return Graph(tuple(edge(*pair) for pair in pairs))


def test_edges_are_counted_from_the_calls(contents: Contents) -> None:
    main, solve, dot, phase, branch = range(5)
    found = {(each.caller, each.callee): each for each in contents.graph.edges}
    assert found.keys() == {
        (PROGRAM, main),
        (main, solve),
        (solve, dot),
        (main, phase),
        (main, branch),
        (PROGRAM, branch),
    }
    assert found[solve, dot] == Edge(solve, dot, 50, 50 * 5e-6, 6.0, 44.0)
    assert found[PROGRAM, main] == Edge(PROGRAM, main, 1, 1.0, None, None)


def test_stored_edges_are_taken(tmp_path: Path) -> None:
    made = rich()
    made.add("edges", caller=-1, callee=1, calls=7, duration_ns=2_000_000, bits_lost_max=3.0, output_bits_min=4.0)
    contents = Contents.of(Result.open(made.write(tmp_path / "stored.h5")))
    assert contents.graph.edges == (Edge(PROGRAM, 1, 7, 2.0, 3.0, 4.0),)


def test_neighbourhood_is_nearest_first() -> None:
    chain = graph(*pairwise(range(10)))
    assert around(chain, 5, 3) == {4, 5, 6}
    assert around(chain, 5, 100) == set(range(10))


def test_worst_functions_come_with_their_ways() -> None:
    found = graph((PROGRAM, 0), (0, 1), (1, 2), (0, 3), (3, 2))
    assert worst(found, [2], 10) == {PROGRAM, 0, 1, 2}
    assert worst(found, [2, 3], 4) == {PROGRAM, 0, 1, 2}
    assert worst(graph((5, 6)), [6], 10) == {6}  # called from nowhere that is known


def test_callees_stand_right_of_their_callers() -> None:
    edges = [edge(*pair) for pair in ((PROGRAM, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 0))]
    nodes = place({PROGRAM, 0, 1, 2}, edges)
    assert {function: node.column for function, node in nodes.items()} == {PROGRAM: 0, 0: 1, 1: 2, 2: 3}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60))
def test_no_box_covers_another(pairs: list[tuple[int, int]]) -> None:
    functions = {function for pair in pairs for function in pair}
    nodes = place(functions, [edge(*pair) for pair in pairs])
    assert nodes.keys() == functions
    lines: dict[float, list[float]] = {}
    for node in nodes.values():
        lines.setdefault(node.column, []).append(node.line)
    for column in lines.values():
        assert all(b - a >= 0.999 for a, b in pairwise(sorted(column)))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] < pair[1]), max_size=40))
def test_without_recursion_all_edges_go_right(pairs: list[tuple[int, int]]) -> None:
    nodes = place({function for pair in pairs for function in pair}, [edge(*pair) for pair in pairs])
    assert all(nodes[caller].column < nodes[callee].column for caller, callee in pairs)


def points(arrow: Arrow) -> Iterator[tuple[float, float]]:
    """Along its path, read as a browser does."""
    x = y = 0.0
    for command, *words in (re.split(r"[ ,]+", part.strip()) for part in re.findall("[MLC][^MLC]*", arrow.path)):
        xs, ys = [x, *map(float, words[::2])], [y, *map(float, words[1::2])]
        assert (command, len(xs)) in (("M", 2), ("L", 2), ("C", 4))
        for t in np.linspace(0, 1, 33) if command != "M" else ():
            shares = [comb(len(xs) - 1, i) * t**i * (1 - t) ** (len(xs) - 1 - i) for i in range(len(xs))]
            yield float(np.dot(shares, xs)), float(np.dot(shares, ys))
        x, y = xs[-1], ys[-1]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=60))
def test_no_arrow_crosses_a_box(pairs: list[tuple[int, int]]) -> None:
    edges = tuple(edge(*pair) for pair in dict.fromkeys(pairs))
    nodes = place({function for pair in pairs for function in pair}, edges)
    found = list(arrows(Drawing(nodes, edges, 0)))
    assert [arrow.edge for arrow in found] == [each for each in edges if each.caller != each.callee]
    for arrow in found:
        caller, callee = nodes[arrow.edge.caller], nodes[arrow.edge.callee]
        way = list(points(arrow))
        assert way[0] == (caller.column + HALF, caller.line)
        assert way[-1] == pytest.approx((callee.column - HALF, callee.line))
        for x, y in way:
            assert not any(max(abs(x - n.column), abs(y - n.line)) < HALF - 1e-9 for n in nodes.values())


def test_arrow_is_as_straight_as_the_boxes_let_it_be() -> None:
    """From 0 over 1 to 2 and directly, which passes beside the box of 1."""
    edges = (edge(0, 1), edge(1, 2), edge(0, 2), edge(2, 0))
    nodes = {i: Node(i, float(i), 0.0) for i in range(3)}
    found = {(arrow.edge.caller, arrow.edge.callee): arrow for arrow in arrows(Drawing(nodes, edges, 0))}
    assert [len(arrow.curves) for arrow in found.values()] == [1, 1, 2, 4]
    assert {y for _, y in points(found[0, 1])} == {0.0}
    assert max(abs(y) for _, y in points(found[0, 2])) == pytest.approx(0.5, abs=0.06)
    assert found[2, 0].back
    lines = {round(curve.y1, 6) for arrow in found.values() for curve in arrow.curves[:1] if curve.y1}
    assert len(lines) == 2  # where two pass the same gap, each has its own line


def test_left_out_functions_are_counted(contents: Contents) -> None:
    ranked = [function.row for function in contents.functions]
    assert draw(contents.graph, ranked).left_out == 0
    drawing = draw(contents.graph, ranked, limit=3)
    assert (drawing.nodes.keys(), drawing.left_out) == ({PROGRAM, 0, 1}, 3)


def test_boxes_tell_name_and_bits(contents: Contents) -> None:
    drawing = draw(contents.graph, [f.row for f in contents.functions])
    figure = callgraph(drawing, contents, "bits", LIGHT, selected=1)
    texts = {
        cell: text
        for trace in figure.data
        if trace.type == "bar"
        for cell, text in zip(trace.customdata, trace.text, strict=True)
    }
    assert texts[PROGRAM] == "the program"
    assert texts[1] == "mod.solve<br>5.0 left, 40.0 lost"
    assert texts[2] == "mod.dot<br>44.0 left, 6.0 lost"
    assert len(figure.layout.annotations) == len(drawing.edges)  # a head for each
    assert figure.layout.shapes[-1].line.color == LIGHT.alarm
    assert min(size(drawing)) > 100
    digits = callgraph(drawing, contents, "digits", LIGHT)
    assert any("1.51 left" in text for trace in digits.data if trace.type == "bar" for text in trace.text)


def test_click_on_a_bar_selects_its_call(contents: Contents) -> None:
    click = {"points": [{"customdata": [1, "mod.solve"]}]}
    state = page.followed(State(function="mod.dot"), contents, "gantt", {"gantt": click})
    assert state == State(function="mod.solve", call=1)


def test_click_on_a_box_chooses_its_function(contents: Contents) -> None:
    state = page.followed(State(), contents, "callgraph", {"callgraph": {"points": [{"customdata": 2}]}})
    assert state == State(function="mod.dot")
    program = {"callgraph": {"points": [{"customdata": PROGRAM}]}}
    assert page.followed(State(), contents, "callgraph", program) == State()
    assert page.followed(State(), contents, "callgraph", {"callgraph": None}) == State()


def test_all_the_time_ends_the_zoom(contents: Contents) -> None:
    assert page.followed(State(time_range=(1.0, 2.0)), contents, "gantt-all", {}) == State()


def test_page_says_what_is_wrong(contents: Contents) -> None:
    figure, _, note = page.bars_of(contents, State(time_range=(5.0, 6.0)), LIGHT)
    assert "zoom out" in figure.layout.annotations[0].text
    assert note == ""
    chosen, neighbours = page.around_chosen(contents, State(function="gone"))
    assert "no function 'gone'" in chosen
    assert neighbours is None


def test_tables_hold_what_is_drawn(contents: Contents) -> None:
    rows = list(page.bar_rows(contents, State(lane=1)))
    assert rows[1][:3] == ["mod.branch", 54, 1]
    assert len(list(page.edge_rows(contents, State()))) == 1 + 6


def test_result_without_calls_has_no_graph(tmp_path: Path) -> None:
    empty = Contents.of(Result.open(Made().write(tmp_path / "empty.h5")))
    figure, *_ = page.graph_of(empty, State(), LIGHT)
    assert empty.graph.edges == ()
    assert all(trace.type != "bar" for trace in figure.data)
