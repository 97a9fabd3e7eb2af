"""Colours and the frame of every chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from textwrap import wrap
from typing import Any

import numpy as np
import plotly.graph_objects as go


@dataclass(frozen=True)
class Theme:
    """Colours of a chart. The series are told apart by readers who do not see red or green as such (Okabe and Ito)."""

    ink: str
    grid: str
    others: str
    alarm: str
    series: Sequence[str]


LIGHT = Theme(
    ink="#1f2733",
    grid="#dfe4ea",
    others="#7a8694",
    alarm="#a83c00",
    series=("#0072b2", "#d55e00", "#009e73", "#b5538f", "#b98300", "#2f9fd8", "#5b4fc4"),
)
DARK = Theme(
    ink="#d7dee8",
    grid="#2c3542",
    others="#8793a3",
    alarm="#ff9d5c",
    series=("#4aa8e8", "#ff8a3d", "#2cc79b", "#e29ac6", "#f0c04a", "#8fd0f7", "#a79bff"),
)


def theme(name: str | None) -> Theme:
    """The colours of the theme 'dark' or 'light'."""
    return DARK if name == "dark" else LIGHT


FULL_BITS = 53

_CIVIDIS = ("#00224e", "#35456c", "#666970", "#948e77", "#c8b866", "#fee838")
"""Dark for few bits, light for many: also readers who see no colours tell them apart (Nunez et al., 2018)."""

BITS_SCALE: Sequence[tuple[float, str]] = tuple((i / (len(_CIVIDIS) - 1), c) for i, c in enumerate(_CIVIDIS))
"""Plotly colour scale for significant bits from 0 to FULL_BITS. The number is always printed beside the colour."""


def bits_colour(bits: float | None) -> tuple[str, str]:
    """Background and ink, as CSS colours, of a cell that prints `bits`; of a cell without bits it is that of the page.

    The ink has a contrast of at least 4.5 to 1.
    """
    if bits is None:
        return "transparent", "inherit"
    return _shade(round(min(max(bits, 0.0), FULL_BITS) * SHADES))


SHADES = 10
"""Of each bit: nobody sees more."""


@cache
def _shade(number: int) -> tuple[str, str]:
    position = number / (FULL_BITS * SHADES) * (len(_CIVIDIS) - 1)
    lower = min(int(position), len(_CIVIDIS) - 2)
    ends = np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)] for colour in _CIVIDIS[lower : lower + 2]])
    red, green, blue = np.rint(ends[0] + (ends[1] - ends[0]) * (position - lower)).astype(int).tolist()
    dark_ink = _luminance(red, green, blue) > 0.179
    return f"rgb({red}, {green}, {blue})", "#000000" if dark_ink else "#ffffff"


def _luminance(*channels: int) -> float:
    """Relative luminance (WCAG 2)."""
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


ABOVE_PIXELS = 30
"""Of a chart: there are the buttons of Plotly, which cover nothing that is drawn."""
BELOW_PIXELS = 10
LEGEND_PIXELS = 25
"""Of a legend of one line: in a narrow chart it has its own room under the buttons."""


def empty(colours: Theme) -> go.Figure:
    """A chart without anything in it."""
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
            "margin": {"l": 10, "r": 10, "t": ABOVE_PIXELS, "b": BELOW_PIXELS},
            "xaxis": axis,
            "yaxis": axis,
            "hovermode": "closest",
            "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours.others, "activecolor": colours.ink},
            "showlegend": True,
            "legend": {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        }
    )


def follow(figure: go.Figure, **fields: str) -> None:
    """Let the address follow what is zoomed: axis ('xaxis') -> the field of the state that is its range."""
    figure.update_layout(meta={"ranges": fields})


MESSAGE_CHARACTERS = 45
"""Of a line: Plotly breaks none, and cuts off at both sides what a narrow chart has no room for."""


def message(text: str, colours: Theme) -> go.Figure:
    """A chart with nothing but a sentence."""
    lines = wrap(text, MESSAGE_CHARACTERS, break_on_hyphens=False)
    broken = " <br>".join(map(escape, lines))  # the space keeps words apart when they are copied
    figure = empty(colours)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    figure.add_annotation(text=broken, showarrow=False, xref="paper", yref="paper", x=0.5, y=0.5, font_size=14)
    return figure


def escape(text: str) -> str:
    """Text from a trace must not become markup of a chart."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


CHART_CONFIG: Any = {
    "displaylogo": False,
    "scrollZoom": True,
    "doubleClick": "autosize",
    # Sharing would upload the chart to another host.
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d", "resetScale2d", "toImage"],
    # Buttons for PNG and SVG come with behaviour.js.
}
