"""Draws: from what `queries` and `sampling` give to Plotly figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pytracer.visualize.queries import Argument, Ints, Timeline
from pytracer.visualize.sampling import Selection
from pytracer.visualize.state import BITS, MEAN, STD, TIME, State

AXES = {BITS: "significant bits (minimum over the elements)", MEAN: "mean", STD: "standard deviation"}
OWN_COLOURS = 14
"""Arguments that get a colour and a line in the legend of their own; the others share one."""
BITS_RANGE = (-1.5, 55.5)
"""All bits that a float64 can have, with room for the marks."""


FEW_CALLS = 12
"""So many calls are numbered one by one on the axis."""


@dataclass(frozen=True)
class Theme:
    """Colours of a chart. The series are told apart by readers who do not see red or green as such (Okabe and Ito)."""

    ink: str
    grid: str
    others: str
    series: Sequence[str]


LIGHT = Theme(
    "#1f2733", "#dfe4ea", "#7a8694", ("#0072b2", "#d55e00", "#009e73", "#b5538f", "#b98300", "#2f9fd8", "#5b4fc4")
)
DARK = Theme(
    "#d7dee8", "#2c3542", "#8793a3", ("#4aa8e8", "#ff8a3d", "#2cc79b", "#e29ac6", "#f0c04a", "#8fd0f7", "#a79bff")
)


def theme(dark: bool) -> Theme:
    """The colours for a dark or a light page."""
    return DARK if dark else LIGHT


def timeline(points: Timeline, selection: Selection, state: State, places: Sequence[str], colours: Theme) -> go.Figure:
    """One mark for each selected value: inputs point up, outputs down. `places` are the call sites as texts.

    The first of the `customdata` of a mark is the row of its call.
    """
    figure = _empty(colours)
    argument = points.argument[selection.rows]
    for name, output, colour, members in _series(points.arguments, colours):
        mine = np.flatnonzero(np.isin(argument, members))
        if len(mine):
            rows = selection.rows[mine]
            symbol = "triangle-down" if output else "triangle-up"
            figure.add_trace(
                go.Scatter(
                    x=points.time_ms[rows] if state.x == TIME else points.number[rows],
                    y=selection.y[mine],
                    mode="markers",
                    name=name,
                    marker={"symbol": symbol, "size": 9, "color": colour, "opacity": 0.85},
                    customdata=_customdata(points, rows),
                    text=_places(points, rows, places),
                    hovertemplate=f"<b>%{{fullData.name}}</b>{_HOVER}",
                )
            )
    _mark_call(figure, points, state, colours)
    figure.update_xaxes(_x_axis(points, state))
    figure.update_yaxes(title_text=AXES[state.y], type=state.scale)
    if state.y == BITS and state.scale == "linear":
        figure.update_yaxes(range=BITS_RANGE, tickvals=[0, 10, 20, 24, 30, 40, 53])
    # Keeps zoom and hidden curves while only the selected call changes.
    figure.update_layout(uirevision=f"{state.function} {state.argument} {state.y} {state.x} {state.scale}")
    return figure


def _x_axis(points: Timeline, state: State) -> dict[str, Any]:
    if state.x == TIME:
        return {"title_text": "time of the call, ms", "rangemode": "tozero"}
    calls = int(points.number[-1])
    margin = 0.5 + 0.02 * calls
    few = {"dtick": 1} if calls <= FEW_CALLS else {}
    return {"title_text": "call, in order", "range": (1 - margin, calls + margin), "tickformat": ",d"} | few


def message(text: str, colours: Theme) -> go.Figure:
    """A chart with nothing but a sentence."""
    figure = _empty(colours)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=escape(text), showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5, font_size=14)
    return figure


def escape(text: str) -> str:
    """Text from a trace must not become markup of a chart."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _empty(colours: Theme) -> go.Figure:
    axis = {
        "gridcolor": colours.grid,
        "linecolor": colours.grid,
        "zeroline": False,
        "automargin": True,
        "exponentformat": "e",
    }
    return go.Figure(
        layout={
            "template": "none",
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"color": colours.ink, "family": "system-ui, sans-serif", "size": 12},
            "margin": {"l": 10, "r": 10, "t": 10, "b": 10},
            "xaxis": axis,
            "yaxis": axis,
            "hovermode": "closest",
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.others, "activecolor": colours.ink},
            "showlegend": True,
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        }
    )


def _series(arguments: Sequence[Argument], colours: Theme) -> list[tuple[str, bool, str, list[int]]]:
    """Name, whether an output, colour and arguments of each curve; the later ones of many arguments share a curve."""
    series = [
        (escape(argument.label), argument.output, colours.series[i % len(colours.series)], [i])
        for i, argument in enumerate(arguments[:OWN_COLOURS])
    ]
    for output, name in ((False, "other inputs"), (True, "other outputs")):
        rest = [i for i in range(OWN_COLOURS, len(arguments)) if arguments[i].output == output]
        series += [(name, output, colours.others, rest)] if rest else []
    return series


_HOVER = (
    " at %{text}<br>call %{customdata[1]}<br>%{customdata[2]} bits<br>mean %{customdata[3]}<br>std %{customdata[4]}"
    "<extra></extra>"
)
UNMEASURED = "unmeasured"


def _customdata(points: Timeline, rows: Ints) -> list[list[int | str]]:
    """Row and number of the call, and bits, mean and std as texts. Plain lists: of arrays, clicks give nothing back."""
    forms = (("{:.1f}", points.bits), ("{:.6g}", points.mean), ("{:.3g}", points.std))
    texts = ([UNMEASURED if isnan(v) else form.format(v) for v in column[rows].tolist()] for form, column in forms)
    columns = zip(points.call[rows].tolist(), points.number[rows].tolist(), *texts, strict=True)
    return [list(cells) for cells in columns]


def _places(points: Timeline, rows: Ints, places: Sequence[str]) -> list[str]:
    sites = points.site[rows].tolist()
    short = {site: escape(places[site].rpartition("/")[2]) for site in set(sites)}
    return [short[site] for site in sites]


def _mark_call(figure: go.Figure, points: Timeline, state: State, colours: Theme) -> None:
    """A line through the selected call."""
    where = np.flatnonzero(points.call == (-1 if state.call is None else state.call))
    if len(where):
        x = points.time_ms[where[0]] if state.x == TIME else points.number[where[0]]
        figure.add_vline(x=float(x), line={"color": colours.ink, "width": 1, "dash": "dot"}, layer="below")
