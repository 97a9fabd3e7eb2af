"""Draws who called whom: boxes with their bits, callers to the left of their callees."""

from collections.abc import Sequence
from math import log10
from typing import Any

import plotly.graph_objects as go

from pytracer.visualize.figures.arrows import HALF, Arrow, arrows
from pytracer.visualize.figures.bits_axis import add_scale, shades
from pytracer.visualize.figures.theme import ABOVE_PIXELS, BELOW_PIXELS, Theme, empty, escape
from pytracer.visualize.queries.callgraph import PROGRAM, Drawing, Edge, Node
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.units import in_unit

LINE_PIXELS = 56
COLUMN_PIXELS = 235
BAR_PIXELS = 240
"""Length of the bar of colours."""
LETTERS = 26
"""Letters of a name that fit into a box."""
PROGRAM_NAME = "the program"


def size(drawing: Drawing) -> tuple[int, int]:
    """Pixels that the chart needs: width and height."""
    columns = {node.column for node in drawing.nodes.values()}
    lines = [node.line for node in drawing.nodes.values()]
    height = (max(lines) - min(lines) + 1) * LINE_PIXELS if lines else LINE_PIXELS
    return len(columns) * COLUMN_PIXELS + 100, int(height) + 80


def callgraph(
    drawing: Drawing, contents: Contents, unit: str, colours: Theme, *, lost: bool = False, selected: int | None = None
) -> go.Figure:
    """Boxes coloured by the bits of their worst output, or that their calls lose; `selected` is a row in functions.

    The `customdata` of a box is the row of its function, PROGRAM for the program itself.
    """
    figure = empty(colours)
    figure.update_layout(showlegend=False, dragmode="pan", bargap=0, barmode="overlay")
    found = list(arrows(drawing))
    # All at once: adding them one by one copies those before each time.
    heads = [_head(arrow, colours) for arrow in found]
    figure.update_layout(shapes=[_line(arrow, colours) for arrow in found], annotations=heads)
    _hover_arrows(figure, found, contents.names, unit, colours)
    _boxes(figure, list(drawing.nodes.values()), contents, unit, colours, lost=lost)
    node = drawing.nodes.get(selected) if selected is not None else None
    if node is not None:
        frame = {"x0": node.column - HALF, "x1": node.column + HALF, "y0": node.line - HALF, "y1": node.line + HALF}
        figure.add_shape(frame, line={"color": colours.alarm, "width": 3})
    add_scale(figure, unit, colours, lost=lost)
    length = min(BAR_PIXELS, size(drawing)[1] - ABOVE_PIXELS - BELOW_PIXELS)
    figure.update_layout(coloraxis_colorbar={"lenmode": "pixels", "len": length, "y": 1, "yanchor": "top"})
    columns = [node.column for node in drawing.nodes.values()] or [0.0]
    lines = [node.line for node in drawing.nodes.values()] or [0.0]
    figure.update_xaxes(visible=False, range=(min(columns) - 0.5, max(columns) + 0.5))
    figure.update_yaxes(visible=False, range=(max(lines) + 0.6, min(lines) - 0.6))
    return figure


def _boxes(
    figure: go.Figure, nodes: Sequence[Node], contents: Contents, unit: str, colours: Theme, *, lost: bool
) -> None:
    """Bars: these are the only marks with a text inside that may be clicked anywhere."""
    measured = [(node, bits) for node in nodes if (bits := _bits(node, contents, lost=lost)) is not None]
    others = [(node, None) for node in nodes if _bits(node, contents, lost=lost) is None]
    shade, ink = shades((bits for _, bits in measured), lost=lost)
    for group, colour, font in ((measured, shade, ink), (others, colours.grid, colours.ink)):
        if not group:
            continue
        boxes = [node for node, _ in group]
        figure.add_bar(
            orientation="h",
            base=[node.column - HALF for node in boxes],
            x=[2 * HALF] * len(boxes),
            y=[node.line for node in boxes],
            width=2 * HALF,
            marker={"color": colour},
            customdata=[node.function for node in boxes],
            text=[_label(node, contents, unit) for node in boxes],
            textposition="inside",
            insidetextanchor="middle",
            textangle=0,
            constraintext="none",
            insidetextfont={"color": font},
            hovertext=[_hover(node, contents, unit) for node in boxes],
            hovertemplate="%{hovertext}<extra></extra>",
        )


def _bits(node: Node, contents: Contents, *, lost: bool) -> float | None:
    function = contents.by_row.get(node.function)
    return None if function is None else function.bits_lost if lost else function.output_bits


def _label(node: Node, contents: Contents, unit: str) -> str:
    if node.function == PROGRAM:
        return PROGRAM_NAME
    name = contents.names[node.function].replace("<locals>.", "")
    while len(name) > LETTERS and "." in name:
        name = name.partition(".")[2]
    name = name if len(name) <= LETTERS else f"...{name[3 - LETTERS :]}"
    function = contents.by_row.get(node.function)
    if function is None or (function.output_bits is None and function.bits_lost is None):
        return escape(name)
    return f"{escape(name)}<br>{in_unit(function.output_bits, unit)} left, {in_unit(function.bits_lost, unit)} lost"


def _hover(node: Node, contents: Contents, unit: str) -> str:
    if node.function == PROGRAM:
        return PROGRAM_NAME
    function = contents.by_row.get(node.function)
    name = f"<b>{escape(contents.names[node.function])}</b>"
    if function is None:
        return name
    bits = (
        f"worst output {in_unit(function.output_bits, unit)} {unit}, at most {in_unit(function.bits_lost, unit)} lost"
    )
    return f"{name}<br>{function.calls} calls<br>{bits}"


def _line(arrow: Arrow, colours: Theme) -> dict[str, Any]:
    """An arrow without its head; one that leads back to a caller is dotted."""
    width = 1 + log10(max(arrow.edge.calls, 1)) / 2
    line = {"color": colours.others, "width": width, "dash": "dot" if arrow.back else "solid"}
    return {"type": "path", "path": arrow.path, "line": line, "layer": "below"}


def _head(arrow: Arrow, colours: Theme) -> dict[str, Any]:
    x, y = arrow.curves[-1].x1, arrow.curves[-1].y1
    tail = {"ax": x - 0.03, "ay": y, "axref": "x", "ayref": "y"}
    return {"x": x, "y": y, **tail, "showarrow": True, "arrowhead": 2, "arrowcolor": colours.others, "text": ""}


def _hover_arrows(figure: go.Figure, found: Sequence[Arrow], names: Sequence[str], unit: str, colours: Theme) -> None:
    middles = [arrow.middle for arrow in found]
    figure.add_scatter(
        x=[x for x, _ in middles],
        y=[y for _, y in middles],
        mode="markers",
        marker={"size": 7, "color": colours.others, "opacity": 0.6},
        text=[_edge_text(arrow.edge, names, unit) for arrow in found],
        hovertemplate="%{text}<extra></extra>",
    )


def _edge_text(edge: Edge, names: Sequence[str], unit: str) -> str:
    caller = PROGRAM_NAME if edge.caller == PROGRAM else names[edge.caller]
    bits = f"worst output {in_unit(edge.output_bits, unit)} {unit}, at most {in_unit(edge.bits_lost, unit)} lost"
    who = f"{escape(caller)} calls {escape(names[edge.callee])}"
    return f"{who}<br>{edge.calls} calls, {edge.duration_ms:.6g} ms in them<br>{bits}"
