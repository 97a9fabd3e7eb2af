"""The values with the fewest bits, each with what a result holds of it: its calls, its elements, its samples."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.groups import rank_key
from pytracer.parse.store import Result
from pytracer.parse.unstored import why_no_elements, why_no_observations

Floats = NDArray[np.float64]

OBSERVED = ("reference", "measured")
"""Status of the samples whose observations are stored."""


@dataclass(frozen=True)
class WorstValue:
    """The output with the fewest bits of the call that loses most of its function and call site."""

    function: int  # row in functions
    site: int  # row in sites, -1 when unknown
    label: str
    shape: tuple[int, ...]  # empty for a scalar
    element: int  # flat index of the worst element
    precision: float  # bits of its type
    bits: float  # of that element
    bits_lost: float
    over_calls: Floats  # output bits of each call from that site, in order
    call: int  # of them, index of the one that loses most
    elements: Floats | None  # bits of each element, flat; None when not stored
    samples: list[tuple[str, complex]]  # name and content of the worst element; empty when not stored
    unstored: list[str]  # why there are no elements, or no samples


def worst_values(result: Result, limit: int) -> list[WorstValue]:
    """Of the `limit` functions and call sites that lose most bits; only those that lose any."""
    calls = result.calls
    lost, value = calls["bits_lost"], calls["worst_value"]
    function, site = calls["function"].astype(np.int64), calls["site"].astype(np.int64)
    key = function * (len(result.sites) + 1) + site + 1
    order = np.flatnonzero((lost > 0) & (value >= 0))
    order = order[np.argsort(-rank_key(lost[order]), kind="stable")]
    _, first = np.unique(key[order], return_index=True)
    outputs = calls["output_bits_min"]
    return [
        _of(result, call, np.flatnonzero(key == key[call]), outputs) for call in order[np.sort(first)[:limit]].tolist()
    ]


def _of(result: Result, call: int, same: NDArray[np.int64], outputs: Floats) -> WorstValue:
    cells = result.calls.row(call)
    value = result.values.row(cells["worst_value"])
    element, size = max(value["worst_element"], 0), value["size"]
    kind = result.types.row(value["type"])
    elements = _elements(result, value["elements"], size)
    observed = _samples(result, value["observations"], size, element)
    unstored = []
    if elements is None and size > 1:
        unstored.append(f"Its elements are not stored: {why_no_elements(result, value)}.")
    if not observed:
        unstored.append(f"What each sample had is not stored: {why_no_observations(value)}.")
    return WorstValue(
        function=cells["function"],
        site=cells["site"],
        label=str(result.labels.read("text", value["label"])),
        shape=tuple(int(length) for length in kind["shape"].strip("()").split(",") if length.strip()),
        element=element,
        precision=float(value["precision"]),
        bits=value["bits_min"],
        bits_lost=cells["bits_lost"],
        over_calls=outputs[same],
        call=int(np.searchsorted(same, call)),
        elements=elements,
        samples=observed,
        unstored=unstored,
    )


def _elements(result: Result, first: int, size: int) -> Floats | None:
    """The fewest bits of each element's parts."""
    if not 0 <= first <= len(result.elements) - size or size <= 1:
        return None
    where = slice(first, first + size)
    found: Floats = np.fmin(result.elements.read("bits", where), result.elements.read("bits_imag", where))
    return found


def _samples(result: Result, first: int, size: int, element: int) -> list[tuple[str, complex]]:
    status, number = result.samples["status"], result.samples["sample"]
    chosen = np.flatnonzero(np.isin(status.astype(str), OBSERVED))
    if not 0 <= first <= len(result.observations) - len(chosen) * size or not 0 <= element < size:
        return []
    where = slice(first, first + len(chosen) * size)
    real, imag = (result.observations.read(name, where)[element::size] for name in ("real", "imag"))
    names = ["unperturbed" if status[row] == "reference" else f"sample {number[row]}" for row in chosen]
    parts = zip(real.tolist(), np.where(np.isnan(imag), 0.0, imag).tolist(), strict=True)
    return [(name, complex(*pair)) for name, pair in zip(names, parts, strict=True)]
