"""From traces to a result file: open, align, measure block by block, store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.errors import UsageError
from pytracer.parse import tables
from pytracer.parse.aggregates import of_edges
from pytracer.parse.align import AlignedLane, align
from pytracer.parse.blocks import MeasuredCalls, Observers
from pytracer.parse.catalog import Catalog, distinct_columns
from pytracer.parse.clock import clock_shifts
from pytracer.parse.confidence import Bounds, probability_of
from pytracer.parse.divergence import find_divergences
from pytracer.parse.evidence import find_evidence
from pytracer.parse.explain import Differences, Explainer
from pytracer.parse.keeping import Keeper
from pytracer.parse.measurement import Measurement
from pytracer.parse.provenance import provenance
from pytracer.parse.samples import Experiment, Status, open_experiment
from pytracer.parse.schema import TABLES
from pytracer.parse.sources import Sources
from pytracer.parse.store import Result, ResultWriter
from pytracer.parse.values import View
from pytracer.records.schema import Outcome

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

BLOCK_VALUES = 2**15
"""Values of the reference that are measured at once: bounds the memory."""


def parse(
    traces: Sequence[Path | str],
    output: Path | str,
    *,
    exit_codes: Mapping[Path, int | None] | None = None,
    progress: Progress | None = None,
    trace_format: str = "auto",
    measurement: Measurement | None = None,
    words: Sequence[str] = (),
) -> Result:
    """Align and measure the samples of one program and write the result to `output`.

    Args:
        traces: trace directories, in any order; one that ran unperturbed is the reference.
        output: the result file (HDF5, see `schema`), which appears when it is complete.
        exit_codes: by path of the trace, None when not known; a sample that ended unlike the reference is not measured.
        progress: called with the number of calls done and of all calls of the reference.
        trace_format: "native", "pickle", or "auto" for what is there (see `records.pickles.open_trace`).
        measurement: how bits are measured, by default `Measurement()`.
        words: the command line that asked for it, for the provenance.

    Returns:
        The result, open for reading.

    Raises:
        TraceError: the reference cannot be read.
        UsageError: no traces, traces of different programs or noise, a pickle trace that names what is not data, or
            bits relative to the unperturbed sample when there is none.
        PytracerError: the result cannot be written.
    """
    experiment = open_experiment([Path(trace) for trace in traces], exit_codes or {}, trace_format)
    measurement = measurement or Measurement()
    unperturbed = experiment.samples[0].status == Status.REFERENCE
    _check_reference(measurement, unperturbed)
    catalog = Catalog()
    lanes = align(experiment.compared, catalog)
    with ResultWriter(output) as writer:
        keeper = Keeper(writer, measurement, len(experiment.measured), unperturbed=unperturbed)
        store = _Store(writer, catalog, _origins(lanes), experiment.aligned, keeper)
        total = sum(len(lane) for lane in lanes)
        first_calls: list[int] = []
        explainer = experiment.explainer()
        for number, lane in enumerate(lanes):
            first_calls.append(writer.rows("calls"))
            for done in _measure_lane(number, lane, experiment, explainer, store):
                if progress:
                    progress(first_calls[-1] + done, total)
        _write_tables(writer, experiment, lanes, first_calls, store)
        writer.append("explanations", tables.explanations(explainer))
        writer.append("confidence", _confidence(measurement, len(experiment.measured)))
        writer.finish(_attributes(experiment, keeper), provenance(experiment, measurement, words))
    return Result.open(output)


def _check_reference(measurement: Measurement, unperturbed: bool) -> None:
    if measurement.reference == "ieee" and not unperturbed:
        raise UsageError(
            "no sample ran unperturbed, and bits are to be relative to it: trace one without noise, or measure them "
            "relative to the mean of the samples"
        )


def _origins(lanes: Sequence[AlignedLane]) -> Ints:
    """Time of the first call of each sample."""
    samples = range(len(lanes[0].lanes)) if lanes else range(0)
    starts = [[lane.lanes[i].calls["enter_ns"][:1] for lane in lanes if lane.lanes[i] is not None] for i in samples]  # type: ignore[union-attr]
    return np.array([min(np.concatenate([*start, [2**63]]).astype(np.uint64)) for start in starts]).astype(np.int64)


def _measure_lane(
    number: int, lane: AlignedLane, experiment: Experiment, explainer: Explainer | None, store: "_Store"
) -> Iterator[int]:
    """Measure and store a lane; yields the number of calls done."""
    views = [None if side is None else View.of(side, store.catalog) for side in lane.lanes]
    sides = [(views[i], lane.rows[i]) for i in experiment.measured]
    present = [(view, rows) for view, rows in sides if view is not None and rows is not None]
    here = [view is not None and rows is not None for view, rows in sides]
    unperturbed = experiment.samples[0].status == Status.REFERENCE
    slots = np.flatnonzero(here) + unperturbed
    first_call = store.writer.rows("calls")
    differences, shifts = Differences(len(lane)), clock_shifts(lane, store.origins)
    for block in _blocks(lane):
        rows = np.stack([row[block] for _, row in present]) if present else np.zeros((0, block.stop - block.start), int)
        shown, parts = lane.shown(block).astype(np.int64), []
        # Calls that the same samples made, and one of them shows, are measured together.
        patterns, pattern = distinct_columns(np.vstack([lane.source[block], rows >= 0]))
        for i in range(patterns.shape[1]):
            calls, who = np.flatnonzero(pattern == i), np.flatnonzero(patterns[1:, i])
            view = views[patterns[0, i]]
            assert view is not None  # it is the source
            chosen = rows[np.ix_(who, calls)].astype(np.int64)
            outside = experiment.perturbed_from_outside
            is_reference = unperturbed and patterns[0, i] == 0
            observers = Observers([present[w][0] for w in who], chosen, slots[who], is_reference)
            part = MeasuredCalls.of(view, shown[calls], observers, store.keeper, from_outside=outside)
            parts.append(Part(calls, view, part))
            differences.add(block.start + calls, part)
        found = np.count_nonzero(rows >= 0, axis=0)
        store.block(number, lane, block, first_call, parts, found, shifts[block])
        for side in filter(None, lane.lanes):
            side.drop_pages()
        yield block.stop
    if explainer is not None and present:
        _explain(lane, differences.begin(lane.parent), views, present, explainer)


def _explain(
    lane: AlignedLane,
    begin: Ints,
    views: Sequence[View | None],
    present: Sequence[tuple[View, NDArray[np.int32]]],
    explainer: Explainer,
) -> None:
    """Explain the calls in which differences begin."""
    for sample, view in enumerate(views):
        calls = begin[lane.source[begin] == sample]
        if view is not None and len(calls):
            matched = np.stack([rows[calls] for _, rows in present]).astype(np.int64)
            sides = [side for side, _ in present]
            shown = lane.shown(calls).astype(np.int64)
            explainer.lane(view, shown, sides, matched, lane.functions(calls), lane.sites(calls))


def _blocks(lane: AlignedLane) -> Iterator[slice]:
    """Consecutive calls with at most BLOCK_VALUES values together, at least one call."""
    ends = np.cumsum(lane.column("n_inputs").astype(np.int64) + lane.column("n_outputs") + 1)
    first = 0
    while first < len(ends):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + BLOCK_VALUES, side="right")), first + 1)
        yield slice(first, last)
        first = last


class Part(NamedTuple):
    """Calls of a block that were measured together."""

    calls: Ints  # indices in the block
    view: View  # of the sample that shows them
    measured: MeasuredCalls


class _Store:
    """Writes measured blocks as columns of `calls`, `values` and `elements`."""

    def __init__(
        self, writer: ResultWriter, catalog: Catalog, origins: Ints, aligned: Sequence[int], keeper: Keeper
    ) -> None:
        self.writer = writer
        self.catalog = catalog
        self.labels = tables.Labels(catalog)
        self.types = tables.Types()
        self.keeper = keeper
        self.origins = origins  # time of the first call of each aligned sample
        self._samples = np.array(aligned, np.int64)  # row in samples of each

    def block(
        self,
        number: int,
        lane: AlignedLane,
        block: slice,
        first_call: int,
        parts: Sequence[Part],
        found: Ints,
        shift: Ints,
    ) -> None:
        """Append the calls of a block and their values."""
        records, source = lane.records(block), lane.source[block]
        functions = lane.functions(block)
        n_inputs, n_outputs = (records[name].astype(np.int64) for name in ("n_inputs", "n_outputs"))
        count = n_inputs + n_outputs
        first_value = np.cumsum(count) - count
        values = {
            name: np.full(int(count.sum()), -1 if dtype == "i8" else 0, dtype) for name, dtype in _VALUE_COLUMNS.items()
        }
        calls = {name: np.empty(len(records), dtype) for name, dtype in _CALL_COLUMNS.items()}
        offset = self.writer.rows("values")
        for index, view, part in parts:
            rows = part.values.rows
            own = np.cumsum(count[index]) - count[index]
            place = (first_value[index] - own)[rows.call] + np.arange(len(rows.call))
            for name, column in self._values_of(part, functions[index], view).items():
                values[name][place] = column
            values["call"][place] = first_call + block.start + index[rows.call]
            for name in set(_CALL_COLUMNS) - {"worst_value"}:
                calls[name][index] = getattr(part, name)
            calls["worst_value"][index] = np.where(part.worst < 0, -1, offset + np.append(place, 0)[part.worst])
        parent = lane.parent[block].astype(np.int64)
        running = records["outcome"] == Outcome.RUNNING
        enter = records["enter_ns"].astype(np.int64)
        calls |= {
            "lane": np.full(len(records), number),
            "parent": np.where(parent >= 0, parent + first_call, -1),
            "function": functions,
            "site": lane.sites(block),
            "enter_ns": enter + shift,
            "duration_ns": np.where(running, -1, records["exit_ns"].astype(np.int64) - enter),
            "depth": records["depth"],
            "outcome": records["outcome"],
            "flags": records["flags"],
            "source": self._samples[source],
            "samples": found,
            "first_value": offset + first_value,
            "n_inputs": n_inputs,
            "n_outputs": n_outputs,
        }
        self.writer.append("calls", calls)
        self.writer.append("values", values)

    def _values_of(self, part: MeasuredCalls, functions: Ints, reference: View) -> dict[str, NDArray[np.generic]]:
        rows = part.values.rows
        records = reference.lane.values[rows.reference]
        return part.values.columns() | {
            "role": records["role"],
            "position": records["position"],
            "label": self.labels.of(functions[rows.call], reference.keys(rows.reference)),
            "type": self.types.of(reference, rows.reference),
        }


_VALUE_COLUMNS = {name: kind for name, (kind, _) in TABLES["values"].items()}
_CALL_COLUMNS = {
    name: TABLES["calls"][name][0]
    for name in (
        "perturbations",
        "measurable",
        "input_bits_min",
        "input_bits_median",
        "output_bits_min",
        "output_bits_median",
        "bits_lost",
        "disagreements",
        "worst_value",
    )
}


def _write_tables(
    writer: ResultWriter,
    experiment: Experiment,
    lanes: Sequence[AlignedLane],
    first_calls: Sequence[int],
    store: _Store,
) -> None:
    traces = [sample.trace for sample in experiment.samples if sample.trace is not None]
    calls, reference = partial(writer.column, "calls"), experiment.reference
    sources = Sources.of(reference)
    writer.append("functions", tables.functions(store.catalog, sources, calls))
    writer.append("edges", of_edges(calls))
    writer.append("sites", tables.sites(store.catalog, sources))
    writer.append("sources", tables.sources_of(store.catalog, sources))
    writer.append("labels", {"text": store.labels.texts.rows})
    writer.append("types", tables.types(store.types))
    places = {"process": [lane.process for lane in lanes], "name": [lane.name for lane in lanes]}
    writer.append("lanes", places | {"first_call": first_calls, "calls": [len(lane) for lane in lanes]})
    writer.append("samples", tables.samples(experiment))
    found = find_divergences(lanes, experiment.ended)
    evidence = [find_evidence(one, lanes[one.lane], store.catalog) for one in found]
    divergences = tables.divergences(found, evidence, lanes, first_calls, experiment.compared, store.catalog)
    writer.append("divergences", divergences)
    writer.append("coverage", tables.coverage(traces))
    writer.append("notes", tables.notes(traces, reference, sources, lanes))


def _confidence(measurement: Measurement, samples: int) -> dict[str, list[float]]:
    """The table `confidence`: a call that fewer samples made has wider bounds."""
    rows = [(n, Bounds.of(measurement, n)) for n in range(2, samples + 1)]
    return {
        "samples": [n for n, _ in rows],
        "to_estimate": [bounds.to_estimate for _, bounds in rows],
        "to_upper": [bounds.to_upper for _, bounds in rows],
    }


def _attributes(experiment: Experiment, keeper: Keeper) -> dict[str, str | int | float | bool]:
    from pytracer import __version__

    measurement, samples = keeper.measurement, len(experiment.measured)
    return {
        "pytracer": __version__,
        "perturbed": experiment.perturbed,
        "verdict": experiment.verdict,
        "samples": samples,
        "method": measurement.method,
        "reference": measurement.reference,
        "probability": probability_of(measurement, samples),
        "confidence": measurement.confidence,
        "elements_omitted": keeper.elements_omitted,
    }
