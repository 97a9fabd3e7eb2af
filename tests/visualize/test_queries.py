"""What pages show is what the result holds: functions, verdict, calls."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from synthetic import Program, write_experiment

from pytracer.parse import Result, ResultError, parse
from pytracer.visualize.queries.calls import DETAILED_VALUES, call
from pytracer.visualize.queries.cells import pick
from pytracer.visualize.queries.contents import CallIndex, Contents, verdict


def test_functions_are_worst_first(contents: Contents) -> None:
    names = [function.name for function in contents.functions]
    assert names[0] == "mod.zeta"
    assert set(names) == {"mod.zeta", "mod.alpha", "mod.middle", "mod.silent", "mod.fails"}
    lost = [function.bits_lost for function in contents.functions]
    known = [bits for bits in lost if bits is not None]
    assert known == sorted(known, reverse=True)
    assert None not in lost[: len(known)]


def test_function_sums_up_its_calls(contents: Contents) -> None:
    result, zeta = contents.result, contents.by_key["mod.zeta"]
    rows = np.flatnonzero(result.calls["function"] == zeta.row)
    assert zeta.calls == len(rows) == 2
    assert zeta.bits_lost == max(result.calls["bits_lost"][rows])
    assert zeta.output_bits == min(result.calls["output_bits_min"][rows]) == zeta.bits_left
    assert zeta.input_bits == min(result.calls["input_bits_min"][rows])
    assert zeta.place == "script.py:30"
    assert zeta.worst_call == rows[result.calls["bits_lost"][rows].argmax()]


def test_unperturbed_function_has_no_bits(contents: Contents) -> None:
    silent = contents.by_key["mod.silent"]
    assert (silent.bits_lost, silent.input_bits, silent.output_bits, silent.bits_before) == (None,) * 4
    assert (silent.measurable, silent.place) == (0, "script.py:5")


def test_functions_of_one_name_have_different_keys(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for line in (1, 2):
            function = program.process.function("__main__", "<lambda>", file="/project/mod.py", line=line)
            with program.lane.call(function, program.process.site("/project/mod.py", 9), (1.0,), {}):
                pass

    found = Contents.of(parse(write_experiment(tmp_path, body, 2), tmp_path / "r.h5")).functions
    assert [function.name for function in found] == ["<lambda>", "<lambda>"]
    assert len({function.key for function in found}) == 2


def test_verdict_names_the_worst(contents: Contents) -> None:
    found, zeta = verdict(contents), contents.by_key["mod.zeta"]
    assert found.measured
    assert found.headline == f"mod.zeta loses {zeta.bits_lost:.1f} of {zeta.bits_before:.1f} bits"
    assert found.detail.startswith("called at script.py:30; 4 perturbed samples, noise model sr; ")


def test_verdict_counts_in_digits(contents: Contents) -> None:
    found, zeta = verdict(contents, "digits"), contents.by_key["mod.zeta"]
    assert zeta.bits_lost is not None
    assert found.headline.startswith(f"mod.zeta loses {zeta.bits_lost * np.log10(2):.2f} of ")
    assert found.headline.endswith(" digits")
    assert "bits" not in found.headline + found.detail


def test_unperturbed_verdict_gives_no_digits(unperturbed: Contents) -> None:
    found = verdict(unperturbed)
    assert (found.headline, found.measured) == ("Not perturbed", False)
    assert "Nothing can be said about its digits" in found.detail
    assert "bits" not in found.detail
    assert all(function.bits_lost is None for function in unperturbed.functions)


def test_verdict_without_calls(empty: Contents) -> None:
    assert not verdict(empty).measured
    assert empty.functions == []


def test_index_has_all_calls_of_a_function() -> None:
    index = CallIndex(np.array([2, 0, 2, 2, 0]), 4)
    assert [index[i].tolist() for i in range(4)] == [[1, 4], [], [0, 2, 3], []]
    assert [index.first(i) for i in range(4)] == [1, -1, 0, -1]


@pytest.mark.parametrize("rows", [[], [0], [3, 7, 8], [8, 3, 7, 3], list(range(9))])
def test_picked_cells_are_those_of_the_column(contents: Contents, rows: list[int]) -> None:
    values = contents.result.values
    picked = pick(values, "bits_min", np.array(rows, np.int64))
    np.testing.assert_array_equal(picked, values["bits_min"][rows])


@pytest.mark.parametrize("rows", [[-1], [0, 10**12]])
def test_reference_outside_a_table_is_reported(contents: Contents, rows: list[int]) -> None:
    with pytest.raises(ResultError, match="corrupt"):
        pick(contents.result.values, "bits_min", np.array(rows))


def test_call_tells_where_and_what(contents: Contents) -> None:
    zeta = contents.by_key["mod.zeta"]
    first, last = contents.calls_of[zeta.row].tolist()
    found = call(contents, last)
    assert found is not None
    assert (found.name, found.place, found.outcome) == ("mod.zeta", "script.py:30", "returned")
    assert found.parent is not None
    assert found.parent.key == "mod.middle"
    assert (found.previous, found.following, found.number, found.calls) == (first, None, 2, 2)
    assert found.bits_lost == zeta.bits_lost
    assert [(value.label, value.output, value.type) for value in found.values] == [
        ("x", False, "float64"),
        ("return", True, "float64"),
    ]
    assert found.values[1].bits_min == zeta.output_bits


def test_call_that_raised(contents: Contents) -> None:
    found = call(contents, int(contents.calls_of[contents.by_key["mod.fails"].row][0]))
    assert found is not None
    assert found.outcome == "raised"


@pytest.mark.parametrize("row", [None, -1, 10**9])
def test_no_such_call(contents: Contents, row: int | None) -> None:
    assert call(contents, row) is None


def test_many_values_of_a_call_are_cut(tmp_path: Path) -> None:
    many = DETAILED_VALUES + 5
    traces = write_experiment(tmp_path, lambda program, _: program.call("wide", *range(many), noisy=1), 2)
    found = call(Contents.of(parse(traces, tmp_path / "r.h5")), 0)
    assert found is not None
    assert (len(found.values), found.n_values) == (DETAILED_VALUES, many + 1)


def test_values_outside_their_table_are_reported(result_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(result_file.read_bytes())
    with h5py.File(broken, "a") as file:
        file["calls/first_value"][:] = 10**12
    with pytest.raises(ResultError, match="corrupt"):
        call(Contents.of(Result.open(broken)), 0)
