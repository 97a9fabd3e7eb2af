"""Draws the calls as bars over time, one inside the other, lane under lane."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from pytracer.visualize.figures.bits_axis import add_scale, shades
from pytracer.visualize.figures.theme import Theme, empty, escape, follow
from pytracer.visualize.queries.nesting import PIXELS, Bars, Nesting
from pytracer.visualize.units import NOTHING, in_unit

LINE_PIXELS = 22
"""Height of a line of bars."""
MARGIN_PIXELS = 110
LETTER_PIXELS = 7
SHORTEST = 4
"""Letters of a name below which a bar has none."""


def height(bars: Bars) -> int:
    """Pixels that the chart needs."""
    return max(bars.lines, 3) * LINE_PIXELS + MARGIN_PIXELS


def gantt(
    bars: Bars,
    nesting: Nesting,
    names: Sequence[str],
    unit: str,
    colours: Theme,
    *,
    lost: bool = False,
    selected: int | None = None,
) -> go.Figure:
    """One bar for each call or group of short ones, coloured by the bits of its worst output, or that it loses.

    The first of the `customdata` of a bar is the row of its call.
    """
    figure = empty(colours)
    measured = ~np.isnan(bars.bits)
    for rows, name, (colour, ink) in (
        (np.flatnonzero(measured), "measured", shades(bars.bits[measured].tolist(), lost=lost)),
        (np.flatnonzero(~measured), "not measured", (colours.grid, colours.ink)),
    ):
        if len(rows):
            trace = _trace(bars, rows, nesting, names, unit, lost=lost)
            # A legend of the measured ones would show one colour of many.
            more = {"name": name, "marker": {"color": colour}, "showlegend": name != "measured"}
            labels = _labels(bars, rows, nesting, names, unit)
            text = {"text": labels, "insidetextfont": {"color": ink}} if any(labels) else {"textposition": "none"}
            figure.add_trace(trace | more | text)
    follow(figure, xaxis="time_range")
    figure.update_xaxes(title_text="time, ms", range=bars.view_ms)
    firsts = list(bars.lanes.values())
    labels = [escape(nesting.lanes[lane]) for lane in bars.lanes]
    figure.update_yaxes(
        range=(bars.lines - 0.4, -0.6), tickvals=firsts, ticktext=labels, fixedrange=True, showgrid=False
    )
    figure.update_layout(dragmode="pan", bargap=0, barmode="overlay")
    add_scale(figure, unit, colours, lost=lost)
    shapes = [_border(first, colours) for first in firsts[1:]]
    figure.update_layout(shapes=[*shapes, *_frame(bars, nesting, selected, colours)])
    return figure


def _trace(bars: Bars, rows: Any, nesting: Nesting, names: Sequence[str], unit: str, *, lost: bool) -> dict[str, Any]:
    first, last = bars.view_ms
    pixel = (last - first) / PIXELS
    length = bars.end_ms[rows] - bars.start_ms[rows]
    functions = [escape(names[f]) for f in nesting.function[bars.call[rows]].tolist()]
    shown = [in_unit(bits, unit) for bits in bars.bits[rows].tolist()]
    columns = zip(
        bars.call[rows].tolist(),
        functions,
        ("not measured" if bits == NOTHING else f"{bits} {unit}{' lost' if lost else ''}" for bits in shown),
        (f"{ms:.6g}" for ms in length.tolist()),
        (_more(count, lost=lost) for count in bars.calls[rows].tolist()),
        strict=True,
    )
    return {
        "type": "bar",
        "orientation": "h",
        "base": bars.start_ms[rows],
        "x": np.maximum(length - pixel, pixel),  # neighbours stay apart
        "y": bars.line[rows],
        "width": 0.88,
        "customdata": np.array([list(cells) for cells in columns], object),  # lists would be copied cell by cell
        "textposition": "inside",
        "insidetextanchor": "start",
        "textangle": 0,
        "constraintext": "none",
        "cliponaxis": True,
        "hovertemplate": "<b>%{customdata[1]}</b><br>%{customdata[2]}<br>"
        "%{customdata[3]} ms, from %{base:.6g} ms%{customdata[4]}<extra></extra>",
    }


def _labels(bars: Bars, rows: Any, nesting: Nesting, names: Sequence[str], unit: str) -> list[str]:
    """What fits into each bar."""
    first, last = bars.view_ms
    visible = np.minimum(bars.end_ms[rows], last) - np.maximum(bars.start_ms[rows], first)
    letters = (visible / (last - first) * PIXELS / LETTER_PIXELS).astype(int).tolist()
    columns = (nesting.function[bars.call[rows]].tolist(), bars.bits[rows].tolist(), letters)
    cells = zip(*columns, strict=True)
    return [_label(escape(names[f]), in_unit(bits, unit), n) if n >= SHORTEST else "" for f, bits, n in cells]


def _more(count: int, *, lost: bool) -> str:
    which = "loses most" if lost else "has the fewest bits"
    return f"<br>the one of {count} short calls that {which}" if count > 1 else ""


def _label(name: str, bits: str, letters: int) -> str:
    """What fits into a bar: the bits, and the end of the name, which says most."""
    before = "" if bits == NOTHING else f"{bits}  "
    for shown in (name.replace("&lt;locals&gt;.", ""), name.rpartition(".")[2]):
        if len(before) + len(shown) <= letters:
            return before + shown
    return before.strip()


def _border(first: int, colours: Theme) -> dict[str, Any]:
    """A line above the first line of a lane."""
    ends = {"x0": 0, "x1": 1, "y0": first - 0.5, "y1": first - 0.5}
    return {"type": "line", "xref": "x domain", **ends, "line": {"color": colours.others, "width": 1}}


def _frame(bars: Bars, nesting: Nesting, selected: int | None, colours: Theme) -> Iterator[dict[str, Any]]:
    """Around the selected call, wherever it is drawn."""
    if selected is None or not 0 <= selected < len(nesting) or int(nesting.lane[selected]) not in bars.lanes:
        return
    line = bars.lanes[int(nesting.lane[selected])] + int(nesting.depth[selected])
    start, end = nesting.start_ns[selected] / 1e6, nesting.end_ns[selected] / 1e6
    least = (bars.view_ms[1] - bars.view_ms[0]) / PIXELS
    corners = {"x0": start, "x1": max(end, start + least), "y0": line - 0.46, "y1": line + 0.46}
    yield {**corners, "line": {"color": colours.alarm, "width": 2.5}}
