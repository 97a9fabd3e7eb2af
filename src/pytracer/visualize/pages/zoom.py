"""One value from near: the elements of an array, and what every sample had in one of them."""

from collections.abc import Callable
from typing import Any

import numpy as np
from dash import Dash, Input, Output, ctx, dcc, html, no_update
from dash import State as Held
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.parse.unstored import why_no_elements, why_no_observations
from pytracer.visualize import controls, paths, zoom_view
from pytracer.visualize.agreement import marked
from pytracer.visualize.components import (
    address,
    bind_part,
    chart,
    exports,
    follow_moves,
    part,
    switch,
    table,
    with_way_out,
)
from pytracer.visualize.figures import zoom as zoom_figure
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.queries import arrays
from pytracer.visualize.queries.arrays import Observations
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import BITS, CHOICES, IMAG, LINEAR, LOG, MEAN, REAL, STD, State
from pytracer.visualize.units import in_unit
from pytracer.visualize.zoom_charts import RANGES, heatmap, histogram, not_shown, profile
from pytracer.visualize.zoom_facts import description, number_text
from pytracer.visualize.zoom_view import BINS, MOST_BINS, NOTHING, View, view

PATH = paths.ZOOM
TITLE = "Zoom"

CONTROLS = {
    "zoom-quantity": "quantity",
    "zoom-part": "part",
    "zoom-down": "down",
    "zoom-across": "across",
    "zoom-scale": "colour_scale",
    "zoom-index": "element",
    "zoom-low": "colour_low",
    "zoom-high": "colour_high",
    "zoom-along": "along",
    "zoom-bins": "bins",
    "zoom-normalisation": "normalisation",
}


_HISTOGRAM = ("bins", "normalisation")
_COLOURS = ("colour_low", "colour_high")
WITHOUT = {
    "zoom-facts": (*RANGES, *_HISTOGRAM, *_COLOURS, "quantity", "part", "colour_scale", "element", "along"),
    "heatmap": (*_HISTOGRAM, "along"),
    "profile": (*_HISTOGRAM, *_COLOURS),
    "histogram": (*RANGES, *_COLOURS, "element", "along", "across", "down"),
    "observed": (*RANGES, *_HISTOGRAM, *_COLOURS, "quantity", "colour_scale", "along"),
}
"""Part of the page -> fields of the address that change nothing there."""


def layout(contents: Contents, state: State) -> html.Div:
    """The value above, its elements to the left, one of them in all samples to the right."""
    head = [html.Div(id="zoom-title"), html.Dl(id="zoom-facts", className="facts")]
    sections = (_elements(contents, state), _line_card(state)), (_element(), _histogram(state))
    columns = [
        html.Div([html.Section(each, className="card") for each in column], className="stack") for column in sections
    ]
    parts = [part(name, *fields) for name, fields in WITHOUT.items()]
    return html.Div(
        [address("zoom"), *parts, html.Section(head, className="card whole"), *columns], className="zoom-page"
    )


def _element() -> list[Any]:
    return [
        html.H2(id="zoom-element"),
        html.Div(chart("observed"), className="frame"),
        exports(chart="observed", csv="zoom/samples"),
        html.Div(id="zoom-samples", className="scroll"),
    ]


def _line_card(state: State) -> list[Any]:
    along = switch("zoom-along", "", {"across": "across", "down": "down"}, state.along)
    head = [html.H2("Line through the element"), along, exports(chart="profile", csv="zoom/line")]
    return [html.Div(head, className="controls"), html.Div(chart("profile"), className="frame")]


def _elements(contents: Contents, state: State) -> list[Any]:
    measured = contents.result.perturbed
    return [
        html.Div(
            [
                html.Label(["value", dcc.Dropdown(id="zoom-value", clearable=False)], className="wide"),
                switch("zoom-quantity", "", _quantities(state.unit), state.quantity, hidden=not measured),
                html.Div(switch("zoom-part", "", {REAL: "real", IMAG: "imaginary"}, state.part), id="zoom-complex"),
                html.Div(
                    [
                        html.Label(["down", dcc.Dropdown(id="zoom-down", value=state.down)], className="wide"),
                        html.Label(["across", dcc.Dropdown(id="zoom-across", value=state.across)], className="wide"),
                    ],
                    id="zoom-axes",
                    className="controls",
                ),
                switch("zoom-scale", "scale", {LINEAR: "linear", LOG: "log"}, state.colour_scale),
                controls.number_input("zoom-index", "element", state.element, min=0, step=1, placeholder="worst"),
                controls.number_input("zoom-low", "colours from", state.colour_low, step="any"),
                controls.number_input("zoom-high", "to", state.colour_high, step="any"),
            ],
            className="controls",
        ),
        html.Div(chart("heatmap"), id="heatmap-frame", className="frame"),
        html.P(id="heatmap-note", className="note"),
        exports(chart="heatmap", csv="zoom/elements"),
    ]


def _quantities(unit: str) -> dict[str, str]:
    return {BITS: unit, MEAN: "mean", STD: "std"}


def _histogram(state: State) -> list[Any]:
    heights = {name: name for name in CHOICES["normalisation"]}
    return [
        html.Div(
            [
                html.H2("All elements"),
                controls.number_input(
                    "zoom-bins", "bins", state.bins, min=1, max=MOST_BINS, step=1, placeholder=str(BINS)
                ),
                switch("zoom-normalisation", "", heights, state.normalisation),
                exports(chart="histogram", csv="zoom/histogram"),
            ],
            className="controls",
        ),
        html.Div(chart("histogram"), className="frame"),
    ]


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""
    controls.bind(app, "zoom", CONTROLS)
    controls.follow_unit(app, "zoom-quantity", _quantities)
    for name in ("heatmap", "profile"):
        follow_moves(app, name)

    @app.callback(
        Output("zoom-title", "children"),
        Output("zoom-facts", "children"),
        Output("zoom-value", "options"),
        Output("zoom-value", "value"),
        Output("zoom-complex", "hidden"),
        Output("zoom-axes", "hidden"),
        Output("zoom-down", "options"),
        Output("zoom-across", "options"),
        Output("zoom-down", "placeholder"),
        Output("zoom-across", "placeholder"),
        bind_part(app, "zoom", "zoom-facts"),
    )
    def describe(search: str | None) -> list[Any]:
        return description(contents, State.parse(search))

    @app.callback(
        Output("zoom-view", "search", allow_duplicate=True),
        Output("heatmap", "clickData"),
        Output("profile", "clickData"),
        Input("zoom-value", "value"),
        Input("heatmap", "clickData"),
        Input("profile", "clickData"),
        Held("zoom-view", "search"),
        prevent_initial_call=True,
    )
    def follow(row: int | None, cell: Any, point: Any, search: str | None) -> tuple[Any, Any, Any]:
        before = State.parse(search)
        given = {"zoom-value": row, "heatmap": cell, "profile": point}
        state = followed(before, contents, str(ctx.triggered_id), given)
        return no_update if state == before else state.search, None, None

    @app.callback(
        Output("heatmap-frame", "className"), Output("heatmap-note", "children"), Input("zoom-view", "search")
    )
    def draw_around(search: str | None) -> tuple[str, Any]:
        return frame(contents, State.parse(search))

    for chart_name, draw in (("heatmap", heatmap), ("profile", profile), ("histogram", histogram)):
        _register_chart(app, contents, chart_name, draw)

    @app.callback(
        Output("zoom-element", "children"),
        Output("observed", "figure"),
        Output("zoom-samples", "children"),
        bind_part(app, "zoom", "observed"),
        Input("heatmap", "hoverData"),
        Input("theme", "data"),
    )
    def point_at(search: str | None, hover: Any, name: str | None) -> tuple[Any, Figure, Any]:
        pointed = hover if ctx.triggered_id == "heatmap" else None
        return element(contents, State.parse(search), pointed, theme(name))


def _register_chart(app: Dash, contents: Contents, chart_name: str, draw: Callable[[View, Theme], Figure]) -> None:
    @app.callback(Output(chart_name, "figure"), bind_part(app, "zoom", chart_name), Input("theme", "data"))
    def show(search: str | None, name: str | None) -> Figure:
        return drawn(contents, State.parse(search), theme(name), draw)


def followed(state: State, contents: Contents, triggered: str, given: dict[str, Any]) -> State:
    """The state after another value or element was chosen; the same one when that says nothing new."""
    chosen = given.get(triggered)
    try:
        found = view(contents, state)
    except ResultError:
        return state  # what is drawn says why
    if chosen is None or found is None:
        return state
    if triggered == "zoom-value":
        same = chosen == found.value.row
        return state if same else state.at_call(found.call.key, found.call.row, chosen)
    if found.elements is None:
        return state
    if triggered == "heatmap":
        index = zoom_view.pointed_at(found, chosen)
    else:
        index = zoom_view.moved(found, {found.axes[found.profile]: round(chosen["points"][0]["x"])})
    selected = state.at_call(found.call.key, found.call.row, found.value.row)
    return selected.with_fields(element=index, across_range=state.across_range, down_range=state.down_range)


def drawn(contents: Contents, state: State, colours: Theme, draw: Callable[[View, Theme], Figure]) -> Figure:
    """What `draw` makes of the value of the address; a message where it has no elements."""
    try:
        found = view(contents, state)
        if found is None or found.elements is None:
            return message(_why_nothing(found), colours)
        return draw(found, colours)
    except ResultError as error:
        return message(str(error), colours)


def _why_nothing(found: View | None) -> str:
    if found is None:
        return NOTHING
    if not found.value.shape:
        return "A single number: what the samples had stands beside."
    return f"Its elements are not stored: {why_no_elements(found.contents.result, found.value.cells)}."


def frame(contents: Contents, state: State) -> tuple[str, list[Any]]:
    """Class of the frame of the heatmap; what it does not show, and the way out of a zoom."""
    try:
        found = view(contents, state)
    except ResultError:
        found = None  # the chart says why
    if found is None or found.elements is None:
        return "frame flat", []
    return "frame flat" if found.is_line else "frame tall", with_way_out(not_shown(found), PATH, state, RANGES)


def element(contents: Contents, state: State, pointed: Any, colours: Theme) -> tuple[Any, Figure, Any]:
    """Title, chart and table of the element under the pointer, else of the selected one."""
    try:
        found = view(contents, state)
        if found is None:
            return "", message(NOTHING, colours), None
        chosen = zoom_view.pointed_at(found, pointed) if pointed and found.elements is not None else found.element
        seen = arrays.observations(contents.result, found.value, chosen)
    except ResultError as error:
        return "", message(str(error), colours), None
    index = f"[{', '.join(map(str, found.value.index(chosen)))}]" if found.value.shape else ""
    title = [f"{found.value.label}{index} in each sample ", html.Span(_in_short(found, chosen), className="note")]
    if pointed is None and found.no_element:
        title.append(html.Span(f" {found.no_element}", className="note problem"))
    if seen is None:
        why = why_no_observations(found.value.cells)
        return title, message(f"What each sample had is not stored: {why}.", colours), None
    return title, zoom_figure.observed(seen, colours, part=found.part), samples_table(seen)


def _in_short(found: View, chosen: int) -> str:
    if found.elements is None:
        return ""
    columns = found.elements.row(chosen)
    bits = in_unit(columns["bits"], found.state.unit)
    short = f"mean {number_text(columns['mean'], columns['mean_imag'])}"
    if found.contents.result.perturbed:
        short += f", std {number_text(columns['std'], columns['std_imag'])}, {bits} {found.state.unit}"
        if found.elements.is_complex:
            short += f" and {in_unit(columns['bits_imag'], found.state.unit)} of the imaginary part"
    return short


def samples_table(seen: Observations) -> html.Table:
    """What each sample had, all digits, with the digits that differ marked."""
    imaginary = bool(np.isfinite(seen.imag).any())
    texts = marked(list(seen.by_sample.values()), imaginary=imaginary)
    names = [
        "unperturbed" if status == "reference" else str(number)
        for number, status in zip(seen.sample, seen.status, strict=True)
    ]
    return table(
        ("sample", "value"),
        [[html.Td(name, className="name"), each] for name, each in zip(names, texts, strict=True)],
    )


CSV = {
    "elements": zoom_view.element_rows,
    "samples": zoom_view.sample_rows,
    "line": zoom_view.line_rows,
    "histogram": zoom_view.histogram_rows,
}
