"""What the report says about divergences of each kind."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.parse import parse
from pytracer.report.divergence import divergence_lines, finding_lines, findings
from pytracer.report.json import to_json
from pytracer.report.text import write_text

X = spread(12, 4)


def shown(folder: Path, body: Any, **codes: Any) -> str:
    paths = write_experiment(folder, body, 4)
    exit_codes = dict(zip(paths, codes.get("codes", [0] * 4), strict=True))
    stream = io.StringIO()
    with parse(paths, folder / "r.h5", exit_codes=exit_codes) as result:
        write_text(result, stream)
    # Lines are broken at the width of a pipe.
    return " ".join(stream.getvalue().split())


def test_branch_with_evidence_and_count(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for _ in range(3):
            program.call("decide", result=float(X[i]), line=1, noisy=1)
            program.call("left" if i < 2 else "right", line=2 + (i >= 2))

    text = shown(tmp_path, body)
    assert "Control flow: samples took other ways at 1 place" in text
    assert "script.py:2 (3 times; here the first): 1 x mod.left in the reference 1 x mod.right in samples 2, 3" in text
    assert "differed before: return of mod.decide (" in text


def test_outcome(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("solve", line=7, raises=i == 3)

    text = shown(tmp_path, body)
    assert "script.py:7: 1 x mod.solve in the reference 1 x mod.solve (raised) in sample 3" in text


def test_order(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for name in ("a", "b", "c") if i != 2 else ("b", "c", "a"):
            program.call("visit", name, line=4)

    text = shown(tmp_path, body)
    assert "script.py:4: calls were made in another order, among them 1 x mod.visit in sample 2" in text


@pytest.mark.parametrize(("code", "how"), [(3, "ended with exit code 3"), (-9, "ended by SIGKILL"), (-99, "signal 99")])
def test_ended(tmp_path: Path, code: int, how: str) -> None:
    def body(program: Program, i: int) -> None:
        for line in range(1, 4 if i != 1 else 3):
            program.call("step", line, line=line)

    text = shown(tmp_path, body, codes=[0, code, 0, 0])
    assert f"{how} after the call at" in text
    assert "script.py:2; the reference went on with 1 x mod.step" in text
    assert "Samples left out sample 1 (failed)" in text


def test_a_reference_that_was_killed_is_the_one_that_ended(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for line in range(1, 4 if i else 3):
            program.call("step", line, line=line)

    text = shown(tmp_path, body, codes=[-9, 0, -9, 0])
    assert text.count("ended") == 4  # each of the two samples as a divergence, the others as left out
    assert "samples took other ways at 2 places" in text
    assert "sample 0 ended by SIGKILL after the call at" in text


def test_killed_sample_of_unknown_code(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        for k in range(5 if i == 2 else 9):
            program.call("f", k)

    paths = write_experiment(tmp_path, body, 4)
    (paths[2] / "end.json").unlink()
    with parse(paths, tmp_path / "r.h5") as result:
        assert result.samples["status"].tolist() == ["reference", "measured", "failed", "measured"]
        [one] = to_json(result)["divergences"]
        assert (one["kind"], one["samples"]) == ("ended", [2])
        assert result.calls["samples"].tolist() == [2] * 9


def test_json_names_kinds_times_and_evidence(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("decide", result=float(X[i]), line=1, noisy=1)
        program.call("left" if i < 2 else "right", line=2)

    with parse(write_experiment(tmp_path, body, 4), tmp_path / "r.h5") as result:
        [one] = to_json(result)["divergences"]
        assert (one["kind"], one["times"]) == ("calls", 1)
        [value] = one["evidence"]
        assert (value["function"], value["value"]) == ("mod.decide", "return")
        assert value["bits"] == float(result.values["bits_min"][value["row"]])
        lines = list(divergence_lines(one, "here", [{"status": "reference", "sample": 0}]))
        assert lines[-1] == f"    differed before: return of mod.decide ({value['bits']:.1f} bits)"


def test_findings_are_named_once(tmp_path: Path) -> None:
    """Types, shapes and NaN that differ are listed once for each function and value."""

    def body(program: Program, i: int) -> None:
        for _ in range(3):
            program.call("shape", result=np.zeros(2 + i % 2), noisy=1)
            program.call("nan", result=float("nan") if i == 1 else 1.0, noisy=1)
        program.call("same", result=1.0, noisy=1)

    with parse(write_experiment(tmp_path, body, 4), tmp_path / "r.h5") as result:
        lines = list(finding_lines(findings(result)))
        assert lines == [
            "return of mod.shape has another shape in some samples (3 times)",
            "return of mod.nan has NaN in some samples only (3 times)",
        ]
