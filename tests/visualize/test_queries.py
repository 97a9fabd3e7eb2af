"""What pages show is what the result holds."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from synthetic import Program, write_experiment

from pytracer.parse import Result, ResultError, parse
from pytracer.visualize import queries
from pytracer.visualize.queries import DETAILED_VALUES, Argument, Contents, functions, timeline, verdict

CALLS = 7


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


def test_unperturbed_function_has_no_bits(contents: Contents) -> None:
    silent = contents.by_key["mod.silent"]
    assert (silent.bits_lost, silent.input_bits, silent.output_bits, silent.bits_before) == (None,) * 4


def test_functions_of_one_name_have_different_keys(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for line in (1, 2):
            function = program.process.function("__main__", "<lambda>", file="/project/mod.py", line=line)
            with program.lane.call(function, program.process.site("/project/mod.py", 9), (1.0,), {}):
                pass

    result = parse(write_experiment(tmp_path, body, 2), tmp_path / "r.h5")
    found = functions(result)
    assert [function.name for function in found] == ["<lambda>", "<lambda>"]
    assert len({function.key for function in found}) == 2


def test_verdict_names_the_worst(contents: Contents) -> None:
    found, zeta = verdict(contents), contents.by_key["mod.zeta"]
    assert found.measured
    assert found.headline == f"mod.zeta loses {zeta.bits_lost:.1f} of {zeta.bits_before:.1f} bits"
    assert found.detail.startswith("called at script.py:30; 4 perturbed samples, noise model sr; ")


def test_unperturbed_verdict_gives_no_digits(unperturbed: Contents) -> None:
    found = verdict(unperturbed)
    assert (found.headline, found.measured) == ("Not perturbed", False)
    assert "Nothing can be said about its digits" in found.detail
    assert "bits" not in found.detail
    assert all(function.bits_lost is None for function in unperturbed.functions)


def test_verdict_without_calls(empty: Contents) -> None:
    assert not verdict(empty).measured
    assert empty.functions == []


def test_timeline_has_each_value_of_each_call(contents: Contents) -> None:
    found = timeline(contents.result, contents.by_key["mod.alpha"])
    assert found.arguments == [Argument("x", False), Argument("y", False), Argument("return", True)]
    assert len(found) == 3 * CALLS
    assert found.number.tolist() == [n for n in range(1, CALLS + 1) for _ in range(3)]
    assert found.argument.tolist() == [0, 1, 2] * CALLS
    assert {contents.places[site] for site in found.site} == {"script.py:10"}
    assert (np.diff(found.time_ms) >= 0).all()
    values, first = contents.result.values, contents.result.calls["first_value"][found.call[0]]
    rows = slice(first, first + 3 * CALLS)
    for column, name in ((found.bits, "bits_min"), (found.mean, "mean"), (found.std, "std")):
        np.testing.assert_array_equal(column, values.read(name, rows))


def test_timeline_skips_calls_of_others(contents: Contents) -> None:
    """The calls of `middle` lie around those of `alpha` and `zeta`."""
    found = timeline(contents.result, contents.by_key["mod.middle"])
    assert len(set(found.call)) == 1
    assert [argument.label for argument in found.arguments] == ["x", "y", "return[0]", "return[1]"]


def test_call_tells_where_and_what(contents: Contents) -> None:
    zeta = contents.by_key["mod.zeta"]
    row = int(timeline(contents.result, zeta).call[-1])
    call = queries.call(contents.result, row)
    assert call is not None
    assert (call.name, call.place, call.parent, call.outcome) == ("mod.zeta", "script.py:30", "mod.middle", "returned")
    assert call.bits_lost == zeta.bits_lost
    assert [(value.label, value.output, value.type) for value in call.values] == [
        ("x", False, "float64"),
        ("return", True, "float64"),
    ]
    assert call.values[1].bits_min == zeta.output_bits


def test_call_that_raised(contents: Contents) -> None:
    row = int(timeline(contents.result, contents.by_key["mod.fails"]).call[0])
    call = queries.call(contents.result, row)
    assert call is not None
    assert call.outcome == "raised"


@pytest.mark.parametrize("row", [-1, 10**9])
def test_no_such_call(contents: Contents, row: int) -> None:
    assert queries.call(contents.result, row) is None


def test_many_values_of_a_call_are_cut(tmp_path: Path) -> None:
    many = DETAILED_VALUES + 5
    traces = write_experiment(tmp_path, lambda program, _: program.call("wide", *range(many), noisy=1), 2)
    call = queries.call(parse(traces, tmp_path / "r.h5"), 0)
    assert call is not None
    assert (len(call.values), call.n_values) == (DETAILED_VALUES, many + 1)


def test_reference_outside_a_table_is_reported(result_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.h5"
    broken.write_bytes(result_file.read_bytes())
    with h5py.File(broken, "a") as file:
        file["calls/first_value"][:] = 10**12
    contents = Contents.of(Result.open(broken))
    with pytest.raises(ResultError, match="corrupt"):
        timeline(contents.result, contents.functions[0])
