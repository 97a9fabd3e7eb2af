"""docs/fidelity.md, written from the table."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

from kernels import FIELDS
from table import AGREES, GOAL, OPTIMISTIC, Row, Table

DOCUMENT = Path(__file__).parents[2] / "docs" / "fidelity.md"

INTRODUCTION = """# Fidelity: `sr` against random rounding of every operation

Written by `python benchmarks/fidelity --write-docs`; do not edit.

Each kernel is measured twice, from the same inputs, {samples} samples a side. *sr*: the program as users write it, in
traced processes under the noise model `sr`. *Reference*: the same algorithm as plain arithmetic on a number type whose
every operation is rounded at random to one of the two neighbours of the exact result, found in quadruple precision by
software (`benchmarks/fidelity/rounding/_rounded.c`); it shares no code with the model. Where the order of operations
decides, the reference has that of the library: NumPy's pairwise sums with 8 accumulators, OpenBLAS's partial sums of
fused multiply-adds. Of a factorisation it has the unblocked form, whose operations LAPACK performs in another order.

Significant bits are those of the Centered Normality Hypothesis, probability and confidence 95 %, relative to the mean
of the samples and averaged over the numbers of the result. Above zero, a difference promises digits that the reference
denies. The goal: within {agrees:.0f} bits on {goal:.0f} % of the kernels, and never more than {optimistic:.0f} bits
optimistic.
"""


def write(table: Table) -> None:
    """Replace the document."""
    DOCUMENT.write_text("\n".join(_lines(table)) + "\n")


def _lines(table: Table) -> Iterator[str]:
    yield INTRODUCTION.format(samples=table.samples, agrees=AGREES, goal=100 * GOAL, optimistic=OPTIMISTIC)
    yield from (f"- {line}" for line in table.summary())
    has_verrou = any(row.verrou is not None for row in table.rows)
    yield (
        "- Verrou is not on the machine that wrote this: its column is missing"
        if not has_verrou
        else "- Verrou: see its column"
    )
    yield ""
    yield f"{_versions()}."
    for field in FIELDS:
        rows = [row for row in table.rows if row.field == field]
        if rows:
            yield from ("", f"## {field}", "", *_table(rows, has_verrou))
    yield from _section(
        "Exceptions", [(row, row.kernel.explanation or "not explained yet.") for row in table.exceptions]
    )
    yield from _section("Where the reference computes otherwise", [(row, row.kernel.note) for row in table.rows])


def _table(rows: list[Row], has_verrou: bool) -> Iterator[str]:
    yield f"| kernel | reference | sr | difference |{' Verrou |' if has_verrou else ''} verdict |"
    yield "|---|---|---|---|---|" + ("---|" if has_verrou else "")
    for row in rows:
        verrou = f" {row.verrou:.1f} |" if has_verrou else ""
        name = row.kernel.name.replace("|", "\\|")
        yield f"| {name} | {row.reference:.1f} | {row.sr:.1f} | {row.difference:+.1f} |{verrou} {row.verdict} |"


def _section(title: str, texts: list[tuple[Row, str]]) -> Iterator[str]:
    said = [(row, text) for row, text in texts if text]
    if said:
        yield from (
            "",
            f"## {title}",
            "",
            *(f"- {row.kernel.name} ({row.difference:+.1f} bits): {text}" for row, text in said),
        )


def _versions() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scipy", "scikit-learn"))
    return f"Python {sys.version.split()[0]}, {packages}, {platform.machine()}"
