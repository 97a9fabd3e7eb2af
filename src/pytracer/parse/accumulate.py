"""Statistics of numbers that come sample after sample, when none of them is kept.

Of each number its first value x0, the sums of x - x0 and of its square, and the extremes are kept, in files without a
name: memory stays bounded whatever the size. Differences are scaled by the power of two of x0, so that squares stay in
range. Since x - x0 is nearly exact, the sums are as good as those of `measure`; results differ from it only where
samples differ by a few units in the last place, by the rounding of X / reference that `measure` sees and this does not,
and where samples are more than 2**500 times larger than the first one, whose squares overflow: they have no bits either
way, and an infinite standard deviation here.
"""

import math
import tempfile
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.measure import Bools, Floats, Rule, Statistics, count_bits

BLOCK = 2**16
"""Numbers that are looked at at once."""

_FIRST, _SUM, _SQUARES, _LOW, _HIGH = range(5)
_NAN, _NUMBER, _INFINITE = 1, 2, 4


class Accumulator:
    """What is known of M real numbers (float64) after some samples."""

    def __init__(self, size: int) -> None:
        self.samples = 0
        self._columns = _mapped((5, size), np.float64)
        self._seen = _mapped((size,), np.uint8)

    def add(self, numbers: NDArray[Any]) -> None:
        """One more sample, shape (M,).

        Raises:
            ValueError: it has another length.
        """
        if numbers.shape != self._seen.shape:
            raise ValueError(f"a sample of shape {numbers.shape}, not {self._seen.shape}")
        for block in self._blocks():
            self._add(block, numbers[block].astype(np.float64))
        self.samples += 1

    def _add(self, block: slice, x: Floats) -> None:
        first, total, squares, low, high = self._columns[:, block]
        with np.errstate(all="ignore"):
            if self.samples == 0:
                first[:] = low[:] = high[:] = x
            difference = np.ldexp(x - first, -_exponent(first))
            # The difference itself may overflow.
            difference = np.where(np.isinf(difference), np.ldexp(x, -_exponent(first)), difference)
            total += difference
            squares += difference * difference
            np.fmin(low, x, out=low)
            np.fmax(high, x, out=high)
        self._seen[block] |= np.where(np.isnan(x), _NAN, np.where(np.isinf(x), _NUMBER | _INFINITE, _NUMBER)).astype(
            "u1"
        )

    def statistics(self, rule: Rule, unperturbed: NDArray[Any] | None = None) -> Iterator[Statistics]:
        """Statistics by `rule`, block after block; `unperturbed` has shape (M,)."""
        for block in self._blocks():
            base = None if unperturbed is None else unperturbed[block].astype(np.float64)
            with np.errstate(all="ignore"):
                yield self._statistics(block, rule, base)

    def _statistics(self, block: slice, rule: Rule, base: Floats | None) -> Statistics:
        n, (first, total, squares, low, high), seen = self.samples, self._columns[:, block], self._seen[block]
        same = (seen == _NAN) | (((seen & _NAN) == 0) & (low == high))
        finite = seen == _NUMBER
        exponent = _exponent(first)
        scaled = np.ldexp(first, -exponent) + total / n
        mean = np.where(same, first, np.where(finite, np.ldexp(scaled, exponent), np.nan))
        deviations = np.maximum(squares - total / n * total, 0)
        std = np.where(same & finite, 0.0, np.where(finite, np.ldexp(np.sqrt(deviations / (n - 1)), exponent), np.nan))
        reference = mean if not rule.to_reference or base is None else base
        deviation = np.sqrt(deviations / n) / np.abs(np.ldexp(reference, -exponent))
        largest = np.maximum(np.abs(low / reference - 1), np.abs(high / reference - 1))
        settled = same if not rule.to_reference or base is None else same & _is_same(first, base)
        bits = np.where(finite & (reference != 0) & np.isfinite(reference), count_bits(deviation, largest, rule), 0.0)
        bits = np.where(settled, float(rule.precision), bits)
        nothing = np.full(len(mean), np.nan)
        error = nothing
        if base is not None:
            distance = -np.log2(np.abs(mean - base) / np.abs(base))
            cut = np.clip(np.where(np.isnan(distance), 0, distance), 0, rule.precision)
            error = np.where(_is_same(mean, base), float(rule.precision), cut)
        if n < 2 or (rule.to_reference and base is None):
            bits = nothing
        return Statistics(same, mean, nothing if n < 2 else std, nothing, nothing, bits, nothing, error)

    def _blocks(self) -> Iterator[slice]:
        return (slice(first, first + BLOCK) for first in range(0, len(self._seen), BLOCK))


def _exponent(first: Floats) -> NDArray[np.int32]:
    """The power of two of each number; 0 for what is not finite."""
    result: NDArray[np.int32] = np.frexp(first)[1]
    return np.where(np.isfinite(first), result, 0).astype(np.int32)


def _is_same(a: Floats, b: Floats) -> Bools:
    result: Bools = (a == b) | (np.isnan(a) & np.isnan(b))
    return result


def _mapped(shape: tuple[int, ...], dtype: Any) -> NDArray[Any]:
    """Zeros in a file that goes away with them."""
    if not math.prod(shape):
        return np.zeros(shape, dtype)
    with tempfile.TemporaryFile(prefix="pytracer-") as file:
        return np.memmap(file, dtype, "w+", shape=shape)
