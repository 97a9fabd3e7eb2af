"""Significant bits of both sides, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kernel import Kernel
from numpy.typing import NDArray

from pytracer.parse.measure import significant_bits

AGREES = 2.0  # bits
OPTIMISTIC = 3.0  # bits that may be shown too much
GOAL = 0.9  # of the kernels agree


def mean_bits(samples: NDArray) -> float:
    """Significant bits (CNH, relative to the mean) of samples (N, M), averaged over the M numbers."""
    return float(significant_bits(samples).mean())


@dataclass(frozen=True)
class Row:
    """What was measured of one kernel, in bits."""

    field: str
    kernel: Kernel
    reference: float
    sr: float
    verrou: float | None = None

    @property
    def difference(self) -> float:
        """Above zero: `sr` promises digits that the reference denies."""
        return self.sr - self.reference

    @property
    def verdict(self) -> str:
        """In a word."""
        if abs(self.difference) <= AGREES:
            return "agrees"
        return "optimistic" if self.difference > 0 else "pessimistic"


@dataclass(frozen=True)
class Table:
    """All rows, and whether the goal is reached."""

    rows: Sequence[Row]
    samples: int

    @property
    def exceptions(self) -> list[Row]:
        """Those that do not agree, the most optimistic first."""
        return sorted((row for row in self.rows if row.verdict != "agrees"), key=lambda row: -row.difference)

    @property
    def holds(self) -> bool:
        """Whether enough kernels agree and none is too optimistic."""
        agreeing = len(self.rows) - len(self.exceptions)
        return agreeing >= GOAL * len(self.rows) and all(row.difference <= OPTIMISTIC for row in self.rows)

    def summary(self) -> Iterator[str]:
        """Three lines."""
        agreeing = len(self.rows) - len(self.exceptions)
        yield f"within {AGREES:.0f} bits: {agreeing} of {len(self.rows)} ({100 * agreeing / len(self.rows):.0f} %)"
        yield f"worst optimistic: {_named(max(self.rows, key=lambda row: row.difference))}"
        yield f"worst pessimistic: {_named(min(self.rows, key=lambda row: row.difference))}"

    def lines(self) -> Iterator[str]:
        """For a terminal."""
        for row in self.rows:
            verrou = "" if row.verrou is None else f"{row.verrou:9.1f}"
            name = f"{row.kernel.name:38s}"
            yield f"{name}{row.reference:7.1f}{row.sr:7.1f}{row.difference:+7.1f}{verrou}  {row.verdict}"
        yield from self.summary()


def _named(row: Row) -> str:
    return f"{row.difference:+.1f} bits, {row.kernel.name}"
