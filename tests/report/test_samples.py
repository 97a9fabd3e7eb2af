"""Which samples are measured, and what the report says of the others."""

import io
from pathlib import Path

import pytest
from synthetic import NOISE, Program, spread, write_trace

from pytracer.errors import UsageError
from pytracer.parse import Result, parse
from pytracer.parse.measure import significant_bits
from pytracer.report.ranking import ranking
from pytracer.report.text import write_text

BAD = spread(12, 5, 1)


def text_of(result: Result) -> str:
    stream = io.StringIO()
    write_text(result, stream)
    return stream.getvalue()


def perturbed(folder: Path, samples: list[int]) -> list[Path]:
    """Traces under noise with these numbers."""

    def calls(program: Program, i: int) -> None:
        program.call("f", 1.0, result=float(BAD[i]), noisy=1)

    return [
        write_trace(folder / f"t{k}", lambda program, i=i: calls(program, i), i, noise=NOISE)  # type: ignore[misc]
        for k, i in enumerate(samples)
    ]


def test_samples_under_the_same_noise_are_left_out(tmp_path: Path) -> None:
    reference = write_trace(tmp_path / "r", lambda program: program.call("f", 1.0, result=1.0), 0)
    with parse([reference, *perturbed(tmp_path, [1, 2, 2, 1, 3])], tmp_path / "r.h5") as result:
        assert result.attribute("samples") == 3
        text = text_of(result)
    assert "t2 (repeated): same noise as t1: seed 11, sample 2\n" in text
    assert "t3 (repeated): same noise as t0: seed 11, sample 1\n" in text
    with parse([reference, *perturbed(tmp_path / "b", [1, 1, 1])], tmp_path / "s.h5") as result:
        text = text_of(result)
    assert text.startswith(
        "Not measured: one usable perturbed sample (others had the same noise), at least 2 are needed."
    )
    assert "not at all" not in text
    assert "noise model sr" in text


def test_without_a_reference_all_perturbed_samples_are_measured(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", 1.0, result=float(BAD[i]), noisy=1)
        if i == 3:
            program.call("g")

    paths = [
        write_trace(tmp_path / f"{i}", lambda program, i=i: calls(program, i), i, noise=NOISE)  # type: ignore[misc]
        for i in (1, 2, 3)
    ]
    with parse(paths, tmp_path / "r.h5") as result:
        assert result.samples["status"].tolist() == ["measured"] * 3
        row = ranking(result)[0]
        assert row.output_bits.min == float(significant_bits(BAD[1:4, None])[0])
        assert "no call in sample 1\n" in text_of(result)


def test_the_exit_code_of_most_use_is_expected_without_a_reference(tmp_path: Path) -> None:
    paths = perturbed(tmp_path, [1, 2, 3])
    with parse(paths, tmp_path / "r.h5", exit_codes=dict(zip(paths, (1, 0, 0), strict=True))) as result:
        assert sorted(zip(result.samples["sample"], result.samples["status"], strict=True)) == [
            (1, "failed"),
            (2, "measured"),
            (3, "measured"),
        ]
        assert "it ended with exit code 1, sample 2 with 0" in text_of(result)


def test_different_noise_is_not_mixed(tmp_path: Path) -> None:
    other = write_trace(tmp_path / "o", lambda program: program.call("f"), 4, noise=NOISE | {"model": "mca"})
    with pytest.raises(UsageError, match=r"ran under the noise 'mca', .* under 'sr': parse the traces of one noise"):
        parse([*perturbed(tmp_path, [1, 2]), other], tmp_path / "r.h5")


def test_one_trace_under_noise_was_perturbed(tmp_path: Path) -> None:
    with parse(perturbed(tmp_path, [1]), tmp_path / "r.h5") as result:
        text = text_of(result)
    assert text.startswith("Not measured: there is one sample only.")
    assert "not at all" not in text
    assert "noise model sr, seed 11" in text
