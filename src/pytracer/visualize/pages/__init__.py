"""One file a page; this table says which there are, in the order of the navigation.

A page has
    PATH                            where it is
    TITLE                           its name in the navigation
    layout(contents, state)         what it shows at first; controls begin in `state`
    register(app, contents)         registers its callbacks, which draw what the address says
    CSV                             optional: {name: function(contents, state)}; the function gives rows of texts and
                                    numbers, the headings first, which /csv/<module>/<name>.csv sends
    FIGURES                         optional: {name: function(contents, state, colours)}; pictures that can be saved of
                                    what is no chart on the page, which /figure/<module>/<name>.json sends

The address is the state. A page has a `components.address("x")` of its own; it draws from `Input("x-view", "search")`,
and changes what is shown, on all pages, by writing `Output("x-view", "search", allow_duplicate=True)` with
`prevent_initial_call=True`. Dash wants all inputs and outputs of a callback in the document or none: so a page uses no
id of what stands around it, but `theme` (data: 'dark' or 'light') as one more input of what it draws. Controls are
inputs and outputs of the callback that writes the address, so that they follow it too. Dash calls it once when the page
appears: what says nothing new gives `no_update`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from dash import Dash
from plotly.graph_objects import Figure

from pytracer.visualize.figures.theme import Theme
from pytracer.visualize.pages import (
    callgraph,
    compare,
    divergences,
    functions,
    overview,
    samples,
    source,
    timeline,
    zoom,
)
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State

Csv = Callable[[Contents, State], Iterable[Sequence[Any]]]
Draw = Callable[[Contents, State, Theme], Figure]


class Page(Protocol):
    """A module in this folder."""

    PATH: str
    TITLE: str

    def layout(self, contents: Contents, state: State) -> Any:
        """What the page shows at first."""

    def register(self, app: Dash, contents: Contents) -> None:
        """Register the callbacks."""


PAGES: Sequence[Page] = (overview, timeline, functions, callgraph, source, zoom, divergences, samples, compare)

BY_PATH: Mapping[str, Page] = {page.PATH: page for page in PAGES}


def csv(page: str, name: str) -> Csv | None:
    """The table of the page in that module; None when there is none."""
    tables: Mapping[str, Csv] = getattr(_module(page), "CSV", {})
    return tables.get(name)


def figure(page: str, name: str) -> Draw | None:
    """What draws the picture of the page in that module; None when there is none."""
    figures: Mapping[str, Draw] = getattr(_module(page), "FIGURES", {})
    return figures.get(name)


def _module(page: str) -> Page | None:
    return next((each for each in PAGES if str(getattr(each, "__name__", "")).endswith(f".{page}")), None)
