"""The overview: which functions lose most."""

from typing import Any

from dash import Dash, Input, Output, html

from pytracer.visualize import paths
from pytracer.visualize.components import address, bits_cell, link, lost_cell, number_cell, table
from pytracer.visualize.queries.contents import Contents, Function
from pytracer.visualize.state import State
from pytracer.visualize.units import count

PATH = paths.OVERVIEW
TITLE = "Overview"
TOP = 15
"""Functions listed."""


def layout(contents: Contents, state: State) -> html.Div:
    """All of it."""
    return html.Div(
        [address("overview"), html.Div(sections(contents, state), id="overview", className="overview-page")]
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""

    @app.callback(Output("overview", "children"), Input("overview-view", "search"), prevent_initial_call=True)
    def show(search: str | None) -> list[Any]:
        return sections(contents, State.parse(search))


def sections(contents: Contents, state: State) -> list[Any]:
    """The cards of the page."""
    return [html.Section(ranking(contents, state), className="card")]


def ranking(contents: Contents, state: State) -> list[Any]:
    """The functions that lose most; each line selects the call that does."""
    measured = contents.result.perturbed
    bits = ("lost", "inputs", "outputs") if measured else ()
    rows = [_row(function, state, measured=measured) for function in contents.functions[:TOP]]
    more = len(contents.functions) - len(rows)
    return [
        html.H2("Functions by bits lost" if measured else "Functions"),
        table(("function", *bits, "calls", "called at"), rows, className="wide"),
        html.P(link(f"all {len(contents.functions)} functions", paths.FUNCTIONS, state)) if more else None,
    ]


def _row(function: Function, state: State, *, measured: bool) -> list[Any]:
    worst = state.at_call(function.key, function.worst_call if function.worst_call >= 0 else None)
    sides = [bits_cell(bits, state.unit) for bits in (function.input_bits, function.output_bits)]
    cells = [lost_cell(function.bits_lost, state.unit), *sides] if measured else []
    return [
        link(function.name, paths.TIMELINE, worst),
        *cells,
        number_cell(count(function.calls)),
        link(function.place, paths.SOURCE, worst),
    ]
