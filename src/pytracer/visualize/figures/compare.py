"""Draws the bits of functions in two results."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pytracer.visualize.figures.theme import FULL_BITS, Theme, empty, escape
from pytracer.visualize.queries.compare import Change
from pytracer.visualize.units import UNITS, factor, in_unit

DRAWN = 30
"""Functions that are drawn: those that changed most."""
LETTERS = 40
LINE_PIXELS = 24
MARGIN_PIXELS = 110


def height(changes: Sequence[Change]) -> int:
    """Pixels that the chart needs."""
    return len(drawn(changes)) * LINE_PIXELS + MARGIN_PIXELS


def drawn(changes: Sequence[Change]) -> list[Change]:
    """Those that both results measured, the largest change first, at most DRAWN."""
    both = [change for change in changes if change.bits is not None]
    return sorted(both, key=lambda change: -abs(change.bits or 0.0))[:DRAWN]


def compare(changes: Sequence[Change], unit: str, colours: Theme) -> go.Figure:
    """A line for each function: from its bits in the other result (hollow) to those in this one (full).

    The `customdata` of a mark is the name of its function.
    """
    figure = empty(colours)
    shown = drawn(changes)
    names = [change.name for change in shown]
    here = [change.here.output_bits or 0.0 for change in shown if change.here]
    there = [change.there.output_bits or 0.0 for change in shown if change.there]
    scale = factor(unit)
    figure.add_scatter(
        x=[x for a, b in zip(there, here, strict=True) for x in (a * scale, b * scale, None)],
        y=[y for name in names for y in (name, name, None)],
        mode="lines",
        line={"color": colours.others, "width": 2},
        hoverinfo="skip",
        showlegend=False,
    )
    for bits, title, symbol in ((there, "the other result", "circle-open"), (here, "this result", "circle")):
        figure.add_scatter(
            x=[each * scale for each in bits],
            y=names,
            mode="markers",
            name=title,
            marker={"symbol": symbol, "size": 10, "color": colours.series[0]},
            customdata=names,
            text=[in_unit(each, unit) for each in bits],
            hovertemplate=f"%{{y}}<br>{title}: %{{text}} {unit}<extra></extra>",
        )
    figure.update_xaxes(title_text=f"{UNITS[unit]} of the worst output", range=(-1, FULL_BITS * scale * 1.03))
    labels = [escape(name if len(name) <= LETTERS else f"...{name[3 - LETTERS :]}") for name in names]
    figure.update_yaxes(type="category", autorange="reversed", tickvals=names, ticktext=labels)
    return figure
