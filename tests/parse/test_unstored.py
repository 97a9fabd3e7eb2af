"""Each reason for elements that a result does not hold, from results of the real parser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.parse import parse, schema
from pytracer.parse.measurement import Measurement
from pytracer.parse.unstored import why_no_elements, why_no_observations

BAD = spread(12, 4)
Reasons = Callable[..., list[tuple[str, str]]]


@pytest.fixture
def reasons(tmp_path: Path) -> Reasons:
    """Why neither elements nor samples of the first input of each call are stored; empty for what is stored."""

    def of(*arrays: Callable[[int], Any], noisy: int = 1, elements: Any = "limited") -> list[tuple[str, str]]:
        def body(program: Program, i: int) -> None:
            for array in arrays:
                program.call("f", array(i), result=1.0, noisy=noisy)
            program.call("g", 1.0, result=float(BAD[i]), noisy=1)

        folder = tmp_path / elements
        folder.mkdir()
        with parse(
            write_experiment(folder, body, 4), folder / "r.h5", measurement=Measurement(elements=elements)
        ) as result:
            values = [result.values.row(row) for row in result.calls["first_value"][: len(arrays)].tolist()]
            return [
                (
                    why_no_elements(result, value) if value["elements"] < 0 else "",
                    why_no_observations(value) if value["observations"] < 0 else "",
                )
                for value in values
            ]

    return of


def different(size: int) -> Callable[[int], Any]:
    return lambda i: np.full(size, BAD[i])


def test_what_is_stored_needs_no_reason(reasons: Reasons) -> None:
    assert reasons(different(3)) == [("", "")]


def test_equal_or_not_comparable(reasons: Reasons) -> None:
    [equal, texts, shapes] = reasons(
        lambda i: np.ones(3), lambda i: np.array(["a", "b"]), lambda i: np.ones(2 + (i == 1))
    )
    assert equal == ("equal in all samples",) * 2
    assert texts == ("it holds no numbers that can be measured",) * 2
    assert all("another type or shape" in each for each in shapes)


def test_limit_of_one_value(reasons: Reasons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "ELEMENTS_PER_VALUE", 5)
    monkeypatch.setattr(schema, "OBSERVATIONS_PER_VALUE", 4)
    [(elements, observations)] = reasons(different(6))
    assert elements.startswith("it has 6 elements, above the limit of 5; parse again with `pytracer parse --elements")
    assert observations == "it has 6 elements, above the limit of 4 for single samples"
    assert reasons(different(6), elements="all")[0][0] == ""


def test_limit_of_the_result(reasons: Reasons, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "ELEMENTS_PER_RESULT", 7)
    monkeypatch.setattr(schema, "OBSERVATIONS_PER_RESULT", 40)
    first, (elements, observations) = reasons(different(6), different(6))
    assert first == ("", "")
    assert "a limit of 7 elements, and earlier calls filled it; parse again" in elements
    assert "a limit of 40 numbers" in observations


def test_summary_alone(reasons: Reasons) -> None:
    [(elements, observations)] = reasons(different(3), elements="summary")
    assert "--elements summary; parse again" in elements
    assert observations == ""
