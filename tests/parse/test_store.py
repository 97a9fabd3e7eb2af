"""The result file: what is written comes back; what is no result is refused in one line."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made import ATTRIBUTES

from pytracer.errors import PytracerError
from pytracer.parse.schema import ADDED, RESULT_FORMAT, TABLES, TEXT
from pytracer.parse.store import Result, ResultError, ResultWriter


def rows(table: str, count: int) -> dict[str, Any]:
    return {
        column: [f"{column}{i}" for i in range(count)] if kind == TEXT else np.arange(count).astype(kind)
        for column, (kind, _) in TABLES[table].items()
    }


def write(path: Path, count: int = 3) -> Path:
    with ResultWriter(path) as writer:
        for table in TABLES:
            writer.append(table, rows(table, count))
        writer.finish(ATTRIBUTES, {"command": ["s.py"]})
    return path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    with Result.open(write(tmp_path / "stats" / "stats.1.h5")) as result:
        for table in TABLES:
            columns = getattr(result, table)
            assert len(columns) == 3
            for column, expected in rows(table, 3).items():
                assert list(columns[column]) == list(expected)
        assert result.functions.row(1)["name"] == "name1"
        assert list(result.calls.read("function", np.array([0, 2]))) == [0, 2]
        assert (result.perturbed, result.verdict, result.attribute("samples")) == (True, "measured", 3)
        assert result.provenance == {"command": ["s.py"]}


def test_appending_adds_rows(tmp_path: Path) -> None:
    with ResultWriter(tmp_path / "r.h5") as writer:
        for _ in range(3):
            writer.append("elements", rows("elements", 2))
        assert writer.rows("elements") == 6
        writer.finish(ATTRIBUTES, {})
    with Result.open(tmp_path / "r.h5") as result:
        assert list(result.elements["bits"]) == [0, 1, 0, 1, 0, 1]


def test_every_column_is_explained_in_the_file(tmp_path: Path) -> None:
    with h5py.File(write(tmp_path / "r.h5")) as file:
        for table, columns in TABLES.items():
            for column, (_, comment) in columns.items():
                assert file[table][column].attrs["comment"] == comment


def test_nothing_is_left_when_parsing_fails(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="columns"), ResultWriter(tmp_path / "r.h5") as writer:
        writer.append("notes", {})
    assert list(tmp_path.iterdir()) == []


def test_an_old_result_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "r.h5", 1)
    with ResultWriter(path) as writer:
        with Result.open(path) as result:
            assert len(result.calls) == 1
        writer.finish(ATTRIBUTES, {})
    with Result.open(path) as result:
        assert len(result.calls) == 0


def test_strange_texts_are_stored(tmp_path: Path) -> None:
    with ResultWriter(tmp_path / "r.h5") as writer:
        writer.append("labels", {"text": ["a\0b", "\ud800", "\u00e9", ""]})
        writer.finish(ATTRIBUTES, {})
    with Result.open(tmp_path / "r.h5") as result:
        assert list(result.labels["text"]) == ["a\\0b", "\\ud800", "\u00e9", ""]


def test_wrong_columns_are_a_programming_error(tmp_path: Path) -> None:
    with ResultWriter(tmp_path / "r.h5") as writer:
        with pytest.raises(ValueError, match="columns of notes"):
            writer.append("notes", {"sample": [1]})
        with pytest.raises(ValueError, match="columns of notes"):
            writer.append("notes", {"sample": [1], "text": []})


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PytracerError, match=r"cannot write the result .*r\.h5"):
        ResultWriter(tmp_path / "file" / "r.h5")


def test_what_is_no_result(tmp_path: Path) -> None:
    with pytest.raises(ResultError, match="no result at"):
        Result.open(tmp_path / "absent.h5")
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(ResultError, match="HDF5 cannot open it"):
        Result.open(tmp_path / "text.h5")
    h5py.File(tmp_path / "other.h5", "w").close()
    with pytest.raises(ResultError, match="not a result of pytracer"):
        Result.open(tmp_path / "other.h5")
    with h5py.File(tmp_path / "newer.h5", "w") as file:
        file.attrs["format"], file.attrs["version"] = RESULT_FORMAT, 99
    with pytest.raises(ResultError, match="result format 99"):
        Result.open(tmp_path / "newer.h5")


def test_columns_that_came_later_are_unknown_in_older_files(tmp_path: Path) -> None:
    path = write(tmp_path / "old.h5")
    with h5py.File(path, "r+") as file:
        for table, columns in ADDED.items():
            for column in columns:
                del file[table][column]
    with Result.open(path) as result:
        for table, columns in ADDED.items():
            for column, unknown in columns.items():
                assert getattr(result, table)[column].tolist() == [unknown] * 3
                assert getattr(result, table).read(column, np.array([0, 2])).tolist() == [unknown] * 2
                assert getattr(result, table).row(2)[column] == unknown
        with pytest.raises(ResultError, match="cannot be read"):
            result.samples.row(3)


def test_columns_that_came_later_are_checked_where_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "r.h5")
    with h5py.File(path, "r+") as file:
        exchange(file, "samples/started", h5py.ExternalLink("other.h5", "/x"))
    with pytest.raises(ResultError, match="samples/started is missing"):
        Result.open(path)


def read_all(path: Path) -> None:
    with Result.open(path) as result:
        assert result.verdict == "measured"
        assert result.provenance == {"command": ["s.py"]}


def exchange(file: Any, name: str, link: Any) -> None:
    del file[name]
    file[name] = link


def store_elsewhere(file: Any, name: str) -> None:
    del file[name]
    file.create_dataset(name, (3,), "i8", external=[("/etc/hostname", 0, 24)])


@pytest.mark.parametrize(
    ("damage", "expected"),
    [
        (lambda file: file["calls"].pop("site"), "calls/site is missing"),
        (lambda file: file["calls/site"].resize((1,)), "different lengths"),
        (lambda file: file.pop("provenance"), "provenance cannot be read"),
        (lambda file: file.attrs.pop("verdict"), "attribute verdict is missing"),
        (lambda file: [file["calls"][name].resize((2**40,)) for name in TABLES["calls"]], "cannot hold"),
        (lambda file: exchange(file, "calls/site", h5py.ExternalLink("other.h5", "/x")), "calls/site is missing"),
        (lambda file: exchange(file, "calls", h5py.SoftLink("/values")), "calls/lane is missing"),
        (lambda file: store_elsewhere(file, "calls/site"), "calls/site stands in another file"),
    ],
)
def test_damaged_results_are_named(tmp_path: Path, damage: Any, expected: str) -> None:
    path = write(tmp_path / "r.h5")
    with h5py.File(path, "r+") as file:
        damage(file)
    with pytest.raises(ResultError, match=expected) as caught:
        read_all(path)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write(tmp_path_factory.mktemp("result") / "r.h5").read_bytes()


@given(cut=st.integers(0, 2**16))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_results_are_refused(template: bytes, tmp_path: Path, cut: int) -> None:
    path = tmp_path / "cut.h5"
    path.write_bytes(template[: cut % len(template)])
    with pytest.raises(ResultError):
        Result.open(path)
