"""Results made row by row, with columns that no small program would fill."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from pytracer.parse import aggregates
from pytracer.parse.schema import JSON_COLUMNS, NEVER_NONE, REFERENCES, TABLES, TEXT
from pytracer.parse.store import ResultWriter
from pytracer.records.schema import Kind, Outcome

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
    if kind == TEXT:
        shape = JSON_COLUMNS.get(table, {}).get(column)
        return "" if shape is None else json.dumps(type(shape)())
    if kind == "f8":
        return np.nan
    refers = column in REFERENCES.get(table, {}) and column not in NEVER_NONE.get(table, ())
    return -1 if refers or column == "worst_element" else 0


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
        default |= {"started": "", "duration_ns": -1}
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

    def _aggregate(self) -> None:
        """The columns of functions that follow from the calls."""
        calls = {name: np.array([row[name] for row in self.rows["calls"]]) for name in TABLES["calls"]}
        columns = aggregates.of_functions(calls.__getitem__, len(self.rows["functions"])) if self.rows["calls"] else {}
        for number, row in enumerate(self.rows["functions"]):
            row |= {name: column[number] for name, column in columns.items()}

    def write(self, path: Path, **attributes: Any) -> Path:
        self._aggregate()
        with ResultWriter(path) as writer:
            for table, rows in self.rows.items():
                if rows:
                    writer.append(table, {name: [row[name] for row in rows] for name in TABLES[table]})
            provenance = {"command": ["script.py"], "directory": "/project", "started": "2026-01-01T00:00:00+00:00"}
            writer.finish(ATTRIBUTES | attributes, provenance)
        return path


SAMPLES = 4
"""Samples of `rich`, with the reference."""
SHAPE = (3, 4, 5)
WORST = (1, 2, 3)


def columns_of(bits: np.ndarray, mean: np.ndarray, std: np.ndarray) -> dict[str, np.ndarray]:
    """Columns of `elements`; a complex mean has both parts alike but for one bit."""
    nothing = np.full(bits.shape, np.nan)
    columns = {"bits": bits, "mean": mean.real, "std": std}
    is_complex = np.iscomplexobj(mean)
    columns |= {"mean_imag": mean.imag if is_complex else nothing, "std_imag": std if is_complex else nothing}
    return columns | {"bits_imag": bits - 1 if is_complex else nothing}


def rich() -> Made:
    """`main` calls `solve` (a 3 x 4 x 5 array, one bad element), `dot` often, `phase` (complex); `branch` diverges."""
    made = Made()
    made.lane("process-0", "lane-0.0")
    for number in range(SAMPLES):
        made.sample(
            number,
            environment=json.dumps({"OMP_NUM_THREADS": "1", "LANG": f"{number}"}),
            layers=json.dumps(["NumPy loops"]),
            missing=json.dumps(["long double"]),
            calls=10 + number,
            noisy_loops=100 * number,
            started=f"2026-01-31T23:59:0{number}.250+01:00",
            duration_ns=1_500_000_000 + 10**9 * number,
        )
    made.sample(SAMPLES, status="failed", reason="exit code 3", exit_code=3, complete=0, calls_dropped=2)
    made.add("notes", sample=SAMPLES, text="1 call was cut")
    main, solve, dot, phase, branch = (made.function(name) for name in ("main", "solve", "dot", "phase", "branch"))
    root = made.call(main, site=made.site(1), start=0, duration=1_000_000, samples=3)
    bits = np.full(SHAPE, 40.0)
    bits[WORST] = 5.0
    mean = np.arange(60.0).reshape(SHAPE)
    observed = mean + np.arange(SAMPLES)[:, None, None, None] * 2.0**-10
    array = {
        "label": "return",
        "shape": SHAPE,
        "bits_min": 5.0,
        "worst_element": int(np.ravel_multi_index(WORST, SHAPE)),
        "mean": 29.5,
        "std": 0.5,
        "norm": 265.0,
        "condition": 1e9,
        "nans": 1,
        "findings": 16,
        "element_columns": columns_of(bits, mean, np.full(SHAPE, 0.5)),
        "observed": observed,
    }
    scalar = {"label": "x", "bits_min": 45.0, "mean": 2.0, "std": 0.25, "observed": [2.0, 2.25, 1.75, 2.0]}
    call = made.call(
        solve,
        parent=root,
        site=made.site(10, text="y = solve(x)"),
        start=100,
        duration=400_000,
        inputs=[scalar],
        outputs=[array],
        input_bits_min=45.0,
        output_bits_min=5.0,
        bits_lost=40.0,
        measurable=1,
        samples=3,
    )
    made.rows["calls"][call]["worst_value"] = made.rows["calls"][call]["first_value"] + 1
    for number in range(50):
        made.call(
            dot,
            parent=call,
            site=made.site(20),
            start=1000 + 10 * number,
            duration=5,
            output_bits_min=50.0 - number % 7,
            bits_lost=float(number % 7),
            measurable=1,
        )
    vector = np.exp(1j * np.arange(6.0))
    wave = {"label": "return", "shape": (6,), "bits_min": 29.0, "mean": 1.0, "mean_imag": 0.5, "worst_element": 0}
    wave |= {"element_columns": columns_of(np.full(6, 30.0), vector, np.full(6, 1e-9)), "dtype": "complex128"}
    wave |= {"observed": np.stack([vector] * SAMPLES)}
    made.call(
        phase, parent=root, site=made.site(30), start=500_000, duration=1000, outputs=[wave], output_bits_min=29.0
    )
    last = made.call(branch, parent=root, site=made.site(40), start=600_000, duration=-1, outcome=Outcome.RUNNING)
    made.call(branch, lane=1, site=made.site(41), start=700_000, duration=50_000)
    late = {"function": "mod.late", "outcome": "raised", "calls": 2}
    made.divergence(
        lane=0,
        function=main,
        site=made.site(40),
        parent=root,
        before=call,
        first_call=last,
        samples=[2, 3],
        reference=[{"function": "mod.branch", "outcome": "returned", "calls": 1}],
        sides=[{"samples": [2], "calls": [late]}, {"samples": [3], "calls": []}],
        evidence=[made.rows["calls"][call]["first_value"] + 1, made.rows["calls"][call]["first_value"]],
        kind="branch",
        times=3,
    )
    made.divergence(
        lane=1, function=-1, samples=[1], reference=[], sides=[{"samples": [1], "calls": [late]}], kind="lane"
    )
    for row in (root, last):
        made.rows["calls"][row]["samples"] = 3
    return made
