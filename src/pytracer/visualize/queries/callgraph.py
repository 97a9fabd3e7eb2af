"""Reads who called whom, chooses a part that can be read, and lays it out from the callers to the callees."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np

from pytracer.parse.aggregates import of_edges
from pytracer.parse.store import Result

PROGRAM = -1
"""Stands for the program itself among the rows of functions."""
NODES = 25
"""Functions that are drawn together; the others are counted."""


COLUMNS = ("caller", "callee", "calls", "duration_ns", "bits_lost_max", "output_bits_min")


@dataclass(frozen=True)
class Edge:
    """The calls of one function by another. Bits are significant bits (base 2); None: not measured."""

    caller: int  # row in functions, or PROGRAM
    callee: int
    calls: int
    duration_ms: float
    bits_lost: float | None  # maximum over those calls
    output_bits: float | None  # minimum over those calls


@dataclass(frozen=True)
class Graph:
    """Who called whom."""

    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, result: Result) -> Self:
        """The table `edges`; made from the calls when a result has none."""
        table = result.edges if len(result.edges) else of_edges(result.calls.__getitem__)
        columns = (np.asarray(table[name]) for name in COLUMNS)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return cls(tuple(Edge(a, b, n, t / 1e6, _known(lost), _known(bits)) for a, b, n, t, lost, bits in rows))

    @cached_property
    def callees(self) -> dict[int, list[Edge]]:
        """Of each caller."""
        found: dict[int, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.caller, []).append(edge)
        return found

    @cached_property
    def callers(self) -> dict[int, list[Edge]]:
        """Of each callee."""
        found: dict[int, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(edge.callee, []).append(edge)
        return found


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True)
class Node:
    """A function where it is drawn. Columns go from the callers to the callees, lines from the top."""

    function: int  # row in functions, or PROGRAM
    column: float
    line: float


@dataclass(frozen=True)
class Drawing:
    """A part of a graph, laid out."""

    nodes: dict[int, Node]
    edges: tuple[Edge, ...]
    left_out: int  # functions that are not drawn


def around(graph: Graph, function: int, limit: int = NODES) -> set[int]:
    """The function, its callers and callees, theirs, and so on, nearest first, at most `limit`."""
    found, border = {function}, [function]
    while border and len(found) < limit:
        callers = [edge.caller for f in border for edge in graph.callers.get(f, ())]
        callees = [edge.callee for f in border for edge in graph.callees.get(f, ())]
        border = [f for f in dict.fromkeys(callers + callees) if f not in found][: limit - len(found)]
        found.update(border)
    return found


def worst(graph: Graph, ranked: Iterable[int], limit: int = NODES) -> set[int]:
    """The first of `ranked` functions, each with a way to it from the program, at most `limit`."""
    found: set[int] = set()
    for function in ranked:
        way = _way(graph, function)
        if len(found | set(way)) > limit:
            break
        found.update(way)
    return found


def _way(graph: Graph, function: int) -> list[int]:
    """A shortest way from the program to the function; only the function when there is none."""
    reached: dict[int, int | None] = {function: None}
    border = [function]
    while border and PROGRAM not in reached:
        following = []
        for callee in border:
            for edge in graph.callers.get(callee, ()):
                if edge.caller not in reached:
                    reached[edge.caller] = callee
                    following.append(edge.caller)
        border = following
    way, step = [], PROGRAM if PROGRAM in reached else function
    while step is not None:
        way.append(step)
        step = reached[step]  # type: ignore[assignment]
    return way


def draw(graph: Graph, ranked: Iterable[int], function: int | None = None, limit: int = NODES) -> Drawing:
    """The neighbourhood of `function`, or the first of the `ranked` functions, laid out."""
    functions = {edge.callee for edge in graph.edges} | {edge.caller for edge in graph.edges}
    if function is not None:
        chosen = around(graph, function, limit)
    else:
        chosen = worst(graph, (row for row in ranked if row in functions), limit)
    edges = tuple(edge for edge in graph.edges if edge.caller in chosen and edge.callee in chosen)
    return Drawing(place(chosen, edges), edges, len(functions - chosen))


SWEEPS = 4


def place(functions: Collection[int], edges: Iterable[Edge]) -> dict[int, Node]:
    """Each function one column right of its last caller, near its callers' and callees' lines.

    Layered drawing after Sugiyama, Tagawa and Toda (IEEE Trans. SMC 11, 1981): columns by longest ways over the
    edges that close no cycle, lines by the mean of the neighbours' (barycentre), swept back and forth.
    """
    forward = _forward(functions, edges)
    column = _columns(functions, forward)
    members: dict[int, list[int]] = {}
    for function in sorted(functions):
        members.setdefault(column[function], []).append(function)
    neighbours = {
        function: forward[function] + [a for a in functions if function in forward[a]] for function in functions
    }
    line = {function: float(i) for group in members.values() for i, function in enumerate(group)}
    for sweep in range(SWEEPS):
        for _, group in sorted(members.items(), reverse=bool(sweep % 2)):
            _straighten(group, neighbours, line)
    return {function: Node(function, float(column[function]), line[function]) for function in functions}


def _straighten(group: list[int], neighbours: Mapping[int, list[int]], line: dict[int, float]) -> None:
    """Order the functions of a column by the lines of their neighbours, and centre the column on them."""
    wanted = {f: float(np.mean([line[n] for n in neighbours[f]])) if neighbours[f] else line[f] for f in group}
    group.sort(key=lambda f: (wanted[f], f))
    middle = float(np.mean(list(wanted.values())))
    for i, function in enumerate(group):
        line[function] = middle + i - (len(group) - 1) / 2


def _forward(functions: Collection[int], edges: Iterable[Edge]) -> dict[int, list[int]]:
    """The callees of each function, without the edges that lead back to a function on the way (recursion)."""
    callees: dict[int, list[int]] = {function: [] for function in functions}
    for edge in edges:
        if edge.caller != edge.callee:
            callees[edge.caller].append(edge.callee)
    forward: dict[int, list[int]] = {function: [] for function in functions}
    state: dict[int, bool] = {}  # on the way, or done
    for root in sorted(functions):
        stack = [] if root in state else [(root, iter(callees[root]))]
        state.setdefault(root, True)
        while stack:
            function, left = stack[-1]
            callee = next(left, None)
            if callee is None:
                state[function] = False
                stack.pop()
            elif callee not in state:
                forward[function].append(callee)
                state[callee] = True
                stack.append((callee, iter(callees[callee])))
            elif not state[callee]:
                forward[function].append(callee)
    return forward


def _columns(functions: Collection[int], forward: Mapping[int, list[int]]) -> dict[int, int]:
    column = dict.fromkeys(functions, 0)
    waiting = dict.fromkeys(functions, 0)
    for callees in forward.values():
        for callee in callees:
            waiting[callee] += 1
    ready = [function for function in functions if not waiting[function]]
    while ready:
        function = ready.pop()
        for callee in forward[function]:
            column[callee] = max(column[callee], column[function] + 1)
            waiting[callee] -= 1
            if not waiting[callee]:
                ready.append(callee)
    return column
