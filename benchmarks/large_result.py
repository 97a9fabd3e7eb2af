"""Writes results as large as one wants, for the benchmark of the dashboard."""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.parse.aggregates import of_edges, of_functions
from pytracer.parse.schema import TABLES, TEXT, UNKNOWN_EXIT
from pytracer.parse.store import ResultWriter
from pytracer.records.schema import Kind, Outcome, Role

BIGGEST = "numpy.f0"
"""The function that has half of the calls."""
FUNCTIONS = 1000
LINES = 3000
SAMPLES = 10
LEVELS = 6
"""Calls that are nested one inside the other."""
SIDE = 1000
"""Rows and columns of the one array."""
BLOCK = 2**17
ATTRIBUTES = {
    "pytracer": "0",
    "perturbed": True,
    "verdict": "measured",
    "samples": SAMPLES,
    "method": "cnh",
    "reference": "mean",
    "probability": 0.95,
    "confidence": 0.95,
    "elements_omitted": 0,
}


def write_result(path: Path, calls: int, seed: int = 1) -> Path:
    """A result of so many nested calls, with two inputs and one output each, and one more that returns an array."""
    random = np.random.default_rng(seed)
    with ResultWriter(path) as writer:
        lines = np.arange(1, LINES + 1, dtype=np.int32)
        texts = [f"y = f(x, {i})" for i in lines]
        append(
            writer,
            "sites",
            LINES,
            file=["/project/script.py"] * LINES,
            line=lines,
            function=["main"] * LINES,
            text=texts,
        )
        append(writer, "sources", 1, file=["/project/script.py"], text=["\n".join(texts)])
        append(writer, "labels", 3, text=["x", "y", "return"])
        kinds, shapes = [int(Kind.FLOAT64), int(Kind.ARRAY)], ["", f"({SIDE}, {SIDE})"]
        append(writer, "types", 2, kind=kinds, dtype=["float64"] * 2, shape=shapes)
        append(writer, "lanes", 1, process=["process-0"], name=["lane-0"], first_call=[0], calls=[calls + 1])
        sample = np.arange(SAMPLES + 1)
        append(
            writer,
            "samples",
            SAMPLES + 1,
            sample=sample,
            trace=[f"{i}" for i in sample],
            status=["reference"] + ["measured"] * SAMPLES,
            model=["none"] + ["sr"] * SAMPLES,
            **{name: ["[]"] * (SAMPLES + 1) for name in ("layers", "missing")},
            **{name: ["{}"] * (SAMPLES + 1) for name in ("settings", "environment")},
            exit_code=[UNKNOWN_EXIT] * (SAMPLES + 1),
            duration_ns=[-1] * (SAMPLES + 1),
        )
        for start in range(0, calls, BLOCK):
            block(writer, random, start, min(BLOCK, calls - start))
        array_call(writer, random, calls)
        read = partial(writer.column, "calls")
        append(writer, "functions", FUNCTIONS, **function_names(), **of_functions(read, FUNCTIONS))
        edges = of_edges(read)
        append(writer, "edges", len(np.asarray(edges["caller"])), **edges)
        writer.finish(ATTRIBUTES, {"command": ["script.py"], "directory": "/project"})
    return path


def function_names() -> dict[str, list[str]]:
    """What a table of functions says beside numbers; the first is BIGGEST."""
    modules = ["numpy", "numpy.linalg", "scipy.optimize", "__main__"]
    return {
        "module": [modules[i % len(modules)] for i in range(FUNCTIONS)],
        "name": [f"f{i}" for i in range(FUNCTIONS)],
        "kind": ["ufunc"] * FUNCTIONS,
        "params": ["[]"] * FUNCTIONS,
    }


def block(writer: ResultWriter, random: np.random.Generator, start: int, n: int) -> None:
    """Calls from row `start` on, and their values."""
    rows = np.arange(start, start + n)
    outermost, depth = np.divmod(rows, LEVELS)
    function = np.where(rows % 2, 0, (outermost * 7 + depth) % FUNCTIONS)
    inputs = 48 - 20 * np.abs(np.sin(rows / 1e4)) + random.normal(0, 1, n)
    outputs = np.clip(inputs - random.exponential(3, n), 0, 53)
    append(
        writer,
        "calls",
        n,
        parent=np.where(depth, rows - 1, -1),
        depth=depth,
        function=function,
        site=function * (LINES // FUNCTIONS) + rows % (LINES // FUNCTIONS),
        enter_ns=outermost * 1000 * LEVELS + depth * 100,
        duration_ns=900 * LEVELS - depth * 200,
        outcome=np.where(random.random(n) < 1e-4, Outcome.RAISED, Outcome.RETURNED),
        samples=np.full(n, SAMPLES),
        measurable=np.ones(n),
        first_value=rows * 3,
        n_inputs=np.full(n, 2),
        n_outputs=np.ones(n),
        input_bits_min=inputs,
        output_bits_min=outputs,
        bits_lost=inputs - outputs,
        worst_value=rows * 3 + 2,
    )
    bits = np.stack([inputs, inputs + 1, outputs], axis=1).ravel()
    mean = random.normal(0, 100, 3 * n)
    append(
        writer,
        "values",
        3 * n,
        call=np.repeat(rows, 3),
        role=np.tile([Role.POSITIONAL, Role.POSITIONAL, Role.RETURN], n),
        position=np.tile([0, 1, 0], n),
        label=np.tile([0, 1, 2], n),
        precision=np.full(3 * n, 53),
        **{f"bits_{name}": bits for name in ("min", "p05", "median", "mean", "max")},
        mean=mean,
        std=np.abs(mean) * 2.0**-bits,
        agreement=np.full(3 * n, 0.1),
        size=np.ones(3 * n),
        elements=np.full(3 * n, -1),
        observations=np.full(3 * n, -1),
    )


def array_call(writer: ResultWriter, random: np.random.Generator, row: int) -> None:
    """The last call, which returns a square array."""
    n = SIDE * SIDE
    bits, mean = np.clip(30 + random.normal(0, 5, n), 0, 53), random.normal(0, 1, n)
    named = {"function": [1], "outcome": [Outcome.RETURNED], "samples": [SAMPLES], "measurable": [1], "parent": [-1]}
    least = [float(np.min(bits))]
    when = {"enter_ns": [row * 1000], "duration_ns": [1000]}
    values = {"first_value": [row * 3], "n_outputs": [1], "output_bits_min": least, "worst_value": [row * 3]}
    append(writer, "calls", 1, **named, **when, **values)
    known = {"call": [row], "role": [Role.RETURN], "label": [2], "type": [1], "precision": [53], "size": [n]}
    worst = {"bits_min": least, "worst_element": [int(np.argmin(bits))], "observations": [-1], "elements": [0]}
    append(writer, "values", 1, **known, **worst)
    append(writer, "elements", n, mean=mean, std=np.abs(mean) * 2.0**-bits, bits=bits)


def append(writer: ResultWriter, table: str, n: int, **given: Any) -> None:
    """Append rows; columns that are not given are unknown."""
    unknown = {
        name: [""] * n if kind == TEXT else np.full(n, np.nan if kind == "f8" else 0)
        for name, (kind, _) in TABLES[table].items()
    }
    writer.append(table, unknown | given)
