"""Ranking, text and JSON of results made from synthetic traces."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import NOISE, Program, spread, write_experiment

from pytracer.parse import Result, parse
from pytracer.parse.measure import significant_bits
from pytracer.report.json import to_json, write_json
from pytracer.report.ranking import Bits, ranking
from pytracer.report.text import write_text

GOOD, BAD, WORSE = spread(40, 5), spread(12, 5, 1), spread(6, 5, 2)


def bits(samples: np.ndarray) -> float:
    return float(significant_bits(samples[1:, None])[0])


def body(program: Program, i: int) -> None:
    program.call("stable", 1.0, result=float(GOOD[i]), line=1, noisy=1)
    program.call("silent", 1.0, result=2.0, line=2)
    for samples in (GOOD, BAD, WORSE):
        program.call("unstable", 1.0, result=np.array([[1.0, 2.0], [GOOD[i], samples[i]]]), line=3, noisy=1)
    program.call("unstable", float(WORSE[i]), result=float(WORSE[i]), line=4, noisy=1)
    program.call("counts", 1.0, result=i, line=5, noisy=1)
    if i == 2:
        program.call("branch", line=6)


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return parse(write_experiment(tmp_path, body, 5), tmp_path / "r.h5")


def text_of(result: Result, **options: Any) -> str:
    stream = io.StringIO()
    write_text(result, stream, **options)
    return stream.getvalue()


def test_ranking_is_worst_first(result: Result) -> None:
    rows = ranking(result)
    assert [(row.function, row.place.line) for row in rows] == [
        ("mod.unstable", 3),
        ("mod.stable", 1),
        ("mod.unstable", 4),
        ("mod.counts", 5),
        ("mod.silent", 2),
        ("mod.branch", 6),  # made by one sample
    ]
    worst = rows[0]
    assert (worst.calls, worst.measurable) == (3, 3)
    assert worst.input_bits == Bits(53, 53)
    assert worst.output_bits.min == bits(WORSE)
    # Medians over the elements of each call, then over the calls.
    medians = [np.median([53, 53, bits(GOOD), bits(samples)]) for samples in (GOOD, BAD, WORSE)]
    assert worst.output_bits.median == pytest.approx(np.median(medians))
    assert worst.bits_lost == 53 - bits(WORSE)
    assert worst.worst is not None
    assert (worst.worst.value, worst.worst.element, worst.worst.bits) == ("return", (1, 1), bits(WORSE))
    assert worst.worst.mean == pytest.approx(WORSE[1:].mean())
    assert rows[2].bits_lost == 0
    assert (rows[3].bits_lost, rows[3].disagreements) == (None, 1)
    assert rows[4].bits_lost is None
    assert rows[4].output_bits == Bits(None, None)


def test_complex_means(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", result=complex(GOOD[i], -BAD[i]), noisy=1)

    with parse(write_experiment(tmp_path, calls, 5), tmp_path / "r.h5") as result:
        [row] = ranking(result)
        assert row.worst is not None
        assert row.worst.mean == pytest.approx(complex(GOOD[1:].mean(), -BAD[1:].mean()))
        [entry] = to_json(result)["functions"]
        assert entry["worst"]["mean"]["imag"] == pytest.approx(-BAD[1:].mean())
        assert f": {bits(BAD):.1f} bits" in text_of(result)


def test_json_is_strict_and_complete(result: Result) -> None:
    stream = io.StringIO()
    write_json(result, stream)

    def refuse(name: str) -> None:
        raise AssertionError(name)

    report = json.loads(stream.getvalue(), parse_constant=refuse)
    assert (report["verdict"], report["perturbed"], report["units"]) == ("measured", True, "bits")
    first = report["functions"][0]
    assert list(first)[:3] == ["function", "file", "line"]
    assert (first["function"], first["file"], first["line"], first["calls"]) == (
        "mod.unstable",
        "/project/script.py",
        3,
        3,
    )
    assert first["worst"]["element"] == [1, 1]
    assert report["functions"][-1]["input_bits"] == {"min": None, "median": None}
    assert report["functions"][-1]["bits_lost"] is None
    assert [sample["status"] for sample in report["samples"]] == ["reference"] + ["measured"] * 4
    assert report["noise"]["models"] == ["sr"]
    assert report["noise"]["seeds"] == [12, 13, 14, 15]
    assert report["noise"]["missing"] == NOISE["missing"]
    assert report["noise"]["counts"]["noisy_loops"] == 4
    [divergence] = report["divergences"]
    assert (divergence["line"], divergence["samples"], divergence["reference"]) == (6, [2], [])
    assert divergence["sides"][0]["calls"] == [{"function": "mod.branch", "outcome": "returned", "calls": 1}]


def test_non_finite_means_are_null(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", result=float("inf") if i == 1 else 1.0, noisy=1)

    with parse(write_experiment(tmp_path, calls, 4), tmp_path / "r.h5") as result:
        stream = io.StringIO()
        write_json(result, stream)
        [entry] = json.loads(stream.getvalue())["functions"]
        assert (entry["worst"]["mean"], entry["worst"]["bits"], entry["bits_lost"]) == (None, 0, 53)


def test_text(result: Result) -> None:
    text = text_of(result)
    lines = text.splitlines()
    assert lines[0].startswith(f"mod.unstable called at /project/script.py:3 loses {53 - bits(WORSE):.1f} bits")
    assert "\x1b" not in text
    assert max(map(len, lines)) <= 100
    table = text[text.index("Functions by bits lost") :]
    assert table.index("mod.unstable") < table.index("mod.stable") < table.index("mod.counts")
    assert "return[1, 1]" in text
    assert "1 output of other value, type or shape in some samples" in text
    assert "mod.silent" not in text
    assert "2 more call sites have nothing to measure" in text
    assert "1 x mod.branch in sample 2" in text
    assert "noise model sr, seed 12, 13, 14, 15" in text
    assert "not perturbed: blas" in text


def test_text_says_how_many_more(result: Result) -> None:
    text = text_of(result, top=1)
    assert "... and 3 more" in text
    assert "mod.stable" not in text


@pytest.mark.parametrize("width", [80, 120])
def test_text_fits_the_width(result: Result, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    text = text_of(result)
    assert max(map(len, text.splitlines())) <= width
    assert "mod.unstable" in text


def test_paths_are_relative_to_the_working_directory(result: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "cwd", lambda: Path("/project"))
    assert "mod.unstable called at script.py:3 loses" in text_of(result)


def test_not_perturbed_prints_no_digits(tmp_path: Path) -> None:
    paths = write_experiment(tmp_path, body, 5, noise={"model": "none"})
    with parse(paths, tmp_path / "r.h5") as result:
        text = text_of(result)
        assert text.splitlines()[0].startswith("Not perturbed: the samples ran without noise.")
        assert "53" not in text
        assert "Functions by bits lost" not in text
        report = to_json(result)
        assert not report["perturbed"]
        assert len(report["functions"]) == 6
        for entry in report["functions"]:
            assert (entry["bits_lost"], entry["worst"]) == (None, None)
            assert entry["input_bits"] == entry["output_bits"] == {"min": None, "median": None}


def test_what_was_not_seen(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", result=float(BAD[i]), noisy=1)
        program.process.coverage("not_hookable", "x.y", "a [bold]generator[/bold] \x1b[31m")
        program.process.counters["values_not_understood"] = 7

    paths = write_experiment(tmp_path, calls, 4)
    (paths[2] / "end.json").unlink()
    with parse(paths, tmp_path / "r.h5", exit_codes={paths[0]: 0, paths[3]: 9}) as result:
        text = text_of(result)
        assert "callables not hookable: 1 (x.y): a [bold]generator[/bold] \\x1b[31m" in text
        assert "values of an unknown type: 7 (" in text
        assert "sample 2: the program did not end regularly" in text
        assert "sample 3 (failed): it ended with exit code 9, the reference with 0" in text
        report = to_json(result)
        first, second = report["coverage"]["ledger"]
        assert (first["event"], first["count"], first["samples"]) == ("not_hookable", 1, 4)
        assert (second["event"], second["count"]) == ("values_not_understood", 7)
        assert report["coverage"]["notes"][0]["sample"] == 2


def test_nothing_recorded(tmp_path: Path) -> None:
    with parse(write_experiment(tmp_path, lambda program, i: None, 3), tmp_path / "r.h5") as result:
        assert ranking(result) == []
        assert text_of(result).startswith("No floating-point result of the traced functions was perturbed")
        assert to_json(result)["functions"] == []


def test_nothing_lost(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", 1.0, result=2.0, noisy=1)

    with parse(write_experiment(tmp_path, calls, 3), tmp_path / "r.h5") as result:
        assert text_of(result).startswith("No perturbed call loses bits (2 perturbed samples).")
