"""What the text says around the numbers."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.parse import Result, parse
from pytracer.parse.measure import significant_bits
from pytracer.report.text import write_text

GOOD, BAD = spread(40, 5), spread(12, 5, 1)


def bits(samples: np.ndarray) -> float:
    return float(significant_bits(samples[1:, None])[0])


def text_of(result: Result) -> str:
    stream = io.StringIO()
    write_text(result, stream)
    return stream.getvalue()


def one_call(tmp_path: Path, value: Any, samples: int = 5, **options: Any) -> str:
    """The report on a function whose output `value` makes of the number of the sample."""
    paths = write_experiment(tmp_path, lambda program, i: program.call("f", 1.0, result=value(i), noisy=1), samples)
    with parse(paths, tmp_path / "r.h5", **options) as result:
        return " ".join(text_of(result).split())


def test_full_bits_are_explained_where_they_are_shown(tmp_path: Path) -> None:
    note = "(53.0; float32: 24.0) are the same in all samples: exact, the same by chance, or computed where no noise reaches (see How"
    assert note in one_call(tmp_path / "exact", lambda i: 2.0)
    assert note.replace(" the same by chance,", "") in one_call(tmp_path / "many", lambda i: 2.0, 9)
    assert note in one_call(tmp_path / "short", lambda i: np.ones(3, np.float32))
    assert "the same in all samples: exact" not in one_call(tmp_path / "lost", lambda i: float(BAD[i]))
    nearly = one_call(
        tmp_path / "nearly", lambda i: np.nextafter(2.0, 1) if i == 7 else np.nextafter(2.0, 1) - 2e-16, 40
    )
    assert "f = 2: 53.0 bits" in nearly.replace("return", "f")
    assert "the same in all samples: exact" not in nearly


def test_full_bits_refer_to_the_ledger_when_there_is_one(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        program.call("f", result=2.0, noisy=1)
        program.process.coverage("not_hookable", "x.y", "why")

    with parse(write_experiment(tmp_path, calls, 5), tmp_path / "r.h5") as result:
        assert "(see Not observed)" in " ".join(text_of(result).split())


@pytest.mark.parametrize(("samples", "times"), [(3, "once in 2 times"), (6, "once in 16 times"), (9, None)])
def test_few_samples_are_the_same_by_chance(tmp_path: Path, samples: int, times: str | None) -> None:
    text = one_call(tmp_path, lambda i: float(GOOD[i % 5]), samples)
    assert (f"With {samples - 1} perturbed samples a value which one rounding decides" in text) == (times is not None)
    assert times is None or times in text


def test_the_headline_keeps_what_is_beside(tmp_path: Path) -> None:
    def array(i: int) -> np.ndarray:
        return np.array([1.0, 1e-9 * BAD[i]])

    beside = f"{bits(1e-9 * BAD):.1f} bits are left in 1e-09, beside 1 (4 perturbed samples)."
    assert beside in one_call(tmp_path / "array", array)
    assert beside.split(" in ")[0] in one_call(tmp_path / "alone", lambda i: float(BAD[i]))
    assert "beside" not in one_call(tmp_path / "scalar", lambda i: 1e-9 * float(BAD[i]))


def test_parts_of_a_complex_number_stand_beside_each_other(tmp_path: Path) -> None:
    text = one_call(tmp_path / "small", lambda i: complex(1.0, 1e-9 * BAD[i]))
    assert f"e-09j, beside 1: {bits(BAD):.1f} bits" in text
    assert f"{bits(BAD):.1f} bits are left in 1+1e-09j, beside 1 (" in text
    assert "beside" not in one_call(tmp_path / "alike", lambda i: complex(1.0, BAD[i]))
    assert "beside" not in one_call(tmp_path / "real", lambda i: complex(BAD[i], 0.0))


def test_one_is_singular(tmp_path: Path) -> None:
    text = one_call(tmp_path, lambda i: float(BAD[i]))
    assert "1 call of 1 function was recorded. 1 call was perturbed or had inputs that were." in text


def test_paths_of_the_standard_library_are_short(tmp_path: Path) -> None:
    def calls(program: Program, i: int) -> None:
        function = program.process.function("mod", "f", file="/project/mod.py", line=1, params=("x",))
        for file in (
            "/usr/lib/python3.12/statistics.py",
            "/v/lib/python3.11/site-packages/numpy/a.py",
            "/lib/python/b.py",
        ):
            with program.lane.call(function, program.process.site(file, 7), (1.0,), {}) as call:
                call.perturbations = 1
                call.result(float(BAD[i]))

    with parse(write_experiment(tmp_path, calls, 5), tmp_path / "r.h5") as result:
        text = text_of(result)
    for place in ("at statistics.py:7", "at numpy/a.py:7", "at /lib/python/b.py:7"):
        assert place in text
