"""From traces to a result: what is measured, what is not, and that nothing unperturbed gets bits."""

import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import NOISE, Program, spread, write_experiment, write_trace

from pytracer.errors import TraceError, UsageError
from pytracer.parse import Result, parse
from pytracer.parse.measure import significant_bits
from pytracer.parse.schema import ELEMENTS_PER_VALUE, TABLES

BITS = ("input_bits_min", "input_bits_median", "output_bits_min", "output_bits_median", "bits_lost")
GOOD, BAD = spread(40, 5), spread(12, 5, 1)


def calls_of(result: Result, name: str) -> list[dict[str, Any]]:
    names = list(result.functions["name"])
    return [result.calls.row(i) for i, f in enumerate(result.calls["function"]) if names[f] == name]


def call_of(result: Result, name: str) -> dict[str, Any]:
    [call] = calls_of(result, name)
    return call


def values_of(result: Result, call: dict[str, Any]) -> dict[str, dict[str, Any]]:
    first = call["first_value"]
    rows = [result.values.row(i) for i in range(first, first + call["n_inputs"] + call["n_outputs"])]
    return {result.labels.read("text", row["label"]): row for row in rows}


def measured(samples: np.ndarray) -> float:
    """Significant bits of the perturbed samples."""
    return float(significant_bits(samples[1:, None])[0])


def test_scalars(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", float(GOOD[i]), 3, result=float(BAD[i]), noisy=2)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        assert (result.verdict, result.attribute("samples")) == ("measured", 4)
        call = call_of(result, "f")
        assert call["input_bits_min"] == call["input_bits_median"] == measured(GOOD)
        assert call["output_bits_min"] == measured(BAD)
        assert call["bits_lost"] == measured(GOOD) - measured(BAD)
        values = values_of(result, call)
        assert values["return"]["mean"] == pytest.approx(BAD[1:].mean(), rel=1e-15)
        assert values["return"]["std"] == pytest.approx(BAD[1:].std(ddof=1), rel=1e-12)
        assert math.isnan(values["y"]["bits_min"])  # integers are not measured in bits
        assert (values["y"]["mean"], values["y"]["agreement"]) == (3, 1)
        assert call["worst_value"] == call["first_value"] + 2
        assert result.labels.read("text", result.values.read("label", call["worst_value"])) == "return"


def test_without_floating_inputs_the_loss_is_from_full_precision(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", 3, result=np.float32(BAD[i]), noisy=1)
        program.call("g", 1.0, result=3, noisy=1)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        call = call_of(result, "f")
        assert call["bits_lost"] == 24 - call["output_bits_min"] > 5
        assert math.isnan(call["input_bits_min"])
        assert math.isnan(call_of(result, "g")["bits_lost"])
        assert call_of(result, "g")["input_bits_min"] == 53


def test_nothing_unperturbed_gets_bits(tmp_path: Path) -> None:
    """Equal values of a call without perturbation are no evidence; differing inputs or perturbations are."""

    def body(program: Program, i: int) -> None:
        program.call("silent", 1.0, np.ones(3), result=2.0, line=1)
        program.call("nondeterministic", 1.0, result=float(BAD[i]), line=2)
        program.call("fed", float(GOOD[i]), result=2.0, line=3)
        program.call("fed_array", np.array([1.0, GOOD[i]]), result=2.0, line=4)
        program.call("fed_integer", i, result=2.0, line=5)
        program.call("exact", 1.0, result=2.0, line=6, noisy=1)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        for name in ("silent", "nondeterministic"):
            call = call_of(result, name)
            assert not call["measurable"]
            assert all(math.isnan(call[column]) for column in BITS)
            assert call["worst_value"] == -1
            for value in values_of(result, call).values():
                assert math.isnan(value["bits_min"])
                assert math.isnan(value["bits_median"])
                assert (value["elements"], value["worst_element"]) == (-1, -1)
        for name in ("fed", "fed_array", "fed_integer", "exact"):
            call = call_of(result, name)
            assert call["measurable"]
            assert call["output_bits_min"] == 53


@pytest.mark.parametrize(
    ("samples", "options", "reason"),
    [
        (1, {}, "there is one sample only"),
        (2, {}, "one usable perturbed sample"),
        (4, {"noise": {"model": "none"}}, "the samples ran without noise"),
        (4, {"noisy_loops": 0}, "the noise model sr performed no noisy operation"),
    ],
)
def test_not_perturbed(tmp_path: Path, samples: int, options: dict[str, Any], reason: str) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", float(GOOD[i]), np.arange(3.0), result=float(BAD[i]), noisy=3)

    with parse(write_experiment(tmp_path, body, samples, **options), tmp_path / "r.h5") as result:
        assert not result.perturbed
        assert result.verdict.startswith(f"not perturbed: {reason}")
        assert not result.calls["measurable"].any()
        for column in BITS:
            assert np.isnan(result.calls[column]).all()
        for column in ("bits_min", "bits_median", "bits_mean"):
            assert np.isnan(result.values[column]).all()
        assert result.values["mean"].tolist() == [1.0, 1.0, 1.0]  # of the reference
        assert len(result.elements) == 0


def test_failed_samples_are_not_measured(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", 1.0, result=1e9 if i == 2 else float(BAD[i]), noisy=1)

    paths = write_experiment(tmp_path, body, 5)
    (paths[4] / "meta.json").write_text("{")
    (paths[4] / "exit.json").write_text('{"started": "2026-01-31T23:59:00+00:00", "duration_ns": 7}')
    (paths[2] / "exit.json").write_text('{"status": 3}')  # an older trace
    codes = {paths[0]: 0, paths[1]: 0, paths[2]: 3, paths[3]: None}
    with parse(paths, tmp_path / "r.h5", exit_codes=codes) as result:
        rows = {row: result.samples.row(i) for i, row in enumerate(result.samples["sample"].tolist())}
        assert [rows[i]["status"] for i in (0, 1, 2, 3, -1)] == [
            "reference",
            "measured",
            "failed",
            "measured",
            "failed",
        ]
        assert rows[2]["reason"] == "it ended with exit code 3, the reference with 0"
        assert "not JSON" in rows[-1]["reason"]
        assert (rows[-1]["started"], rows[-1]["duration_ns"]) == ("2026-01-31T23:59:00+00:00", 7)
        assert rows[2]["duration_ns"] == -1
        assert call_of(result, "f")["output_bits_min"] == significant_bits(BAD[[1, 3], None])[0]


def test_arrays(tmp_path: Path) -> None:
    scale = np.array([[1.0, -2.0, 0.0], [3.0, 5e10, np.nan]])

    def body(program: Program, i: int) -> None:
        noisy = scale * GOOD[i]
        noisy[1, 1] = 5e10 * BAD[i]
        program.call("f", scale, result=noisy, noisy=1)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        call = call_of(result, "f")
        good = significant_bits(np.array([3.0 * x for x in GOOD])[1:, None])[0]
        value = values_of(result, call)["return"]
        bits = result.elements["bits"][value["elements"] :][: scale.size]
        assert bits[[2, 5]].tolist() == [53, 53]  # always 0, always NaN
        assert bits[4] == value["bits_min"] == call["output_bits_min"] == significant_bits(5e10 * BAD[1:, None])[0]
        assert bits[3] == good
        assert value["bits_median"] == np.median(bits)
        assert value["bits_mean"] == pytest.approx(bits.mean())
        assert (value["worst_element"], value["worst_mean"]) == (4, pytest.approx(5e10 * BAD[1:].mean()))
        assert call["input_bits_min"] == 53
        kind = result.types.row(value["type"])
        assert (kind["dtype"], kind["shape"]) == ("float64", "(2, 3)")


@given(
    shapes=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    dtype=st.sampled_from(["<f8", "<f4", "<f2", "<c16", "<c8", ">f8"]),
    seed=st.integers(0, 2**31),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_batches_equal_single_arrays(
    tmp_path_factory: pytest.TempPathFactory, shapes: list[int], dtype: str, seed: int
) -> None:
    """Many arrays measured together give what each gives alone."""
    generator = np.random.default_rng(seed)
    precision = {"<f8": 53, ">f8": 53, "<f4": 24, "<f2": 11, "<c16": 53, "<c8": 24}[dtype]
    data = [(1 + 0.01 * generator.normal(size=(4, n)) * (1 + 1j * (dtype[1] == "c"))) for n in shapes]
    arrays = [(a if dtype[1] == "c" else a.real).astype(dtype) for a in data]
    folder = tmp_path_factory.mktemp("batches")

    def body(program: Program, i: int) -> None:
        for array in arrays:
            program.call("f", result=array[i], noisy=1)

    with parse(write_experiment(folder, body, 4), folder / "r.h5") as result:
        found = calls_of(result, "f")
        for call, array in zip(found, arrays, strict=True):
            if array.shape[1] == 0:
                assert math.isnan(call["output_bits_min"])
                continue
            wide = array[1:].astype(np.complex128 if dtype[1] == "c" else np.float64)
            expected = significant_bits(wide, precision)
            assert call["output_bits_min"] == pytest.approx(expected.min(), abs=1e-6)
            assert call["output_bits_median"] == pytest.approx(np.median(expected), abs=1e-6)


def test_an_array_larger_than_a_batch(tmp_path: Path) -> None:
    size = 300_000
    assert size > ELEMENTS_PER_VALUE
    worst = size - 7

    def body(program: Program, i: int) -> None:
        array = np.full(size, GOOD[i])
        array[worst] = BAD[i]
        program.call("f", result=array, noisy=1)

    with parse(write_experiment(tmp_path, body, 3), tmp_path / "r.h5") as result:
        value = values_of(result, call_of(result, "f"))["return"]
        assert value["bits_min"] == significant_bits(BAD[1:3, None])[0]
        assert value["bits_median"] == significant_bits(GOOD[1:3, None])[0]
        assert (value["worst_element"], value["elements"]) == (worst, -1)
        assert result.attribute("elements_omitted") == size


def test_discrete_values_agree_or_not(tmp_path: Path) -> None:
    outputs: list[list[Any]] = [
        [0, 1, 1, 1, 2],
        ["a", "b", "b", "b", "b"],
        [None, True, True, False, False],
        [2**70, 2**70, 2**71, 2**72, 2**73],
        [np.arange(3), np.arange(3), np.arange(3), np.arange(3), np.arange(3) * 2],
        [np.ones(2), np.ones(2), np.ones(3), np.ones(3), np.ones(3)],
        [1.0, 1.0, None, 1.0, 1.0],
    ]
    shares = [3 / 4, 1, 1 / 2, 1 / 4, 3 / 4, 3 / 4, 3 / 4]

    def body(program: Program, i: int) -> None:
        for line, output in enumerate(outputs, 1):
            program.call(f"f{line}", result=output[i], line=line, noisy=1)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        for line, share in enumerate(shares, 1):
            call = call_of(result, f"f{line}")
            [value] = values_of(result, call).values()
            assert value["agreement"] == share
            assert math.isnan(value["bits_min"])
            assert call["disagreements"] == (share < 1)


def test_values_are_matched_by_name(tmp_path: Path) -> None:
    """A list of other length, keywords in another order."""

    def body(program: Program, i: int) -> None:
        items = [1.0, 2.0] if i < 3 else [1.0]
        keys = {"a": 5.0, "b": 6.0} if i % 2 else {"b": 6.0, "a": 5.0}
        program.call("f", items, 7.0, result=1.0, noisy=1, **keys)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        values = values_of(result, call_of(result, "f"))
        means = {name: value["mean"] for name, value in values.items() if value["agreement"] == 1}
        assert means == {"x[0]": 1, "y": 7, "a": 5, "b": 6, "return": 1}
        assert values["x[1]"]["agreement"] == 0.5


def test_calls_of_some_samples_are_measured_over_those(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", result=float(BAD[i]), noisy=1, line=1)
        if i != 2:
            program.call("g", result=float(BAD[i]), noisy=1, line=2)
        if i in (0, 3):
            program.call("h", result=float(BAD[i]), noisy=1, line=3)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        assert result.calls["samples"].tolist() == [4, 3, 1]
        assert call_of(result, "f")["output_bits_min"] == measured(BAD)
        assert call_of(result, "g")["output_bits_min"] == significant_bits(BAD[[1, 3, 4], None])[0]
        assert math.isnan(call_of(result, "h")["output_bits_min"])
        assert len(result.divergences) == 1
        assert result.divergences.row(0)["samples"] == "[1, 2, 4]"


def test_sources_lanes_and_ledger(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import math\n    x = math.sin(1)  # here\n")

    def body(program: Program, i: int) -> None:
        function = program.process.function("math", "sin", kind="builtin")
        with program.lane.call(function, program.process.site(str(script), 2), [1.0]) as call:
            program.call("inner")
            call.result(0.5)
        program.process.coverage("not_followed", "subprocess", "started by os.system")

    paths = write_experiment(tmp_path / "traces", body, 3)
    (paths[1] / "end.json").unlink()
    with parse(paths[::-1], tmp_path / "r.h5") as result:
        assert result.sites.row(0)["text"] == "x = math.sin(1)  # here"
        assert result.calls["parent"].tolist() == [-1, 0]
        assert result.calls["enter_ns"].tolist() == [0, 1]
        assert result.calls["duration_ns"].tolist() == [3, 1]
        assert result.lanes.row(0) == {"process": "process-0", "name": "lane-0", "first_call": 0, "calls": 2}
        assert result.coverage.row(0)["samples"] == 3
        assert "did not end regularly" in result.notes.row(0)["text"]
        assert result.samples["complete"].tolist() == [1, 0, 1]
        assert result.samples["seed"].tolist() == ["", "12", "13"]
        assert result.provenance["directory"] == "/project"


def test_labels(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", 1, [2, {"k": 3}], 4, z=[5], raises=True)
        function = program.process.function("mod", "g", params=("a",))
        with program.lane.call(function, program.process.site("s.py", 1), [np.zeros(2)]) as call:
            call.result((1, 2))
            call.after(0, np.ones(2))

    with parse(write_experiment(tmp_path, body, 1), tmp_path / "r.h5") as result:
        labels = result.labels["text"][result.values["label"]].tolist()
        assert labels[:5] == ["x", "y[0]", "y[1]['k']", "argument 3", "z[0]"]
        assert labels[5:] == ["raised ArithmeticError", "a", "return[0]", "return[1]", "a (after)"]


def test_progress_and_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Measured in blocks of a few calls, the result is the same."""

    def body(program: Program, i: int) -> None:
        for k in range(20):
            values = np.array([k, GOOD[i]])
            program.call("f", values, result=float(BAD[i] * k), noisy=1, inside=lambda: program.call("g", noisy=1))

    paths = write_experiment(tmp_path, body, 4)
    steps: list[tuple[int, int]] = []
    whole = parse(paths, tmp_path / "whole.h5")
    monkeypatch.setattr("pytracer.parse.pipeline.BLOCK_VALUES", 7)
    parts = parse(paths, tmp_path / "parts.h5", progress=lambda done, total: steps.append((done, total)))
    with whole, parts:
        assert len(steps) > 5
        assert steps[-1] == (40, 40)
        for table in ("calls", "values", "elements"):
            assert len(getattr(whole, table)) == len(getattr(parts, table)) > 0
            for column in TABLES[table]:
                np.testing.assert_array_equal(getattr(whole, table)[column], getattr(parts, table)[column])


def test_two_parsers_at_once(tmp_path: Path) -> None:
    paths = write_experiment(tmp_path, lambda program, i: program.call("f", result=float(BAD[i]), noisy=1), 3)

    def run(_: int) -> None:
        parse(paths, tmp_path / "results" / "r.h5").close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["r.h5"]
    with Result.open(tmp_path / "results" / "r.h5") as result:
        assert len(result.calls) == 1


def test_what_cannot_be_parsed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no traces"):
        parse([], tmp_path / "r.h5")
    paths = write_experiment(tmp_path, lambda program, i: program.call("f"), 3)
    with pytest.raises(TraceError, match="no trace at"):
        parse([tmp_path / "absent"], tmp_path / "r.h5")
    shutil.copytree(paths[1], tmp_path / "other")
    meta = (tmp_path / "other" / "meta.json").read_text().replace("script.py", "other.py")
    (tmp_path / "other" / "meta.json").write_text(meta)
    with pytest.raises(UsageError, match=r"other\.py"):
        parse([*paths, tmp_path / "other"], tmp_path / "r.h5")
    shutil.rmtree(paths[0])
    with pytest.raises(TraceError, match="no trace at"):
        parse(paths, tmp_path / "r.h5")
    assert not (tmp_path / "r.h5").exists()


def test_an_empty_trace(tmp_path: Path) -> None:
    paths = write_experiment(tmp_path, lambda program, i: None, 3)
    with parse(paths, tmp_path / "r.h5") as result:
        assert len(result.calls) == len(result.divergences) == 0


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def body(program: Program, i: int) -> None:
        program.call("f", [1.0, "s"], np.arange(4.0), result=BAD[i], noisy=1, inside=lambda: program.call("g", 2**70))
        program.call("h", np.arange(3), result=1j * GOOD[i], k=np.float32(2))

    folder = tmp_path_factory.mktemp("fuzz")
    write_experiment(folder, body, 3)
    return folder


@given(data=st.data())
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_fuzzed_traces_parse_or_are_refused(
    experiment: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("case")
    shutil.copytree(experiment, folder, dirs_exist_ok=True)
    files = sorted(path for path in folder.rglob("*.*") if path.is_file())
    target = data.draw(st.sampled_from(files))
    content = bytearray(target.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        position = data.draw(st.integers(0, max(len(content) - 1, 0)))
        content[position : position + 1] = data.draw(st.binary(max_size=4))
    target.write_bytes(content)
    try:
        result = parse([folder / f"{i}" for i in range(3)], folder / "r.h5")
    except (TraceError, UsageError):
        assert not (folder / "r.h5").exists()
        return
    with result:
        assert len(result.calls) <= 9  # each sample may have made calls of its own
        assert not (result.calls["output_bits_min"] > 53).any()


def test_a_perturbed_trace_alone_is_its_own_reference(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t", lambda program: program.call("f", 2.0), 3, noise=NOISE)
    with parse([path], tmp_path / "r.h5") as result:
        assert result.verdict == "not perturbed: there is one sample only"
        assert result.values["mean"][0] == 2


def test_long_doubles(tmp_path: Path) -> None:
    third = np.longdouble(1) / 3
    noise = np.ldexp(np.random.default_rng(0).normal(size=5), -58).astype(np.longdouble)  # below a float64's last bit

    def body(program: Program, i: int) -> None:
        number = third * (1 + noise[i])
        program.call("f", third, np.array([number, third]), result=number, noisy=1)
        program.call("g", result=np.array([number * 1j]), noisy=1)

    precision = np.finfo(np.longdouble).nmant + 1
    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        values = values_of(result, call_of(result, "f"))
        assert values["x"]["bits_min"] == values["x"]["precision"] == precision
        assert 53 < values["return"]["bits_min"] < precision
        assert values["y"]["bits_min"] == values["return"]["bits_min"]
        assert 53 < call_of(result, "g")["output_bits_min"] < precision


def test_kinds_without_numbers_agree_or_not(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", b"same", [] if i % 2 else (), b"ab" if i % 2 else b"ac", result={}, noisy=1)

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        values = values_of(result, call_of(result, "f"))
        assert [values[name]["agreement"] for name in ("x", "y", "argument 3", "return")] == [1, 0.5, 0.5, 1]
        types = [result.types.read("dtype", values[name]["type"]) for name in ("x", "y", "return")]
        assert types == ["bytes", "tuple", "dict"]


def test_changed_arguments_given_by_name(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        function, site = program.process.function("m", "f", params=("x",)), program.process.site("s.py", 1)
        with program.lane.call(function, site, [1.0], {"out": [1.0]}) as call:
            call.perturbations = 1
            call.after(0, {"a": float(BAD[i])})
            call.after(0, [float(BAD[i])], "out")

    with parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5") as result:
        values = values_of(result, call_of(result, "f"))
        assert set(values) == {"x", "out[0]", "x['a'] (after)", "out[0] (after)"}
        assert values["out[0] (after)"]["bits_min"] == measured(BAD)
