"""What the result keeps of single elements: their statistics, what each sample observed, condition numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pytracer.parse import schema
from pytracer.parse.measure import Rule
from pytracer.parse.measurement import Measurement
from pytracer.parse.numbers import Numbers, element_parts, measure_elements
from pytracer.parse.store import ResultWriter

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CONDITION_WORK = 2**30
"""Multiplications that condition numbers may take in all; further ones are NaN. About a second."""

CONDITION_SET_UP = 2**12
"""What each matrix costs beside its multiplications."""

ELEMENT_COLUMNS = ("mean", "std", "mean_imag", "std_imag", "bits", "bits_imag")


@dataclass(frozen=True)
class Group:
    """Comparable values of one type, G in all."""

    index: Ints  # (G,) among the values of the block
    numbers: Numbers
    rule: Rule | None = None
    is_integer: bool = False
    shapes: tuple[tuple[int, ...], ...] = ()  # (G,) of arrays; empty for scalars

    def with_rule(self, rule: Rule) -> "Group":
        """The same, with the rule that it was measured by."""
        return replace(self, rule=rule)


class Keeper:
    """Writes the tables `elements` and `observations` within their limits."""

    def __init__(self, writer: ResultWriter, measurement: Measurement, observers: int, *, unperturbed: bool) -> None:
        """`observers` samples are measured, beside an `unperturbed` one or not."""
        self.measurement = measurement
        self.elements_omitted = 0
        self._writer = writer
        self._unperturbed = unperturbed
        self._slots = observers + unperturbed
        self._work = CONDITION_WORK

    def elements(self, group: Group, chosen: Bools) -> Ints:
        """Store the statistics of the elements of the chosen arrays; where each begins, -1 for not stored."""
        sizes, wanted = group.numbers.sizes, self.measurement.elements
        if not group.shapes or wanted == "summary":
            return np.full(len(sizes), -1)
        stored = chosen
        if wanted == "limited":
            room = schema.ELEMENTS_PER_RESULT - self._writer.rows("elements")
            stored = _within(chosen & (sizes <= schema.ELEMENTS_PER_VALUE), sizes, room)
        self.elements_omitted += int(sizes[chosen & ~stored].sum())
        places = _places(stored, sizes, self._writer.rows("elements"))
        some = np.flatnonzero(stored)
        for part in element_parts(group.numbers[some], max(1, self.measurement.batch_size // 128)):
            assert group.rule is not None
            columns = measure_elements(part, group.rule)
            self._writer.append("elements", dict(zip(ELEMENT_COLUMNS, columns, strict=True)))
        return places

    def observations(self, groups: Sequence[Group], chosen: Bools, sizes: Ints, slots: Ints) -> Ints:
        """Store what each sample observed of the chosen values (V,); where each begins, -1 for not stored.

        `slots` (N,) tell where the samples of the groups stand among all that are kept.
        """
        first, places = self._writer.rows("observations"), np.full(len(sizes), -1)
        stored = np.zeros(len(sizes), np.bool_)
        for group in groups:
            stored[group.index] = chosen[group.index]
        stored &= sizes <= schema.OBSERVATIONS_PER_VALUE
        stored = _within(stored, sizes * self._slots, schema.OBSERVATIONS_PER_RESULT - first)
        places = _places(stored, sizes * self._slots, first)
        observed = np.full((2, int(sizes[stored].sum()) * self._slots), np.nan)
        for group in groups:
            own = np.flatnonzero(stored[group.index])
            numbers, start = group.numbers[own], places[group.index[own]] - first
            for i, slot in enumerate(slots.tolist()):
                one = replace(numbers, payloads=numbers.payloads[i : i + 1], starts=numbers.starts[i : i + 1])
                _put(observed, one, start + slot * one.sizes)
            if self._unperturbed and numbers.unperturbed is not None and numbers.unperturbed_starts is not None:
                known = np.flatnonzero(numbers.unperturbed_starts >= 0)
                starts = numbers.unperturbed_starts[None]
                _put(observed, replace(numbers, payloads=(numbers.unperturbed,), starts=starts)[known], start[known])
        self._writer.append("observations", {"real": observed[0], "imag": observed[1]})
        return places

    def conditions(self, group: Group, chosen: Bools) -> Floats:
        """Condition numbers (2-norm) of the means of the chosen matrices, as long as there is time; NaN for others."""
        result = np.full(len(chosen), np.nan)
        by_shape: dict[tuple[int, ...], list[int]] = {}
        for i in (
            np.flatnonzero(chosen & (group.numbers.sizes <= schema.CONDITION_SIZE)).tolist() if group.shapes else ()
        ):
            shape = group.shapes[i]
            work = CONDITION_SET_UP + int(np.prod(shape)) * min(shape, default=0)
            if len(shape) == 2 and min(shape) > 1 and work <= self._work:
                self._work -= work
                by_shape.setdefault(shape, []).append(i)
        for shape, index in by_shape.items():
            at_once = max(1, schema.CONDITION_SIZE // int(np.prod(shape)))
            for first in range(0, len(index), at_once):
                own = np.array(index[first : first + at_once])
                result[own] = _conditions(group.numbers[own], shape)
        return result


def _conditions(numbers: Numbers, shape: tuple[int, ...]) -> Floats:
    """Condition numbers of the means of matrices of one shape; NaN where they are not finite."""
    columns = measure_elements(numbers, Rule(general=True, to_reference=False, delta=0, precision=1))
    means = columns[0] + 1j * columns[2] if numbers.dtype.kind == "c" else columns[0]
    matrices = means.reshape(-1, *shape)
    result = np.full(len(matrices), np.nan)
    finite = np.isfinite(matrices).all(axis=(1, 2))
    with np.errstate(all="ignore"):
        result[finite] = np.linalg.cond(matrices[finite])
    return result


def _put(observed: Floats, numbers: Numbers, start: Ints) -> None:
    """The numbers of one sample: of each value they go where it starts."""
    if not len(start):
        return
    rule = Rule(general=True, to_reference=False, delta=0, precision=1)
    columns = measure_elements(replace(numbers, unperturbed=None, unperturbed_starts=None), rule)
    before = np.cumsum(numbers.sizes) - numbers.sizes
    to = np.repeat(start - before, numbers.sizes) + np.arange(columns.shape[1])
    observed[:, to] = columns[[0, 2]]  # of one sample the mean is what it observed


def _within(chosen: Bools, sizes: Ints, room: int) -> Bools:
    """The first of the chosen ones for which there is room."""
    result: Bools = chosen & (np.cumsum(np.where(chosen, sizes, 0)) <= room)
    return result


def _places(stored: Bools, sizes: Ints, first: int) -> Ints:
    kept = np.where(stored, sizes, 0)
    return np.where(stored, first + np.cumsum(kept) - kept, -1)
