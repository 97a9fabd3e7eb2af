"""What the overview says beside the ranking: distribution of bits, samples, noise, divergences, what is missing."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pytracer.parse import groups
from pytracer.parse.schema import UNKNOWN_EXIT
from pytracer.parse.store import Columns, Result
from pytracer.records.ledger import TITLES
from pytracer.visualize.queries.contents import Contents, Function


class Bar(NamedTuple):
    """Calls whose worst output has `low` to `high` significant bits."""

    low: int
    high: int
    calls: int


def distribution(contents: Contents) -> list[Bar]:
    """The calls by the bits of their worst output; those that were not measured are in none."""
    counts, ends = groups.distribution(contents.result.calls["output_bits_min"])
    return [Bar(*bar) for bar in zip(ends[:-1], ends[1:], counts, strict=True)]


class Unseen(NamedTuple):
    """Alike things that the samples did not see."""

    event: str  # its title
    why: str
    number: int  # how many things, calls, values, arrays or bytes; the most of any sample
    names: Sequence[str]  # what it is about, the largest count first
    samples: int  # number of samples that reported any of it


def coverage(result: Result) -> list[Unseen]:
    """The coverage ledger, alike entries together, the most important first."""
    alike: dict[tuple[str, str], list[tuple[int, str, int]]] = {}
    for row in _rows(result.coverage, ("event", "why", "count", "name", "samples")):
        alike.setdefault((row[0], row[1]), []).append(row[2:])
    order = {event: position for position, event in enumerate(TITLES)}
    return [
        Unseen(
            TITLES.get(event, event.replace("_", " ")),
            why,
            sum(count for count, _, _ in group),
            [name for _, name, _ in sorted(group, key=lambda entry: -entry[0]) if name],
            max(samples for _, _, samples in group),
        )
        for (event, why), group in sorted(alike.items(), key=lambda item: order.get(item[0][0], len(order)))
    ]


class Diverged(NamedTuple):
    """A place where samples went different ways."""

    call: int  # row in calls: the first that differs, else the last before it, else the one around it; -1 for none
    place: str
    inside: str  # function of the call around it; empty for the program itself
    samples: Sequence[int]
    kind: str  # empty when not known
    times: int


def divergences(contents: Contents) -> list[Diverged]:
    """All of them, in order of the result."""
    names = ("first_call", "before", "parent", "site", "function", "samples", "kind", "times")
    return [
        Diverged(
            call=next((call for call in row[:3] if call >= 0), -1),
            place=contents.places[row[3]],
            inside=contents.names[row[4]] if row[4] >= 0 else "",
            samples=json.loads(row[5]),
            kind=row[6],
            times=max(row[7], 1),
        )
        for row in _rows(contents.result.divergences, names)
    ]


class Explained(NamedTuple):
    """A place where differences begin, and the settings of the samples that explain them; none does alone if empty."""

    function: Function
    place: str
    settings: Sequence[str]
    calls: int


def explanations(contents: Contents) -> list[Explained]:
    """All of them, in order of the result."""
    rows = _rows(contents.result.explanations, ("function", "site", "settings", "calls"))
    return [
        Explained(contents.by_row[function], contents.places[site], json.loads(settings), calls)
        for function, site, settings, calls in rows
    ]


@dataclass(frozen=True)
class Samples:
    """How the executions ended, and how they were perturbed."""

    statuses: dict[str, int]  # status -> number of samples
    failed: int  # samples with an exit code other than 0
    incomplete: int  # samples whose trace ends early
    models: list[str]
    seeds: list[str]
    layers: list[str]  # that were active in the measured samples
    missing: list[str]  # that were not available
    reasons: list[str]  # why samples were not measured


def samples(result: Result) -> Samples:
    """Of the table `samples`."""
    table = result.samples
    rows = list(_rows(table, ("status", "model", "seed", "layers", "missing", "exit_code", "complete", "reason")))
    measured = [row for row in rows if row[0] == "measured"] or [row for row in rows if row[0] != "reference"]
    return Samples(
        statuses={status: sum(row[0] == status for row in rows) for status in dict.fromkeys(row[0] for row in rows)},
        failed=sum(row[5] not in (0, UNKNOWN_EXIT) for row in rows),
        incomplete=sum(not row[6] for row in rows),
        models=_different(row[1] for row in measured),
        seeds=_different(row[2] for row in measured),
        layers=_different(layer for row in measured for layer in json.loads(row[3])),
        missing=_different(layer for row in measured for layer in json.loads(row[4])),
        reasons=_different(row[7] for row in rows),
    )


def notes(result: Result) -> list[tuple[int, str]]:
    """Sample and text of what was dropped while reading traces."""
    return [(sample, text) for sample, text in _rows(result.notes, ("sample", "text"))]


def _different(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _rows(table: Columns, names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return zip(*(table[name].tolist() for name in names), strict=True)
