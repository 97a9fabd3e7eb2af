"""What the web server does beside Dash: who may read, tables and figures, compression, and what browsers are told."""

import csv
import gzip
import hmac
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, abort, redirect, request

from pytracer.parse.store import ResultError
from pytracer.visualize import pages
from pytracer.visualize.figures.theme import theme
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State

SECURITY_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""The browser asks no other host for anything, whatever a library or a result would like."""

COOKIE = "pytracer-token"
COMPRESSED = 2**10
"""Answers of at least so many bytes are compressed."""
COMPRESSION = 5
CSV_ROWS = 2**10
"""Rows sent at once."""


@dataclass(frozen=True)
class Guard:
    """Who may read: who shows the token; without one, who asks for this machine by a name of its own."""

    token: str = ""
    host: str = ""  # a loopback address that the server is bound to; empty for any


def prepare(server: Flask, contents: Contents, guard: Guard) -> None:
    """Put everything before and after the answers of Dash."""
    server.after_request(_compress)
    server.after_request(_secure)
    if guard.token:
        server.before_request(lambda: _ask(guard.token))
    elif guard.host:
        server.before_request(lambda: _is_asked_here(guard.host))
    server.add_url_rule("/csv/<page>/<name>.csv", "csv", lambda page, name: _csv(contents, page, name))
    server.add_url_rule("/figure/<page>/<name>.json", "figure", lambda page, name: _figure(contents, page, name))


def _is_asked_here(host: str) -> None:
    """A page of another site could let its own name lead to this machine, and then read what is served here."""
    asked = urlsplit(f"//{request.host}").hostname or ""
    if asked != host and asked != "localhost" and not asked.startswith("127.") and asked != "::1":
        abort(403, f"This dashboard is not called {asked}: use http://{host}, or start it with --token.")


def _secure(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = SECURITY_POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "no-referrer"  # an address holds a token, and names of the user's code
    return response


def _ask(token: str) -> Any:
    """Who has not shown the token gets nothing; who has gets a cookie, and an address without it."""
    if hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), token.encode()):
        return None
    if not hmac.compare_digest(request.args.get("token", "").encode(), token.encode()):
        abort(403, "This dashboard wants its token: open the address that `pytracer visualize` printed.")
    rest = [(name, value) for name, value in request.args.items(multi=True) if name != "token"]
    answer = redirect(f"{request.path}?{urlencode(rest)}" if rest else request.path)
    answer.set_cookie(COOKIE, token, httponly=True, samesite="Strict")
    return answer


def _compress(response: Response) -> Response:
    """Programs of pages are megabytes of text. What is sent bit by bit stays as it is."""
    file = response.response if response.direct_passthrough else None
    accepted = response.status_code == 200 and "gzip" in request.headers.get("Accept-Encoding", "")
    if not accepted or (response.is_streamed and file is None):
        return response
    response.direct_passthrough = False
    content = response.get_data()
    if close := getattr(file, "close", None):
        close()
    if len(content) >= COMPRESSED:
        response.set_data(gzip.compress(content, COMPRESSION))
        response.headers["Content-Encoding"] = "gzip"
        response.vary.add("Accept-Encoding")
    return response


def _csv(contents: Contents, page: str, name: str) -> Response:
    rows = pages.csv(page, name)
    if rows is None:
        abort(404)
    lines: Iterator[str] = _lines(rows(contents, _state()))
    try:
        lines = itertools.chain([next(lines)], lines)  # what cannot be read mostly shows at once
    except ResultError as error:
        abort(_wrong(error))
    attached = f'attachment; filename="{page}-{name}.csv"'
    return Response(lines, mimetype="text/csv", headers={"Content-Disposition": attached})


def _figure(contents: Contents, page: str, name: str) -> Response:
    draw = pages.figure(page, name)
    if draw is None:
        abort(404)
    try:
        figure = draw(contents, _state(), theme(request.args.get("theme")))
    except ResultError as error:
        abort(_wrong(error))
    return Response(figure.to_json(), mimetype="application/json")


def _state() -> State:
    return State.parse(request.query_string.decode(errors="replace"))


def _wrong(error: ResultError) -> Response:
    """Plain text, which a page can show as it is."""
    return Response(str(error), 500, mimetype="text/plain")


def _lines(rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Rows as CSV, some at once."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    for number, row in enumerate(rows, 1):
        writer.writerow(row)
        if number % CSV_ROWS == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()
