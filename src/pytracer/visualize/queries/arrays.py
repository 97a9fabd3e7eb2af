"""Reads one value: what is known of it as a whole, its elements, and what each sample had in one of them."""

from dataclasses import dataclass
from math import ceil, floor
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.schema import Finding
from pytracer.parse.store import Result, ResultError
from pytracer.records.schema import Role
from pytracer.visualize.queries.cells import Floats, Ints
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import BITS, IMAG, MEAN, REAL, Range

OBSERVED: Final = ("reference", "measured")
"""Status of the samples whose observations are stored, in order of rows in samples."""

FINDINGS: Final = {
    Finding.MISSING: "some samples have no such value",
    Finding.KIND: "its type differs between samples",
    Finding.DTYPE: "its dtype differs between samples",
    Finding.SHAPE: "its shape differs between samples",
    Finding.NAN: "elements are NaN in some samples only",
    Finding.INF: "elements are infinite in some samples only, or with both signs",
}


@dataclass(frozen=True)
class Value:
    """One value of a call. Bits are significant bits (base 2); NaN: not measured or not there."""

    row: int
    call: int  # row in calls
    label: str
    output: bool
    dtype: str
    shape: tuple[int, ...]  # empty for a scalar
    cells: dict[str, float]  # the columns of the table `values`

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self.cells["size"])

    @property
    def is_complex(self) -> bool:
        """Whether there is an imaginary part."""
        return not np.isnan(self.cells["mean_imag"]) or self.dtype.startswith(("c", "complex"))

    @property
    def worst(self) -> int:
        """Flat index of the element with the fewest bits; the first one when none was measured."""
        worst = int(self.cells["worst_element"])
        return worst if 0 <= worst < self.size else 0

    @property
    def findings(self) -> list[str]:
        """In what it differs between samples, in words."""
        return [text for finding, text in FINDINGS.items() if int(self.cells["findings"]) & finding]

    def index(self, element: int) -> tuple[int, ...]:
        """The index of an element given by its flat index (C order)."""
        return tuple(int(i) for i in np.unravel_index(element, self.shape)) if self.shape else ()


def value(result: Result, row: int) -> Value | None:
    """The value in row `row` of values; None when there is none."""
    if not 0 <= row < len(result.values):
        return None
    cells = result.values.row(row)
    kind = result.types.row(cells["type"])
    return Value(
        row=row,
        call=cells["call"],
        label=str(result.labels.read("text", cells["label"])),
        output=cells["role"] in (Role.RETURN, Role.AFTER, Role.EXCEPTION),
        dtype=kind["dtype"],
        shape=tuple(int(length) for length in kind["shape"].strip("()").split(",") if length.strip()),
        cells=cells,
    )


COLUMNS: Final = ("mean", "std", "bits", "mean_imag", "std_imag", "bits_imag")
"""Of the table `elements`."""


@dataclass(frozen=True)
class Elements:
    """The elements of an array, or the one of a scalar; columns are flat, in C order."""

    contents: Contents
    shape: tuple[int, ...]
    rows: slice  # in the table `elements`
    is_complex: bool

    @classmethod
    def of(cls, contents: Contents, value: Value) -> Self | None:
        """None when they are not stored."""
        first, size = int(value.cells["elements"]), value.size
        if first < 0 or size < 1:
            return None
        if first + size > len(contents.result.elements) or (value.shape and size != int(np.prod(value.shape))):
            raise ResultError(f"the result is corrupt: value {value.row} has elements that are not there; parse again")
        return cls(contents, value.shape, slice(first, first + size), value.is_complex)

    def column(self, name: str) -> Floats:
        """One of COLUMNS."""
        key = (name, self.rows.start, self.rows.stop)
        return self.contents.columns(key, lambda: self.contents.result.elements.read(name, self.rows))

    def row(self, element: int) -> dict[str, float]:
        """What is known of one element, by COLUMNS."""
        table = self.contents.result.elements
        return {name: float(table.read(name, self.rows.start + element)) for name in COLUMNS}

    def quantity(self, quantity: str, part: str = REAL) -> Floats:
        """One number for each element, flat: bits, mean or std of the real or the imaginary part."""
        return self.column(f"{quantity}_imag" if part == IMAG else quantity)

    def plane(self, flat: Floats, axes: tuple[int, int], element: int) -> Floats:
        """Two axes, rows and columns, of a flat column; the other indices are those of `element`."""
        index = np.unravel_index(element, self.shape)
        cut = tuple(slice(None) if axis in axes else index[axis] for axis in range(len(self.shape)))
        plane: Floats = flat.reshape(self.shape)[cut]
        return plane if axes[0] < axes[1] else plane.T

    def line(self, axis: int, element: int) -> Ints:
        """Flat indices of the elements along `axis` through `element`."""
        index = np.unravel_index(element, self.shape)
        cut = tuple(slice(None) if axis == each else index[each] for each in range(len(self.shape)))
        line: Ints = np.arange(int(np.prod(self.shape))).reshape(self.shape)[cut]
        return line


SIDE = 512
"""Cells along an axis that are drawn at most; of a longer one each cell shows one of several elements."""


class Window(NamedTuple):
    """What is shown of one axis: indices, each in the middle of a cell of width 1, or blocks of them."""

    indices: slice
    range: Range | None  # what is zoomed into; None for all

    @classmethod
    def of(cls, wanted: Range | None, length: int) -> Self:
        """The cells that lie in `wanted`; all of an axis that has none there."""
        if wanted is not None:
            first, stop = max(floor(wanted[0] + 0.5), 0), min(ceil(wanted[1] + 0.5), length)
            if first < stop:
                return cls(slice(first, stop), wanted)
        return cls(slice(0, length), None)

    @property
    def length(self) -> int:
        """Number of indices."""
        return int(self.indices.stop - self.indices.start)

    @property
    def step(self) -> int:
        """Indices of a block; the last one may have fewer."""
        return -(-self.length // SIDE)

    @property
    def edges(self) -> Floats:
        """Where the blocks begin, and where the last one ends."""
        return np.append(np.arange(self.indices.start, self.indices.stop, self.step), self.indices.stop) - 0.5

    def block(self, position: float) -> slice:
        """The indices of the block at a position on the axis; the nearest one of a position outside."""
        inside = min(max(round(position), self.indices.start), self.indices.stop - 1) - self.indices.start
        first = self.indices.start + inside // self.step * self.step
        return slice(first, min(first + self.step, self.indices.stop))


def coarse(plane: Floats, share: tuple[int, int], quantity: str) -> Floats:
    """One of each block of `share` elements: the fewest bits, the largest std, or the first mean."""
    if share == (1, 1):
        return plane
    rows, columns = (np.arange(0, length, step) for length, step in zip(plane.shape, share, strict=True))
    if quantity == MEAN:
        first: Floats = plane[np.ix_(rows, columns)]
        return first
    choose = np.fmin if quantity == BITS else np.fmax
    found: Floats = choose.reduceat(choose.reduceat(plane, rows, axis=0), columns, axis=1)
    return found


def shown_of(block: Floats, quantity: str) -> tuple[int, int]:
    """Which element of a block (rows, columns) stands for it; the first one where all are NaN."""
    shown = coarse(block, (len(block), block.shape[1]), quantity)
    row, column = np.unravel_index(np.argmax(block == shown), block.shape)
    return int(row), int(column)


@dataclass(frozen=True)
class Observations:
    """What the samples had in one element, in order of samples. NaN: the sample has no such value."""

    sample: Ints  # number of each sample
    status: list[str]
    real: Floats
    imag: Floats

    @property
    def by_sample(self) -> dict[int, complex]:
        """Number of each sample -> what it had; without an imaginary part that is 0."""
        imag = np.where(np.isnan(self.imag), 0.0, self.imag).tolist()
        rows = zip(self.sample.tolist(), self.real.tolist(), imag, strict=True)
        return {sample: complex(real, imag) for sample, real, imag in rows}


def observations(result: Result, value: Value, element: int) -> Observations | None:
    """Of one element of `value`, given by its flat index; None when they are not stored."""
    first, size = int(value.cells["observations"]), value.size
    if first < 0 or not 0 <= element < size:
        return None
    status = result.samples["status"].tolist()
    chosen = [row for row, each in enumerate(status) if each in OBSERVED]
    if first + len(chosen) * size > len(result.observations):
        raise ResultError(f"the result is corrupt: value {value.row} has observations that are not there; parse again")
    whole = slice(first, first + len(chosen) * size)
    real, imag = (result.observations.read(name, whole)[element::size] for name in ("real", "imag"))
    return Observations(result.samples["sample"][chosen], [status[row] for row in chosen], real, imag)


LARGEST: Final = np.finfo(float).max


def histogram(numbers: Floats, bins: int, normalisation: str, *, log: bool = False) -> tuple[Floats, Floats]:
    """Heights (bins,) and edges (bins + 1,) of the finite numbers, of the positive ones when `log`.

    Heights are numbers of elements, shares of them, or shares per unit (per decade when `log`). There are fewer bins
    where floating-point numbers between the smallest and the largest are few.
    """
    shown: NDArray[np.float64] = numbers[np.isfinite(numbers) & (~np.bool_(log) | (numbers > 0))]
    if not len(shown):
        return np.zeros(0), np.zeros(1)
    halves = (np.log10(shown) if log else shown) / 2  # of the largest numbers the distance would be infinite
    least, most = float(np.min(halves)), float(np.max(halves))
    spacing = float(np.spacing(max(abs(least), abs(most))))
    if most - least < 2 * spacing:
        bins, least, most = 1, least - max(0.25, 2 * spacing), most + max(0.25, 2 * spacing)
    heights, edges = np.histogram(halves, int(min(bins, (most - least) / spacing // 2)), (least, most))
    with np.errstate(over="ignore"):
        edges = 10.0 ** (edges * 2) if log else edges * 2
    edges = np.clip(edges, -LARGEST, LARGEST)
    scaled = heights.astype(float)
    if normalisation != "count":
        scaled /= len(shown)
    if normalisation == "density":
        scaled /= np.diff(np.log10(edges) if log else edges)
    return scaled, edges
