"""The evidence of a divergence: the values before it that differed, worst first."""

import json
from pathlib import Path

import numpy as np
from synthetic import Program, spread, write_experiment

from pytracer.parse import Result, parse

SAMPLES = 5
ROUGH, FINE, AROUND = (spread(bits, SAMPLES, seed) for bits, seed in ((10, 1), (40, 2), (20, 3)))


def body(program: Program, i: int) -> None:
    def inside() -> None:
        program.call("fine", 2.0, result=float(FINE[i]), line=2, noisy=1)
        program.call("rough", np.full(3, 7.0), result=np.array([1.0, float(ROUGH[i]), 2.0]), line=3, noisy=1)
        program.call("count", result=3 + i % 2, line=4, noisy=1)
        program.call("same", 1.0, result=4.0, line=5, noisy=1)
        if i % 2:
            program.call("branch", float(ROUGH[i]), line=6)

    program.call("outer", float(AROUND[i]), 1.0, line=1, inside=inside, result=float(ROUGH[i]), noisy=1)


def named(result: Result, row: int = 0) -> list[tuple[str, str]]:
    """Function and label of the values of a divergence."""
    found = []
    for value in json.loads(result.divergences.row(row)["evidence"]):
        function = result.calls["function"][result.values["call"][value]]
        found.append((result.functions["name"][function], result.labels["text"][result.values["label"][value]]))
    return found


def test_worst_first(tmp_path: Path) -> None:
    """Discrete values first; not what comes later, nor the result of the call around it, which it cannot know yet."""
    with parse(write_experiment(tmp_path, body, SAMPLES), tmp_path / "r.h5") as result:
        assert result.divergences["kind"].tolist() == ["calls"]
        expected = [("count", "return"), ("rough", "return"), ("outer", "x"), ("fine", "return")]
        assert named(result) == expected


def test_inputs_of_a_call_that_raises_are_evidence(tmp_path: Path) -> None:
    def raising(program: Program, i: int) -> None:
        program.call("solve", float(ROUGH[i]), float(FINE[i]), raises=i == 2, noisy=1)

    with parse(write_experiment(tmp_path, raising, SAMPLES), tmp_path / "r.h5") as result:
        assert result.divergences["kind"].tolist() == ["outcome"]
        assert named(result) == [("solve", "x"), ("solve", "y")]


def test_at_most_eight_values(tmp_path: Path) -> None:
    def many(program: Program, i: int) -> None:
        for k in range(20):
            program.call("f", result=float(spread(10 + k, SAMPLES, k)[i]), noisy=1)
        if i == 1:
            program.call("branch")

    with parse(write_experiment(tmp_path, many, SAMPLES), tmp_path / "r.h5") as result:
        calls = [int(result.values["call"][v]) for v in json.loads(result.divergences.row(0)["evidence"])]
        bits = result.values["bits_min"][json.loads(result.divergences.row(0)["evidence"])]
        assert len(calls) == 8
        assert set(calls) <= set(range(12))
        assert np.all(np.diff(bits) > -1)  # estimates of two kinds
