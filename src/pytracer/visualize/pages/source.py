"""The source: the file around the call site, each line with the bits of the calls made on it.

The text comes from the result alone, never from a path that a request names.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from pytracer.parse.store import ResultError
from pytracer.visualize import function_grid, paths
from pytracer.visualize.components import (
    address,
    bind_plain,
    bits_cell,
    empty,
    exports,
    link,
    lost_cell,
    lost_text,
    number_cell,
    options,
    plain,
    problem,
    table,
)
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.source import Line, Sources
from pytracer.visualize.state import State
from pytracer.visualize.units import count

PATH = paths.SOURCE
TITLE = "Source"
AROUND = 150
"""Lines shown before and after the selected one."""


def layout(contents: Contents, state: State) -> html.Div:
    """The menu of files, the lines, and what was called on the selected one."""
    menu = dcc.Dropdown(id="source-file", options=[], clearable=False, searchable=True, className="file")
    return html.Div(
        [
            address("source"),
            html.Div([menu, exports(csv="source/lines")], className="bar"),
            html.Div(
                [
                    plain("source-lines", className="card lines"),
                    html.Section(id="source-calls", className="card line-calls"),
                ],
                className="source-columns",
            ),
        ],
        className="source-page",
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""
    sources = Sources(contents)

    @app.callback(
        Output("source-view", "search", allow_duplicate=True),
        Output("source-file", "options"),
        Output("source-file", "value"),
        Input("source-view", "search"),
        Input("source-file", "value"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, chosen: str | None) -> list[Any]:
        state = State.parse(search)
        file, _ = place(contents, sources, state)
        given = chosen if chosen in sources.files else file
        if ctx.triggered_id != "source-file" or given == file:
            return [no_update, options({name: name for name in sources.files}), file]
        return [state.with_fields(file=given, line=None).search, no_update, no_update]

    @app.callback(
        Output("source-lines-plain", "data"), Output("source-calls", "children"), Input("source-view", "search")
    )
    def show(search: str | None) -> list[Any]:
        try:
            return listing(contents, sources, State.parse(search))
        except ResultError as error:
            return [problem(error), []]

    bind_plain(app, "source-lines")


def place(contents: Contents, sources: Sources, state: State) -> tuple[str, int]:
    """File and line to show: those of the address, else those of the selected call or of the function's worst one."""
    sites = contents.result.sites
    if state.file:
        return state.file, state.line or 1
    call = state.call
    if call is None or call >= len(contents.result.calls):
        function = function_grid.chosen(state, contents)
        site = function.site if function is not None else -1
    else:
        site = int(contents.result.calls.read("site", call))
    file, line = (str(sites.read("file", site)), int(sites.read("line", site))) if site >= 0 else ("", 0)
    return (file, line) if file else (next(iter(sources.files), ""), 1)


def listing(contents: Contents, sources: Sources, state: State) -> list[Any]:
    """The lines around the selected one, and what was called on it."""
    file, current = place(contents, sources, state)
    if file not in sources.files:
        text = f"No call was made from {file!r}: choose a file." if file else "No call site is known."
        return [empty(text), []]
    lines = sources.lines(file, current - AROUND, current + AROUND)
    measured = contents.result.perturbed
    headings = ("", *(("lost", "outputs") if measured else ()), "calls", "")
    body = [_row(line, file, state, measured=measured, current=line.number == current) for line in lines]
    length = sources.length(file)
    note = (
        []
        if length
        else [html.P("The text of this file is not in the result: only lines with calls.", className="note")]
    )
    earlier = [_jump(f"lines before {lines[0].number}", file, lines[0].number - 1, state)] if lines else []
    later = [_jump(f"lines after {lines[-1].number}", file, lines[-1].number + 1, state)] if lines else []
    code = [
        *note,
        *(earlier if length and lines and lines[0].number > 1 else []),
        html.Table([html.Thead(html.Tr([html.Th(text) for text in headings])), html.Tbody(body)], className="code"),
        *(later if lines and lines[-1].number < length else []),
    ]
    chosen = next((line for line in lines if line.number == current), None)
    return [code, _calls(chosen, file, current, state, measured=measured)]


def _jump(text: str, file: str, line: int, state: State) -> html.P:
    return html.P(link(text, PATH, state.with_fields(file=file, line=line)))


def _row(line: Line, file: str, state: State, *, measured: bool, current: bool) -> html.Tr:
    """A line: its number and its text select it, and with it the call on it that loses most."""
    if line.calls:
        worst = line.calls[0]
        there = state.at_call(worst.function.key, worst.worst_call)
    else:
        there = state.with_fields(file=file, line=line.number)
    sides = [lost_cell(line.bits_lost, state.unit), bits_cell(line.output_bits, state.unit)]
    blank = [html.Td(), html.Td()]
    bits = (sides if line.calls else blank) if measured else []
    text = line.text if line.text is not None else "the text of this line is not known"
    return html.Tr(
        [
            html.Td(link(str(line.number), PATH, there), className="line-number"),
            *bits,
            number_cell(count(line.number_of_calls)) if line.calls else html.Td(),
            html.Td(link(text or " ", PATH, there), className="line-text"),
        ],
        className="current" if current else "called" if line.calls else "",
    )


def _calls(line: Line | None, file: str, number: int, state: State, *, measured: bool) -> list[Any]:
    """What was called on a line."""
    heading = html.H2([f"line {number} ", html.Span(f"of {file}", className="note")])
    if line is None or not line.calls:
        return [heading, empty("No recorded call was made from this line.")]
    rows = []
    for each in line.calls:
        there = state.at_call(each.function.key, each.worst_call)
        sides = [bits_cell(bits, state.unit) for bits in (each.input_bits, each.output_bits)]
        bits = [lost_cell(each.bits_lost, state.unit), *sides] if measured else []
        ways = html.Td([link("worst call", PATH, there), " ", link("timeline", paths.TIMELINE, there)])
        rows.append([each.function.name, *bits, number_cell(count(each.calls)), ways])
    headings = ("function", *(("lost", "inputs", "outputs") if measured else ()), "calls", "")
    worst = line.calls[0]
    said = "" if worst.bits_lost is None else f"{worst.function.name} {lost_text(worst.bits_lost, state.unit)} here."
    return [heading, html.P(said), table(headings, rows)]


def rows(contents: Contents, state: State) -> Iterator[Sequence[Any]]:
    """The lines of the file from which calls were made, one row for each function called there; bits in base 2."""
    sources = Sources(contents)
    file, _ = place(contents, sources, state)
    yield ("file", "line", "function", "calls", "bits_lost", "input_bits", "output_bits", "text")
    for line in sources.lines(file, 1, sys.maxsize):
        for each in line.calls:
            numbers = (each.calls, each.bits_lost, each.input_bits, each.output_bits)
            yield (file, line.number, each.function.name, *numbers, line.text or "")


CSV = {"lines": rows}
