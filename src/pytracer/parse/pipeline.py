"""From traces to a result file: open, align, measure block by block, store."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytracer.parse import tables
from pytracer.parse.aggregates import of_edges
from pytracer.parse.align import AlignedLane, align
from pytracer.parse.blocks import MeasuredCalls
from pytracer.parse.catalog import Catalog
from pytracer.parse.explain import Differences, Explainer
from pytracer.parse.measure import CONFIDENCE, PROBABILITY, Statistics
from pytracer.parse.measurement import Measurement
from pytracer.parse.provenance import provenance
from pytracer.parse.samples import Experiment, open_experiment
from pytracer.parse.schema import ELEMENTS_PER_RESULT, ELEMENTS_PER_VALUE, TABLES
from pytracer.parse.sources import Sources
from pytracer.parse.store import Result, ResultWriter
from pytracer.parse.values import View
from pytracer.records.reader import Lane
from pytracer.records.schema import Outcome

Ints = NDArray[np.int64]
Progress = Callable[[int, int], None]

BLOCK_VALUES = 2**17
"""Values of the reference that are measured at once: bounds the memory."""


def parse(
    traces: Sequence[Path | str],
    output: Path | str,
    *,
    measurement: Measurement = Measurement(),  # noqa: B008
    exit_codes: Mapping[Path, int | None] | None = None,
    progress: Progress | None = None,
    trace_format: str = "auto",
    words: Sequence[str] = (),
) -> Result:
    """Align and measure the samples of one program and write the result to `output`.

    Args:
        traces: trace directories, in any order; one that ran unperturbed is the reference.
        output: the result file (HDF5, see `schema`), which appears when it is complete.
        exit_codes: by path of the trace, None when not known; a sample that ended unlike the reference is not measured.
        progress: called with the number of calls done and of all calls of the reference.
        trace_format: "native", "pickle", or "auto" for what is there (see `records.pickles.open_trace`).

        words: the command line that asked for it, for the provenance.

    Returns:
        The result, open for reading.

    Raises:
        TraceError: the reference cannot be read.
        UsageError: no traces, traces of different programs or noise, or a pickle trace that names what is not data.
        PytracerError: the result cannot be written.
    """
    experiment = open_experiment([Path(trace) for trace in traces], exit_codes or {}, trace_format)
    catalog = Catalog()
    lanes = align(experiment.reference, experiment.compared, catalog)
    with ResultWriter(output) as writer:
        store = _Store(writer, catalog, _origin(lanes))
        total = sum(len(lane.function) for lane in lanes)
        first_calls: list[int] = []
        explainer = experiment.explainer()
        for number, lane in enumerate(lanes):
            first_calls.append(writer.rows("calls"))
            for done in _measure_lane(number, lane, experiment, explainer, store):
                if progress:
                    progress(first_calls[-1] + done, total)
        _write_tables(writer, experiment, lanes, first_calls, store)
        writer.append("explanations", tables.explanations(explainer))
        writer.finish(_attributes(experiment, store), provenance(experiment, measurement, words))
    return Result.open(output)


def _origin(lanes: Sequence[AlignedLane]) -> int:
    """Time of the first call of the reference."""
    starts = [int(lane.reference.calls["enter_ns"].min()) for lane in lanes if lane.reference and len(lane.function)]
    return min(starts, default=0)


def _measure_lane(
    number: int, lane: AlignedLane, experiment: Experiment, explainer: Explainer | None, store: "_Store"
) -> Iterator[int]:
    """Measure and store a lane; yields the number of calls done."""
    if lane.reference is None:
        return
    reference = View.of(lane.reference, store.catalog)
    sides = [(lane.lanes[i], lane.rows[i]) for i in experiment.measured]
    present = [(View.of(side, store.catalog), rows) for side, rows in sides if side is not None]
    first_call = store.writer.rows("calls")
    differences = Differences(len(lane.function))
    for block in _blocks(lane.reference):
        rows = np.stack([row[block] for _, row in present]) if present else np.zeros((0, block.stop - block.start), int)
        # Calls that the same samples made are measured together.
        patterns, pattern = np.unique(rows >= 0, axis=1, return_inverse=True)
        parts: list[tuple[Ints, MeasuredCalls]] = []
        for i in range(patterns.shape[1]):
            calls, who = np.flatnonzero(pattern == i), np.flatnonzero(patterns[:, i])
            views = [present[w][0] for w in who]
            chosen = rows[np.ix_(who, calls)]
            own = block.start + calls
            outside = experiment.perturbed_from_outside
            part = MeasuredCalls.of(reference, own, views, chosen, store.elements, from_outside=outside)
            parts.append((calls, part))
            differences.add(own, part)
        found = np.count_nonzero(rows >= 0, axis=0)
        store.block(number, lane, reference, block, first_call, parts, found)
        yield block.stop
    if explainer is not None and present:
        begin = differences.begin(lane.reference.calls["parent"].astype(np.int64))
        matched = np.stack([rows[begin] for _, rows in present])
        explainer.lane(reference, begin, [view for view, _ in present], matched, lane.function, lane.site)


def _blocks(lane: Lane) -> Iterator[slice]:
    """Consecutive calls with at most BLOCK_VALUES values together, at least one call."""
    ends = np.cumsum(lane.calls["n_inputs"].astype(np.int64) + lane.calls["n_outputs"] + 1)
    first = 0
    while first < len(ends):
        done = int(ends[first - 1]) if first else 0
        last = max(int(np.searchsorted(ends, done + BLOCK_VALUES, side="right")), first + 1)
        yield slice(first, last)
        first = last


class _Store:
    """Writes measured blocks as columns of `calls`, `values` and `elements`."""

    def __init__(self, writer: ResultWriter, catalog: Catalog, origin_ns: int) -> None:
        self.writer = writer
        self.catalog = catalog
        self.labels = tables.Labels(catalog)
        self.types = tables.Types()
        self.elements_omitted = 0
        self._origin_ns = origin_ns

    def elements(self, statistics: Statistics, sizes: Ints) -> Ints:
        """Store the elements of the arrays that differ between samples, within the limits (see StoreElements)."""
        first = np.cumsum(sizes) - sizes
        spread = ~np.logical_and.reduceat(statistics.same, first)
        room = ELEMENTS_PER_RESULT - self.writer.rows("elements")
        chosen = spread & (sizes <= ELEMENTS_PER_VALUE)
        chosen &= np.cumsum(np.where(chosen, sizes, 0)) <= room
        self.elements_omitted += int(sizes[spread & ~chosen].sum())
        kept = np.where(chosen, sizes, 0)
        places = np.where(chosen, self.writer.rows("elements") + np.cumsum(kept) - kept, -1)
        mask = np.repeat(chosen, sizes)
        names = ("mean", "std", "mean_imag", "std_imag", "bits")
        if mask.any():
            self.writer.append("elements", {name: getattr(statistics, name)[mask] for name in names})
        return places

    def block(
        self,
        number: int,
        lane: AlignedLane,
        reference: View,
        block: slice,
        first_call: int,
        parts: Sequence[tuple[Ints, MeasuredCalls]],
        found: Ints,
    ) -> None:
        """Append the calls of a block and their values."""
        records = reference.lane.calls[block]
        n_inputs, n_outputs = (records[name].astype(np.int64) for name in ("n_inputs", "n_outputs"))
        count = n_inputs + n_outputs
        first_value = np.cumsum(count) - count
        values = {
            name: np.full(int(count.sum()), -1 if dtype == "i8" else 0, dtype) for name, dtype in _VALUE_COLUMNS.items()
        }
        calls = {name: np.empty(len(records), dtype) for name, dtype in _CALL_COLUMNS.items()}
        offset = self.writer.rows("values")
        for index, part in parts:
            rows = part.values.rows
            own = np.cumsum(count[index]) - count[index]
            place = (first_value[index] - own)[rows.call] + np.arange(len(rows.call))
            for name, column in self._values_of(part, lane.function[block][index], reference).items():
                values[name][place] = column
            values["call"][place] = first_call + block.start + index[rows.call]
            for name in set(_CALL_COLUMNS) - {"worst_value"}:
                calls[name][index] = getattr(part, name)
            calls["worst_value"][index] = np.where(part.worst < 0, -1, offset + np.append(place, 0)[part.worst])
        parent = records["parent"].astype(np.int64)
        running = records["outcome"] == Outcome.RUNNING
        enter = records["enter_ns"].astype(np.int64)
        calls |= {
            "lane": np.full(len(records), number),
            "parent": np.where(parent >= 0, parent + first_call, -1),
            "function": lane.function[block],
            "site": lane.site[block],
            "enter_ns": enter - self._origin_ns,
            "duration_ns": np.where(running, -1, records["exit_ns"].astype(np.int64) - enter),
            "depth": records["depth"],
            "outcome": records["outcome"],
            "flags": records["flags"],
            "samples": found,
            "first_value": offset + first_value,
            "n_inputs": n_inputs,
            "n_outputs": n_outputs,
        }
        self.writer.append("calls", calls)
        self.writer.append("values", values)

    def _values_of(self, part: MeasuredCalls, functions: Ints, reference: View) -> dict[str, NDArray[np.generic]]:
        values, rows = part.values, part.values.rows
        records = reference.lane.values[rows.reference]
        columns = {name: getattr(values.summary, name) for name in _VALUE_COLUMNS if hasattr(values.summary, name)}
        return columns | {
            "role": records["role"],
            "position": records["position"],
            "label": self.labels.of(functions[rows.call], reference.keys(rows.reference)),
            "type": self.types.of(reference, rows.reference),
            "precision": values.precision,
            "agreement": values.agreement,
            "elements": values.elements,
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
    writer.append("lanes", places | {"first_call": first_calls, "calls": [len(lane.function) for lane in lanes]})
    writer.append("samples", tables.samples(experiment))
    writer.append("divergences", tables.divergences(lanes, first_calls, experiment.compared, store.catalog))
    writer.append("coverage", tables.coverage(traces))
    writer.append("notes", tables.notes(traces, reference, sources))


def _attributes(experiment: Experiment, store: _Store) -> dict[str, str | int | float | bool]:
    from pytracer import __version__

    return {
        "pytracer": __version__,
        "perturbed": experiment.perturbed,
        "verdict": experiment.verdict,
        "samples": len(experiment.measured),
        "method": "cnh",
        "reference": "mean",
        "probability": PROBABILITY,
        "confidence": CONFIDENCE,
        "elements_omitted": store.elements_omitted,
    }
