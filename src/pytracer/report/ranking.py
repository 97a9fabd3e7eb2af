"""The functions of a result by the bits they lose, worst first.

A row is a function called from one place. All counts are significant bits (base 2); None means that nothing could be
measured.
"""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.groups import Groups, rank_key
from pytracer.parse.store import Result

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Place(NamedTuple):
    """A call site."""

    file: str  # empty when unknown
    line: int
    caller: str
    source: str  # that line


@dataclass(frozen=True)
class Bits:
    """Over the calls of a row: the smallest minimum, and the median of the calls' medians."""

    min: float | None
    median: float | None


@dataclass(frozen=True)
class Worst:
    """The output with the fewest bits, in the call that loses most."""

    value: str  # such as 'return' or 'x (after)'
    element: tuple[int, ...] | None  # index of the worst element; None for a scalar
    bits: float
    mean: float | complex  # of that element over the samples
    largest: float  # magnitude in the same value: an element near 0 beside it may have no digits for good reason
    same: bool  # whether the whole output is the same in all samples


@dataclass(frozen=True)
class Row:
    """One function called from one place."""

    function: str  # module and qualified name
    place: Place
    calls: int
    measurable: int  # calls that were perturbed or whose inputs differed
    input_bits: Bits
    output_bits: Bits
    bits_lost: float | None  # maximum over the calls
    disagreements: int  # outputs that are no comparable numbers and differ between samples
    worst: Worst | None


def ranking(result: Result) -> list[Row]:
    """Rows of `result`, most bits lost first; what has no bits comes last, in order of first call."""
    calls = result.calls
    function, site = calls["function"].astype(np.int64), calls["site"].astype(np.int64)
    _, first, group = np.unique(function * (len(result.sites) + 1) + site, return_index=True, return_inverse=True)
    groups = Groups(group, len(first))
    bits = {name: (groups.minima(calls[f"{name}_min"]), groups.medians(calls[f"{name}_median"])) for name in _SIDES}
    lost, worst_call = (
        groups.maxima(calls["bits_lost"]),
        groups.worst_rows(calls["bits_lost"], calls["output_bits_min"]),
    )
    worst = _worst(result, np.where(worst_call >= 0, np.append(calls["worst_value"], -1)[worst_call], -1))
    number, measurable, broken = groups.sizes(), groups.sums(calls["measurable"]), groups.sums(calls["disagreements"])
    functions, places = _functions(result), _places(result)
    order = np.lexsort((first, -broken, rank_key(bits["output_bits"][0]), -rank_key(lost)))  # NaN comes last
    return [
        Row(
            function=functions[function[first[i]]],
            place=places[site[first[i]]],
            calls=int(number[i]),
            measurable=int(measurable[i]),
            input_bits=_bits(bits["input_bits"], i),
            output_bits=_bits(bits["output_bits"], i),
            bits_lost=_number(lost[i]),
            disagreements=int(broken[i]),
            worst=worst[i],
        )
        for i in order.tolist()
    ]


_SIDES = ("input_bits", "output_bits")


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _bits(columns: tuple[Floats, Floats], i: int) -> Bits:
    return Bits(_number(columns[0][i]), _number(columns[1][i]))


def _worst(result: Result, rows: Ints) -> list[Worst | None]:
    """The worst element of each value; None where the row is -1."""
    names = (
        "label",
        "type",
        "worst_element",
        "bits_min",
        "worst_mean",
        "worst_mean_imag",
        "largest",
        "precision",
        "std",
        "std_imag",
    )
    columns: list[list[Any]] = [np.append(result.values[name], [0])[rows].tolist() for name in names]
    labels, shapes = result.labels["text"], result.types["shape"]
    worst: list[Worst | None] = []
    for row, label, kind, element, bits, mean, imag, largest, *spread in zip(rows.tolist(), *columns, strict=True):
        index = _index(element, shapes[kind]) if row >= 0 else None
        value = mean if np.isnan(imag) else complex(mean, imag)
        same = _is_same(bits, *spread)
        worst.append(Worst(labels[label], index, bits, value, largest, same) if row >= 0 else None)
    return worst


def _is_same(bits: float, precision: int, *std: float) -> bool:
    """Full bits alone do not tell: one sample of many may differ in the last place. NaN is no spread."""
    return bits == precision > 0 and not any(each > 0 for each in std)


def _index(element: int, shape: str) -> tuple[int, ...] | None:
    """The index of a flat one in an array whose shape is such as '(3, 4)'; None for a scalar, or what is no shape."""
    lengths = [part.strip() for part in shape.strip("()").split(",") if part.strip()]
    if not lengths or element < 0 or not all(re.fullmatch(r"[1-9]\d{0,18}", length, re.ASCII) for length in lengths):
        return None
    index = []
    for length in reversed(lengths):
        element, place = divmod(element, int(length))
        index.append(place)
    return tuple(reversed(index)) if element == 0 else None


def _functions(result: Result) -> list[str]:
    pairs = zip(result.functions["module"], result.functions["name"], strict=True)
    return [f"{module}.{name}" if module else name for module, name in pairs]


def _places(result: Result) -> list[Place]:
    """Place of each site; the last entry (index -1) is the unknown one."""
    columns = (result.sites[name].tolist() for name in ("file", "line", "function", "text"))
    return [*(Place(*row) for row in zip(*columns, strict=True)), Place("", 0, "", "")]
