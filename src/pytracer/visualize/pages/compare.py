"""Two results side by side: the functions whose bits changed, and what else differs between them."""

from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, html, no_update
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import controls, paths
from pytracer.visualize.components import (
    address,
    bits_cell,
    chart,
    empty,
    exports,
    link,
    lost_cell,
    number_cell,
    problem,
    switch,
    table,
)
from pytracer.visualize.figures import compare as compare_figure
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.queries import compare
from pytracer.visualize.queries.compare import Change
from pytracer.visualize.queries.contents import Contents, verdict
from pytracer.visualize.state import ALL, State
from pytracer.visualize.units import change_in_unit, count, rounded

PATH = paths.COMPARE
TITLE = "Compare"
LISTED = 300
"""Functions that are listed; the CSV has all."""
WITHOUT = "Give a second result to compare with: pytracer visualize --filename THIS --compare OTHER"


def layout(contents: Contents, state: State) -> html.Div:
    """The two verdicts, the chart, the list, and what else differs."""
    if contents.other is None:
        return html.Div([address("compare"), empty(WITHOUT)])
    choices = {"changed": "functions that changed", ALL: "all functions"}
    return html.Div(
        [
            address("compare"),
            html.Section(
                _verdicts(contents, contents.other, state.unit), className="card columns", id="compare-verdicts"
            ),
            html.Section(
                [
                    html.Div(
                        [
                            html.H2("The worst output of each function"),
                            exports(chart="compared", csv="compare/functions"),
                        ],
                        className="bar",
                    ),
                    html.Div(html.Div(chart("compared"), id="compared-frame", className="frame"), className="scroll"),
                    html.P(id="compare-note", className="note"),
                ],
                className="card",
            ),
            html.Section(
                [
                    html.Div(switch("compare-changes", "show", choices, state.changes), className="controls"),
                    html.Div(id="compare-list"),
                ],
                className="card",
            ),
            html.Section(_circumstances(contents, contents.other), className="card"),
        ],
        className="stack",
    )


def _verdicts(here: Contents, there: Contents, unit: str) -> list[html.Div]:
    return [_verdict("This result", here, unit), _verdict("The other", there, unit)]


def _verdict(title: str, contents: Contents, unit: str) -> html.Div:
    found = verdict(contents, unit)
    return html.Div(
        [html.H2([f"{title} ", html.Span(contents.result.path.name, className="note")]), html.P(found.headline)]
    )


def _circumstances(here: Contents, there: Contents) -> list[Any]:
    found = compare.circumstances(here, there)
    same = html.P(
        "Command, noise, seeds, samples, versions and the sources that both results hold are the same.",
        className="note",
    )
    view = table(("", "this result", "the other"), [list(row) for row in found], className="wide")
    return [html.H2("What else differs"), view if found else same]


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks; without a second result there is nothing to call back."""
    other = contents.other
    if other is None:
        return
    controls.bind(app, "compare", {"compare-changes": "changes"})

    @app.callback(Output("compare-verdicts", "children"), Input("unit", "value"), prevent_initial_call=True)
    def tell(unit: str) -> list[html.Div]:
        return _verdicts(contents, other, unit)

    @app.callback(
        Output("compared", "figure"),
        Output("compared-frame", "style"),
        Output("compare-note", "children"),
        Output("compare-list", "children"),
        Input("compare-view", "search"),
        Input("theme", "data"),
    )
    def draw(search: str | None, name: str | None) -> tuple[Figure, dict[str, str], str, Any]:
        return drawing(contents, State.parse(search), theme(name))

    @app.callback(
        Output("compare-view", "search", allow_duplicate=True),
        Output("compared", "clickData"),
        Input("compared", "clickData"),
        Input("compare-view", "search"),
        prevent_initial_call=True,
    )
    def follow(click: Any, search: str | None) -> tuple[Any, None]:
        before = State.parse(search)
        after = followed(before, contents, click)
        return no_update if after == before else after.search, None


def followed(state: State, contents: Contents, click: Any) -> State:
    """The state after a click on a function; the same one when there was none."""
    if not click:
        return state
    name = click["points"][0]["customdata"]
    found = next((f for f in contents.functions if f.name == name), None)
    return state if found is None else state.at_call(found.key, found.worst_call if found.worst_call >= 0 else None)


def drawing(contents: Contents, state: State, colours: Theme) -> tuple[Figure, dict[str, str], str, Any]:
    """Chart, style of its frame, note, list."""
    assert contents.other is not None
    try:
        found = compare.changes(contents, contents.other)
    except ResultError as error:
        return message(str(error), colours), {}, "", problem(error)
    listed = [change for change in found if change.changed(state.unit) or state.changes == ALL]
    if not compare_figure.drawn(found):
        figure = message("No function was measured in both results.", colours)
        return figure, {"height": "160px"}, "", _list(contents, listed, state)
    figure = compare_figure.compare(found, state.unit, colours)
    return (
        figure,
        {"height": f"{compare_figure.height(found)}px"},
        _note(found, state.unit),
        _list(contents, listed, state),
    )


def _note(found: Sequence[Change], unit: str) -> str:
    both = sum(change.bits is not None for change in found)
    more = both - compare_figure.DRAWN
    notes = [
        f"{more} functions that changed less are not drawn" if more > 0 else "",
        f"{unit} are estimates: two runs of one program with other seeds differ a little",
    ]
    return "; ".join(filter(None, notes))


CHANCE = {True: "yes", False: "no", None: "-"}


def _list(contents: Contents, changes: Sequence[Change], state: State) -> Any:
    if not changes:
        return empty(f"No function changed its {state.unit}.")
    unit = state.unit
    headings = (
        "function",
        f"{unit} here",
        f"{unit} there",
        "change",
        "lost here",
        "lost there",
        "more than chance",
        "calls",
    )
    rows = [_row(change, state) for change in changes[:LISTED]]
    more = len(changes) - LISTED
    note = f"and {more} more: the CSV has all" if more > 0 else ""
    return [html.Div(table(headings, rows, className="wide"), className="scroll"), html.P(note, className="note")]


def _row(change: Change, state: State) -> list[Any]:
    here, there = change.here, change.there
    name: Any = change.name
    if here is not None:
        name = link(
            change.name, paths.TIMELINE, state.at_call(here.key, here.worst_call if here.worst_call >= 0 else None)
        )
    calls = f"{count(here.calls) if here else '-'} / {count(there.calls) if there else '-'}"
    return [
        name,
        *(bits_cell(side.output_bits if side else None, state.unit) for side in (here, there)),
        _change(change, state.unit),
        *(lost_cell(side.bits_lost if side else None, state.unit) for side in (here, there)),
        CHANCE[change.beyond_chance],
        number_cell(calls),
    ]


def _change(change: Change, unit: str) -> html.Td:
    if change.here is None or change.there is None:
        return html.Td("only in this result" if change.there is None else "only in the other", className="note")
    if change.bits is None:
        return html.Td("-", className="number")
    worse = rounded(change.bits, unit) < 0
    return html.Td(change_in_unit(change.bits, unit), className="number worse" if worse else "number")


HEADINGS = (
    "function",
    "bits_here",
    "bits_there",
    "lost_here",
    "lost_there",
    "calls_here",
    "calls_there",
    "beyond_chance",
)


def rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All functions of both results, as a table; bits in base 2."""
    yield HEADINGS
    for change in compare.changes(contents, contents.other) if contents.other is not None else ():
        sides = (change.here, change.there)
        columns = ([getattr(side, name, None) for side in sides] for name in ("output_bits", "bits_lost", "calls"))
        yield [change.name, *(cell for column in columns for cell in column), change.beyond_chance]


CSV = {"functions": rows}
