"""Measures a block of matched calls: the columns of `calls` and `values` that statistics decide."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.keeping import Group, Keeper
from pytracer.parse.measure import Rule
from pytracer.parse.measurement import Measurement
from pytracer.parse.numbers import Numbers, Summary, summarise
from pytracer.parse.schema import Finding
from pytracer.parse.values import ValueRows, View, agreement, array_contents, findings
from pytracer.records.pages import is_mapped
from pytracer.records.schema import VALUE, Kind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SCALARS = {
    Kind.FLOAT64: np.dtype("<f8"),
    Kind.FLOAT32: np.dtype("<f8"),  # its VALUE record holds it widened, and so on
    Kind.FLOAT16: np.dtype("<f8"),
    Kind.COMPLEX128: np.dtype("<c16"),
    Kind.COMPLEX64: np.dtype("<c16"),
    Kind.INT: np.dtype("<i8"),
}
"""As what the numbers of each kind stand in `data` and `extra` of their VALUE records."""


@dataclass(frozen=True)
class MeasuredValues:
    """Columns (V,) of the values of a block, inputs before outputs of each call."""

    rows: ValueRows
    precision: Ints
    summary: Summary
    agreement: Floats
    findings: Ints  # Finding
    differs: Bools  # not the same in all samples
    size: Ints
    groups: list[Group]
    elements: Ints = field(init=False)
    observations: Ints = field(init=False)
    condition: Floats = field(init=False)

    def __post_init__(self) -> None:
        for name, nothing in (("elements", -1), ("observations", -1), ("condition", np.nan)):
            object.__setattr__(self, name, np.full(len(self.precision), nothing))

    @classmethod
    def of(
        cls, rows: ValueRows, views: Sequence[View], unperturbed: View | None, measurement: Measurement
    ) -> "MeasuredValues":
        """Measure the values of `rows` over `views`, one per row of `rows.samples`.

        `unperturbed` is the view of the sample of `rows.reference`, if it is the unperturbed one.
        """
        places = rows.samples
        types = np.stack([view.types(row) for view, row in zip(views, places, strict=True)])
        shares = agreement(types)
        odd = shares < 1
        kinds, precision = views[0].kinds(places[0]), views[0].precision(places[0])
        comparable = (shares == 1) & views[0].readable(places[0])
        discrete = np.flatnonzero(precision == 0)
        contents = np.stack([view.contents(row[discrete]) for view, row in zip(views, places, strict=True)])
        arrays = np.flatnonzero(comparable[discrete] & (kinds[discrete] == Kind.ARRAY))
        contents[:, arrays] += array_contents(views, places[:, discrete[arrays]])
        shares[discrete] = agreement(contents)
        known = np.zeros(len(kinds), np.bool_)
        all_views, all_places = list(views), places
        if unperturbed is not None:
            known = unperturbed.types(rows.reference) == types[0]
            odd = odd | ~known
            known &= unperturbed.readable(rows.reference)
            all_views, all_places = [*views, unperturbed], np.vstack([places, rows.reference])
        found = findings(all_views, all_places, np.flatnonzero(odd))
        summary = Summary.empty(len(kinds))
        groups = []
        for group in _groups(views, places, comparable, precision, unperturbed, np.where(known, rows.reference, -1)):
            rule = Rule.of(measurement, len(views), max(int(precision[group.index[0]]), 1))
            measured = summarise(group.numbers, rule, measurement.batch_size, measurement.jobs)
            if group.is_integer:
                measured.without_bits(np.ones(len(group.index), np.bool_))
            summary.put(group.index, measured)
            groups.append(group.with_rule(rule))
        found |= np.where(summary.nan_differs > 0, Finding.NAN, 0) | np.where(summary.inf_differs > 0, Finding.INF, 0)
        differs = (summary.same == 0) | (shares < 1)
        return cls(rows, precision, summary, shares, found, differs, views[0].sizes(places[0]), groups)

    def keep(self, keeper: Keeper, measurable: Bools, slots: Ints) -> None:
        """Let the result keep elements and observations of what differs; `slots` are the samples' places there."""
        for group in self.groups:
            some = self.differs[group.index]
            self.elements[group.index] = keeper.elements(group, some & measurable[group.index])
            self.condition[group.index] = keeper.conditions(group, some & measurable[group.index])
        self.observations[:] = keeper.observations(self.groups, self.differs, self.size, slots)

    def columns(self) -> dict[str, NDArray[np.generic]]:
        """The columns of the table `values` that are known here."""
        names = ("precision", "agreement", "findings", "size", "elements", "observations", "condition")
        return {name: getattr(self, name) for name in names} | {
            name: column for name, column in vars(self.summary).items() if name not in _NOT_STORED
        }


_NOT_STORED = ("same", "nan_differs", "inf_differs")


def _groups(
    views: Sequence[View], places: Ints, comparable: Bools, precision: Ints, base: View | None, base_rows: Ints
) -> Iterator[Group]:
    """The numbers among the values, by type."""
    kinds = views[0].kinds(places[0])
    payloads = tuple(_bytes(view) for view in views)
    for kind, dtype in SCALARS.items():
        index = np.flatnonzero(comparable & (kinds == kind))
        if len(index):
            starts, base_starts = (_data_offset(rows) for rows in (places[:, index], base_rows[index]))
            known = None if base is None else _bytes(base)
            sizes = np.ones(len(index), np.int64)
            numbers = Numbers(dtype, payloads, starts, sizes, known, base_starts if base else None)
            yield Group(index, numbers, is_integer=kind == Kind.INT)
    floats = np.flatnonzero(comparable & (kinds == Kind.ARRAY) & (precision > 0))
    arrays = views[0].lane.arrays
    entries = arrays.find(places[0, floats])
    mapped = all(is_mapped(view.lane.payload) for view in (*views, *([base] if base else [])))
    for dtype in np.unique(arrays.dtype[entries]).tolist():
        own = arrays.dtype[entries] == dtype
        index = floats[own]
        starts = np.stack([view.starts(row[index]) for view, row in zip(views, places, strict=True)])
        numbers = Numbers(
            arrays.dtypes[dtype],
            tuple(view.lane.payload for view in views),
            starts,
            arrays.size[entries[own]],
            None if base is None else base.lane.payload,
            None if base is None else base.starts(base_rows[index]),
            mapped,
        )
        yield Group(index, numbers, shapes=views[0].shapes(places[0, index]))


def _bytes(view: View) -> NDArray[np.uint8]:
    return view.lane.values.view(np.uint8)


def _data_offset(rows: Ints) -> Ints:
    """Offset in values.bin of the `data` of each value; -1 for none."""
    offset = VALUE.fields["data"][1] if VALUE.fields else 0
    result: Ints = np.where(rows < 0, -1, rows * VALUE.itemsize + offset)
    return result


@dataclass(frozen=True)
class Observers:
    """The samples that made some calls, for the statistics and for what the result keeps of each of them."""

    views: Sequence[View]
    rows: Ints  # (N, C) of calls.bin of each
    slots: Ints  # (N,) place of each among the reference and the measured samples (schema, `observations`)
    unperturbed: bool  # the sample that shows the calls is the unperturbed one


@dataclass(frozen=True)
class MeasuredCalls:
    """Columns (C,) of the calls of a block, and their values."""

    values: MeasuredValues
    perturbations: Ints
    measurable: Bools
    input_bits_min: Floats
    input_bits_median: Floats
    output_bits_min: Floats
    output_bits_median: Floats
    bits_lost: Floats
    disagreements: Ints
    worst: Ints  # index among the values of the block, -1 for none

    @classmethod
    def of(
        cls, reference: View, calls: Ints, observers: Observers, keeper: Keeper, *, from_outside: bool = False
    ) -> "MeasuredCalls":
        """Measure `calls` (C,), shown as `reference` has them, over the samples that made all of them.

        With fewer than two samples nothing is measurable; the means are then those of the sample shown. Perturbations
        `from_outside` are not counted: they are seen where outputs differ.
        """
        views, rows = observers.views, observers.rows
        perturbations = [view.lane.calls["perturbations"][row] for view, row in zip(views, rows, strict=True)]
        most = np.max([np.zeros(len(calls), np.uint32), *perturbations], axis=0).astype(np.int64)
        alone = len(views) < 2
        sides, places = ([reference], calls[None]) if alone else (views, rows)
        found = ValueRows.of(reference, calls, sides, places)
        unperturbed = reference if observers.unperturbed else None
        values = MeasuredValues.of(found, sides, unperturbed, keeper.measurement)
        of, output = values.rows.call, values.rows.output
        differ = np.bincount(of[values.differs & ~output], minlength=len(calls)) > 0
        if from_outside:
            differ |= np.bincount(of[values.differs & output], minlength=len(calls)) > 0
        measurable = ((most > 0) | differ | values.rows.counts_differ[0]) & (not alone)
        values.summary.without_bits(~measurable[of])
        if not alone:
            values.keep(keeper, measurable[of], observers.slots)
        broken = np.bincount(of[output & (values.agreement < 1)], minlength=len(calls))
        inputs = _least(values, ~output, len(calls))
        outputs = _least(values, output, len(calls))
        worst = _worst(values, outputs[0])
        return cls(
            values,
            most,
            measurable,
            *inputs,
            *outputs,
            _bits_lost(values, inputs[0], outputs[0], worst),
            np.maximum(broken, values.rows.counts_differ[1]),
            worst,
        )


def _least(values: MeasuredValues, some: Bools, n_calls: int) -> tuple[Floats, Floats]:
    """Smallest minimum and smallest median of bits among the chosen values of each call; NaN without bits."""
    columns = []
    for bits in (values.summary.bits_min, values.summary.bits_median):
        chosen = np.flatnonzero(some & ~np.isnan(bits))
        least = np.full(n_calls, np.inf)
        np.minimum.at(least, values.rows.call[chosen], bits[chosen])
        columns.append(np.where(np.isinf(least), np.nan, least))
    return columns[0], columns[1]


def _worst(values: MeasuredValues, least: Floats) -> Ints:
    """First output of each call that has its `least` bits."""
    of = values.rows.call
    candidates = np.flatnonzero(values.rows.output & (values.summary.bits_min == least[of]))
    worst = np.full(len(least), -1)
    worst[of[candidates[::-1]]] = candidates[::-1]  # the last assignment to an index wins
    return worst


def _bits_lost(values: MeasuredValues, inputs: Floats, outputs: Floats, worst: Ints) -> Floats:
    """Bits of the inputs, or of the output's type where no input is floating-point, less those of the outputs."""
    floating = np.bincount(values.rows.call[~values.rows.output & (values.precision > 0)], minlength=len(inputs)) > 0
    precision = np.append(values.precision, 0)[worst]
    lost: Floats = np.where(floating, inputs, precision) - outputs
    return lost
