"""The ways of the arrows of a call graph: through the gutters beside the columns of boxes, and the gaps in them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import copysign
from typing import NamedTuple

from pytracer.visualize.queries.callgraph import Drawing, Edge, Node

HALF = 0.4
"""Half of the width and height of a box; columns and lines are 1 apart."""
BEND = 0.13
"""How far the ends of a curve pull it into the gutter, which is 1 - 2 HALF wide."""
SPREAD = 0.12
"""Part of a gap that the arrows in it share out; it is 1 - 2 HALF high."""


class Curve(NamedTuple):
    """A cubic Bezier curve in a gutter: columns of its four points; the first two have the line y0, the others y1."""

    x0: float
    pull0: float
    pull1: float
    x1: float
    y0: float
    y1: float


@dataclass(frozen=True)
class Arrow:
    """From the right side of the caller to the left side of the callee, by curves with straight lines between them."""

    edge: Edge
    back: bool  # whether it leads back to a caller
    curves: Sequence[Curve]

    @property
    def path(self) -> str:
        """In the language of SVG."""
        first = self.curves[0]
        parts = [f"L {c.x0} {c.y0} C {c.pull0} {c.y0}, {c.pull1} {c.y1}, {c.x1} {c.y1}" for c in self.curves]
        return " ".join([f"M {first.x0} {first.y0}", *parts])

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of its first curve."""
        c = self.curves[0]
        return (c.x0 + 3 * c.pull0 + 3 * c.pull1 + c.x1) / 8, (c.y0 + c.y1) / 2


def arrows(drawing: Drawing) -> Iterator[Arrow]:
    """One for each edge between two boxes: it crosses none of the others."""
    edges = [edge for edge in drawing.edges if edge.caller != edge.callee]
    ends = [(drawing.nodes[edge.caller], drawing.nodes[edge.callee]) for edge in edges]
    for edge, (caller, callee), way in zip(edges, ends, _ways(drawing.nodes, ends), strict=True):
        yield Arrow(edge, callee.column <= caller.column, list(_curves(caller, callee, way)))


Way = list[tuple[float, float]]
"""Column and line of each place where an arrow passes a column, in its order."""


def _ways(nodes: Mapping[int, Node], ends: Sequence[tuple[Node, Node]]) -> list[Way]:
    """As straight as the boxes let them be; one that leads back passes the columns of its ends, too."""
    lines: dict[float, list[float]] = {}
    for node in nodes.values():
        lines.setdefault(node.column, []).append(node.line)
    ways: list[Way] = []
    for caller, callee in ends:
        first, last = int(caller.column), int(callee.column)
        columns = range(first, last - 1, -1) if last <= first else range(first + 1, last)
        way, line = [], caller.line
        for i, column in enumerate(columns):
            line = _free(lines.get(column, ()), line + (callee.line - line) / (len(columns) - i + 1))
            way.append((float(column), line))
        ways.append(way)
    return _apart(ways)


def _free(lines: Sequence[float], wanted: float) -> float:
    """The line wanted, or the nearest gap where a box is."""
    near = min(lines, key=lambda line: abs(line - wanted), default=wanted + 1)
    return wanted if abs(near - wanted) >= 0.5 else near + copysign(0.5, wanted - near)


def _apart(ways: list[Way]) -> list[Way]:
    """Those that pass a column at the same line beside each other, in the order in which they come."""
    shared: dict[tuple[float, float], list[tuple[float, int, int]]] = {}
    for number, way in enumerate(ways):
        for i, (column, line) in enumerate(way):
            before = way[i - 1][1] if i else line
            shared.setdefault((column, round(line, 6)), []).append((before, number, i))
    for (column, line), group in shared.items():
        step = min(SPREAD / max(len(group) - 1, 1), SPREAD / 2)
        for rank, (_, number, i) in enumerate(sorted(group)):
            ways[number][i] = column, line + (rank - (len(group) - 1) / 2) * step
    return ways


def _curves(caller: Node, callee: Node, way: Way) -> Iterator[Curve]:
    ahead = 1 if callee.column > caller.column else -1  # the direction in which columns are passed
    leave = [(caller.column + HALF, caller.line, 1), *((x + ahead * HALF, y, ahead) for x, y in way)]
    enter = [*((x - ahead * HALF, y, ahead) for x, y in way), (callee.column - HALF, callee.line, 1)]
    for (x0, y0, out), (x1, y1, into) in zip(leave, enter, strict=True):
        yield Curve(x0, x0 + out * BEND, x1 - into * BEND, x1, y0, y1)
