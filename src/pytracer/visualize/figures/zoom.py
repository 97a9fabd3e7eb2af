"""Draws one array: its elements as a heatmap, a line through it, their histogram, and one element in all samples."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pytracer.visualize.figures.bits_axis import bits_axis
from pytracer.visualize.figures.theme import ABOVE_PIXELS, FULL_BITS, LEGEND_PIXELS, Theme, empty, escape, follow
from pytracer.visualize.queries.arrays import Observations, Window, coarse
from pytracer.visualize.queries.cells import Floats, Ints
from pytracer.visualize.state import BITS, MEAN, STD, Range
from pytracer.visualize.units import UNITS, factor

PRINTED = 400
"""Cells that have their numbers printed in them."""
FEW = 15
"""So many indices are numbered one by one."""
_CIVIDIS = "cividis"


@dataclass(frozen=True)
class Shown:
    """Which numbers of the elements are drawn, and how."""

    quantity: str  # bits, mean or std
    unit: str
    part: str = "real"
    log: bool = False
    range: tuple[float | None, float | None] = (None, None)  # of colours, in the unit shown
    top: float = FULL_BITS  # bits of the type

    @property
    def factor(self) -> float:
        """From what is stored to what is shown."""
        return factor(self.unit) if self.quantity == BITS else 1.0

    @property
    def title(self) -> str:
        """Of the axis."""
        words = {BITS: UNITS[self.unit], MEAN: "mean", STD: "standard deviation"}[self.quantity]
        return f"{words}, imaginary part" if self.part == "imag" else words


def heatmap(
    plane: Floats,
    axes: tuple[str, str],
    windows: tuple[Window, Window],
    shown: Shown,
    colours: Theme,
    *,
    mark: tuple[int, int],
) -> go.Figure:
    """The `windows` of a plane (rows, columns) of an array; `axes` are the titles of its axes, `mark` is framed."""
    figure = empty(colours)
    plane = plane[windows[0].indices, windows[1].indices]
    share = (windows[0].step, windows[1].step)
    cells = coarse(plane, share, shown.quantity) * shown.factor
    colour = _logarithm(cells) if shown.log else cells
    where = "[%{y}, %{x}]" if share == (1, 1) else "one of those around [%{y:.0f}, %{x:.0f}]"
    figure.add_heatmap(
        z=colour.astype(np.float32),
        x=windows[1].edges,
        y=windows[0].edges,
        customdata=cells,
        coloraxis="coloraxis",
        text=_texts(cells, shown) if cells.size <= PRINTED else None,
        texttemplate="%{text}" if cells.size <= PRINTED else None,
        hovertemplate=f"{where}<br>%{{customdata:.6~g}} {escape(shown.title)}<extra></extra>",
    )
    figure.update_layout(coloraxis=_colour_axis(shown, colours), showlegend=False)
    down, across = (window.range for window in windows)
    follow(figure, xaxis="across_range", yaxis="down_range")
    figure.update_xaxes(title_text=axes[1], showgrid=False, range=across, **_whole(plane.shape[1]))
    figure.update_yaxes(title_text=axes[0], showgrid=False, **_whole(plane.shape[0]))
    figure.update_yaxes({"range": down[::-1]} if down is not None else {"autorange": "reversed"})
    rows, columns = (window.block(place) for window, place in zip(windows, mark, strict=True))
    corners = {"x0": columns.start - 0.5, "x1": columns.stop - 0.5, "y0": rows.start - 0.5, "y1": rows.stop - 0.5}
    figure.add_shape(corners, line={"color": colours.alarm, "width": 2}, layer="above")
    return figure


def _whole(length: int) -> dict[str, Any]:
    """Ticks at whole numbers only."""
    return {"dtick": 1} if length <= FEW else {"tickformat": "d"}


def _texts(cells: Floats, shown: Shown) -> list[list[str]]:
    form = "{:.4g}" if shown.quantity != BITS else "{:.1f}" if shown.factor == 1 else "{:.2f}"
    return [["" if np.isnan(cell) else form.format(cell) for cell in row] for row in cells.tolist()]


def coarse_note(windows: tuple[Window, Window], quantity: str) -> str:
    """What a heatmap of these leaves out; empty when nothing."""
    share = [window.step for window in windows]
    which = {BITS: "the fewest bits", STD: "the largest standard deviation", MEAN: "the first"}[quantity]
    return f"each cell shows one of {share[0]} x {share[1]} elements: {which}" if max(share) > 1 else ""


def _logarithm(numbers: Floats) -> Floats:
    """Decimal logarithm of the magnitude; NaN of 0, which has none."""
    magnitude = np.abs(numbers)
    found: Floats = np.log10(magnitude, out=np.full(numbers.shape, np.nan), where=magnitude > 0)
    return found


def _colour_axis(shown: Shown, colours: Theme) -> dict[str, Any]:
    if shown.quantity == BITS and not shown.log:
        axis = bits_axis(shown.unit, colours, top=shown.top)
    else:
        title = f"{shown.title}, log10 of its magnitude" if shown.log else shown.title
        axis = {"colorscale": _CIVIDIS, "colorbar": {"title": {"text": title, "side": "right"}, "thickness": 12}}
    low, high = (_limit(end, log=shown.log) for end in shown.range)
    return axis | ({"cmin": low} if low is not None else {}) | ({"cmax": high} if high is not None else {})


def _limit(end: float | None, *, log: bool) -> float | None:
    if end is None or not log:
        return end
    return float(np.log10(end)) if end > 0 else None


def profile(
    position: Ints,
    numbers: Floats,
    spread: Floats | None,
    axis: tuple[str, str, Range | None],
    shown: Shown,
    colours: Theme,
    *,
    mark: int,
) -> go.Figure:
    """The numbers along one `axis`, with a band of one `spread` (standard deviation) to either side.

    Of the axis: title, field of the state that is its range, and that range.
    """
    title, field, inside = axis
    figure = empty(colours)
    y = numbers * shown.factor
    if spread is not None:
        band = np.concatenate([y + spread, (y - spread)[::-1]])
        figure.add_scatter(
            x=np.concatenate([position, position[::-1]]),
            y=band,
            fill="toself",
            mode="none",
            name="one standard deviation to either side",
            fillcolor=colours.grid,
            hoverinfo="skip",
        )
    mode = "lines+markers" if len(y) <= 100 else "lines"
    figure.add_scatter(
        x=position,
        y=y,
        mode=mode,
        name=shown.title,
        line={"color": colours.series[0], "width": 1.5},
        hovertemplate="[%{x}] %{y:.10~g}<extra></extra>",
    )
    follow(figure, xaxis=field)
    figure.update_xaxes(title_text=title, range=inside, **_whole(len(y)))
    figure.update_yaxes(title_text=shown.title, fixedrange=True, type="log" if shown.log else "linear")
    if shown.quantity == BITS and not shown.log:
        figure.update_yaxes(range=(-1, shown.top * shown.factor * 1.05))
    figure.add_vline(x=mark, line={"color": colours.alarm, "width": 1, "dash": "dot"})
    figure.update_layout(showlegend=spread is not None)
    return figure


def histogram(heights: Floats, edges: Floats, normalisation: str, shown: Shown, colours: Theme) -> go.Figure:
    """Of all elements; heights (bins,) and edges (bins + 1,) of what is stored."""
    figure = empty(colours)
    edges = edges * shown.factor
    titles = {"count": "elements", "share": "share of the elements", "density": "share per unit"}
    title = "share per decade" if normalisation == "density" and shown.log else titles[normalisation]
    scaled = heights / shown.factor if normalisation == "density" and not shown.log else heights
    figure.add_bar(
        x=edges[:-1],
        y=scaled,
        width=np.diff(edges),
        offset=0,
        marker={"color": colours.series[0], "line": {"width": 0.5, "color": colours.grid}},
        customdata=edges[1:],
        hovertemplate=f"%{{x:.6~g}} to %{{customdata:.6~g}}<br>%{{y:.6~g}} ({title})<extra></extra>",
    )
    figure.update_xaxes(title_text=shown.title, type="log" if shown.log else "linear")
    figure.update_yaxes(title_text=title, rangemode="tozero")
    figure.update_layout(bargap=0, showlegend=False)
    return figure


def observed(found: Observations, colours: Theme, *, part: str = "real") -> go.Figure:
    """One number in each sample, as its distance from the unperturbed one (from the first, where that has none)."""
    figure = empty(colours)
    numbers = found.imag if part == "imag" else found.real
    finite = np.flatnonzero(np.isfinite(numbers))
    origin = float(numbers[finite[0]]) if len(finite) else 0.0
    reference = np.array([status == "reference" for status in found.status], bool)
    for rows, name, symbol in (
        (finite[reference[finite]], "unperturbed", "diamond-open"),
        (finite[~reference[finite]], "perturbed samples", "circle"),
    ):
        if len(rows):
            figure.add_scatter(
                x=numbers[rows] - origin,
                y=found.sample[rows],
                mode="markers",
                name=name,
                marker={"symbol": symbol, "size": 9, "color": colours.series[0]},
                customdata=[repr(number) for number in numbers[rows].tolist()],
                hovertemplate="sample %{y}: %{customdata}<extra></extra>",
            )
    figure.update_layout(margin_t=ABOVE_PIXELS + LEGEND_PIXELS, legend_y=1)
    figure.update_xaxes(title_text=f"distance from {origin!r}", exponentformat="e", nticks=5)
    figure.update_yaxes(title_text="sample", autorange="reversed", tickformat="d", nticks=min(len(numbers), 12))
    return figure
