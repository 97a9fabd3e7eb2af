"""Writes results as large as one wants, for the benchmark of the dashboard."""

from pathlib import Path
from typing import Any

import numpy as np

from pytracer.parse.aggregates import of_functions
from pytracer.parse.schema import TABLES, TEXT, UNKNOWN_EXIT
from pytracer.parse.store import ResultWriter
from pytracer.records.schema import Kind, Outcome, Role

BIGGEST = "numpy.f0"
"""The function that has half of the calls."""
FUNCTIONS = 1000
LINES = 3000
SAMPLES = 10
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
    """A result of so many calls, with two inputs and one output each."""
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
        append(writer, "types", 1, kind=[int(Kind.FLOAT64)], dtype=["float64"], shape=[""])
        append(writer, "lanes", 1, process=["process-0"], name=["lane-0"], first_call=[0], calls=[calls])
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
        sums = of_functions(lambda column: writer.column("calls", column), FUNCTIONS)
        append(writer, "functions", FUNCTIONS, **function_names(), **sums)
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
    function = np.where(random.random(n) < 0.5, 0, random.integers(0, FUNCTIONS, n))
    inputs = 48 - 20 * np.abs(np.sin(rows / 1e4)) + random.normal(0, 1, n)
    outputs = np.clip(inputs - random.exponential(3, n), 0, 53)
    append(
        writer,
        "calls",
        n,
        parent=np.full(n, -1),
        function=function,
        site=function * (LINES // FUNCTIONS) + rows % (LINES // FUNCTIONS),
        enter_ns=rows * 1000,
        duration_ns=np.full(n, 500),
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


def append(writer: ResultWriter, table: str, n: int, **given: Any) -> None:
    """Append rows; columns that are not given are unknown."""
    unknown = {
        name: [""] * n if kind == TEXT else np.full(n, np.nan if kind == "f8" else 0)
        for name, (kind, _) in TABLES[table].items()
    }
    writer.append(table, unknown | given)
