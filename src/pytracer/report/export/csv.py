"""Calls and values as CSV: UTF-8, a line of names first, an empty cell for NaN."""

import csv
import io
from pathlib import Path
from typing import Any

from pytracer.parse.files import open_whole
from pytracer.parse.store import Result
from pytracer.report.export.blocks import Column, Table


def write_csv(result: Result, path: Path) -> list[Path]:
    """Write PATH.calls.csv and PATH.values.csv; see `FORMATS`."""
    written = []
    for name in ("calls", "values"):
        table = Table(result, name)
        file = path.with_name(f"{path.name}.{name}.csv")
        with open_whole(file, "export") as write:
            write(_lines([table.kinds()]))
            for block in table.blocks():
                write(_lines(zip(*map(_cells, block.values()), strict=True)))
        written.append(file)
    return written


def _cells(column: Column) -> list[Any]:
    cells: list[Any] = column.tolist()
    return ["" if cell != cell else cell for cell in cells] if column.dtype.kind == "f" else cells


def _lines(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()
