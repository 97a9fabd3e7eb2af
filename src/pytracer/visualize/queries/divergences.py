"""Where samples took other ways: what each side called, and which values differed before."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pytracer.parse.store import ResultError
from pytracer.visualize.queries import arrays
from pytracer.visualize.queries.arrays import Value
from pytracer.visualize.queries.contents import Contents

REFERENCE = 0
"""Number of the unperturbed sample."""
EVIDENCE = 50
"""Values that are listed."""


@dataclass(frozen=True)
class Calls:
    """So many calls of a function that ended in one way."""

    function: str
    outcome: str
    calls: int


@dataclass(frozen=True)
class Side:
    """What some samples called."""

    samples: tuple[int, ...]
    calls: tuple[Calls, ...]


@dataclass(frozen=True)
class Divergence:
    """One place where samples took other ways."""

    row: int  # in divergences
    kind: str
    times: int
    lane: str
    place: str  # of the first call that differs
    inside: str  # the function in which they differ; empty for the program itself
    parent: int | None  # row in calls: the call in which they differ
    before: int | None  # the last call that all made
    first: int | None  # the first one that only some made
    sides: tuple[Side, ...]  # the reference and those like it first
    evidence: tuple[int, ...]  # rows in values: those that differed before, worst first


def count(contents: Contents) -> int:
    """How many there are."""
    return len(contents.result.divergences)


def divergence(contents: Contents, row: int | None) -> Divergence | None:
    """The one in row `row` of divergences; None when there is none."""
    if row is None or not 0 <= row < count(contents):
        return None
    cells = contents.result.divergences.row(row)
    lane = contents.result.lanes.row(cells["lane"])
    others = [Side(_numbers(side["samples"]), _calls(side["calls"])) for side in _list(cells["sides"])]
    return Divergence(
        row=row,
        kind=cells["kind"],
        times=max(cells["times"], 1),
        lane=f"{lane['process']} {lane['name']}".strip(),
        place=contents.places[cells["site"]],
        inside=contents.names[cells["function"]] if cells["function"] >= 0 else "",
        parent=_row(cells["parent"]),
        before=_row(cells["before"]),
        first=_row(cells["first_call"]),
        sides=(Side(_alike(contents, others), _calls(_list(cells["reference"]))), *others),
        evidence=_numbers(_list(cells["evidence"])),
    )


def divergences(contents: Contents, limit: int) -> list[Divergence]:
    """The first `limit` of them."""
    found = (divergence(contents, row) for row in range(min(limit, count(contents))))
    return [each for each in found if each is not None]


def _list(text: str) -> list[Any]:
    try:
        found = json.loads(text or "[]")
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise ResultError("the result is corrupt: a divergence holds no list; parse the traces again")
    return found


def _numbers(cells: Sequence[Any]) -> tuple[int, ...]:
    return tuple(int(cell) for cell in cells)


def _calls(cells: Sequence[dict[str, Any]]) -> tuple[Calls, ...]:
    names = (str(cell["function"]).removeprefix("__main__.") for cell in cells)
    return tuple(Calls(name, str(c["outcome"]), int(c["calls"])) for name, c in zip(names, cells, strict=True))


def _row(row: int) -> int | None:
    return row if row >= 0 else None


def _alike(contents: Contents, others: Sequence[Side]) -> tuple[int, ...]:
    """The samples that went with the reference."""
    gone = {number for side in others for number in side.samples}
    samples = contents.result.samples
    pairs = zip(samples["sample"].tolist(), samples["status"].tolist(), strict=True)
    return tuple(number for number, status in pairs if status in arrays.OBSERVED and number not in gone)


@dataclass(frozen=True)
class Evidence:
    """A value that differed before the samples parted, at its worst element."""

    value: Value
    function: str
    place: str
    element: str  # such as 'x[1, 2]'
    observed: dict[int, complex]  # number of the sample -> what it had; empty when not stored


def evidence(contents: Contents, divergence: Divergence) -> list[Evidence]:
    """The first EVIDENCE of its values."""
    found = (_evidence(contents, row) for row in divergence.evidence[:EVIDENCE])
    return [each for each in found if each is not None]


def _evidence(contents: Contents, row: int) -> Evidence | None:
    value = arrays.value(contents.result, row)
    if value is None:
        return None
    call = contents.result.calls.row(value.call)
    index = value.index(value.worst)
    seen = arrays.observations(contents.result, value, value.worst)
    return Evidence(
        value=value,
        function=contents.names[call["function"]],
        place=contents.places[call["site"]],
        element=f"{value.label}[{', '.join(map(str, index))}]" if index else value.label,
        observed=seen.by_sample if seen is not None else {},
    )
