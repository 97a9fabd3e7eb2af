"""Draws what the address asks for of one value."""

import numpy as np
from plotly.graph_objects import Figure

from pytracer.visualize import zoom_view
from pytracer.visualize.figures import zoom as zoom_figure
from pytracer.visualize.figures.theme import Theme, message
from pytracer.visualize.queries import arrays
from pytracer.visualize.sampling import thin
from pytracer.visualize.state import MEAN, STD
from pytracer.visualize.zoom_view import View

POINTS = 4000
"""Of a line; a longer one keeps its shape and its extremes."""
RANGES = ("down_range", "across_range")
"""Fields of the state that zoom into the axes, in their order."""


def heatmap(found: View, colours: Theme) -> Figure:
    """Two axes of the array, or its one; the selected element is framed."""
    index = found.value.index(found.element)
    down, across = found.axes
    titles = ("", "index") if found.is_line else (f"axis {down}", f"axis {across}")
    mark = (0 if found.is_line else index[down], index[across])
    figure = zoom_figure.heatmap(found.plane, titles, found.windows, found.shown, colours, mark=mark)
    if found.is_line:
        figure.update_yaxes(visible=False, fixedrange=True)
    return figure


def not_shown(found: View) -> str:
    """What the heatmap leaves out, in words; empty when nothing."""
    index = found.value.index(found.element)
    others = [f"axis {axis} at {place}" for axis, place in enumerate(index) if axis not in found.axes]
    return "; ".join(filter(None, (zoom_figure.coarse_note(found.windows, found.shown.quantity), ", ".join(others))))


def profile(found: View, colours: Theme) -> Figure:
    """The line through the selected element."""
    assert found.elements is not None
    axis, window = found.axes[found.profile], found.windows[found.profile]
    line = found.elements.line(axis, found.element)[window.indices]
    spread = found.elements.quantity(STD, found.part)[line] if found.shown.quantity == MEAN else None
    finite = np.flatnonzero(np.isfinite(found.numbers[line]))
    kept = finite[thin(found.numbers[line[finite]], np.zeros(len(finite), np.int64), POINTS)]
    measured = found.contents.result.perturbed
    return zoom_figure.profile(
        window.indices.start + kept,
        found.numbers[line[kept]],
        spread[kept] if measured and spread is not None else None,
        (f"axis {axis}", RANGES[found.profile], window.range),
        found.shown,
        colours,
        mark=found.value.index(found.element)[axis],
    )


def histogram(found: View, colours: Theme) -> Figure:
    """All elements."""
    heights, edges = arrays.histogram(
        found.numbers, zoom_view.bins(found.state), found.state.normalisation, log=found.shown.log
    )
    if not len(heights):
        return message("No finite number to show on this scale.", colours)
    return zoom_figure.histogram(heights, edges, found.state.normalisation, found.shown, colours)
