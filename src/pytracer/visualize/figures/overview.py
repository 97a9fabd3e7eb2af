"""Draws what the overview shows as a table of bars, for who saves it as a picture."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pytracer.visualize.figures.theme import Theme, bits_colour, empty
from pytracer.visualize.queries.overview import Bar
from pytracer.visualize.units import UNITS, count, in_unit

WIDTH_PIXELS = 760
LINE_PIXELS = 24
MARGIN_PIXELS = 110


def ends(bar: Bar, unit: str) -> str:
    """From how many to how many bits, in `unit`: '4 to 8'."""
    low, high = (in_unit(end, unit).removesuffix(".0") for end in (bar.low, bar.high))
    return f"{low} to {high}"


def distribution(bars: Sequence[Bar], said: Sequence[str], unit: str, colours: Theme) -> go.Figure:
    """One bar for each range of bits, the fewest above; `said` are lines below it. It has a size, having no page."""
    figure = empty(colours)
    labels = [ends(bar, unit) for bar in bars]
    figure.add_bar(
        orientation="h",
        x=[bar.calls for bar in bars],
        y=labels,
        text=[count(bar.calls) for bar in bars],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        marker={"color": [bits_colour(bar.low)[0] for bar in bars], "line": {"width": 1, "color": colours.others}},
    )
    figure.update_xaxes(title_text="<br>".join(said), rangemode="tozero", tickformat=",d")
    figure.update_yaxes(type="category", autorange="reversed", tickvals=labels, showgrid=False)
    figure.update_yaxes(title={"text": UNITS[unit], "standoff": 12})
    height = len(bars) * LINE_PIXELS + MARGIN_PIXELS
    figure.update_layout(showlegend=False, bargap=0.25, width=WIDTH_PIXELS, height=height, margin_b=20)
    return figure
