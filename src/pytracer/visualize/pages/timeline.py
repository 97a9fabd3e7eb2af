"""The timeline: a point for each value of each call of the functions that are selected in the list beside it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from dash import Dash, Input, Output, ctx, html, no_update
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import function_grid, paths
from pytracer.visualize.components import address, chart, exports, follow_moves, options, with_way_out
from pytracer.visualize.controls import follow_unit
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.figures.timeline import timeline as draw_timeline
from pytracer.visualize.pages.timeline_controls import CONTROLS, arguments, controls, follow, quantities, values
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.kept import Kept
from pytracer.visualize.queries.timeline import SUMMARIES, Timeline, divergences, timeline
from pytracer.visualize.sampling import blocks, positions, select, wanted_curves
from pytracer.visualize.state import BITS, MEAN, State

PATH = paths.TIMELINE
TITLE = "Timeline"
NAMED = 3
"""Functions named above the chart."""
KEPT = 2**22
"""Values of the timelines that were asked for last, ten bytes or so each."""
NOTHING = "Nothing to draw with these choices."


def layout(contents: Contents, state: State) -> html.Div:
    """The list of functions beside the chart and its controls."""
    bar = [html.H2(id="timeline-title"), exports(chart="timeline", csv="timeline/values")]
    return html.Div(
        [
            address("timeline"),
            html.Section(
                function_grid.function_grid(contents, state, several=True),
                className="card functions",
                title="control-click draws several functions",
            ),
            html.Section(
                [
                    html.Div(bar, className="bar"),
                    controls(contents, state),
                    chart("timeline", resizes=False),
                    html.P(id="timeline-note", className="note"),
                ],
                className="card chart",
            ),
        ],
        className="timeline-page",
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks: `navigate` alone writes the address, everything else follows from the address."""
    kept: Kept[Timeline] = Kept(KEPT, lambda found: len(found.calls) + len(found))
    follow_moves(app, "timeline")
    follow_unit(app, "timeline-y", quantities)

    @app.callback(
        Output("timeline-view", "search", allow_duplicate=True),
        *(Output(f"timeline-{name}", "value") for name in CONTROLS),
        Output("functions", "rowData"),
        Output("timeline", "clickData"),
        Input("timeline-view", "search"),
        *(Input(f"timeline-{name}", "value") for name in CONTROLS),
        Input("timeline", "clickData"),
        prevent_initial_call=True,
    )
    def navigate(search: str | None, *given: Any) -> list[Any]:
        before = State.parse(search)
        state = follow(before, str(ctx.triggered_id).removeprefix("timeline-"), given)
        shown = dict(zip(CONTROLS, zip(given, values(state), strict=False), strict=True))
        changed = state.module != before.module or shown["module"][0] != shown["module"][1]
        rows = function_grid.rows(function_grid.inside(state.module, contents)) if changed else no_update
        controls = (no_update if value == wanted else wanted for value, wanted in shown.values())
        return [no_update if state == before else state.search, *controls, rows, None]

    @app.callback(
        Output("timeline-title", "children"),
        Output("timeline", "figure"),
        Output("timeline-note", "children"),
        Output("timeline-argument", "options"),
        Input("timeline-view", "search"),
        Input("theme", "data"),
    )
    def draw(search: str | None, look: str | None) -> tuple[Any, Figure, Any, Any]:
        return drawing(contents, State.parse(search), kept, theme(look))


def drawing(contents: Contents, state: State, kept: Kept[Timeline], look: Theme) -> tuple[Any, Figure, Any, Any]:
    """Title, chart, note and arguments of the functions in `state`; a message where there is nothing to draw."""
    functions = function_grid.drawn(state, contents)
    if not functions:
        text = f"This result has no function {state.function!r}: choose one in the list."
        return state.function, message(text, look), "", []
    if not contents.result.perturbed and state.y == BITS:
        state = state.with_fields(y=MEAN, y_range=state.y_range)
    title = ", ".join(function.name for function in functions[:NAMED])
    title += f" and {len(functions) - NAMED} more" if len(functions) > NAMED else ""
    try:
        points = kept((*functions, state.lane), partial(timeline, contents, functions, state.lane))
        selection = select(points, state)
        if len(selection.rows) or len(points.raised):
            found = list(divergences(points))
            figure = draw_timeline(points, selection, state, contents.places, found, look)
        else:
            nothing = "Nothing drawn has an imaginary part: choose the real one." if selection.imaginary else NOTHING
            figure = message(nothing, look)
    except ResultError as error:
        return title, message(str(error), look), "", []
    note = with_way_out(selection.note, PATH, state, ("x_range", "y_range"))
    return title, figure, note, options(arguments(curve.label for curve in points.curves))


def rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """The values that the filters and the range of the x axis let through, all of them; bits in base 2."""
    points = timeline(contents, function_grid.drawn(state, contents), state.lane)
    bits = tuple(SUMMARIES.values()) if contents.result.perturbed else ()
    columns = (*bits, "mean", "mean_imag", *(("std", "std_imag", "agreement") if bits else ()))
    yield ("function", "argument", "role", "call", "time_ms", "place", *columns)
    x = positions(points, state)
    for block in blocks(points, wanted_curves(points, state), x, state.x_range):
        yield from _block(points, contents, block, columns)


def _block(points: Timeline, contents: Contents, rows: Any, columns: Sequence[str]) -> Iterator[Sequence[Any]]:
    call = points.call[rows]
    curves = [points.curves[i] for i in points.curve[rows].tolist()]
    cells = (points.calls[call], points.time_ms[call], points.site(rows), *(points.column(c, rows) for c in columns))
    for curve, row, time, site, *numbers in zip(curves, *(np.asarray(c).tolist() for c in cells), strict=True):
        role = "output" if curve.output else "input"
        yield (curve.function.name, curve.label, role, row, time, contents.places[site], *numbers)


CSV: Mapping[str, Any] = {"values": rows}
