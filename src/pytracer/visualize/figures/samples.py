"""Draws what the samples counted."""

from collections.abc import Sequence

import plotly.graph_objects as go

from pytracer.visualize.figures.theme import Theme, empty


def counters(numbers: Sequence[int], values: Sequence[int], title: str, colours: Theme) -> go.Figure:
    """One bar for each sample."""
    figure = empty(colours)
    figure.add_bar(
        x=[str(number) for number in numbers],
        y=values,
        text=[f"{value:,}" for value in values],
        marker={"color": colours.series[0]},
        hovertemplate="sample %{x}: %{y:,}<extra></extra>",
    )
    figure.update_xaxes(title_text="sample", type="category")
    figure.update_yaxes(title_text=title, rangemode="tozero")
    figure.update_layout(showlegend=False)
    return figure
