"""Small plots as SVG, which a page shows without any script. Colours are those of its style sheet."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from pytracer.report.markup import Markup, element, join

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 420, 200
LEFT, RIGHT, TOP, BOTTOM = 62, 12, 12, 40
POINTS = 400
"""Points of a curve: more are drawn by the least of their neighbours."""
CELLS = 64
"""Rows and columns of a heatmap: more are drawn by the least of their neighbours."""


def curve(y: Floats, x_title: str, y_title: str, *, top: float, label: str) -> Markup:
    """Numbers in order, from 0 to `top`; NaN leaves a gap. Where there are many, the least of neighbours is drawn."""
    share = max(1, math.ceil(len(y) / POINTS))
    shown = least(y, share)
    x = np.arange(len(shown)) * share + (share - 1) / 2
    across = _Axis(-0.5, len(y) - 0.5, LEFT, WIDTH - RIGHT)
    up = _Axis(0, top, HEIGHT - BOTTOM, TOP)
    dots = [
        element("circle", element("title", f"{i:.0f}: {value:.1f}"), cx=across(i), cy=up(value), r=2.5, class_="dot")
        for i, value in zip(x.tolist(), shown.tolist(), strict=True)
        if not math.isnan(value)
    ]
    note = f" (least of each {share})" if share > 1 else ""
    return _frame(across, up, x_title, y_title + note, label, *dots)


def heatmap(matrix: Floats, x_title: str, y_title: str, *, top: float, label: str) -> Markup:
    """Numbers from 0 (dark) to `top`; NaN is left empty. Of a large matrix the least of neighbours is drawn."""
    rows, columns = matrix.shape
    row_share, column_share = math.ceil(rows / CELLS), math.ceil(columns / CELLS)
    shown = least(least(matrix, row_share).T, column_share).T
    across = _Axis(-0.5, columns - 0.5, LEFT, WIDTH - RIGHT)
    down = _Axis(-0.5, rows - 0.5, TOP, HEIGHT - BOTTOM)
    width, height = across.step * column_share, down.step * row_share
    cells = [
        element(
            "rect",
            element("title", f"[{i * row_share}, {j * column_share}]: {shown[i, j]:.1f}"),
            x=across(j * column_share - 0.5),
            y=down(i * row_share - 0.5),
            width=min(width, WIDTH - RIGHT - across(j * column_share - 0.5)),
            height=min(height, HEIGHT - BOTTOM - down(i * row_share - 0.5)),
            fill_opacity=round(1 - 0.95 * min(max(shown[i, j] / top, 0.0), 1.0), 3),
            class_="cell",
        )
        for i, j in np.argwhere(~np.isnan(shown)).tolist()
    ]
    note = f" (least of each {row_share} x {column_share})" if row_share * column_share > 1 else ""
    return _frame(across, down, x_title + note, y_title, label, *cells)


def strip(values: Sequence[float], names: Sequence[str], x_title: str, *, label: str) -> Markup:
    """One dot for each named value, the first one hollow; a value that is not finite is only in the table beside."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    margin = (high - low) * 0.05 or abs(high) * 1e-15 or 1.0
    across = _Axis(low - margin, high + margin, LEFT, WIDTH - RIGHT)
    down = _Axis(-0.5, len(values) - 0.5, TOP, HEIGHT - BOTTOM)
    dots = [
        element(
            "circle",
            element("title", f"{name}: {value!r}"),
            cx=across(value),
            cy=down(float(i)),
            r=3.5,
            class_="dot hollow" if i == 0 else "dot",
        )
        for i, (name, value) in enumerate(zip(names, values, strict=True))
        if math.isfinite(value)
    ]
    return _frame(across, None, x_title, "", label, *dots)


def bars(heights: Sequence[int], edges: Sequence[float], x_title: str, y_title: str, *, label: str) -> Markup:
    """A histogram."""
    across = _Axis(edges[0], edges[-1], LEFT, WIDTH - RIGHT)
    up = _Axis(0, max([*heights, 1]), HEIGHT - BOTTOM, TOP)
    drawn = [
        element(
            "rect",
            element("title", f"{low:g} to {high:g}: {height}"),
            x=across(low) + 0.5,
            y=up(height),
            width=across(high) - across(low) - 1,
            height=up(0) - up(height),
            class_="bar",
        )
        for height, low, high in zip(heights, edges, edges[1:], strict=False)
        if height
    ]
    return _frame(across, up, x_title, y_title, label, *drawn)


def least(numbers: Floats, share: int) -> Floats:
    """The least of each `share` rows; NaN only where all are."""
    if share <= 1 or not len(numbers):
        return numbers
    found: Floats = np.fmin.reduceat(numbers, np.arange(0, len(numbers), share))
    return found


class _Axis:
    """Numbers to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high, self.start, self.end = low, high if high > low else low + 1, start, end

    def __call__(self, number: float) -> float:
        return self.start + (number - self.low) * self.step

    @property
    def step(self) -> float:
        """Pixels per unit."""
        return (self.end - self.start) / (self.high - self.low)

    def ticks(self, count: int) -> list[float]:
        """About `count` round numbers."""
        rough = (self.high - self.low) / count
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(s * power for s in (1, 2, 5, 10) if s * power >= rough * 0.999)
        first = math.ceil(self.low / step)
        last = math.floor(self.high / step + 1e-9)
        return [i * step for i in range(first, last + 1)] if last - first < 2 * count + 2 else [self.low, self.high]


def _frame(across: _Axis, up: _Axis | None, x_title: str, y_title: str, label: str, *content: Markup) -> Markup:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [element("line", x1=LEFT, y1=bottom, x2=right, y2=bottom, class_="axis")]
    ticks, power = across.ticks(4), across.high - across.low
    offset = abs(across.low + across.high) / 2 > 1e5 * power
    if offset:  # the ends and the distance: numbers that differ in late digits only would not fit
        ends = ((across.low, "start"), (across.high, "end"))
        parts += [
            element("text", f"{number:.12g}", x=across(number), y=bottom + 14, text_anchor=anchor)
            for number, anchor in ends
        ]
    else:
        parts += [element("text", f"{tick:.4g}", x=across(tick), y=bottom + 14, text_anchor="middle") for tick in ticks]
    parts += [element("text", x_title, x=(LEFT + right) / 2, y=HEIGHT - 6, text_anchor="middle", class_="title")]
    if up is not None:
        parts += [
            join(
                element("line", x1=LEFT, x2=right, y1=up(tick), y2=up(tick), class_="grid"),
                element("text", f"{tick:.4g}", x=LEFT - 6, y=up(tick) + 4, text_anchor="end"),
            )
            for tick in up.ticks(5)
        ]
        middle = (TOP + bottom) / 2
        parts.append(
            element(
                "text",
                y_title,
                x=13,
                y=middle,
                text_anchor="middle",
                transform=f"rotate(-90 13 {middle:g})",
                class_="title",
            )
        )
    return element(
        "svg", *parts, *content, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", aria_label=label, class_="plot"
    )
