"""The functions: all of them with their bits; the selected one drives every other page."""

from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, html

from pytracer.visualize import function_grid, paths
from pytracer.visualize.components import exports, link, lost_text, problem
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State

PATH = paths.FUNCTIONS
TITLE = "Functions"


def layout(contents: Contents, state: State) -> html.Div:
    """The list, and what can be done with the selected function."""
    grid = function_grid.function_grid(contents, state, wide=True)
    return html.Div(
        [
            html.Section([html.Div(id="function-ways"), exports(csv="functions/functions")], className="bar"),
            html.Section(grid, className="card functions"),
        ],
        className="functions-page",
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks, also those of the list on other pages."""
    function_grid.register(app, contents)

    @app.callback(Output("function-ways", "children"), Input("functions-view", "search"))
    def show(search: str | None) -> list[Any]:
        return ways(contents, State.parse(search))


def ways(contents: Contents, state: State) -> list[Any]:
    """What can be done with the selected function."""
    function = function_grid.chosen(state, contents)
    if function is None:
        return [problem(f"This result has no function {state.function!r}: choose one in the list.")]
    found: list[Any] = [html.B(function.name), link("timeline", paths.TIMELINE, state.with_function(function.key))]
    lost = "" if function.bits_lost is None else f": {lost_text(function.bits_lost, state.unit)}"
    found.append(link(f"its worst call{lost}", PATH, state.at_call(function.key, function.worst_call)))
    return found


def rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """The list as a table; bits in base 2."""
    yield function_grid.FIELDS
    for function in contents.functions:
        yield [getattr(function, name) for name in function_grid.FIELDS]


CSV = {"functions": rows}
