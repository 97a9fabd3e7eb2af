"""Pieces that pages are made of."""

from collections.abc import Mapping, Sequence
from typing import Any

from dash import ClientsideFunction, Dash, Input, Output, dcc, html
from dash import State as Held

from pytracer.visualize import paths
from pytracer.visualize.figures.theme import CHART_CONFIG, FULL_BITS, bits_colour
from pytracer.visualize.queries.calls import Call, Value
from pytracer.visualize.state import State
from pytracer.visualize.units import in_unit, text

INPUT = "\N{BLACK UP-POINTING TRIANGLE}"
OUTPUT = "\N{BLACK DOWN-POINTING TRIANGLE}"


def address(name: str) -> dcc.Location:
    """The address bar, under the id '<name>-view', for the callbacks of what stands around it."""
    return dcc.Location(id=f"{name}-view", refresh="callback-nav")


def key(name: str) -> dict[str, Any]:
    """Makes the key `name` click on a part of the page."""
    return {"data-key": name}


def link(children: Any, path: str, state: State, *, key: str = "", title: str = "") -> html.A:
    """A link to a page in a state. `key` is the key that follows it, in lower case."""
    more: dict[str, Any] = {"data-key": key} if key else {}
    title = f"{title} (key {key})".strip() if key else title
    return html.A(children, href=paths.href(path, state), className="view", title=title, **more)


def empty(*children: Any) -> html.P:
    """Stands where there is nothing to show: says why, and what to do."""
    return html.P(list(children), className="empty")


def problem(error: object) -> html.P:
    """Stands where something cannot be shown because it is wrong."""
    return html.P(str(error), className="problem", role="alert")


def switch(name: str, label: str, choices: Mapping[str, str], value: str, *, hidden: bool = False) -> html.Div:
    """A choice of few: value -> what the reader sees."""
    radio = dcc.RadioItems(id=name, options=options(choices), value=value, inline=True)
    return html.Div([html.Span(label), radio], className="switch", hidden=hidden)


def options(choices: Mapping[Any, str]) -> list[dict[str, Any]]:
    """Value -> what the reader sees, for a control."""
    return [{"label": shown, "value": choice} for choice, shown in choices.items()]


def chart(name: str, *, resizes: bool = True) -> dcc.Loading:
    """A chart whose figure a callback gives to the id `name`.

    `resizes`: whether its frame may change while the window does not. Dash then draws each figure twice.
    """
    config = CHART_CONFIG | {"responsive": resizes}
    graph = dcc.Graph(id=name, responsive=True if resizes else "auto", config=config, className="graph")
    return dcc.Loading(graph, delay_show=300, overlay_style={"visibility": "visible", "opacity": 0.5})


def plain(name: str, **more: Any) -> html.Div:
    """A box that is drawn often or long: a callback gives components of `html` to the data of the id '<name>-plain'."""
    return html.Div([dcc.Store(id=f"{name}-plain"), html.Div(id=name, **more)])


def bind_plain(app: Dash, name: str) -> None:
    """Draw what the box is given, and scroll to what is 'current' in it."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "plain"),
        Output(name, "title"),
        Input(f"{name}-plain", "data"),
        Held(name, "id"),
        prevent_initial_call=True,
    )


def part(name: str, *without: str) -> html.Div:
    """What the chart `name` follows of the address: all but the fields of the state that change nothing there."""
    stores = [dcc.Store(id=f"{name}-part"), dcc.Store(id=f"{name}-without", data=without)]
    return html.Div(stores, hidden=True)  # which takes no place among cards


def bind_part(app: Dash, page: str, name: str) -> Input:
    """Let it follow the address of the page; gives what callbacks draw from, instead of the whole address."""
    found = Input(f"{name}-part", "data")
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "part"),
        Output(f"{name}-part", "data"),
        Input(f"{page}-view", "search"),
        Held(f"{name}-without", "data"),
        Held(f"{name}-part", "data"),
    )
    return found


def with_way_out(note: str, path: str, state: State, ranges: Sequence[str]) -> list[Any]:
    """A note under a chart and, while one of these fields of the state zooms into it, the link that ends that."""
    if all(getattr(state, name) is None for name in ranges):
        return [note]
    whole = state.with_fields(**dict.fromkeys(ranges))
    return [f"{note}. " if note else "", link("show all", path, whole, key="0")]


def follow_moves(app: Dash, name: str) -> None:
    """Put what a reader zooms or pans of the chart `name` into the address; see figures.theme.follow."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("pytracer", "follow"),
        Output(name, "className"),
        Input(name, "figure"),
        Held(name, "id"),
        prevent_initial_call=True,
    )


def exports(*, chart: str = "", figure: str = "", csv: str = "") -> html.Div:
    """Buttons that save a picture and the table 'page/name' (see `pages`), in the state shown.

    The picture is that of the chart of the id `chart`, or the figure 'page/name' of what is no chart on the page.
    """
    buttons: list[Any] = []
    if csv:
        buttons.append(html.A("CSV", href=f"/csv/{csv}.csv", className="csv", download="", title="save the numbers"))
    source = {"data-chart": chart} if chart else {"data-figure": figure}
    for form in ("PNG", "SVG") if chart or figure else ():
        more: dict[str, Any] = {"data-image": form.lower(), **source}
        buttons.append(html.Button(form, title=f"save the chart as {form}", **more))
    return html.Div(buttons, className="exports")


def table(headings: Sequence[Any], rows: Sequence[Sequence[Any]], **more: Any) -> html.Table:
    """A small table; cells are texts, or html.Td."""
    head = html.Thead(html.Tr([cell if isinstance(cell, html.Th) else html.Th(cell) for cell in headings]))
    body = [html.Tr([cell if isinstance(cell, html.Td) else html.Td(cell) for cell in row]) for row in rows]
    return html.Table([head, html.Tbody(body)], **more)


def number_cell(shown: str) -> html.Td:
    """A cell with a number, aligned with those above it."""
    return html.Td(shown, className="number")


def bits_chip(bits: float | None, unit: str) -> html.Span:
    """Bits printed in `unit` on the colour that they have everywhere."""
    background, ink = bits_colour(bits)
    return html.Span(in_unit(bits, unit), className="bits", style={"background": background, "color": ink})


def bits_cell(bits: float | None, unit: str) -> html.Td:
    """A cell with such bits."""
    return html.Td(bits_chip(bits, unit), className="number")


def bits_mark(bits: float, width: str) -> html.Div:
    """A bar in the colour of so many bits; the number is printed beside it."""
    return html.Div(className="bar-of-bits", style={"background": bits_colour(bits)[0], "width": width})


def lost_cell(bits: float | None, unit: str) -> html.Td:
    """A cell that prints lost bits in `unit` over a bar of as many."""
    share = min(max(bits or 0.0, 0.0) / FULL_BITS, 1.0)
    return html.Td(in_unit(bits, unit), className="number lost", style={"--share": f"{share:.0%}"})


def lost_text(bits: float, unit: str) -> str:
    """What a call does to the bits of its inputs, in words."""
    return f"{'gains' if bits < -0.05 else 'loses'} {in_unit(abs(bits), unit)} {unit}"


def call_card(call: Call, state: State, path: str, *, measured: bool) -> list[Any]:
    """One call on the page at `path`: where it was made, its values, and the ways to other calls."""
    caller = f" in {call.caller}" if call.caller not in ("", "<module>") else ""
    place = link(f"{call.place}{caller}", paths.SOURCE, state.with_fields(file="", line=None), key="s", title="source")
    code = call.source or "the source line is not known"
    return [
        html.H2([link(call.name, paths.TIMELINE, state), html.Span([" called at ", place], className="note")]),
        _ways(call, state, path),
        html.Pre(html.Code(code), className="source"),
        html.P("; ".join(_facts(call, state, measured=measured))),
        _values(call, state, measured=measured),
    ]


def _facts(call: Call, state: State, *, measured: bool) -> list[str]:
    lasted = f"{call.outcome} after {call.duration_ms:.6g} ms" if call.duration_ms is not None else "did not return"
    facts = [f"call {call.number} of {call.calls}", lasted, f"at {call.time_ms:.6g} ms"]
    if measured:
        facts.append(f"made by {call.samples} perturbed samples")
    if call.bits_lost is not None:
        facts.append(lost_text(call.bits_lost, state.unit))
    return facts


def _ways(call: Call, state: State, path: str) -> html.Div:
    ways = []
    if call.previous is not None:
        ways.append(link("previous call", path, state.at_call(call.key, call.previous), key="p"))
    if call.following is not None:
        ways.append(link("next call", path, state.at_call(call.key, call.following), key="n"))
    if call.parent is not None:
        around = state.at_call(call.parent.key, call.parent.row)
        ways.append(link(f"inside {call.parent.name}", path, around, key="u", title="the call around it"))
    ways.append(link("close", path, state.with_call(None), key="x"))
    return html.Div(ways, className="ways")


def _values(call: Call, state: State, *, measured: bool) -> html.Div:
    bits = (f"{state.unit}, min", f"{state.unit}, median") if measured else ()
    headings = ("", "value", "type", *bits, "mean", *(("std", "same type and shape") if measured else ()))
    rows = [_row(value, state, measured=measured) for value in call.values]
    omitted = call.n_values - len(call.values)
    note = [html.P(f"and {omitted} more values", className="note")] if omitted else []
    return html.Div([table(headings, rows), *note])


def _row(value: Value, state: State, *, measured: bool) -> list[html.Td]:
    mark = html.Td(OUTPUT if value.output else INPUT, title="output" if value.output else "input")
    name = (
        link(value.label, paths.ZOOM, state.with_call(state.call, value.row), title="zoom")
        if value.size > 1
        else value.label
    )
    bits = [bits_cell(bits, state.unit) for bits in (value.bits_min, value.bits_median)] if measured else []
    same = text(value.agreement, ".0%") + (" same value" if value.discrete and value.agreement is not None else "")
    spread = [text(value.std, ".3g"), same] if measured else []
    numbers = [number_cell(shown) for shown in (text(value.mean, ".10g"), *spread)]
    return [mark, html.Td(name), html.Td(value.type), *bits, *numbers]
