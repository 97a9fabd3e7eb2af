"""The colour axis of significant bits, as charts share it."""

from collections.abc import Iterable
from typing import Any

import plotly.graph_objects as go

from pytracer.visualize.figures.theme import BITS_SCALE, FULL_BITS, Theme, bits_colour
from pytracer.visualize.units import factor

LOST_SCALE = tuple((1 - position, colour) for position, colour in reversed(BITS_SCALE))
"""Dark where most is lost."""


def bits_axis(unit: str, colours: Theme, *, lost: bool = False, top: float = FULL_BITS) -> dict[str, Any]:
    """For `layout.coloraxis`: from 0 to `top` bits, shown in `unit`; dark is bad."""
    return {
        "colorscale": LOST_SCALE if lost else BITS_SCALE,
        "cmin": 0,
        "cmax": top * factor(unit),
        "colorbar": {
            "title": {"text": f"{unit} lost" if lost else unit, "side": "top"},
            "thickness": 12,
            "outlinewidth": 0,
            "tickfont": {"color": colours.ink},
        },
    }


def shades(bits: Iterable[float], *, lost: bool = False) -> tuple[list[str], list[str]]:
    """Colours of bars of these bits, and of the texts on them."""
    both = [bits_colour(FULL_BITS - each if lost else each) for each in bits]
    return [shade for shade, _ in both], [ink for _, ink in both]


def add_scale(figure: go.Figure, unit: str, colours: Theme, *, lost: bool = False) -> None:
    """Explain the colours of `shades` beside the chart.

    Bars have colours, not numbers on this scale: for each number Plotly.js 4.1 prints a warning, whose traceback takes
    several times as long as the bar.
    """
    figure.update_layout(coloraxis=bits_axis(unit, colours, lost=lost))
    nothing = {"color": [0], "coloraxis": "coloraxis"}
    figure.add_scatter(x=[None], y=[None], mode="markers", marker=nothing, showlegend=False, hoverinfo="skip")
