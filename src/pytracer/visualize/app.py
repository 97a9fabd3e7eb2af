"""Puts the dashboard together: what stands around every page, and which page a path shows."""

from pathlib import Path
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html

from pytracer.visualize import queries
from pytracer.visualize.pages import timeline
from pytracer.visualize.queries import Contents

ASSETS = Path(__file__).parent / "assets"

PAGES = {"/": timeline, timeline.PATH: timeline}

SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""The browser asks no other host for anything, whatever a library or a result would like."""


def create_app(contents: Contents) -> Dash:
    """The dashboard of one result, ready to be served."""
    app = Dash(
        "pytracer",
        title=f"{contents.result.path.name} - Pytracer",
        update_title="",
        assets_folder=str(ASSETS),
        serve_locally=True,
        suppress_callback_exceptions=True,  # pages come later than the callbacks on them
    )
    app.layout = _layout(contents)
    app.server.after_request(_secure)
    _register(app, contents)
    for page in dict.fromkeys(PAGES.values()):
        page.register(app, contents)
    return app


def _layout(contents: Contents) -> html.Div:
    result, verdict = contents.result, queries.verdict(contents)
    command = " ".join(map(str, result.provenance.get("command") or []))
    return html.Div(
        [
            dcc.Location(id="url", refresh="callback-nav"),
            dcc.Store(id="theme"),
            html.Header(
                [
                    html.Span("Pytracer", className="brand"),
                    html.Span(f"{command}  -  {result.path.name}", className="note", title=str(result.path)),
                    html.Button("dark", id="theme-switch", title="light or dark"),
                ]
            ),
            html.Div(
                [html.H1(verdict.headline), html.P(verdict.detail)],
                id="verdict",
                className="verdict" if verdict.measured else "verdict unmeasured",
            ),
            html.Div(id="page"),
        ]
    )


def _register(app: Dash, contents: Contents) -> None:
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "theme"),
        Output("theme", "data"),
        Output("theme-switch", "children"),
        Input("theme-switch", "n_clicks"),
    )

    @app.callback(Output("page", "children"), Input("url", "pathname"))
    def show(path: str | None) -> Any:
        page = PAGES.get((path or "/").rstrip("/") or "/")
        if page is None:
            return html.P(
                ["There is no page here. ", html.A("Go to the timeline", href=timeline.PATH)], className="empty"
            )
        if not contents.functions:
            text = "No call was recorded. Name what to record with `pytracer run --trace NAME script.py`."
            return html.P(text, className="empty")
        return page.layout(contents)


def _secure(response: Any) -> Any:
    response.headers["Content-Security-Policy"] = SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response
