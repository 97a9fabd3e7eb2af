"""Results whose cells were damaged: refused by `verify` in one line, or shown and exported; nothing else."""

import contextlib
import io
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.parse import Result, ResultError, parse
from pytracer.parse.callgraph import CallGraph
from pytracer.parse.schema import ATTRIBUTES, JSON_COLUMNS, TABLES, TEXT
from pytracer.report.export import FORMATS
from pytracer.report.json import write_json
from pytracer.report.text import write_text

TEXTS = (
    "", "x", "\x1b[2J", "null", "5", "[]", "{}", "[1]", '["x"]', "[[]]", '[["x"]]', '{"x": 1}', '{"x": "y"}', "[" * 2000,
    "[NaN]", "[true]", "(3, 4)", "(99999999999999999999,)", "(0,)", "(-1,)", "9" * 5000, "[99999999999999999999999]",
    '[{"function": "f", "outcome": "o", "calls": 1}]', '[{"samples": [77], "calls": []}]', "[77]", "[[77]]",
)  # fmt: skip
INTEGERS = (0, 1, -1, 7, 255, 2**31 - 1, -(2**31), 2**40, 2**63 - 1, -(2**63))
FLOATS = (np.nan, np.inf, -np.inf, 0.0, -0.0, 1e308, -1e308, 5e-324, 53.0)


def body(program: Program, i: int) -> None:
    values = spread(20, 5, i)
    for k in range(4):
        program.call("f", float(values[i]), np.array([1.0, values[i]]), result=1j * values[i], noisy=1, line=k)
    program.call("odd" if i == 3 else "g", 1.0, result=2.0, noisy=1)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("template")
    parse(write_experiment(folder, body, 5), folder / "r.h5").close()
    with h5py.File(folder / "r.h5", "r+") as file:
        add_explanation(file)
    return (folder / "r.h5").read_bytes()


def add_explanation(file: Any) -> None:
    """One such as the noise `platform` gives."""
    row = {"function": 0, "site": 0, "settings": '["blas"]', "groups": "[[1, 2], [3, 4]]", "calls": 2}
    for name, cell in row.items():
        file["explanations"][name].resize((1,))
        file["explanations"][name][0] = cell
    for name in ("settings",):
        file["samples"][name][:] = ['{"blas": "a"}'] * len(file["samples"][name])


def damage(file: Any, chance: random.Random) -> None:
    tables = [table for table in TABLES if len(next(iter(file[table].values())))]
    for _ in range(chance.choice((1, 1, 2, 5))):
        table = chance.choice([*tables, *JSON_COLUMNS, "attributes"])
        if table == "attributes":
            file.attrs[chance.choice(list(ATTRIBUTES))] = chance.choice((0, 3, -1, np.nan, "x", "", np.arange(3)))
        elif table in tables:
            columns = JSON_COLUMNS.get(table, {}) if chance.random() < 0.3 else {}
            column = chance.choice(list(columns or TABLES[table]))
            kind, cells = TABLES[table][column][0], file[table][column]
            row = chance.randrange(len(cells))
            if kind == TEXT:
                cells[row] = chance.choice(TEXTS)
            elif kind == "f8":
                cells[row] = chance.choice(FLOATS)
            else:
                cells[row] = np.array(chance.choice(INTEGERS)).astype(kind)


def show(path: Path) -> Iterator[str]:
    try:
        with Result.open(path) as result:
            result.verify()
            write_json(result, io.StringIO())
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                write_text(result)
            CallGraph.of(result).write(path.with_suffix(".callgraph"))
            for write in FORMATS.values():
                write(result, path.with_suffix(""))
            assert "\x1b" not in shown.getvalue()
            yield "shown"
    except ResultError:
        yield "refused"


def outcomes(template: bytes, folder: Path, seeds: range) -> set[str]:
    found = set()
    for seed in seeds:
        path = folder / "damaged.h5"
        path.write_bytes(template)
        with h5py.File(path, "r+") as file:
            damage(file, random.Random(seed))
        try:
            found.update(show(path))
        except Exception as error:
            error.add_note(f"seed {seed}")
            raise
    return found


def test_the_template_is_sound(template: bytes, tmp_path: Path) -> None:
    (tmp_path / "r.h5").write_bytes(template)
    assert list(show(tmp_path / "r.h5")) == ["shown"]


def test_damaged_cells(template: bytes, tmp_path: Path) -> None:
    assert outcomes(template, tmp_path, range(100)) == {"shown", "refused"}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 3000, 200))
def test_many_damaged_cells(template: bytes, tmp_path: Path, first: int) -> None:
    assert outcomes(template, tmp_path, range(first, first + 200)) == {"shown", "refused"}
