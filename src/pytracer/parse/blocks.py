"""Measures a block of matched calls: the columns of `calls` and `values` that statistics decide."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.measure import Statistics
from pytracer.parse.numbers import Summary, array_batches, measure_elements, measure_scalars, summarise
from pytracer.parse.values import ValueRows, View, agreement, array_contents
from pytracer.records.schema import Kind

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

SCALARS = (
    Kind.FLOAT64,
    Kind.FLOAT32,
    Kind.FLOAT16,
    Kind.COMPLEX128,
    Kind.COMPLEX64,
    Kind.INT,
)

StoreElements = Callable[[Statistics, Ints], Ints]
"""Keeps element-wise statistics of arrays with these sizes; returns where each went, -1 for not stored."""


@dataclass(frozen=True)
class MeasuredValues:
    """Columns (V,) of the values of a block, inputs before outputs of each call."""

    rows: ValueRows
    precision: Ints
    summary: Summary
    agreement: Floats
    elements: Ints
    differs: Bools  # not the same in all samples

    @classmethod
    def of(cls, rows: ValueRows, views: Sequence[View], store: StoreElements) -> "MeasuredValues":
        """Measure the values of `rows` over `views`, one per row of `rows.samples`."""
        places = rows.samples
        types = np.stack([view.types(row) for view, row in zip(views, places, strict=True)])
        shares = agreement(types)
        kinds, precision = views[0].kinds(places[0]), views[0].precision(places[0])
        comparable = (shares == 1) & views[0].readable(places[0])
        discrete = np.flatnonzero(precision == 0)
        contents = np.stack([view.contents(row[discrete]) for view, row in zip(views, places, strict=True)])
        arrays = np.flatnonzero(comparable[discrete] & (kinds[discrete] == Kind.ARRAY))
        contents[:, arrays] += array_contents(views, places[:, discrete[arrays]])
        shares[discrete] = agreement(contents)
        summary = Summary.empty(len(kinds))
        for kind in SCALARS:
            some = np.flatnonzero(comparable & (kinds == kind))
            if len(some):
                summary.put(some, measure_scalars(views, places[:, some], kind, int(max(precision[some[0]], 1))))
        floats = np.flatnonzero(comparable & (kinds == Kind.ARRAY) & (precision > 0))
        elements = _measure_arrays(views, places, floats, precision, summary, store)
        return cls(rows, precision, summary, shares, elements, ~summary.same | (shares < 1))


def _measure_arrays(
    views: Sequence[View], places: Ints, some: Ints, precision: Ints, summary: Summary, store: StoreElements
) -> Ints:
    """Measure the arrays `some` into `summary`; returns where their elements are stored."""
    elements = np.full(len(precision), -1)
    index = views[0].lane.arrays
    entries = index.find(places[0, some])
    for dtype in np.unique(index.dtype[entries]).tolist():
        own = np.flatnonzero(index.dtype[entries] == dtype)
        sizes = index.size[entries[own]]
        for batch in array_batches(sizes):
            values = some[own[batch]]
            statistics = measure_elements(views, places[:, values], int(precision[values[0]]))
            summary.put(values, summarise(statistics, sizes[batch]))
            elements[values] = store(statistics, sizes[batch])
    return elements


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
        cls,
        reference: View,
        calls: Ints,
        views: Sequence[View],
        rows: Ints,
        store: StoreElements,
        *,
        from_outside: bool = False,
    ) -> "MeasuredCalls":
        """Measure the reference's `calls` (C,) over the samples in which all of them were found at `rows` (N, C).

        With fewer than two samples nothing is measurable; the means are then those of the reference. Perturbations
        `from_outside` are not counted: they are seen where outputs differ.
        """
        perturbations = [view.lane.calls["perturbations"][row] for view, row in zip(views, rows, strict=True)]
        most = np.max([np.zeros(len(calls), np.uint32), *perturbations], axis=0).astype(np.int64)
        alone = len(views) < 2
        sides, places = ([reference], calls[None]) if alone else (views, rows)
        values = MeasuredValues.of(ValueRows.of(reference, calls, sides, places), sides, store)
        of, output = values.rows.call, values.rows.output
        differ = np.bincount(of[values.differs & ~output], minlength=len(calls)) > 0
        if from_outside:
            differ |= np.bincount(of[values.differs & output], minlength=len(calls)) > 0
        measurable = ((most > 0) | differ | values.rows.counts_differ[0]) & (not alone)
        for column in (values.summary.bits_min, values.summary.bits_median, values.summary.bits_mean):
            column[~measurable[of]] = np.nan
        values.summary.worst_element[~measurable[of]] = -1
        values.elements[~measurable[of]] = -1
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
