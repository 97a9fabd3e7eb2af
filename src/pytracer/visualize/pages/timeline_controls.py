"""The controls of the timeline, and how they and the address follow each other."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from dash import dcc, html

from pytracer.visualize.components import options, switch
from pytracer.visualize.figures.timeline import SUMMARY_NAMES
from pytracer.visualize.function_grid import modules
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.timeline import has_complex
from pytracer.visualize.state import ALL, BITS, CHOICES, IMAG, LINEAR, LOG, MEAN, ORDER, REAL, STD, TIME, State
from pytracer.visualize.units import UNITS

EVERYTHING = "*"
"""The choice of all: an empty value would look as if nothing was chosen."""

CONTROLS = (
    *("y", "summary", "x", "role", "argument", "module", "lane", "part"),
    *("y_scale", "y_format", "x_scale", "x_format"),
)
"""Fields of the state that have a control, with the id 'timeline-<field>'."""

_FORMATS = {"auto": "plain", "fixed": "1234.5", "scientific": "1.2e3", "SI": "1.2k"}
_SCALES = {LINEAR: "linear", LOG: "log"}


def controls(contents: Contents, state: State) -> html.Div:
    """All of them, as `state` has them: what is shown, and below, behind a line, filters and axes."""
    shown = dict(zip(CONTROLS, values(state), strict=True))
    measured = contents.result.perturbed

    def choice(name: str, label: str, names: Any, *, hidden: bool = False) -> html.Div:
        return switch(f"timeline-{name}", label, names, shown[name], hidden=hidden)

    def menu(name: str, label: str, names: Mapping[Any, str]) -> html.Label:
        long, menu = name not in CHOICES, options(names)
        drop = dcc.Dropdown(id=f"timeline-{name}", options=menu, value=shown[name], clearable=False, searchable=long)
        return html.Label([label, drop], className="menu" if long else "menu short")

    real_only = state.part == REAL and not has_complex(contents.result)
    main = [
        choice("y", "show", quantities(state.unit), hidden=not measured),
        choice("x", "by", {ORDER: "call order", TIME: "time"}),
        menu("summary", "over elements", SUMMARY_NAMES),
    ]
    more = [
        menu("argument", "value", arguments(())),
        choice("role", "", {ALL: "all", "inputs": "inputs", "outputs": "outputs"}),
        choice("part", "of mean and std", {REAL: "real part", IMAG: "imaginary part"}, hidden=real_only),
        menu("module", "module", _with_all("all modules", {name: name for name in modules(contents)})),
        menu("lane", "lane", _with_all("all lanes", dict(enumerate(lane_names(contents))))),
        choice("y_scale", "vertical axis", _SCALES),
        menu("y_format", "numbers", _FORMATS),
        choice("x_scale", "horizontal axis", _SCALES),
        menu("x_format", "numbers", _FORMATS),
    ]
    default = dict(zip(CONTROLS, values(State()), strict=True))
    unusual = any(shown[name] != default[name] for name in CONTROLS[3:])
    details = html.Details([html.Summary("filters and axes"), html.Div(more, className="controls")], open=unusual)
    return html.Div([html.Div(main, className="controls"), details])


def quantities(unit: str) -> dict[str, str]:
    """What the vertical axis can show."""
    return {BITS: UNITS[unit], MEAN: "mean", STD: "std"}


def lane_names(contents: Contents) -> list[str]:
    """The lanes as texts, by row."""
    lanes = contents.result.lanes
    return [f"{process}/{name}" for process, name in zip(lanes["process"], lanes["name"], strict=True)]


def arguments(labels: Iterable[str]) -> dict[Any, str]:
    """The choices among the values of a function."""
    different = {label: label for label in labels}
    return _with_all(f"all {len(different)} values" if different else "all values", different)


def _with_all(all_of_them: str, names: Mapping[Any, str]) -> dict[Any, str]:
    return {EVERYTHING: all_of_them, **names}


def values(state: State) -> list[Any]:
    """What the controls show in `state`, in the order of CONTROLS."""
    fields = (getattr(state, name) for name in CONTROLS)
    return [EVERYTHING if value in ("", None) else value for value in fields]


def follow(state: State, triggered: str, given: Sequence[Any]) -> State:
    """The state after the control `triggered` changed; the same one when that is none, or says nothing new.

    `given` are the values of CONTROLS, then what was clicked in the chart.
    """
    *chosen, click = given
    shown = dict(zip(CONTROLS, chosen, strict=True))
    if triggered == "timeline":
        return _clicked(state, click)
    value = shown.get(triggered)
    if value is None or value == values(state)[CONTROLS.index(triggered)]:
        return state
    if triggered in CHOICES:
        return state.with_fields(**{triggered: value})
    cleared: Any = None if triggered == "lane" else ""
    state = state.with_fields(**{triggered: cleared if value == EVERYTHING else value})
    return state.with_fields(function="", others=(), argument="").with_call(None) if triggered == "module" else state


def _clicked(state: State, click: Any) -> State:
    if not click:
        return state
    call, value = click["points"][0]["customdata"][:2]
    return state.with_call(int(call), int(value) if value >= 0 else None)
