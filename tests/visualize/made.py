"""Results made row by row, with columns that no small program would fill."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pytracer.parse.schema import TABLES, TEXT
from pytracer.parse.store import ResultWriter
from pytracer.records.schema import Kind, Outcome

REFERENCES = {
    "caller",
    "parent",
    "site",
    "worst_call",
    "worst_value",
    "worst_element",
    "elements",
    "observations",
    "before",
    "first_call",
}
LISTS = {"layers", "missing", "samples", "reference", "sides", "evidence", "params", "groups"}
OBJECTS = {"environment"}
ATTRIBUTES = {
    "pytracer": "0",
    "perturbed": True,
    "verdict": "measured",
    "samples": 3,
    "method": "cnh",
    "reference": "mean",
    "probability": 0.95,
    "confidence": 0.95,
    "elements_omitted": 0,
}


def nothing(table: str, column: str) -> Any:
    """What a column holds that a test says nothing about."""
    kind = TABLES[table][column][0]
    if column == "settings":
        return "{}" if table == "samples" else "[]"
    if kind == TEXT and table in ("divergences", "explanations", "samples", "functions"):
        return "[]" if column in LISTS else "{}" if column in OBJECTS else ""
    if kind == TEXT:
        return ""
    if kind == "f8":
        return float("nan")
    return -1 if column in REFERENCES else 0


class Made:
    """Rows of each table, and `write`. Each method appends a row and returns its number."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {table: [] for table in TABLES}
        self.lane("process-0", "lane-0")

    def add(self, table: str, **cells: Any) -> int:
        unknown = cells.keys() - TABLES[table].keys()
        assert not unknown, unknown
        self.rows[table].append({name: nothing(table, name) for name in TABLES[table]} | cells)
        return len(self.rows[table]) - 1

    def find(self, table: str, **cells: Any) -> int:
        """The row with these cells, made when there is none."""
        for number, row in enumerate(self.rows[table]):
            if all(row[name] == cell for name, cell in cells.items()):
                return number
        return self.add(table, **cells)

    def lane(self, process: str, name: str) -> int:
        return self.add("lanes", process=process, name=name)

    def function(self, name: str, **cells: Any) -> int:
        return self.find("functions", module="mod", name=name, kind="python", **cells)

    def site(self, line: int, file: str = "/project/script.py", function: str = "main", text: str = "") -> int:
        return self.find("sites", file=file, line=line, function=function, text=text)

    def sample(self, number: int, **cells: Any) -> int:
        default = {"status": "measured" if number else "reference", "model": "sr" if number else "none", "complete": 1}
        default |= {"trace": f"traces/{number}", "seed": str(10 + number) if number else "", "exit_code": 0}
        return self.add("samples", sample=number, **default | cells)

    def call(
        self,
        function: int,
        *,
        start: int = 0,
        duration: int = 1000,
        inputs: Sequence[Mapping[str, Any]] = (),
        outputs: Sequence[Mapping[str, Any]] = (),
        **cells: Any,
    ) -> int:
        """A call with its values; times in nanoseconds."""
        row = self.add(
            "calls",
            function=function,
            enter_ns=start,
            duration_ns=duration,
            outcome=Outcome.RETURNED,
            first_value=len(self.rows["values"]),
            n_inputs=len(inputs),
            n_outputs=len(outputs),
        )
        for value in (*inputs, *outputs):
            self.value(row, **value)
        parent = cells.get("parent", -1)
        depth = self.rows["calls"][parent]["depth"] + 1 if parent >= 0 else 0
        self.rows["calls"][row] |= {"depth": depth} | cells
        return row

    def value(self, call: int, label: str = "x", **cells: Any) -> int:
        """A float64, or an array when it has a shape; `element_columns` are stored element by element."""
        shape = cells.pop("shape", ())
        columns: Mapping[str, ArrayLike] = cells.pop("element_columns", {})
        observed: ArrayLike | None = cells.pop("observed", None)
        kind, dtype = (Kind.ARRAY, "float64") if shape else (Kind.FLOAT64, "float64")
        cells["type"] = self.find(
            "types", kind=kind, dtype=cells.pop("dtype", dtype), shape=str(shape) if shape else ""
        )
        cells["label"] = self.find("labels", text=label)
        if columns:
            cells["elements"] = self._stored("elements", columns)
        if observed is not None:
            flat = np.asarray(observed).ravel()
            imag = flat.imag if np.iscomplexobj(flat) else np.full(len(flat), np.nan)
            cells["observations"] = self._stored("observations", {"real": flat.real, "imag": imag})
        default = {"call": call, "size": int(np.prod(shape, dtype=int)), "precision": 53, "agreement": 1.0}
        return self.add("values", **default | cells)

    def _stored(self, table: str, columns: Mapping[str, ArrayLike]) -> int:
        first = len(self.rows[table])
        flat = {name: np.ravel(column).tolist() for name, column in columns.items()}
        for cells in zip(*flat.values(), strict=True):
            self.add(table, **dict(zip(flat, cells, strict=True)))
        return first

    def divergence(self, **cells: Any) -> int:
        texts = {name: json.dumps(cell) if isinstance(cell, list) else cell for name, cell in cells.items()}
        return self.add("divergences", **{"times": 1} | texts)

    def write(self, path: Path, **attributes: Any) -> Path:
        with ResultWriter(path) as writer:
            for table, rows in self.rows.items():
                if rows:
                    writer.append(table, {name: [row[name] for row in rows] for name in TABLES[table]})
            provenance = {"command": ["script.py"], "directory": "/project", "started": "2026-01-01T00:00:00+00:00"}
            writer.finish(ATTRIBUTES | attributes, provenance)
        return path
