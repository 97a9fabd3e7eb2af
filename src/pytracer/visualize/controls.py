"""Controls of a page that show and change fields of the state: the address follows them, and they the address."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dash import Dash, Input, Output, ctx, dcc, html, no_update

from pytracer.visualize.components import options
from pytracer.visualize.state import NUMBERS, ROWS, State


def bind(app: Dash, page: str, fields: Mapping[str, str], empty: Mapping[str, Any] | None = None) -> None:
    """Register the callback of a page's controls: id of each -> field of the state.

    `empty` says what the control of a field shows whose value is empty.
    """

    @app.callback(
        Output(f"{page}-view", "search", allow_duplicate=True),
        *(Output(name, "value") for name in fields),
        Input(f"{page}-view", "search"),
        *(Input(name, "value") for name in fields),
        prevent_initial_call=True,
    )
    def follow(search: str | None, *values: Any) -> list[Any]:
        before = State.parse(search)
        after = changed(before, fields, values, str(ctx.triggered_id))
        address = no_update if after == before else after.search
        wanted = [getattr(after, field) or (empty or {}).get(field, getattr(after, field)) for field in fields.values()]
        return [address, *(no_update if value == want else want for value, want in zip(values, wanted, strict=True))]


def follow_unit(app: Dash, name: str, choices: Callable[[str], Mapping[str, str]]) -> None:
    """Let the switch `name` show the choices of the unit of the address."""

    @app.callback(Output(name, "options"), Input("unit", "value"), prevent_initial_call=True)
    def show(unit: str) -> list[dict[str, Any]]:
        return options(choices(unit))


def changed(state: State, fields: Mapping[str, str], values: Sequence[Any], triggered: str) -> State:
    """The state after the control `triggered` changed; the same one when it was none of them."""
    if triggered not in fields:
        return state
    field, value = fields[triggered], dict(zip(fields, values, strict=True))[triggered]
    return state.with_fields(**{field: _read(field, value)})


def _read(field: str, value: Any) -> Any:
    if field in ROWS:
        return None if value in (None, "") else int(value)
    if field in NUMBERS:
        return None if value in (None, "") else float(value)
    return value


def number_input(name: str, label: str, value: float | None, **more: Any) -> html.Label:
    """A number that may be left out."""
    return html.Label([label, dcc.Input(id=name, type="number", value=value, debounce=True, **more)], className="wide")


def choice(name: str, label: str, choices: Mapping[Any, str], value: Any) -> html.Label:
    """A choice of many: value -> what the reader sees."""
    menu = dcc.Dropdown(id=name, options=options(choices), value=value, clearable=False)
    return html.Label([label, menu], className="wide")
