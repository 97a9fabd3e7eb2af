"""One call with its values, as the reader sees it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pytracer.records.schema import Outcome
from pytracer.visualize.queries.cells import known, number, pick
from pytracer.visualize.queries.contents import Contents

DETAILED_VALUES = 100
"""Values of one call that are listed."""


@dataclass(frozen=True)
class Value:
    """One value of a call. Bits are significant bits (base 2), over its elements; None: not measured."""

    row: int  # in values
    label: str
    output: bool
    type: str  # dtype and shape
    size: int  # number of elements; 1 for a scalar
    bits_min: float | None
    bits_median: float | None
    mean: float | complex | None
    std: float | None
    agreement: float | None  # share of the samples that have the same content (discrete values), or type and shape
    discrete: bool  # no floating-point numbers


@dataclass(frozen=True)
class Neighbour:
    """Another call that the reader can go to."""

    row: int
    key: str  # of its function, in addresses
    name: str


@dataclass(frozen=True)
class Call:
    """One call, as the reader sees it."""

    row: int
    function: int  # row in functions
    key: str  # of the function, in addresses
    name: str
    place: str
    site: int  # row in sites, -1 when unknown
    caller: str  # qualified name; empty when unknown
    source: str  # the line of the call; empty when unknown
    parent: Neighbour | None  # the recorded call around it
    previous: int | None  # row of the call of the same function before it
    following: int | None  # and after it
    number: int  # of the call among those of its function, from 1
    calls: int  # of its function
    time_ms: float
    duration_ms: float | None  # None when it did not return
    outcome: str
    samples: int  # perturbed samples that made this call too
    bits_lost: float | None
    values: list[Value]  # at most DETAILED_VALUES
    n_values: int


def call(contents: Contents, row: int | None) -> Call | None:
    """The call in row `row` of calls; None when there is none."""
    result = contents.result
    if row is None or not 0 <= row < len(result.calls):
        return None
    cells = result.calls.row(row)
    site = result.sites.row(cells["site"]) if cells["site"] >= 0 else {"function": "", "text": ""}
    same = contents.calls_of[cells["function"]]
    index = int(same.searchsorted(row))
    return Call(
        row=row,
        function=cells["function"],
        key=contents.by_row[cells["function"]].key,
        name=contents.names[cells["function"]],
        place=contents.places[cells["site"]],
        site=cells["site"],
        caller=site["function"],
        source=site["text"],
        parent=_neighbour(contents, cells["parent"]),
        previous=int(same[index - 1]) if index > 0 else None,
        following=int(same[index + 1]) if index + 1 < len(same) else None,
        number=index + 1,
        calls=len(same),
        time_ms=cells["enter_ns"] / 1e6,
        duration_ms=cells["duration_ns"] / 1e6 if cells["duration_ns"] >= 0 else None,
        outcome=Outcome(cells["outcome"]).name.lower(),
        samples=cells["samples"],
        bits_lost=known(cells["bits_lost"]),
        values=_values(contents, cells),
        n_values=cells["n_inputs"] + cells["n_outputs"],
    )


def _neighbour(contents: Contents, row: int) -> Neighbour | None:
    if row < 0:
        return None
    function = contents.by_row[int(contents.result.calls.read("function", row))]
    return Neighbour(row, function.key, function.name)


def _values(contents: Contents, cells: dict[str, Any]) -> list[Value]:
    first, length = cells["first_value"], min(cells["n_inputs"] + cells["n_outputs"], DETAILED_VALUES)
    return values(contents, first, [rank >= cells["n_inputs"] for rank in range(length)])


COLUMNS = ("label", "type", "size", "bits_min", "bits_median", "mean", "mean_imag", "std", "agreement", "precision")


def values(contents: Contents, first: int, outputs: Sequence[bool]) -> list[Value]:
    """The values from row `first` on, one for each of `outputs`."""
    rows = np.arange(first, first + len(outputs))
    columns = {name: pick(contents.result.values, name, rows).tolist() for name in COLUMNS}
    labels, types = contents.labels, contents.types
    return [
        Value(
            row=first + i,
            label=labels[columns["label"][i]],
            output=output,
            type=types[columns["type"][i]],
            size=columns["size"][i],
            bits_min=known(columns["bits_min"][i]),
            bits_median=known(columns["bits_median"][i]),
            mean=number(known(columns["mean"][i]), known(columns["mean_imag"][i])),
            std=known(columns["std"][i]),
            agreement=known(columns["agreement"][i]),
            discrete=columns["precision"][i] == 0,
        )
        for i, output in enumerate(outputs)
    ]
