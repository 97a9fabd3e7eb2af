"""The timeline of one function: a point for each value of each of its calls."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import figures, queries
from pytracer.visualize.pages.parts import call_details, function_list, switch
from pytracer.visualize.queries import Contents, Function, Timeline
from pytracer.visualize.sampling import select
from pytracer.visualize.state import BITS, LINEAR, LOG, MEAN, ORDER, STD, TIME, State

PATH = "/timeline"
ALL = "*"
"""The choice of all arguments: an empty value would look as if nothing was chosen."""

CHART_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    # Sharing would upload the chart to another host.
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d"],
}

Reader = Callable[[Function], Timeline]


def layout(contents: Contents) -> html.Main:
    """The list of functions beside the chart, its controls and the selected call."""
    measured = contents.result.perturbed
    choices = {BITS: "significant bits", MEAN: "mean", STD: "std"}
    controls = [
        html.Label(["value", dcc.Dropdown(id="argument", clearable=False, searchable=True)], className="wide"),
        switch("y", "show", choices, hidden=not measured),
        switch("x", "by", {ORDER: "call order", TIME: "time"}),
        switch("scale", "scale", {LINEAR: "linear", LOG: "log"}),
    ]
    chart = dcc.Graph(id="timeline", responsive=True, config=CHART_CONFIG)
    return html.Main(
        [
            dcc.Location(id="view", refresh="callback-nav"),
            html.Section(function_list(contents), className="card functions"),
            html.Section(
                [
                    html.H2(id="function"),
                    html.Div(controls, className="controls"),
                    dcc.Loading(chart, delay_show=300, overlay_style={"visibility": "visible", "opacity": 0.5}),
                    html.P(id="note", className="note"),
                ],
                className="card chart",
            ),
            html.Section(id="call", className="card call"),
        ]
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks: `navigate` alone writes the address, everything else follows from the address."""

    @lru_cache(maxsize=1)
    def read(function: Function) -> Timeline:
        return queries.timeline(contents.result, function)

    @app.callback(
        Output("view", "search"),
        Output("functions", "selectedRows"),
        Output("functions", "scrollTo"),
        Output("argument", "options"),
        Output("argument", "value"),
        Output("y", "value"),
        Output("x", "value"),
        Output("scale", "value"),
        Output("timeline", "clickData"),
        Input("view", "search"),
        Input("functions", "selectedRows"),
        Input("argument", "value"),
        Input("y", "value"),
        Input("x", "value"),
        Input("scale", "value"),
        Input("timeline", "clickData"),
    )
    def navigate(search: str | None, *controls: Any) -> list[Any]:
        values = dict(zip(CONTROLS, controls, strict=True))
        before = State.parse(search)
        state = follow(before, contents, str(ctx.triggered_id), values)
        selected, *others = settings(state, contents, read)
        # The list answers each selection with another event, even when it changes nothing.
        if [row["key"] for row in values["functions"] or ()] == selected["ids"]:
            shown: tuple[Any, Any] = (no_update, no_update)
        else:
            shown = (selected, {"rowId": "".join(selected["ids"]), "rowPosition": "middle"})
        return [no_update if state == before else state.search, *shown, *others]

    @app.callback(
        Output("function", "children"),
        Output("timeline", "figure"),
        Output("note", "children"),
        Input("view", "search"),
        Input("theme", "data"),
    )
    def draw(search: str | None, theme: str | None) -> tuple[str, Figure, str]:
        return drawing(State.parse(search), contents, read, figures.theme(theme == "dark"))

    @app.callback(Output("call", "children"), Input("view", "search"))
    def detail(search: str | None) -> list[Any]:
        return selected_call(State.parse(search), contents)


CONTROLS = ("functions", "argument", "y", "x", "scale", "timeline")
"""Ids of what the reader can change, in the order of the inputs of `navigate`."""


def chosen(state: State, contents: Contents) -> Function | None:
    """The function to show: the one that loses most unless the address names one."""
    if state.function:
        return contents.by_key.get(state.function)
    return contents.functions[0] if contents.functions else None


def follow(state: State, contents: Contents, triggered: str, controls: dict[str, Any]) -> State:
    """The state after `triggered` changed; the same one when that is no control or says nothing new."""
    value = controls.get(triggered)
    if not value:
        return state
    if triggered == "functions":
        shown = chosen(state, contents)
        key = str(value[0]["key"])
        return state if shown is not None and key == shown.key else state.with_function(key)
    if triggered == "timeline":
        return state.with_choice("call", int(value["points"][0]["customdata"][0]))
    if triggered == "argument":
        return state.with_choice("argument", "" if value == ALL else str(value))
    return state.with_choice(triggered, value)


def settings(state: State, contents: Contents, read: Reader) -> list[Any]:
    """What the controls show in `state`: selected row, arguments and the chosen one, switches, no click."""
    function = chosen(state, contents)
    try:
        labels = queries.labels(read(function).arguments) if function else []
    except ResultError:
        labels = []  # `draw` shows why
    options = [{"label": f"all {len(labels)} values", "value": ALL}, *({"label": t, "value": t} for t in labels)]
    selected = {"ids": [function.key] if function else []}
    return [selected, options, state.argument or ALL, state.y, state.x, state.scale, None]


def drawing(state: State, contents: Contents, read: Reader, colours: figures.Theme) -> tuple[str, Figure, str]:
    """Title, chart and note of the function in `state`; a message where there is nothing to draw."""
    function = chosen(state, contents)
    if function is None:
        text = f"This result has no function {state.function!r}: choose one in the list."
        return state.function, figures.message(text, colours), ""
    if not contents.result.perturbed:
        state = state.with_choice("y", MEAN)
    try:
        points = read(function)
    except ResultError as error:
        return function.name, figures.message(str(error), colours), ""
    selection = select(points, state)
    if not len(selection.rows):
        return function.name, figures.message("Nothing to draw with these choices.", colours), selection.note
    return function.name, figures.timeline(points, selection, state, contents.places, colours), selection.note


def selected_call(state: State, contents: Contents) -> list[Any]:
    """The call that is selected in `state`, or what to do to see one."""
    if state.call is None:
        return [html.P("Click a point to see its call.", className="note")]
    try:
        call = queries.call(contents.result, state.call)
    except ResultError as error:
        return [html.P(str(error), className="problem")]
    function = chosen(state, contents)
    if call is None or function is None or call.function != function.row:
        return [html.P(f"This function has no call {state.call}: click a point.", className="problem")]
    return call_details(call, contents.result.perturbed)
