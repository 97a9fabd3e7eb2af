"""One value from near: the elements of an array, and what every sample had in one of them."""

from typing import Any

import numpy as np
from dash import Dash, Input, Output, ctx, dcc, html, no_update
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import controls, paths, zoom_view
from pytracer.visualize.agreement import decimal, marked
from pytracer.visualize.components import address, chart, exports, follow_moves, link, switch, table
from pytracer.visualize.figures import zoom as zoom_figure
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.queries import arrays, calls
from pytracer.visualize.queries.arrays import BITS, IMAG, MEAN, NORMALISATIONS, REAL, STD, Observations, Window
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.sampling import thin
from pytracer.visualize.state import LINEAR, LOG, State
from pytracer.visualize.units import in_unit, text
from pytracer.visualize.zoom_view import BINS, MOST_BINS, View, view

PATH = paths.ZOOM
TITLE = "Zoom"
POINTS = 4000
"""Of a line; a longer one keeps its shape and its extremes."""

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


def layout(contents: Contents, state: State) -> html.Div:
    """The value above, its elements to the left, one of them in all samples to the right."""
    head = [html.Div(id="zoom-title"), html.Dl(id="zoom-facts", className="facts")]
    sections = (_elements(contents, state), _line_card(state)), (_element(), _histogram(state))
    columns = [
        html.Div([html.Section(each, className="card") for each in column], className="stack") for column in sections
    ]
    return html.Div([address("zoom"), html.Section(head, className="card whole"), *columns], className="zoom-page")


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
                switch(
                    "zoom-quantity", "", {BITS: "bits", MEAN: "mean", STD: "std"}, state.quantity, hidden=not measured
                ),
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


def _histogram(state: State) -> list[Any]:
    return [
        html.Div(
            [
                html.H2("All elements"),
                controls.number_input(
                    "zoom-bins", "bins", state.bins, min=1, max=MOST_BINS, step=1, placeholder=str(BINS)
                ),
                switch("zoom-normalisation", "", {name: name for name in NORMALISATIONS}, state.normalisation),
                exports(chart="histogram", csv="zoom/histogram"),
            ],
            className="controls",
        ),
        html.Div(chart("histogram"), className="frame"),
    ]


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""
    controls.bind(app, "zoom", CONTROLS)
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
        Input("zoom-view", "search"),
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
        Input("zoom-view", "search"),
        prevent_initial_call=True,
    )
    def follow(row: int | None, cell: Any, point: Any, search: str | None) -> tuple[Any, Any, Any]:
        before = State.parse(search)
        given = {"zoom-value": row, "heatmap": cell, "profile": point}
        state = followed(before, contents, str(ctx.triggered_id), given)
        return no_update if state == before else state.search, None, None

    @app.callback(
        Output("heatmap", "figure"),
        Output("heatmap-frame", "className"),
        Output("heatmap-note", "children"),
        Output("profile", "figure"),
        Output("histogram", "figure"),
        Input("zoom-view", "search"),
        Input("theme", "data"),
    )
    def draw(search: str | None, name: str | None) -> tuple[Figure, str, Any, Figure, Figure]:
        return drawn(contents, State.parse(search), theme(name))

    @app.callback(
        Output("zoom-element", "children"),
        Output("observed", "figure"),
        Output("zoom-samples", "children"),
        Input("zoom-view", "search"),
        Input("heatmap", "hoverData"),
        Input("theme", "data"),
    )
    def point_at(search: str | None, hover: Any, name: str | None) -> tuple[Any, Figure, Any]:
        pointed = hover if ctx.triggered_id == "heatmap" else None
        return element(contents, State.parse(search), pointed, theme(name))


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


RANGES = ("down_range", "across_range")
"""Fields of the state that zoom into the axes, in their order."""

NOTHING = "This call has no values: select another call, on the timeline or in the list of functions."


def description(contents: Contents, state: State) -> list[Any]:
    """Title, facts, values of the call, the chosen one, whether parts and axes are hidden, all axes, those shown."""
    try:
        found = view(contents, state)
    except ResultError as error:
        return [html.P(str(error), className="problem", role="alert"), [], [], None, True, True, [], [], "", ""]
    if found is None:
        return [html.P(NOTHING, className="empty"), [], [], None, True, True, [], [], "", ""]
    options = [{"label": _choice(value, state.unit), "value": value.row} for value in found.call.values]
    axes = [{"label": f"axis {axis}, {length}", "value": axis} for axis, length in enumerate(found.value.shape)]
    is_complex = found.elements is not None and found.elements.is_complex
    title = html.H2([f"{found.value.label} of {found.call.name} ", html.Span(_about(found), className="note")])
    few = len(found.value.shape) < 2
    shown = [f"axis {axis}" for axis in found.axes]
    return [title, facts(found), options, found.value.row, not is_complex, few, axes, axes, *shown]


def _choice(value: calls.Value, unit: str) -> str:
    bits = f", {in_unit(value.bits_min, unit)} {unit}" if value.bits_min is not None else ""
    return f"{value.label}: {value.type}{bits}"


def _about(found: View) -> str:
    return f"call {found.call.number} of {found.call.calls}, called at {found.call.place}"


def facts(found: View) -> list[Any]:
    """What is known of the value as a whole."""
    cells, unit = found.value.cells, found.state.unit
    shape = "x".join(map(str, found.value.shape)) if found.value.shape else "scalar"
    pairs = [("type", found.value.dtype), ("shape", shape), ("elements", str(found.value.size))]
    if found.contents.result.perturbed:
        names = {"bits_min": "min", "bits_p05": "5 %", "bits_median": "median", "bits_mean": "mean", "bits_max": "max"}
        pairs += [(f"{unit}, {name}", in_unit(cells[column], unit)) for column, name in names.items()]
        pairs += [
            (f"{unit} that agree with the unperturbed, min", in_unit(cells["error_bits_min"], unit)),
            ("agreement", text(_known(cells["agreement"]), ".0%")),
        ]
    pairs += [
        ("unperturbed", _number(cells["unperturbed"], cells["unperturbed_imag"])),
        ("mean", _number(cells["mean"], cells["mean_imag"])),
        ("std", _number(cells["std"], cells["std_imag"])),
        ("largest magnitude", text(_known(cells["largest"]))),
        ("norm (2, Frobenius)", text(_known(cells["norm"]))),
        ("condition number", text(_known(cells["condition"]), ".3g")),
        ("NaN", str(int(cells["nans"]))),
        ("infinite", str(int(cells["infs"]))),
    ]
    listed = [html.Div([html.Dt(name), html.Dd(shown)]) for name, shown in pairs if shown != "-"]
    return listed + [
        html.Div([html.Dt("differs"), html.Dd(each, className="problem")]) for each in found.value.findings
    ]


def _known(number: float) -> float | None:
    return None if np.isnan(number) else number


def _number(real: float, imag: float) -> str:
    if np.isnan(real):
        return "-"
    return f"{real:.10g}" if np.isnan(imag) else f"{complex(real, imag):.10g}"


def drawn(contents: Contents, state: State, colours: Theme) -> tuple[Figure, str, Any, Figure, Figure]:
    """Heatmap, class of its frame, what it leaves out, line, histogram."""
    try:
        found = view(contents, state)
    except ResultError as error:
        found, why = None, str(error)
    else:
        why = _why_nothing(found)
    if found is None or found.elements is None:
        nothing = message(why, colours)
        return nothing, "frame flat", "", nothing, nothing
    return (*_heatmap(found, colours), _line(found, colours), _distribution(found, colours))


def _why_nothing(found: View | None) -> str:
    if found is None:
        return NOTHING
    if not found.value.shape:
        return "A single number: what the samples had stands beside."
    return "Its elements are not stored: equal in all samples, not floating-point, or above the limit of the result."


def _heatmap(found: View, colours: Theme) -> tuple[Figure, str, list[Any]]:
    assert found.elements is not None
    index = found.value.index(found.element)
    shape = [window.indices.stop - window.indices.start for window in found.windows]
    left_out = zoom_figure.coarse_note(shape, found.shown.quantity)
    if found.is_line:
        windows, mark = (Window.of(None, 1), found.windows[1]), (0, index[0])
        figure = zoom_figure.heatmap(found.numbers[None, :], ("", "index"), windows, found.shown, colours, mark=mark)
        figure.update_yaxes(visible=False, fixedrange=True)
        return figure, "frame flat", _note(found.state, left_out)
    down, across = found.axes
    plane = found.elements.plane(found.numbers, (down, across), found.element)
    titles, mark = (f"axis {down}", f"axis {across}"), (index[down], index[across])
    figure = zoom_figure.heatmap(plane, titles, found.windows, found.shown, colours, mark=mark)
    others = [f"axis {axis} at {position}" for axis, position in enumerate(index) if axis not in (down, across)]
    return figure, "frame tall", _note(found.state, left_out, ", ".join(others))


def _note(state: State, *texts: str) -> list[Any]:
    """What is not drawn, and the way out of a zoom."""
    note = "; ".join(filter(None, texts))
    if state.across_range is None and state.down_range is None:
        return [note]
    whole = link("show all", PATH, state.with_fields(across_range=None, down_range=None), key="0")
    return [f"{note}. " if note else "", whole]


def _line(found: View, colours: Theme) -> Figure:
    assert found.elements is not None
    axis, window = found.axes[found.profile], found.windows[found.profile]
    line = found.elements.line(axis, found.element)[window.indices]
    spread = found.elements.quantity(STD, found.part)[line] if found.shown.quantity == MEAN else None
    finite = np.flatnonzero(np.isfinite(found.numbers[line]))
    kept = finite[thin(found.numbers[line[finite]], np.zeros(len(finite), np.int64), POINTS)]
    measured = found.contents.result.perturbed
    return zoom_figure.profile(
        window.indices.start + kept,
        found.numbers[line[kept]],
        spread[kept] if measured and spread is not None else None,
        (f"axis {axis}", RANGES[found.profile], window.range),
        found.shown,
        colours,
        mark=found.value.index(found.element)[axis],
    )


def _distribution(found: View, colours: Theme) -> Figure:
    heights, edges = arrays.histogram(
        found.numbers, zoom_view.bins(found.state), found.state.normalisation, log=found.shown.log
    )
    if not len(heights):
        return message("No finite number to show on this scale.", colours)
    return zoom_figure.histogram(heights, edges, found.state.normalisation, found.shown, colours)


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
    if seen is None:
        why = "What each sample had is not stored: the same in all samples, or above the limit of the result."
        return title, message(why, colours), None
    return title, zoom_figure.observed(seen, colours, part=found.part), samples_table(seen)


def _in_short(found: View, chosen: int) -> str:
    if found.elements is None:
        return ""
    columns = {name: column[chosen] for name, column in found.elements.columns.items()}
    bits = in_unit(columns["bits"], found.state.unit)
    short = f"mean {_number(columns['mean'], columns['mean_imag'])}"
    if found.contents.result.perturbed:
        short += f", std {_number(columns['std'], columns['std_imag'])}, {bits} {found.state.unit}"
        if found.elements.is_complex:
            short += f" and {in_unit(columns['bits_imag'], found.state.unit)} of the imaginary part"
    return short


def samples_table(seen: Observations) -> html.Table:
    """What each sample had, all digits, with the digits that differ marked."""
    imaginary = bool(np.isfinite(seen.imag).any())
    texts = marked([decimal(value, imaginary=imaginary) for value in seen.by_sample.values()])
    names = [
        "unperturbed" if status == "reference" else str(number)
        for number, status in zip(seen.sample, seen.status, strict=True)
    ]
    return table(
        ("sample", "value"),
        [[name, html.Td(each, className="number")] for name, each in zip(names, texts, strict=True)],
    )


CSV = {
    "elements": zoom_view.element_rows,
    "samples": zoom_view.sample_rows,
    "line": zoom_view.line_rows,
    "histogram": zoom_view.histogram_rows,
}
