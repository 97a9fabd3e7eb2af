"""The call graph: the calls as bars over time, one inside the other, and who called whom."""

from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update
from dash import State as Held
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import controls, function_grid, paths
from pytracer.visualize.components import (
    address,
    bind_part,
    bind_plain,
    bits_cell,
    chart,
    exports,
    follow_moves,
    link,
    lost_cell,
    number_cell,
    options,
    part,
    plain,
    switch,
    table,
)
from pytracer.visualize.figures import callgraph as graph_figure
from pytracer.visualize.figures import gantt as gantt_figure
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.queries import callgraph, nesting
from pytracer.visualize.queries.callgraph import PROGRAM, Edge
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import BITS, LOST, State
from pytracer.visualize.units import count

PATH = paths.CALL_GRAPH
TITLE = "Call graph"

CONTROLS = {"callgraph-colour": "colour", "callgraph-lane": "lane", "callgraph-shown": "graph"}
NEIGHBOURS = 30
"""Callers and callees that are listed."""


def layout(contents: Contents, state: State) -> html.Div:
    """The bars above, the graph below."""
    measured = contents.result.perturbed
    shown = {"worst": "functions that lose most" if measured else "first functions", "around": "around the chosen one"}
    lanes = dict(enumerate(contents.nesting.lanes))
    key: dict[str, Any] = {"data-key": "0"}
    bars = [
        switch("callgraph-colour", "colour", _colours(state.unit), state.colour, hidden=not measured),
        lane_choice(lanes, state.lane),
        html.Button("all the time", id="gantt-all", title="zoom out (key 0)", **key),
        exports(chart="gantt", csv="callgraph/bars"),
    ]
    return html.Div(
        [
            address("callgraph"),
            part("callgraph", "time_range", "lane"),
            html.Section(
                [
                    html.H2(
                        ["Calls over time ", html.Span("wheel zooms, drag moves, click selects", className="note")]
                    ),
                    html.Div(bars, className="controls"),
                    html.Div(html.Div(chart("gantt"), id="gantt-frame", className="frame"), className="scroll"),
                    html.P(id="gantt-note", className="note"),
                ],
                className="card",
            ),
            html.Section(
                [
                    html.H2(["Who calls whom ", html.Span(id="callgraph-function", className="note")]),
                    html.Div(
                        [
                            switch("callgraph-shown", "show", shown, state.graph),
                            exports(chart="callgraph", csv="callgraph/edges"),
                        ],
                        className="controls",
                    ),
                    html.Div(html.Div(chart("callgraph"), id="callgraph-frame", className="frame"), className="scroll"),
                    html.P(id="callgraph-note", className="note"),
                    plain("callgraph-neighbours"),
                ],
                className="card",
            ),
        ],
        className="stack",
    )


def _colours(unit: str) -> dict[str, str]:
    return {BITS: f"{unit} left", LOST: f"{unit} lost"}


def lane_choice(lanes: dict[int, str], lane: int | None) -> html.Label:
    """Which lane is shown."""
    menu = options(lanes)
    drop = dcc.Dropdown(id="callgraph-lane", options=menu, value=lane, placeholder=f"all {len(lanes)} lanes")
    return html.Label(["lane", drop], className="wide", hidden=len(lanes) < 2)


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""
    controls.bind(app, "callgraph", CONTROLS)
    controls.follow_unit(app, "callgraph-colour", _colours)
    follow_moves(app, "gantt")
    bind_plain(app, "callgraph-neighbours")

    @app.callback(
        Output("callgraph-view", "search", allow_duplicate=True),
        Output("gantt", "clickData"),
        Output("callgraph", "clickData"),
        Input("gantt", "clickData"),
        Input("callgraph", "clickData"),
        Input("gantt-all", "n_clicks"),
        Held("callgraph-view", "search"),
        prevent_initial_call=True,
    )
    def follow(bar: Any, box: Any, _: Any, search: str | None) -> tuple[Any, Any, Any]:
        before = State.parse(search)
        given = {"gantt": bar, "callgraph": box}
        state = followed(before, contents, str(ctx.triggered_id), given)
        return no_update if state == before else state.search, None, None

    @app.callback(
        Output("gantt", "figure"),
        Output("gantt-frame", "style"),
        Output("gantt-note", "children"),
        Input("callgraph-view", "search"),
        Input("theme", "data"),
    )
    def draw_bars(search: str | None, name: str | None) -> tuple[Figure, dict[str, str], str]:
        return bars_of(contents, State.parse(search), theme(name))

    @app.callback(
        Output("callgraph", "figure"),
        Output("callgraph-frame", "style"),
        Output("callgraph-note", "children"),
        bind_part(app, "callgraph", "callgraph"),
        Input("theme", "data"),
    )
    def draw_graph(search: str | None, name: str | None) -> tuple[Figure, dict[str, str], str]:
        return graph_of(contents, State.parse(search), theme(name))

    @app.callback(
        Output("callgraph-function", "children"),
        Output("callgraph-neighbours-plain", "data"),
        Input("callgraph-view", "search"),  # all of it: the links keep it
    )
    def list_neighbours(search: str | None) -> tuple[str, Any]:
        return around_chosen(contents, State.parse(search))


def followed(state: State, contents: Contents, triggered: str, given: dict[str, Any]) -> State:
    """The state after a click on a bar, a box, or "all the time"; the same one when that says nothing new."""
    if triggered == "gantt-all":
        return state.with_fields(time_range=None)
    value = given.get(triggered)
    if not value:
        return state
    if triggered == "gantt":
        call = int(value["points"][0]["customdata"][0])
        return state.at_call(contents.by_row[int(contents.nesting.function[call])].key, call)
    function = contents.by_row.get(_first(value["points"][0].get("customdata", PROGRAM)))
    return state if function is None else state.with_function(function.key)


def _first(cell: Any) -> int:
    return int(cell[0] if isinstance(cell, list) else cell)


def bars_of(contents: Contents, state: State, colours: Theme) -> tuple[Figure, dict[str, str], str]:
    """Chart, style of its frame, and what it leaves out."""
    try:
        found = nesting.bars(contents.nesting, state.time_range, state.lane, lost=state.colour == LOST)
    except ResultError as error:
        return message(str(error), colours), {"height": "160px"}, ""
    if not len(found):
        return message("No call in this time: zoom out (key 0).", colours), {"height": "160px"}, ""
    figure = gantt_figure.gantt(
        found, contents.nesting, contents.names, state.unit, colours, lost=state.colour == LOST, selected=state.call
    )
    return figure, {"height": f"{gantt_figure.height(found)}px"}, found.left_out


def graph_of(contents: Contents, state: State, colours: Theme) -> tuple[Figure, dict[str, str], str]:
    """Chart, style of its frame, what it leaves out."""
    try:
        graph = contents.graph
    except ResultError as error:
        return message(str(error), colours), {"height": "160px"}, ""
    function = function_grid.chosen(state, contents)
    around = function.row if function is not None and state.graph == "around" else None
    drawing = callgraph.draw(graph, (f.row for f in contents.functions), around)
    width, height = graph_figure.size(drawing)
    figure = graph_figure.callgraph(
        drawing, contents, state.unit, colours, lost=state.colour == LOST, selected=function.row if function else None
    )
    note = (
        f"{drawing.left_out} more functions are not drawn: choose one, and show what is around it"
        if drawing.left_out
        else ""
    )
    return figure, {"height": f"{height}px", "minWidth": f"{width}px"}, note


def around_chosen(contents: Contents, state: State) -> tuple[str, Any]:
    """The chosen function, and its callers and callees."""
    function = function_grid.chosen(state, contents)
    if function is None:
        return f"this result has no function {state.function!r}", None
    try:
        return f"chosen: {function.name}", neighbours(contents, state, function.row)
    except ResultError:
        return "", None  # the chart says why


def neighbours(contents: Contents, state: State, function: int) -> html.Div:
    """Callers and callees of a function as lists with links."""
    callers = sorted(contents.graph.callers.get(function, ()), key=_loss)
    callees = sorted(contents.graph.callees.get(function, ()), key=_loss)
    return html.Div(
        [
            _list("called by", [(edge.caller, edge) for edge in callers], contents, state),
            _list("calls", [(edge.callee, edge) for edge in callees], contents, state),
        ],
        className="columns",
    )


def _loss(edge: Edge) -> float:
    return -(edge.bits_lost if edge.bits_lost is not None else -1.0)


def _list(title: str, edges: Sequence[tuple[int, Edge]], contents: Contents, state: State) -> html.Div:
    if not edges:
        return html.Div(html.P(f"{title} no recorded function", className="note"))
    bits = (f"{state.unit} left", f"{state.unit} lost") if contents.result.perturbed else ()
    rows = []
    for function, edge in edges[:NEIGHBOURS]:
        found = contents.by_row.get(function)
        name = link(found.name, PATH, state.with_function(found.key)) if found else graph_figure.PROGRAM_NAME
        cells = [bits_cell(edge.output_bits, state.unit), lost_cell(edge.bits_lost, state.unit)] if bits else []
        rows.append([name, *cells, number_cell(count(edge.calls)), number_cell(f"{edge.duration_ms:.6g}")])
    more = f"and {len(edges) - NEIGHBOURS} more" if len(edges) > NEIGHBOURS else ""
    return html.Div([table((title, *bits, "calls", "ms in them"), rows), html.P(more, className="note")])


def bar_rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """The bars that are shown, as a table."""
    found = nesting.bars(contents.nesting, state.time_range, state.lane, lost=state.colour == LOST)
    yield (
        "function",
        "call",
        "calls",
        "start_ms",
        "end_ms",
        "line",
        "bits_lost" if state.colour == LOST else "output_bits",
    )
    functions = contents.nesting.function[found.call].tolist()
    columns = (found.call, found.calls, found.start_ms, found.end_ms, found.line, found.bits)
    for function, *cells in zip(functions, *(column.tolist() for column in columns), strict=True):
        yield [contents.names[function], *cells]


def edge_rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All pairs of callers and callees, as a table."""
    yield ("caller", "callee", "calls", "duration_ms", "bits_lost", "output_bits")
    for edge in contents.graph.edges:
        caller = "" if edge.caller == PROGRAM else contents.names[edge.caller]
        yield [caller, contents.names[edge.callee], edge.calls, edge.duration_ms, edge.bits_lost, edge.output_bits]


CSV = {"bars": bar_rows, "edges": edge_rows}
