"""Puts the dashboard together: what stands around every page, and which page a path shows."""

import logging
from pathlib import Path
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, State, ctx, dcc, html, no_update, set_props

from pytracer.parse.store import ResultError
from pytracer.visualize import paths, web
from pytracer.visualize.components import bind_plain, call_card, empty, key, link, plain, problem, switch
from pytracer.visualize.pages import BY_PATH, PAGES
from pytracer.visualize.queries import calls
from pytracer.visualize.queries.contents import Contents, verdict
from pytracer.visualize.state import BITS, DIGITS
from pytracer.visualize.state import State as View

LOG = logging.getLogger(__name__)
ASSETS = Path(__file__).parent / "assets"

KEYS = {
    "1 ... 9": "go to a page",
    "n, p": "next and previous call of the function",
    "u": "the call around the selected one",
    "s": "source of the selected call",
    "x": "select no call",
    "0": "the whole chart: end a zoom",
    "/": "search",
    "d": "dark or light",
    "?": "this list",
}


def create_app(contents: Contents, guard: web.Guard = web.Guard()) -> Dash:  # noqa: B008
    """The dashboard of one result, ready to be served to whom `guard` lets in."""
    app = Dash(
        "pytracer",
        title=f"{contents.result.path.name} - Pytracer",
        update_title="",
        assets_folder=str(ASSETS),
        serve_locally=True,
        suppress_callback_exceptions=True,  # pages come later than the callbacks on them
        on_error=_say,
    )
    app.layout = _layout(contents)
    web.prepare(app.server, contents, guard)
    _register(app, contents)
    for page in PAGES:
        page.register(app, contents)
    return app


def _layout(contents: Contents) -> html.Div:
    result, found = contents.result, verdict(contents)
    keys = [html.Div([html.Kbd(name), html.Span(what)]) for name, what in KEYS.items()]
    units = switch("unit", "", {BITS: "bits", DIGITS: "decimal digits"}, BITS, hidden=not result.perturbed)
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="theme"),
            html.Header(
                [
                    html.Span("Pytracer", className="brand"),
                    html.Nav(links(), id="pages"),
                    html.Div(
                        [
                            units,
                            html.Button("?", id="help-switch", title="keys (key ?)", **key("?")),
                            html.Button("dark", id="theme-switch", title="light or dark (key d)", **key("d")),
                        ],
                        className="tools",
                    ),
                ]
            ),
            html.Section(
                [
                    html.H1(found.headline, id="headline"),
                    html.Span(result.path.name, className="note", title=str(result.path)),
                    html.P(found.detail, id="verdict-detail"),
                ],
                id="verdict",
                className="verdict" if found.measured else "verdict unmeasured",
            ),
            html.P(id="problem", className="problem card", role="alert", hidden=True, title="click to hide it"),
            html.Main(id="page"),
            html.Aside(plain("call", className="card call")),
            html.Div([html.H2("Keys"), *keys], id="help", className="card", hidden=True),
        ]
    )


def _register(app: Dash, contents: Contents) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "theme"),
        Output("theme", "data"),
        Output("theme-switch", "children"),
        Input("theme-switch", "n_clicks"),
    )

    @app.callback(Output("page", "children"), Input("url", "pathname"), State("url", "search"))
    def show(path: str | None, search: str | None) -> Any:
        return page(contents, path, View.parse(search))

    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "navigation"),
        Output("pages", "title"),
        Input("url", "pathname"),
        Input("url", "search"),
        State("pages", "id"),
    )

    bind_plain(app, "call")

    @app.callback(
        Output("call-plain", "data"), Output("call", "hidden"), Input("url", "pathname"), Input("url", "search")
    )
    def select(path: str | None, search: str | None) -> tuple[Any, bool]:
        return selected_call(contents, path, View.parse(search))

    @app.callback(Output("url", "search"), Output("unit", "value"), Input("unit", "value"), Input("url", "search"))
    def count_in(unit: str, search: str | None) -> tuple[Any, Any]:
        state = View.parse(search)
        if unit == state.unit:
            return no_update, no_update
        if ctx.triggered_id != "unit":
            return no_update, state.unit
        return state.with_fields(unit=unit).search, no_update

    @app.callback(
        Output("headline", "children"),
        Output("verdict-detail", "children"),
        Input("unit", "value"),
        prevent_initial_call=True,
    )
    def tell(unit: str) -> tuple[str, str]:
        found = verdict(contents, unit)
        return found.headline, found.detail


def _say(error: Exception) -> None:
    """A callback failed: what it draws stays as it was, and the reader is told why."""
    if isinstance(error, ResultError):
        text = str(error)
    else:
        LOG.error("a part of the page cannot be shown", exc_info=error)
        text = (
            f"A part of this page cannot be shown ({type(error).__name__}: {error}). Is the result sound? Parse again."
        )
    set_props("problem", {"children": text, "hidden": False})


def page(contents: Contents, path: str | None, state: View) -> Any:
    """The page at `path`, or a message."""
    found = BY_PATH.get(_normal(path))
    if found is None:
        return empty("There is no page here. ", link("Go to the overview", paths.OVERVIEW, state))
    if not contents.functions:
        return empty("No call was recorded. Name what to record with `pytracer run --trace NAME script.py`.")
    try:
        return found.layout(contents, state)
    except ResultError as error:
        return problem(error)


def links() -> list[Any]:
    """The navigation: links to all pages. The browser lets them keep the state and marks the page shown."""
    return [link(page.TITLE, page.PATH, View(), key=str(number)) for number, page in enumerate(PAGES, 1)]


def selected_call(contents: Contents, path: str | None, state: View) -> tuple[Any, bool]:
    """The card of the selected call, and whether there is none to show."""
    if state.call is None:
        return [], True
    try:
        call = calls.call(contents, state.call)
    except ResultError as error:
        return problem(error), False
    if call is None:
        return problem(f"This result has no call {state.call}: select another."), False
    return call_card(call, state, _normal(path), measured=contents.result.perturbed), False


def _normal(path: str | None) -> str:
    return (path or "/").rstrip("/") or "/"
