"""Builds the small tables of the result: what calls and values refer to by row."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytracer.parse.aggregates import ReadColumn, of_functions
from pytracer.parse.align import AlignedLane
from pytracer.parse.catalog import Catalog, Numbering, distinct
from pytracer.parse.divergence import CallCount, Divergence
from pytracer.parse.evidence import Evidence
from pytracer.parse.explain import Explainer
from pytracer.parse.samples import Experiment, Sample
from pytracer.parse.schema import SOURCES_PER_RESULT, TABLES
from pytracer.parse.sources import Sources
from pytracer.parse.values import NAMED, View
from pytracer.records.ledger import gaps, merge
from pytracer.records.reader import Trace
from pytracer.records.schema import COUNTERS, Kind, Role
from pytracer.records.start import moment, read_times
from pytracer.records.tables import Function

Ints = NDArray[np.int64]
Columns = Mapping[str, ArrayLike | Sequence[str]]

CUT_SHORT = "{}: {} lists of calls differ too much to be aligned whole: they were aligned piece by piece"
CHANGED = "changed after the program started: its lines and signatures are those of now, not those that ran"


class Labels:
    """Numbers the names under which values are shown, such as 'x', 'b[0]', 'return', 'a (after)'."""

    def __init__(self, catalog: Catalog) -> None:
        self.texts: Numbering[str] = Numbering()
        self._catalog = catalog
        self._known: dict[tuple[int, int], int] = {}

    def of(self, functions: Ints, keys: Ints) -> Ints:
        """Row in labels of each value, from the catalog number of its function and its key (`View.keys`)."""
        unique, _, first = distinct(keys)
        pairs, _, index = distinct(functions * max(len(unique), 1) + first)
        numbers = [self._number(pair // len(unique), int(unique[pair % len(unique)])) for pair in pairs.tolist()]
        return np.array(numbers, np.int64)[index]

    def _number(self, function: int, key: int) -> int:
        known = (function, key)
        if known not in self._known:
            name = self._catalog.names.rows[key >> 24]
            text = _label(self._catalog.functions.rows[function], Role(key & 7), (key >> 3) & 0xFFFF, name)
            self._known[known] = self.texts.number(text)
        return self._known[known]


def _label(function: Function, role: Role, position: int, name: str) -> str:
    known = position < len(function.params)
    argument = function.params[position] if known else f"argument {position + 1}"
    match role:
        case Role.POSITIONAL:
            return argument + name
        case Role.KEYWORD:
            return name
        case Role.RETURN:
            return "return" + name
        case Role.AFTER:
            by_name = name[:1] not in ("", ".", "[", "{")  # such a name begins with that of the argument
            return f"{name if by_name else argument + name} (after)"
        case Role.EXCEPTION:
            return f"raised {name}".rstrip()


class Types:
    """Numbers the types of values: kind, dtype and shape."""

    def __init__(self) -> None:
        self.rows: Numbering[tuple[int, str, str]] = Numbering()
        self._known: dict[int, int] = {}

    def of(self, view: View, rows: Ints) -> Ints:
        """Row in types of each value."""
        tokens, first, index = distinct(view.types(rows))
        for token, row in zip(tokens.tolist(), rows[first].tolist(), strict=True):
            if token not in self._known:
                self._known[token] = self.rows.number(_type(view, row))
        return np.array([self._known[token] for token in tokens.tolist()], np.int64)[index]


def _type(view: View, row: int) -> tuple[int, str, str]:
    kind = Kind(int(view.lane.values["kind"][row]))
    if kind in NAMED:
        name = view.lane.names.get(int(view.lane.values["extra"][row]))
        if name or kind != Kind.FLOAT64:
            return kind, name or "unknown", ""
    if kind != Kind.ARRAY:
        return kind, kind.name.lower(), ""
    arrays = view.lane.arrays
    entry = int(arrays.find(np.array([row]))[0])
    shape = "" if arrays.corrupt[entry] else str(arrays.shape(entry, view.lane.payload))
    return kind, str(arrays.dtypes[int(arrays.dtype[entry])]), shape


def functions(catalog: Catalog, sources: Sources, calls: ReadColumn) -> Columns:
    """The table `functions`; `calls` reads those that are stored."""
    rows = catalog.functions.rows
    own = [(*function[:-1], json.dumps(function.params), sources.signature(function)) for function in rows]
    named = list(TABLES["functions"])[: len(Function._fields) + 1]
    return {name: [row[i] for row in own] for i, name in enumerate(named)} | dict(of_functions(calls, len(rows)))


def sites(catalog: Catalog, sources: Sources) -> Columns:
    """The table `sites`, with the source lines as they are now."""
    return _columns("sites", ((*site, sources.line(site.file, site.line)) for site in catalog.sites.rows))


def sources_of(catalog: Catalog, sources: Sources) -> Columns:
    """The table `sources`: the first files that fit."""
    room, rows = SOURCES_PER_RESULT, []
    for file in dict.fromkeys(site.file for site in catalog.sites.rows if site.file):
        text = sources.text(file)
        size = len(text.encode(errors="replace"))
        rows.append((file, text if size <= room else ""))
        room -= size if size <= room else 0
    return _columns("sources", rows)


def samples(experiment: Experiment) -> Columns:
    """The table `samples`."""
    return _columns("samples", (_sample(sample) for sample in experiment.samples))


def _sample(sample: Sample) -> tuple[Any, ...]:
    trace = sample.trace
    names = [name for name in TABLES["samples"] if name in (COUNTERS.names or ())]
    started, duration = read_times(sample.path)
    if trace is None:
        nothing = ["", "", "[]", "[]", "{}", "{}", sample.exit_code, 0, started, duration, 0, *(0 for _ in names)]
        return (sample.number, str(sample.path), sample.status.value, sample.reason, *nothing)
    noise, counters = trace.meta["noise"], trace.counters()
    seed = "" if trace.seed is None or trace.model == "none" else str(trace.seed)
    layers, missing = json.dumps(noise["layers"]), json.dumps(noise["missing"])
    around = json.dumps(noise["settings"]), json.dumps(trace.meta.get("environment", {}))
    calls = sum(len(lane.calls) for _, lane in trace.lanes())
    return (
        *(sample.number, str(sample.path), sample.status.value, sample.reason, trace.model, seed, layers, missing),
        *(*around, sample.exit_code, trace.ended_ns is not None),
        *(started or moment(trace.meta.get("started")), duration, calls),
        *(min(counters[name], 2**63 - 1) for name in names),
    )


def coverage(traces: Iterable[Trace]) -> Columns:
    """The table `coverage`: equal gaps of several samples are one row."""
    found = merge(gaps(trace) for trace in traces)
    return _columns("coverage", ((gap.event, gap.name, gap.why, gap.count, samples) for gap, samples in found))


def notes(traces: Iterable[Trace], reference: Trace, sources: Sources, lanes: Sequence[AlignedLane]) -> Columns:
    """The table `notes`; those of the reference name what was cut short, and source files that have changed."""
    found = [(trace.sample, note) for trace in traces for note in trace.notes]
    cut = [CUT_SHORT.format(f"{lane.process}/{lane.name}", lane.capped) for lane in lanes if lane.capped]
    changed = [f"{file}: {CHANGED}" for file in sources.changed]
    return _columns("notes", found + [(reference.sample, note) for note in (*cut, *changed)])


def divergences(
    found: Sequence[Divergence],
    evidence: Sequence[Sequence[Evidence]],
    lanes: Sequence[AlignedLane],
    first_calls: Sequence[int],
    compared: Sequence[Trace],
    catalog: Catalog,
) -> Columns:
    """The table `divergences`; `evidence` of each of those found."""
    first_values = _first_values(lanes, [one.lane for one, values in zip(found, evidence, strict=True) if values])
    rows: list[tuple[Any, ...]] = []
    for one, values in zip(found, evidence, strict=True):
        places = [first_calls[one.lane] + call if call >= 0 else -1 for call in (one.parent, one.before, one.first)]
        sides: list[dict[str, Any]] = [
            {"samples": [compared[i].sample for i in way.samples], "calls": _counts(way.calls, catalog)}
            for way in one.ways
        ]
        who = sorted({sample for side in sides for sample in side["samples"]})
        shown = [int(first_values[one.lane][value.call]) + value.value for value in values]
        texts = [json.dumps(part) for part in (who, _counts(one.reference, catalog), sides)]
        end = one.kind.value, one.times, json.dumps(shown)
        rows.append((one.lane, places[0], one.function, one.site, *places[1:], *texts, *end))
    return _columns("divergences", rows)


def _first_values(lanes: Sequence[AlignedLane], wanted: Sequence[int]) -> dict[int, Ints]:
    """For each lane the row in values of the first value of each call."""
    result, stored = {}, 0
    for number, lane in enumerate(lanes if wanted else ()):
        counts = lane.column("n_inputs").astype(np.int64) + lane.column("n_outputs")
        if number in wanted:
            result[number] = stored + np.cumsum(counts) - counts
        stored += int(counts.sum())
    return result


def explanations(explainer: Explainer | None) -> Columns:
    """The table `explanations`."""
    return _columns("explanations", () if explainer is None else explainer.rows())


def _counts(calls: Sequence[CallCount], catalog: Catalog) -> list[dict[str, Any]]:
    names = [catalog.functions.rows[call.function].full_name for call in calls]
    return [
        {"function": name, "outcome": call.outcome.name.lower(), "calls": call.calls}
        for name, call in zip(names, calls, strict=True)
    ]


def types(known: Types) -> Columns:
    """The table `types`."""
    return _columns("types", known.rows.rows)


def _columns(table: str, rows: Iterable[tuple[Any, ...]]) -> Columns:
    """Columns of a table from its rows, whose items stand in the order of the schema."""
    names = list(TABLES[table])
    columns = list(zip(*rows, strict=True)) or [() for _ in names]
    return dict(zip(names, columns, strict=True))
