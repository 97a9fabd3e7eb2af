"""The fidelity benchmark: references compute what the programs compute, and the comparison says what it should."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks" / "fidelity"
SAMPLES = 5


def test_the_reference_of_each_kernel_computes_what_its_program_computes() -> None:
    """The plain result lies within what the rounding errors of the reference explain."""
    import sides
    from kernel import numbers_in
    from kernels import find

    kernels = list(find())
    assert len({kernel.name for kernel in kernels}) == len(kernels) >= 48
    emulated = sides.reference(kernels, SAMPLES)
    wrong = []
    for kernel in kernels:
        plain, samples = numbers_in(kernel.program(*kernel.inputs())), emulated[kernel.name]
        size = np.abs(samples).max()
        spread = samples.std(axis=0, ddof=1).max() + 2.0**-52 * size
        if plain.shape != samples[0].shape or (np.abs(plain - samples.mean(axis=0)) > 60 * spread).any():
            wrong.append(kernel.name)
    assert wrong == []


def test_the_command_measures_both_sides(tmp_path: Path) -> None:
    names = ["xy - yx, arrays", "np.cumsum"]
    command = [sys.executable, str(FOLDER), "--samples", "4", *names]
    shown = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert [line.split("  ")[0].strip() for line in shown.stdout.splitlines()[:2]] == names
    assert "within 2 bits: 2 of 2 (100 %)" in shown.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_kernel_is_one_line(tmp_path: Path) -> None:
    shown = subprocess.run([sys.executable, str(FOLDER), "nothing"], capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert "unknown kernel nothing; --list names those there are" in shown.stderr


def test_the_goal_fails_when_one_kernel_is_too_optimistic() -> None:
    from kernels import find
    from table import Row, Table

    kernel = next(find())
    good, pessimistic, optimistic = (Row("field", kernel, 40.0, sr) for sr in (41.9, 35.0, 43.1))
    assert [row.verdict for row in (good, pessimistic, optimistic)] == ["agrees", "pessimistic", "optimistic"]
    assert Table([good] * 9 + [pessimistic], 30).holds
    assert not Table([good] * 8 + [pessimistic] * 2, 30).holds
    assert not Table([good] * 99 + [optimistic], 30).holds
    assert next(Table([good] * 9 + [pessimistic], 30).summary()) == "within 2 bits: 9 of 10 (90 %)"


def test_the_document_has_a_row_for_each_kernel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import document
    from kernels import FIELDS
    from table import Row, Table

    monkeypatch.setattr(document, "DOCUMENT", tmp_path / "fidelity.md")
    rows = [Row(field, kernel, 40.0, 40.5) for field, kernels in FIELDS.items() for kernel in kernels]
    document.write(Table(rows, 30))
    text = (tmp_path / "fidelity.md").read_text()
    assert all(f"| {row.kernel.name} | 40.0 | 40.5 | +0.5 | agrees |" in text for row in rows)


def test_verrou_is_driven_when_valgrind_has_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Here a program of that name stands for it, which shows what it was asked and runs the rest of the words."""
    import sides
    from kernels import find

    tool = tmp_path / "valgrind"
    tool.write_text(
        f'#!/bin/sh\n[ "$2" = --version ] && exit 0\necho "$*" >>{tmp_path}/asked\n'
        'for word in "$@"; do case "$word" in --*) shift;; *) break;; esac; done\nexec "$@"\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    results = sides.verrou(list(find(["np.cumsum"])), 2)
    assert results is not None
    assert results["np.cumsum"].shape == (2, 10_000)
    first, second = (tmp_path / "asked").read_text().splitlines()
    assert first.startswith("--tool=verrou --rounding-mode=random --exclude=")
    assert "--vr-seed=1" in first
    assert "--vr-seed=2" in second


def test_without_verrou_there_is_no_column(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sides

    monkeypatch.setenv("PATH", str(tmp_path))
    assert sides.verrou([], 2) is None


def test_libm_is_excluded_from_verrou() -> None:
    import sides

    lines = sides.exclusions()
    assert any(line.startswith("* ") and "libm" in line for line in lines)
    assert any(line.startswith("_Py_dg_strtod ") for line in lines)
