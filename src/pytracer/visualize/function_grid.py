"""The list of functions: virtual, searchable, sortable. Rows are known by their keys, wherever sorting puts them."""

from collections.abc import Sequence
from typing import Any

from dash import Dash, Input, Output, ctx, html, no_update
from dash import State as Held
from dash_ag_grid import AgGrid

from pytracer.visualize.components import address
from pytracer.visualize.queries.contents import Contents, Function
from pytracer.visualize.state import State
from pytracer.visualize.units import NOTHING, factor

DRAWN = 12
"""Functions of a module that are drawn while none is chosen."""

_BAR = {"function": "pytracerBar(params)"}
_LAST_PART = {"function": "params.value.split('/').pop()"}
_SEARCH = {"filter": True, "floatingFilter": True, "filterParams": {"filterPlaceholder": "search"}}
_NUMBER = {"type": "rightAligned", "width": 62, "sortingOrder": ["desc", "asc", None]}


def function_grid(contents: Contents, state: State, *, several: bool = False, wide: bool = False) -> html.Div:
    """The list. `several`: whether more than one may be chosen; `wide`: with all columns."""
    mode = {"mode": "multiRow" if several else "singleRow", "checkboxes": False, "enableClickSelection": True}
    mode |= {"headerCheckbox": False} if several else {}
    grid = AgGrid(
        id="functions",
        columnDefs=columns(measured=contents.result.perturbed, unit=state.unit, wide=wide),
        rowData=rows(inside(state.module, contents)),
        getRowId="params.data.key",
        defaultColDef={"sortable": True, "resizable": True},
        dashGridOptions={
            "theme": {"function": "pytracerGridTheme(themeQuartz)"},
            "rowSelection": mode,
            "animateRows": False,
        },
        style={"height": "100%"},
        className="",  # otherwise a second theme, made of style sheets, gets in the way
    )
    return html.Div([address("functions"), grid], className="grid")


def columns(*, measured: bool, unit: str, wide: bool) -> list[dict[str, Any]]:
    """The columns; bits are shown in `unit`."""
    form = f"d3.format('.{1 if factor(unit) == 1 else 2}f')(params.value * {factor(unit)!r})"
    bits = _NUMBER | {"valueFormatter": {"function": f"params.value == null ? '{NOTHING}' : {form}"}}
    bit_columns = [
        {"field": "bits_lost", "headerName": "lost", "cellStyle": _BAR} | bits,
        {"field": "input_bits", "headerName": "in", "headerTooltip": "minimum over the inputs of all calls"} | bits,
        {"field": "output_bits", "headerName": "out", "headerTooltip": "minimum over the outputs of all calls"} | bits,
    ]
    extra = [
        {"field": "module", "headerName": "module", "tooltipField": "module", "width": 190} | _SEARCH,
        {"field": "kind", "headerName": "kind", "width": 110} | _SEARCH,
    ]
    measurable = {"field": "measurable", "headerName": "perturbed", "headerTooltip": "calls that noise reached"}
    place = {"field": "place", "headerName": "called at", "tooltipField": "place"}
    return [
        {"field": "name", "headerName": "function", "tooltipField": "name", "flex": 1, "minWidth": 150} | _SEARCH,
        *(extra if wide else []),
        *([{"headerName": f"significant {unit}", "children": bit_columns}] if measured else []),
        {"field": "calls", "headerName": "calls"} | _NUMBER | {"width": 74},
        *([measurable | _NUMBER | {"width": 100}] if wide and measured else []),
        place | ({"width": 260} if wide else {"width": 104, "valueFormatter": _LAST_PART}),
    ]


FIELDS = ("key", "name", "module", "kind", "bits_lost", "input_bits", "output_bits", "calls", "measurable", "place")


def rows(functions: Sequence[Function]) -> list[dict[str, Any]]:
    """What the list holds, bits in base 2."""
    return [{name: getattr(function, name) for name in FIELDS} for function in functions]


def chosen(state: State, contents: Contents) -> Function | None:
    """The function to show: that of the address, else of the selected call, else the one that loses most."""
    if state.function:
        return contents.by_key.get(state.function)
    if state.call is not None and state.call < len(contents.result.calls):
        return contents.by_row.get(int(contents.result.calls.read("function", state.call)))
    return next(iter(inside(state.module, contents)), None)


def drawn(state: State, contents: Contents) -> list[Function]:
    """All functions to show, `chosen` first: those of the address, or of the module while none is chosen in it."""
    first = chosen(state, contents)
    if first is None:
        return []
    if state.module and not state.function and state.call is None:
        return inside(state.module, contents)[:DRAWN]
    others = (contents.by_key[key] for key in state.others if key in contents.by_key)
    return list(dict.fromkeys([first, *others]))


def inside(module: str, contents: Contents) -> list[Function]:
    """The functions of a module and of what is below it, most bits lost first; all for an empty name."""
    found = contents.functions
    return [f for f in found if f.module == module or f.module.startswith(f"{module}.")] if module else found


def modules(contents: Contents) -> list[str]:
    """The modules that functions are of, and the packages around them, in order of name."""
    names = {function.module for function in contents.functions if function.module}
    parents = {name[:i] for name in names for i, letter in enumerate(name) if letter == "."}
    return sorted(names | parents)


def follow(state: State, contents: Contents, keys: Sequence[str]) -> State:
    """The state after the rows `keys` were selected; the same one when that says nothing new."""
    shown = [function.key for function in drawn(state, contents)]
    if not keys or set(keys) == set(shown):
        return state
    if shown and shown[0] in keys:
        return state.with_fields(function=shown[0], others=tuple(key for key in keys if key != shown[0]))
    return state.with_function(keys[0]).with_fields(others=tuple(keys[1:]))


def selection(functions: Sequence[Function]) -> dict[str, Any]:
    """What makes the list select these functions."""
    return {"ids": [function.key for function in functions]}


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks of the list, once for all pages that have one."""

    @app.callback(
        Output("functions-view", "search", allow_duplicate=True),
        Output("functions", "selectedRows"),
        Output("functions", "scrollTo"),
        Input("functions", "selectedRows"),
        Input("functions-view", "search"),
        prevent_initial_call=True,
    )
    def select(selected: list[dict[str, Any]] | None, search: str | None) -> tuple[Any, Any, Any]:
        before = State.parse(search)
        keys = [str(row["key"]) for row in selected or ()]
        state = follow(before, contents, keys) if ctx.triggered_id == "functions" else before
        wanted = selection(drawn(state, contents))
        # The list answers each selection with another event, even when it changes nothing.
        if set(keys) == set(wanted["ids"]):
            return (no_update if state == before else state.search), no_update, no_update
        scroll = {"rowId": wanted["ids"][0], "rowPosition": "middle"} if wanted["ids"] else no_update
        return (no_update if state == before else state.search), wanted, scroll

    @app.callback(
        Output("functions", "columnDefs"),
        Input("unit", "value"),
        Held("functions", "columnDefs"),
        prevent_initial_call=True,
    )
    def count_in(unit: str, shown: list[dict[str, Any]]) -> Any:
        wide = any(column.get("field") == "kind" for column in shown)
        wanted = columns(measured=contents.result.perturbed, unit=unit, wide=wide)
        return no_update if wanted == shown else wanted  # new columns would close an open filter
