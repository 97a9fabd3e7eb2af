"""The coverage ledger: what the samples could not see, alike entries together, the most important first.

docs/coverage.md explains each event.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pytracer.records.ledger import TITLES, Gap
from pytracer.report.plain import printable

NAMED = 3
"""Names shown of each entry in text."""


@dataclass(frozen=True)
class Entry:
    """Alike things that were not seen."""

    event: str
    count: int  # how many things, calls, values, arrays or bytes; the most of any sample
    why: str
    names: dict[str, int]  # what it is about -> its count, the largest first; empty where the event says all
    samples: int  # number of samples that reported any of it

    def line(self) -> str:
        """In one line, without control characters."""
        title = TITLES.get(self.event, self.event.replace("_", " "))
        shown = [name if count == 1 else f"{count} of {name}" for name, count in self.names.items()]
        names = ", ".join(shown[:NAMED] + ["..."] * (len(shown) > NAMED))
        return printable(f"{title}: {self.count}{f' ({names})' if names else ''}{f': {self.why}' if self.why else ''}")

    def fields(self) -> dict[str, Any]:
        """For JSON."""
        return vars(self) | {"names": [{"name": name, "count": count} for name, count in self.names.items()]}


def ledger(merged: Iterable[tuple[Gap, int]]) -> list[Entry]:
    """Entries what `records.ledger.merge` gives, or of what a result stored of it."""
    alike: dict[tuple[str, str], list[tuple[Gap, int]]] = {}
    for gap, seen in merged:
        alike.setdefault((gap.event, gap.why), []).append((gap, seen))
    entries = [_entry(event, why, group) for (event, why), group in alike.items()]
    order = {event: position for position, event in enumerate(TITLES)}
    return sorted(entries, key=lambda entry: (order.get(entry.event, len(order)), -entry.count))


def _entry(event: str, why: str, group: Sequence[tuple[Gap, int]]) -> Entry:
    names = {gap.name: gap.count for gap, _ in sorted(group, key=lambda pair: -pair[0].count) if gap.name}
    return Entry(event, sum(gap.count for gap, _ in group), why, names, max(seen for _, seen in group))


def lines(entries: Sequence[Entry], limit: int) -> Iterator[str]:
    """The ledger for people, at most `limit` entries of it."""
    yield from (entry.line() for entry in entries[:limit])
    if len(entries) > limit:
        yield f"... and {len(entries) - limit} more; --json shows all"
