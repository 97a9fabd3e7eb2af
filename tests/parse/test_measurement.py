"""The choices of the parser, and what the result holds of single elements and samples."""

import math
from collections.abc import Callable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from synthetic import Program, spread, write_experiment, write_trace

from pytracer.errors import UsageError
from pytracer.parse import Result, parse, schema
from pytracer.parse.measure import significant_bits
from pytracer.parse.measurement import Measurement
from pytracer.parse.numbers import RESOLUTION
from pytracer.parse.schema import Finding

GOOD, BAD = spread(40, 5), spread(12, 5, 1)


def values_of(result: Result) -> dict[str, dict[str, Any]]:
    rows = [result.values.row(i) for i in range(len(result.values))]
    return {result.labels.read("text", row["label"]): row for row in rows}


def parsed(
    folder: Path, body: Callable[[Program, int], None], samples: int = 5, **choices: Any
) -> tuple[Result, dict[str, dict[str, Any]]]:
    paths = write_experiment(folder, body, samples)
    result = parse(paths, folder / "r.h5", measurement=Measurement(**choices))
    return result, values_of(result)


def noisy(program: Program, i: int) -> None:
    program.call("f", float(GOOD[i]), result=float(BAD[i]), noisy=1)


@pytest.mark.parametrize("method", ["cnh", "general"])
@pytest.mark.parametrize("reference", ["mean", "ieee"])
def test_method_reference_and_probabilities(tmp_path: Path, method: Any, reference: Any) -> None:
    measurement = Measurement(method=method, reference=reference, probability=0.9, confidence=0.99)
    paths = write_experiment(tmp_path, noisy, 5)
    with parse(paths, tmp_path / "r.h5", measurement=measurement) as result:
        bits = values_of(result)["return"]["bits_min"]
        [expected] = significant_bits(BAD[1:, None], 53, measurement, BAD[:1])
        assert bits == pytest.approx(expected, rel=1e-12)
        assert (result.attribute("method"), result.attribute("reference")) == (method, reference)
        assert result.attribute("confidence") == 0.99
        assert result.attribute("probability") == (0.9 if method == "cnh" else max(0, 1 + math.log(0.01) / 4))
        assert list(result.confidence["samples"]) == [2, 3, 4]
        assert np.isnan(result.confidence["to_upper"]).all() == (method == "general")


def test_relative_to_the_unperturbed_sample_needs_one(tmp_path: Path) -> None:
    paths = [write_trace(tmp_path / str(i), lambda program, i=i: noisy(program, i), i) for i in (1, 2, 3)]  # type: ignore[misc]
    with pytest.raises(UsageError, match="no sample ran unperturbed"):
        parse(paths, tmp_path / "r.h5", measurement=Measurement(reference="ieee"))
    with parse(paths, tmp_path / "r.h5") as result:
        assert math.isnan(values_of(result)["return"]["unperturbed"])
        assert result.observations["real"].tolist() == [*GOOD[1:4], *BAD[1:4]]


def test_what_each_sample_observed(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        vector = np.array([1.0, GOOD[i], 3.0])
        program.call("f", float(GOOD[i]), vector, result=complex(BAD[i], 2), noisy=1, k=3, n=i)

    result, values = parsed(tmp_path, body)
    with result:
        real, imag = result.observations["real"], result.observations["imag"]

        def observed(name: str, size: int = 1) -> tuple[np.ndarray, np.ndarray]:
            own = slice(values[name]["observations"], values[name]["observations"] + 5 * size)
            return real[own].reshape(5, size), imag[own].reshape(5, size)

        assert observed("x")[0][:, 0].tolist() == GOOD.tolist()
        assert observed("y", 3)[0].tolist() == [[1, good, 3] for good in GOOD]
        assert observed("return")[0][:, 0].tolist() == BAD.tolist()
        assert (observed("return")[1] == 2).all()
        assert np.isnan(observed("x")[1]).all()
        assert observed("n")[0][:, 0].tolist() == list(range(5))
        assert values["k"]["observations"] == -1  # equal in all samples
        assert len(real) == 5 * (1 + 3 + 1 + 1)


def test_samples_that_did_not_make_a_call_observed_nothing(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        if i != 2:
            program.call("f", result=float(BAD[i]), noisy=1)
        program.call("g", result=i, line=2)

    result, _ = parsed(tmp_path, body, 4)
    with result:
        first = result.values.read("observations", 0)
        assert np.array_equal(
            result.observations["real"][first : first + 4], [BAD[0], BAD[1], np.nan, BAD[3]], equal_nan=True
        )


def test_values_that_are_arrays_in_some_samples_only(tmp_path: Path) -> None:
    """Also where the unperturbed sample has no array at all."""
    result, values = parsed(
        tmp_path, lambda program, i: program.call("f", result=np.ones(2) * GOOD[i] if i else 1.0, noisy=1)
    )
    with result:
        assert values["return"]["findings"] == Finding.KIND
        assert math.isnan(values["return"]["error_bits_min"])
        assert 0 < values["return"]["bits_min"] < 53


def test_limits_of_observations(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "OBSERVATIONS_PER_VALUE", 3)
    monkeypatch.setattr(schema, "OBSERVATIONS_PER_RESULT", 4 * 5)

    def body(program: Program, i: int) -> None:
        for size in (4, 3, 2, 1, 1):
            program.call("f", result=np.arange(1, size + 1) * GOOD[i], noisy=1)

    result, _ = parsed(tmp_path, body, 4)
    with result:
        assert result.values["observations"].tolist() == [-1, 0, 12, -1, -1]
        assert len(result.observations) == 20


def test_elements_of_both_parts(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", result=np.array([GOOD[i] + 1j * BAD[i], 1j]), noisy=1)

    result, values = parsed(tmp_path, body)
    with result:
        assert values["return"]["elements"] == 0
        good, bad = (significant_bits(samples[1:, None])[0] for samples in (GOOD, BAD))
        assert result.elements["bits"].tolist() == pytest.approx([good, 53])
        assert result.elements["bits_imag"].tolist() == pytest.approx([bad, 53])
        assert values["return"]["bits_min"] == pytest.approx(bad)
        assert values["return"]["bits_max"] == 53


@pytest.mark.parametrize("elements", ["limited", "all", "summary"])
def test_whose_elements_are_kept(tmp_path: Path, elements: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "ELEMENTS_PER_VALUE", 3)

    def body(program: Program, i: int) -> None:
        for size in (4, 3):
            program.call("f", np.ones(size), result=np.arange(1, size + 1) * GOOD[i], noisy=1)

    result, _ = parsed(tmp_path, body, elements=elements, batch_size=1000)  # large arrays come in parts
    with result:
        expected = {"limited": [-1, -1, -1, 0], "all": [-1, 0, -1, 4], "summary": [-1] * 4}[elements]
        assert result.values["elements"].tolist() == expected
        assert len(result.elements) == {"limited": 3, "all": 7, "summary": 0}[elements]
        assert result.attribute("elements_omitted") == (4 if elements == "limited" else 0)


def test_memory_and_threads_change_only_quantiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytracer.parse.numbers.THREAD_ELEMENTS", 100)
    noise = np.random.default_rng(0).normal(size=(5, 3, 3000)) * 1e-9

    def body(program: Program, i: int) -> None:
        for k in range(3):
            program.call("f", float(GOOD[i]), result=1 + noise[i, k], noisy=1)

    paths = write_experiment(tmp_path, body, 5)
    plain = parse(paths, tmp_path / "plain.h5")
    other = parse(paths, tmp_path / "other.h5", measurement=Measurement(batch_size=20_000, jobs=3))
    with plain, other:
        for table in ("calls", "values", "elements", "observations"):
            for column in schema.TABLES[table]:
                own, expected = getattr(other, table)[column], getattr(plain, table)[column]
                tolerance = RESOLUTION if column.endswith(("p05", "median")) else 0
                np.testing.assert_allclose(own, expected, rtol=0, atol=tolerance, err_msg=column)


def test_numbers_of_an_array(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    exact = rng.normal(size=(40, 5))
    noise = rng.normal(size=(6, 40, 5)) * 10.0 ** rng.uniform(-15, -1, size=(40, 5))
    noise[0] = 0
    noise[:, 0, 0] = 0

    def body(program: Program, i: int) -> None:
        program.call("f", result=exact * (1 + noise[i]), noisy=1)

    result, values = parsed(tmp_path, body, 6)
    with result:
        samples, value = (exact * (1 + noise)).reshape(6, -1), values["return"]
        mean = samples[1:].mean(axis=0)
        bits = significant_bits(samples[1:])
        assert value["size"] == 200
        assert value["bits_p05"] == pytest.approx(np.quantile(bits, 0.05, method="lower"))
        assert value["bits_median"] == pytest.approx(np.median(bits))
        assert (value["bits_min"], value["bits_max"]) == (pytest.approx(bits.min()), 53)
        assert value["bits_mean"] == pytest.approx(bits.mean())
        assert value["norm"] == pytest.approx(np.linalg.norm(mean))
        assert value["condition"] == pytest.approx(np.linalg.cond(mean.reshape(40, 5)))
        assert value["unperturbed"] == pytest.approx(exact.mean())
        assert value["worst_element"] == np.argmin(bits)
        error = np.abs(mean - samples[0]) / np.abs(samples[0])
        assert value["error_bits_min"] == pytest.approx(-np.log2(error.max()))


def test_condition_numbers_stay_within_their_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytracer.parse.keeping.CONDITION_SET_UP", 0)
    monkeypatch.setattr("pytracer.parse.keeping.CONDITION_WORK", 2 * 8)
    singular = np.ones((2, 2))

    def body(program: Program, i: int) -> None:
        for matrix in (np.ones(2), np.ones((1, 4)), np.diag([2.0, 1]), np.full((2, 2), np.nan), singular, np.eye(2)):
            program.call("f", result=matrix * GOOD[i], noisy=1)

    result, _ = parsed(tmp_path, body)
    with result:
        conditions = result.values["condition"]
        assert conditions[2] == pytest.approx(2)
        assert np.isnan(conditions[[0, 1, 3, 5]]).all()
        assert conditions[4] > 1e15


def test_unmeasurable_values_agree_with_nothing(tmp_path: Path) -> None:
    """Nothing unperturbed is called exact, neither by itself nor beside the unperturbed sample."""
    result, values = parsed(tmp_path, lambda program, i: program.call("f", 1.0, np.eye(2), result=2.0))
    with result:
        for value in values.values():
            assert all(math.isnan(value[name]) for name in value if "bits" in name)
            assert math.isnan(value["condition"])
            assert value["elements"] == value["observations"] == -1


def test_findings(tmp_path: Path) -> None:
    nan, inf = math.nan, math.inf

    def body(program: Program, i: int) -> None:
        odd = i == 2
        program.call("f", 1.0 if odd else 1, np.ones(3 if odd else 2), result=nan if odd else 1.0, noisy=1)
        program.call("f", np.ones(2, "f4" if odd else "f8"), inf if odd else -inf, result={"a": 1} if odd else {"b": 1})
        program.call("f", np.array([1, nan if odd else 2.0]), 2.0, result=None, line=3)

    result, _ = parsed(tmp_path, body, 4)
    with result:
        expected = [
            Finding.KIND,
            Finding.SHAPE,
            Finding.NAN,
            Finding.DTYPE,
            Finding.INF,
            Finding.MISSING,
            Finding.NAN,
            0,
            0,
        ]
        assert result.values["findings"].tolist() == [int(finding) for finding in expected]


@given(st.lists(st.sampled_from([1, 1.0, "a", None, (1.0, 2.0), {"k": 1.5}, [1, "x"]]), min_size=3, max_size=5))
@settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_mixture_of_types_is_measured(tmp_path: Path, results: list[Any]) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", result=results[i], noisy=1)

    result, _ = parsed(Path(mkdtemp(dir=tmp_path)), body, len(results))
    with result:
        measured = [type(each) for each in results[1:]]
        assert len(result.values) > 0
        if len(set(measured)) > 1:
            assert (result.values["findings"] > 0).any()
            assert np.isnan(result.values["bits_min"][result.values["agreement"] < 1]).all()
