"""Columns written chunk by chunk come back through any HDF5 reader."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytracer.parse.chunks import ChunkedTable

KINDS = {"noise": "f8", "equal": "f8", "constant": "i8", "small": "u1", "steps": "i4", "nothing": "f8"}


def columns_of(rows: int, first: int, seed: int) -> dict[str, np.ndarray]:
    noise = np.random.default_rng(seed + first).normal(size=rows)
    return {
        "noise": noise,
        "equal": noise.copy(),
        "constant": np.full(rows, 7),
        "small": (noise > 0).astype("u1"),
        "steps": np.arange(first, first + rows),
        "nothing": np.full(rows, np.nan),
    }


@pytest.mark.parametrize("chunk", [4096, 8])
@given(st.lists(st.integers(0, 9000), min_size=1, max_size=5), st.booleans(), st.integers(0, 1000))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_appended_comes_back(tmp_path: Path, chunk: int, lengths: list[int], flush: bool, seed: int) -> None:
    expected = {name: [np.zeros(0, kind)] for name, kind in KINDS.items()}
    with h5py.File(tmp_path / "t.h5", "w") as file:
        for name, kind in KINDS.items():
            file.create_dataset(
                name,
                (0,),
                kind,
                maxshape=(None,),
                chunks=(chunk,),
                compression="gzip",
                compression_opts=1,
                shuffle=True,
            )
        table = ChunkedTable({name: file[name] for name in KINDS}, chunk)
        for length in lengths:
            columns = columns_of(length, sum(map(len, expected["steps"])), seed)
            table.append(columns)
            for name, column in columns.items():
                expected[name].append(column)
            if flush:
                table.flush()
        table.flush()
    with h5py.File(tmp_path / "t.h5") as file:
        for name in KINDS:
            np.testing.assert_array_equal(file[name][:], np.concatenate(expected[name]))


def test_what_repeats_is_compressed(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        for name, kind in KINDS.items():
            file.create_dataset(name, (0,), kind, maxshape=(None,), chunks=(4096,), compression="gzip", shuffle=True)
        table = ChunkedTable({name: file[name] for name in KINDS}, 4096)
        table.append(columns_of(4096, 0, 1))
        sizes = {name: file[name].id.get_storage_size() for name in KINDS}
    assert sizes["noise"] <= 8 * 4096
    assert sizes["constant"] < 500
    assert sizes["nothing"] < 500
