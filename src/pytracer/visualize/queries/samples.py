"""The executions: how each was perturbed, how it ended, and what was varied around it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from pytracer.parse.schema import UNKNOWN_EXIT
from pytracer.parse.store import Result, ResultError

COUNTERS: Final[Mapping[str, str]] = {
    "calls": "calls recorded",
    "calls_dropped": "calls not recorded",
    "values_not_understood": "values of unknown type",
    "values_truncated": "containers cut",
    "arrays_omitted": "arrays without elements",
    "bytes_omitted": "bytes of those",
    "noisy_loops": "NumPy loops with noise",
    "noisy_elements": "elements they computed",
    "inexact_elements": "numbers drawn",
    "noisy_native_calls": "native calls with noise",
    "native_disabled": "native calls without (deny-list)",
    "noisy_scalars": "operations on Python floats",
    "inexact_scalars": "of them drawn",
}
"""Column of the table `samples` -> what it counts."""

SECONDS: Final = "seconds"
"""What can be drawn beside COUNTERS: how long the samples ran."""

LOSSES: Final = COUNTERS.keys() & {"calls_dropped", "values_not_understood", "values_truncated", "arrays_omitted"}
"""Those that say that something is missing."""


@dataclass(frozen=True)
class Sample:
    """One execution of the program."""

    number: int
    status: str
    reason: str  # why it was not measured
    model: str
    seed: str
    exit_code: int | None  # None: not known
    complete: bool
    started: str  # ISO 8601 with zone; empty when not known
    duration_ns: int | None  # wall time with tracing and noise; None: not known
    trace: str
    layers: tuple[str, ...]
    missing: tuple[str, ...]
    settings: dict[str, str]  # what was varied around the process
    environment: dict[str, str]
    counters: dict[str, int]  # of COUNTERS
    notes: tuple[str, ...]  # what was dropped while its trace was read


@dataclass(frozen=True)
class Samples:
    """All executions of a result, in order of rows."""

    all: tuple[Sample, ...]

    @cached_property
    def counters(self) -> list[str]:
        """The columns of COUNTERS that are not 0 everywhere."""
        return [name for name in COUNTERS if any(sample.counters[name] for sample in self.all)]

    @cached_property
    def drawable(self) -> dict[str, str]:
        """What differs from 0 in some sample, and its title: counters, and SECONDS."""
        timed = any(sample.duration_ns is not None for sample in self.all)
        return {name: COUNTERS[name] for name in self.counters} | ({SECONDS: "seconds of wall time"} if timed else {})

    def drawn(self, name: str) -> list[float | None]:
        """Of each sample what `name` of `drawable` says; None where it is not known."""
        if name != SECONDS:
            return [sample.counters[name] for sample in self.all]
        return [None if sample.duration_ns is None else sample.duration_ns / 1e9 for sample in self.all]

    @cached_property
    def common(self) -> dict[str, str]:
        """Environment variables that are the same in all samples."""
        first = self.all[0].environment if self.all else {}
        return {
            name: value
            for name, value in first.items()
            if all(sample.environment.get(name) == value for sample in self.all)
        }

    @cached_property
    def varied(self) -> list[str]:
        """Settings, and environment variables that differ between samples."""
        settings = [name for sample in self.all for name in sample.settings]
        variables = [name for sample in self.all for name in sample.environment if name not in self.common]
        return list(dict.fromkeys(settings + variables))


def samples(result: Result) -> Samples:
    """Read the table."""
    notes: dict[int, list[str]] = {}
    for number, text in zip(result.notes["sample"].tolist(), result.notes["text"].tolist(), strict=True):
        notes.setdefault(number, []).append(text)
    rows = (result.samples.row(row) for row in range(len(result.samples)))
    return Samples(tuple(_sample(cells, notes.get(cells["sample"], ())) for cells in rows))


def _sample(cells: dict[str, Any], notes: Sequence[str]) -> Sample:
    return Sample(
        number=cells["sample"],
        status=cells["status"],
        reason=cells["reason"],
        model=cells["model"],
        seed=cells["seed"],
        exit_code=None if cells["exit_code"] == UNKNOWN_EXIT else cells["exit_code"],
        complete=bool(cells["complete"]),
        started=cells["started"],
        duration_ns=None if cells["duration_ns"] < 0 else cells["duration_ns"],
        trace=cells["trace"],
        layers=tuple(_json(cells["layers"], list)),
        missing=tuple(_json(cells["missing"], list)),
        settings=_json(cells["settings"], dict),
        environment=_json(cells["environment"], dict),
        counters={name: cells[name] for name in COUNTERS},
        notes=tuple(notes),
    )


def _json(text: str, kind: type) -> Any:
    try:
        found = json.loads(text) if text else kind()
    except ValueError:
        found = None
    if not isinstance(found, kind):
        raise ResultError("the result is corrupt: its samples hold no JSON; parse the traces again")
    return found
