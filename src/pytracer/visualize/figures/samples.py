"""Draws what the samples counted, and how long they ran."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pytracer.visualize.figures.theme import Theme, empty


def counters(numbers: Sequence[int], values: Sequence[float | None], title: str, colours: Theme) -> go.Figure:
    """One bar for each sample, none where its value is not known."""
    figure = empty(colours)
    figure.add_bar(
        x=[str(number) for number in numbers],
        y=values,
        text=[_text(value) for value in values],
        marker={"color": colours.series[0]},
        hovertemplate="sample %{x}: %{text}<extra></extra>",
    )
    figure.update_xaxes(title_text="sample", type="category")
    figure.update_yaxes(title_text=title, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return figure


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
