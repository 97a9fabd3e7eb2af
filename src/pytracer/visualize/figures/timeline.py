"""The chart of the timeline."""

from collections.abc import Iterator, Sequence
from math import isnan, log10, nan
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go

from pytracer.visualize.figures.theme import FULL_BITS, Theme, empty, escape, follow
from pytracer.visualize.queries.cells import Ints
from pytracer.visualize.queries.timeline import Curve, Divergence, Timeline
from pytracer.visualize.sampling import Selection, positions
from pytracer.visualize.state import BITS, DIGITS, IMAG, LOG, MEAN, MIN, ORDER, TIME, Range, State
from pytracer.visualize.units import UNITS, factor, in_unit

OWN_COLOURS = 14
"""Curves that get a colour and a line in the legend of their own; the others share one."""
FEW_CALLS = 12
"""So many calls are numbered one by one on the axis."""
MARKS = 1000
"""Calls that raised, and divergences, that are marked; more are counted in the legend."""
UNMEASURED = "unmeasured"
SPAN = 2**19
"""Rows of values that are read to tell more of them: three columns of so many take some 20 ms."""
MARGIN = 1.5
"""Bits beside the ends of the axis: room for the marks."""

FORMATS = {"auto": None, "fixed": ",.6~f", "scientific": ".3~e", "SI": ".4~s"}
SUMMARY_NAMES = {MIN: "minimum", "p05": "5 % quantile", "median": "median", "mean": "mean", "max": "maximum"}


class Series(NamedTuple):
    """Curves that share a mark and a line in the legend."""

    name: str
    output: bool
    colour: str
    curves: list[int]
    group: str = ""  # those of a group share a line in the legend; empty for none


def timeline(
    points: Timeline,
    selection: Selection,
    state: State,
    places: Sequence[str],
    found: Sequence[Divergence],
    look: Theme,
) -> go.Figure:
    """One mark for each selected value: inputs point up, outputs down. `places` are the call sites as texts.

    The first two of the `customdata` of a mark are the rows of its call and of its value, -1 for none.
    """
    figure = empty(look)
    curve = points.curve[selection.rows]
    whole = not selection.thinned or points.span(selection.rows) <= SPAN
    told, texts = _customdata(points, selection.rows, state, whole=whole), _texts(points, selection.rows, places)
    named: set[str] = set()
    for each in series(points.curves, look):
        mine = np.flatnonzero(np.isin(curve, each.curves))
        if len(mine):
            marks = _marks(selection, mine, each)
            marks.update(customdata=[told[i] for i in mine], text=[texts[i] for i in mine])
            marks.update(hovertemplate=_hover(state, whole=whole))
            marks.update(showlegend=each.group not in named, legendgroup=each.group or None)
            figure.add_trace(marks)
            named |= {each.group} - {""}
    _mark_calls(figure, points, state, found, look)
    _mark_call(figure, points, state, look)
    follow(figure, xaxis="x_range", yaxis="y_range")
    figure.update_layout(xaxis=_x_axis(points, state), yaxis=_y_axis(state))
    # Hidden curves stay hidden while the reader zooms or selects a call.
    shown = " ".join(dict.fromkeys(each.function.key for each in points.curves))
    figure.update_layout(uirevision=f"{shown} {state.argument} {state.role}")
    return figure


def _marks(selection: Selection, mine: Ints, each: Series) -> go.Scatter:
    marker = {"symbol": "triangle-down" if each.output else "triangle-up", "size": 9, "color": each.colour}
    return go.Scatter(
        x=selection.x[mine],
        y=selection.y[mine],
        mode="markers",
        name=each.name,
        marker=marker | {"opacity": 0.85},
    )


def _hover(state: State, *, whole: bool) -> str:
    """What the pointer tells; of points far apart among many only what is drawn: reading more would delay each zoom."""
    if not whole:
        return "%{text}<br>call %{customdata[2]}<br>%{y:.6g}<br>zoom in or click to see more<extra></extra>"
    numbers = f"%{{customdata[3]}} {state.unit}<br>mean %{{customdata[4]}}<br>std %{{customdata[5]}}"
    return f"%{{text}}<br>call %{{customdata[2]}}<br>{numbers}<extra></extra>"


def series(curves: Sequence[Curve], look: Theme) -> Iterator[Series]:
    """A colour for each argument of one function; of several functions one for each function."""
    functions = list(dict.fromkeys(curve.function for curve in curves))
    colours = look.series
    if len(functions) > 1:
        for i, function in enumerate(functions):
            for output in (False, True):
                own = [n for n, curve in enumerate(curves) if curve.function == function and curve.output == output]
                yield Series(escape(function.name), output, colours[i % len(colours)], own, group=function.key)
        return
    for i, curve in enumerate(curves[:OWN_COLOURS]):
        yield Series(escape(curve.label), curve.output, colours[i % len(colours)], [i])
    for output, name in ((False, "other inputs"), (True, "other outputs")):
        rest = [i for i in range(OWN_COLOURS, len(curves)) if curves[i].output == output]
        if rest:
            yield Series(name, output, look.others, rest)


def _customdata(points: Timeline, rows: Ints, state: State, *, whole: bool) -> list[list[int | str]]:
    """Rows of call and value, number, bits, mean and std as texts. Plain lists: of arrays, clicks give nothing back.

    Read for all curves at once: their values lie between each other, so that each curve would read the same again.
    """
    call = points.call[rows]
    numbers = (points.calls[call].tolist(), points.value[rows].tolist(), (call + 1).tolist())
    if not whole:
        return [list(cells) for cells in zip(*numbers, strict=True)]
    bits = [UNMEASURED if isnan(b) else in_unit(b, state.unit) for b in points.column("bits_min", rows).tolist()]
    means = _numbers(points, "mean", rows, "{:.6g}", "{:.6g}{:+.6g}j")
    stds = _numbers(points, "std", rows, "{:.3g}", "{:.3g} and {:.3g} of the imaginary part")
    return [list(cells) for cells in zip(*numbers, bits, means, stds, strict=True)]


def _numbers(points: Timeline, column: str, rows: Ints, form: str, complex_form: str) -> list[str]:
    reals = points.column(column, rows).tolist()
    imags = points.column(f"{column}_imag", rows).tolist() if points.has_complex else [nan] * len(reals)
    return [
        UNMEASURED if isnan(real) else (form if isnan(imag) else complex_form).format(real, imag)
        for real, imag in zip(reals, imags, strict=True)
    ]


def _texts(points: Timeline, rows: Ints, places: Sequence[str]) -> list[str]:
    """Which value of which call, for the hover."""
    several = len({curve.function for curve in points.curves}) > 1
    names = [escape(f"{curve.function.name}: {curve.label}" if several else curve.label) for curve in points.curves]
    sites = points.site(rows).tolist()
    short = {site: escape(places[site].rpartition("/")[2]) for site in set(sites)}
    pairs = zip(points.curve[rows].tolist(), sites, strict=True)
    return [f"<b>{names[curve]}</b> at {short[site]}" for curve, site in pairs]


def _mark_calls(figure: go.Figure, points: Timeline, state: State, found: Sequence[Divergence], look: Theme) -> None:
    """Calls that raised along the lower edge, places where samples went different ways along the upper one."""
    raised = points.raised.tolist()
    ways = [f"samples {each.samples} go another way here{f': {each.kind}' if each.kind else ''}" for each in found]
    marks = (
        ("raised", "x", 0.015, look.alarm, raised, ["raised an exception"] * len(raised)),
        ("divergence", "diamond", 0.985, look.alarm, [each.call for each in found], ways),
    )
    x = positions(points, state)
    for name, symbol, height, colour, calls, texts in marks:
        shown = calls[:: max(1, -(-len(calls) // MARKS))]
        if not shown:
            continue
        figure.add_trace(
            go.Scatter(
                x=x[shown],
                y=[height] * len(shown),
                yaxis="y2",
                mode="markers",
                name=name if len(shown) == len(calls) else f"{name} ({len(shown)} of {len(calls)})",
                marker={"symbol": symbol, "size": 10, "color": colour, "line": {"width": 1, "color": look.ink}},
                customdata=[[int(points.calls[call]), -1] for call in shown],
                text=[escape(text) for text in texts[:: max(1, -(-len(calls) // MARKS))]],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    figure.update_layout(yaxis2={"overlaying": "y", "range": (0, 1), "visible": False, "fixedrange": True})


def _mark_call(figure: go.Figure, points: Timeline, state: State, look: Theme) -> None:
    """A line through the selected call."""
    where = np.flatnonzero(points.calls == (-1 if state.call is None else state.call))
    if len(where):
        x = float(positions(points, state)[where[0]])
        figure.add_vline(x=x, line={"color": look.ink, "width": 1, "dash": "dot"}, layer="below")


def _x_axis(points: Timeline, state: State) -> dict[str, Any]:
    title = "time of the call, ms" if state.x == TIME else "call, in order"
    calls = len(points.calls)
    axis: dict[str, Any] = {"title_text": title, "type": state.x_scale, "uirevision": repr(state)}
    form = FORMATS[state.x_format] or (",d" if state.x == ORDER and state.x_scale != LOG else None)
    axis |= {"tickformat": form} if form else {}
    if state.x_range is not None:
        return axis | {"range": _range(state.x_range, state.x_scale)}
    if state.x == TIME:
        return axis | {"rangemode": "tozero"}
    if state.x_scale == LOG:
        return axis
    margin = 0.5 + 0.02 * calls
    return axis | {"range": (1 - margin, calls + margin)} | ({"dtick": 1} if calls <= FEW_CALLS else {})


def _y_axis(state: State) -> dict[str, Any]:
    axis: dict[str, Any] = {"title_text": _y_title(state), "type": state.y_scale, "uirevision": repr(state)}
    axis |= {"tickformat": FORMATS[state.y_format]} if FORMATS[state.y_format] else {}
    if state.y_range is not None:
        return axis | {"range": _range(state.y_range, state.y_scale)}
    if state.y != BITS or state.y_scale == LOG:
        return axis
    unit = factor(state.unit)
    ticks = [0, 2, 4, 6, 8, 10, 12, 14, 15.95] if state.unit == DIGITS else [0, 10, 20, 24, 30, 40, 53]
    return axis | {"range": (-MARGIN * unit, (FULL_BITS + 2 * MARGIN) * unit), "tickvals": ticks}


def _y_title(state: State) -> str:
    if state.y == BITS:
        return f"{UNITS[state.unit]} ({SUMMARY_NAMES[state.summary]} over the elements)"
    name = "mean" if state.y == MEAN else "standard deviation"
    return f"{name} (mean over the elements, {'imaginary' if state.part == IMAG else 'real'} part)"


def _range(wanted: Range, scale: str) -> Range | None:
    """A range as Plotly wants it: of a logarithmic axis the logarithms, None where there are none."""
    if scale != LOG:
        return wanted
    return (log10(wanted[0]), log10(wanted[1])) if wanted[0] > 0 else None
