"""Pieces that pages are made of."""

from collections.abc import Mapping
from typing import Any

from dash import dcc, html
from dash_ag_grid import AgGrid

from pytracer.visualize.queries import Call, Contents, Value

NOTHING = "-"
"""Stands for what was not measured."""

_ONE_DIGIT = {"function": f"params.value == null ? '{NOTHING}' : d3.format('.1f')(params.value)"}
_LAST_PART = {"function": "params.value.split('/').pop()"}
_BAR = {"function": "pytracerBar(params)"}


def function_list(contents: Contents) -> AgGrid:
    """The sortable list of functions; its rows are known by their keys, wherever sorting puts them."""
    number = {"type": "rightAligned", "width": 60, "sortingOrder": ["desc", "asc", None]}
    bits = number | {"valueFormatter": _ONE_DIGIT}
    measured = [
        {"field": "bits_lost", "headerName": "lost", "cellStyle": _BAR} | bits,
        {"field": "input_bits", "headerName": "in", "headerTooltip": "minimum over the inputs of all calls"} | bits,
        {"field": "output_bits", "headerName": "out", "headerTooltip": "minimum over the outputs of all calls"} | bits,
    ]
    search = {"filter": True, "floatingFilter": True, "filterParams": {"filterPlaceholder": "search"}}
    columns = [
        {"field": "name", "headerName": "function", "tooltipField": "name", "flex": 1, "minWidth": 150} | search,
        *([{"headerName": "significant bits", "children": measured}] if contents.result.perturbed else []),
        {"field": "calls", "headerName": "calls"} | number,
        {
            "field": "place",
            "headerName": "called at",
            "tooltipField": "place",
            "width": 104,
            "valueFormatter": _LAST_PART,
        },
    ]
    fields = ("key", "name", "bits_lost", "input_bits", "output_bits", "calls", "place")
    return AgGrid(
        id="functions",
        columnDefs=columns,
        rowData=[{name: getattr(function, name) for name in fields} for function in contents.functions],
        getRowId="params.data.key",
        defaultColDef={"sortable": True, "resizable": True},
        dashGridOptions={
            "theme": {"function": "pytracerGridTheme(themeQuartz)"},
            "rowSelection": {"mode": "singleRow", "checkboxes": False, "enableClickSelection": True},
            "animateRows": False,
        },
        style={"height": "100%"},
        className="",  # otherwise a second theme, made of style sheets, gets in the way
    )


def switch(name: str, label: str, choices: Mapping[str, str], *, hidden: bool = False) -> html.Div:
    """A choice of few; the first is the default."""
    options = [{"label": text, "value": value} for value, text in choices.items()]
    radio = dcc.RadioItems(id=name, options=options, value=next(iter(choices)), inline=True)
    return html.Div([html.Span(label), radio], className="switch", hidden=hidden)


def call_details(call: Call, measured: bool) -> list[Any]:
    """One call: where it was made, and its values."""
    caller = f" in {call.caller}" if call.caller not in ("", "<module>") else ""
    facts = [
        f"{call.outcome} after {call.duration_ms:.6g} ms" if call.duration_ms is not None else "did not return",
        f"at {call.time_ms:.6g} ms",
        f"inside {call.parent}" if call.parent else "",
        f"made by {call.samples} perturbed samples" if measured else "",
        f"loses {call.bits_lost:.1f} bits" if call.bits_lost is not None else "",
    ]
    heading: list[Any] = [f"{call.name} ", html.Span(f"called at {call.place}{caller}", className="note")]
    omitted = call.n_values - len(call.values)
    return [
        html.H2(heading),
        html.Pre(html.Code(call.source or "the source line is not known"), className="source"),
        html.P("; ".join(filter(None, facts))),
        _values(call.values, measured),
        *([html.P(f"and {omitted} more values", className="note")] if omitted else []),
    ]


def _values(values: list[Value], measured: bool) -> html.Table:
    bits = ("bits, min", "bits, median") if measured else ()
    headings = ("", "value", "type", *bits, "mean", *(("std", "agreement") if measured else ()))
    return html.Table(
        [html.Thead(html.Tr([html.Th(text) for text in headings])), html.Tbody([_row(v, measured) for v in values])]
    )


def _row(value: Value, measured: bool) -> html.Tr:
    mark = "\N{BLACK DOWN-POINTING TRIANGLE}" if value.output else "\N{BLACK UP-POINTING TRIANGLE}"
    title = "output" if value.output else "input"
    bits = [_number(value.bits_min, ".1f"), _number(value.bits_median, ".1f")] if measured else []
    spread = [_number(value.std, ".3g"), f"{value.agreement:.0%}"] if measured else []
    numbers = [*bits, _number(value.mean, ".10g"), *spread]
    cells = [html.Td(mark, title=title), html.Td(value.label), html.Td(value.type)]
    return html.Tr(cells + [html.Td(text, className="number") for text in numbers])


def _number(value: float | complex | None, form: str) -> str:
    return NOTHING if value is None else format(value, form)
