"""What the reader looks at, as it stands in the address bar: a view can be sent, and the back button works."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Self
from urllib.parse import parse_qs, urlencode

BITS: Final = "bits"
LOST: Final = "lost"
DIGITS: Final = "digits"
MEAN: Final = "mean"
STD: Final = "std"
MIN: Final = "min"
ORDER: Final = "order"
TIME: Final = "time"
LINEAR: Final = "linear"
LOG: Final = "log"
ALL: Final = "all"
REAL: Final = "real"
IMAG: Final = "imag"

Range = tuple[float, float]

CHOICES: Final = {
    "unit": (BITS, DIGITS),
    "y": (BITS, MEAN, STD),
    "summary": (MIN, "p05", "median", "mean", "max"),
    "x": (ORDER, TIME),
    "y_scale": (LINEAR, LOG),
    "x_scale": (LINEAR, LOG),
    "y_format": ("auto", "fixed", "scientific", "SI"),
    "x_format": ("auto", "fixed", "scientific", "SI"),
    "role": (ALL, "inputs", "outputs"),
    "colour": (BITS, LOST),
    "graph": ("worst", "around"),
    "quantity": (BITS, MEAN, STD),
    "part": (REAL, IMAG),
    "colour_scale": (LINEAR, LOG),
    "along": ("across", "down"),
    "normalisation": ("count", "share", "density"),
    "changes": ("changed", ALL),
}
"""Fields with fixed choices; the first is the default."""

ROWS: Final = ("lane", "call", "value", "element", "line", "across", "down", "bins", "divergence")
"""Fields that are a row of a table, or an index."""
RANGES: Final = ("x_range", "y_range", "time_range", "across_range", "down_range")
NUMBERS: Final = ("colour_low", "colour_high")
LISTS: Final = ("others",)


@dataclass(frozen=True)
class State:
    """Which call, value and element are selected, what is shown beside them, and how it is drawn.

    Fields are texts unless ROWS, RANGES, NUMBERS, LISTS or CHOICES name them.
    """

    function: str = ""  # key of queries.contents.Function; empty for that of the call, or the one that loses most
    call: int | None = None  # row in calls
    value: int | None = None  # row in values, a value of that call
    element: int | None = None  # flat index (C order) in that value
    others: tuple[str, ...] = ()  # keys of functions drawn beside it
    module: str = ""  # show functions of this module and what is below it only
    lane: int | None = None  # row in lanes: show its calls only
    argument: str = ""  # label of a value; empty for all
    role: str = ALL
    unit: str = BITS  # in which significant digits are counted: base 2 or base 10
    y: str = BITS
    summary: str = MIN  # over the elements of an array
    x: str = ORDER
    y_scale: str = LINEAR
    x_scale: str = LINEAR
    y_format: str = "auto"
    x_format: str = "auto"
    x_range: Range | None = None  # what is zoomed into, in units of the axis; None for all
    y_range: Range | None = None
    file: str = ""  # source file, as in sites; empty for that of the call
    line: int | None = None  # in it, from 1
    colour: str = BITS  # of bars and boxes: bits that are left, or that are lost
    graph: str = "worst"  # whether the graph shows the functions that lose most, or those around the chosen one
    time_range: Range | None = None  # milliseconds that the nested calls are shown of; None for all
    quantity: str = BITS  # of the elements of an array
    part: str = REAL  # of complex means and standard deviations; bits are those of the worse part
    across: int | None = None  # axis of the array that goes to the right; None for the last one
    down: int | None = None  # axis that goes down; None for the one before
    across_range: Range | None = None  # indices along those axes that are zoomed into; None for all
    down_range: Range | None = None
    colour_scale: str = LINEAR
    colour_low: float | None = (
        None  # ends of the colours of the elements, in the unit shown; None for those of the data
    )
    colour_high: float | None = None
    along: str = "across"  # axis of the line through the element
    bins: int | None = None  # of the histogram of the elements
    normalisation: str = "count"
    divergence: int | None = None  # row in divergences
    counter: str = ""  # what of the samples is drawn; empty for the first that counts anything
    changes: str = "changed"  # which functions of two results are listed

    @classmethod
    def parse(cls, search: str | None) -> Self:
        """The state of a query string such as '?function=math.sin&y=std'. What it does not know it ignores."""
        given = parse_qs((search or "").removeprefix("?"))
        read = {field.name: _read(field.name, given[field.name]) for field in fields(cls) if field.name in given}
        return replace(cls(), **{name: value for name, value in read.items() if value is not None})

    @property
    def search(self) -> str:
        """The query string; defaults are left out."""
        default = State()
        changed = {name: value for name, value in vars(self).items() if value != getattr(default, name)}
        written = {name: _write(name, value) for name, value in changed.items()}
        return f"?{urlencode(written, doseq=True)}" if written else ""

    def with_function(self, key: str) -> Self:
        """Another function alone: its arguments, calls and ranges are others, the axes and filters stay."""
        changes: dict[str, Any] = {"others": (), "argument": "", "x_range": None, "y_range": None}
        return self if key == self.function else replace(self, function=key, **changes).with_call(None)

    def with_call(self, call: int | None, value: int | None = None, element: int | None = None) -> Self:
        """Another call, or another value or element of one; what is drawn beside it stays."""
        changes: dict[str, Any] = {"file": "", "line": None, "across_range": None, "down_range": None}
        return replace(self, call=call, value=value, element=element, **changes)

    def at_call(self, key: str, call: int | None, value: int | None = None) -> Self:
        """Another call of the function `key`, which is drawn if it was not."""
        drawn = self if key in (self.function, *self.others) else self.with_function(key)
        return drawn.with_call(call, value)

    def with_fields(self, **changes: Any) -> Self:
        """Other filters or axes. A range is given up with the axis that it is of."""
        if changes.keys() & {"x", "x_scale", "lane"}:
            changes.setdefault("x_range", None)
        if changes.keys() & {"y", "y_scale", "unit", "part"}:
            changes.setdefault("y_range", None)
        if changes.keys() & {"across", "down"}:
            changes |= {"across_range": None, "down_range": None}
        return replace(self, **changes)


def _read(name: str, texts: Sequence[str]) -> Any:
    """The value of a field; None when the texts are none."""
    text = texts[-1]
    if name in CHOICES:
        return text if text in CHOICES[name] else None
    if name in ROWS:
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
    if name in RANGES:
        return _range(text)
    if name in NUMBERS:
        return _number(text)
    return tuple(texts) if name in LISTS else text


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _range(text: str) -> Range | None:
    try:
        low, high = (float(part) for part in text.split("..", 1))
    except ValueError:
        return None
    return (low, high) if math.isfinite(low) and math.isfinite(high) and low < high else None


def _write(name: str, value: Any) -> Any:
    return f"{value[0]!r}..{value[1]!r}" if name in RANGES else value
