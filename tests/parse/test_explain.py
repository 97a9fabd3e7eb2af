"""Which setting changed what: on synthetic traces in which settings have known effects."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Program, write_trace

from pytracer.parse import Result, parse
from pytracer.parse.explain import Explainer
from pytracer.report.json import to_json
from pytracer.report.text import write_text

CORES = ("Haswell", "Zen", "Haswell", "Zen", "Nehalem", "Nehalem")
THREADS = ("1", "1", "2", "2", "1", "2")

Body = Callable[[Program, dict[str, str]], None]


def settings_of(sample: int) -> dict[str, str]:
    return {"core": CORES[sample - 1], "threads": THREADS[sample - 1], "alone": str(sample), "same": "x"}


def run(folder: Path, body: Body, samples: int = 6, noisy_loops: int = 0) -> Result:
    """The result of a program whose results depend on the settings of its sample."""
    paths = [write_trace(folder / "0", lambda program: body(program, {"core": "Own", "threads": "4"}), 0)]
    for i in range(1, samples + 1):
        noise: dict[str, Any] = {"model": "platform", "seed": 3, "settings": settings_of(i)}
        paths.append(
            write_trace(
                folder / str(i),
                lambda program, i=i: body(program, settings_of(i)),  # type: ignore[misc]
                i,
                noise=noise,
                noisy_loops=noisy_loops,
            )
        )
    return parse(paths, folder / "result.h5")


def explained(result: Result) -> dict[tuple[str, int], list[str]]:
    found = to_json(result)["explanations"]
    return {(entry["function"].removeprefix("mod."), entry["line"]): entry["settings"] for entry in found}


def by(names: Sequence[str], level: str) -> float:
    """Another result for each level."""
    return 1 + names.index(level) * 2.0**-40 if level in names else 1.0


def test_each_difference_is_laid_to_its_setting(tmp_path: Path) -> None:
    cores, threads = sorted(set(CORES)), sorted(set(THREADS))

    def body(program: Program, settings: dict[str, str]) -> None:
        by_core, by_thread = by(cores, settings["core"]), by(threads, settings["threads"])
        program.call("solve", np.ones(3), result=np.array([1.0, by_core]), line=2)
        program.call("dot", 1.0, result=by_thread, line=3)
        program.call("dot", 1.0, result=by_core, line=4)
        program.call("both", 1.0, result=by_core * by_thread, line=5)
        program.call("exact", 1.0, result=2.0, line=6)
        program.call("later", by_core, result=by_core, line=7)
        program.call("text", 1.0, result="yes" if settings["threads"] == "1" else "no", line=8)
        program.call("complex", 1.0, result=complex(1.0, by_core), line=9)
        for _ in range(5):
            program.call("often", 1.0, result=by_core, line=10)

    result = run(tmp_path, body)
    assert explained(result) == {
        ("solve", 2): ["core"],
        ("dot", 3): ["threads"],
        ("dot", 4): ["core"],
        ("both", 5): [],
        ("text", 8): ["threads"],
        ("complex", 9): ["core"],
        ("often", 10): ["core"],
    }
    entries = {entry["function"]: entry for entry in to_json(result)["explanations"]}
    assert entries["mod.often"]["calls"] == 5
    assert entries["mod.solve"]["samples"] == [[1, 3], [2, 4], [5, 6]]
    assert entries["mod.solve"]["levels"] == {"core": [["Haswell"], ["Zen"], ["Nehalem"]]}
    assert result.verdict == "measured"


def test_the_innermost_call_is_where_it_begins(tmp_path: Path) -> None:
    cores = sorted(set(CORES))

    def body(program: Program, settings: dict[str, str]) -> None:
        value = by(cores, settings["core"])

        def inside() -> None:
            program.call(
                "middle", 1.0, result=value, line=3, inside=lambda: program.call("inner", 1.0, result=value, line=4)
            )
            program.call("other", value, result=value, line=5)

        program.call("outer", 1.0, result=value, line=2, inside=inside)

        def unseen() -> None:
            program.call("given", value, result=value, line=7)

        program.call("computes itself", 1.0, result=value, line=6, inside=unseen)

    assert explained(run(tmp_path, body)) == {("inner", 4): ["core"], ("computes itself", 6): ["core"]}


def test_calls_that_differ_are_measured_and_others_are_not(tmp_path: Path) -> None:
    def body(program: Program, settings: dict[str, str]) -> None:
        program.call("differs", 1.0, result=by(THREADS, settings["threads"]), line=2)
        program.call("stays", 1.0, result=2.0, line=3)

    result = run(tmp_path, body)
    differs, stays = result.calls["output_bits_min"]
    assert 30 < differs < 45
    assert np.isnan(stays)
    assert result.calls["measurable"].tolist() == [1, 0]


def test_with_noise_inside_nobody_could_tell(tmp_path: Path) -> None:
    def body(program: Program, settings: dict[str, str]) -> None:
        program.call("differs", 1.0, result=by(THREADS, settings["threads"]), line=2)

    assert explained(run(tmp_path, body, noisy_loops=5)) == {}


def test_calls_of_some_samples_only_are_left_to_the_divergences(tmp_path: Path) -> None:
    def body(program: Program, settings: dict[str, str]) -> None:
        if settings["threads"] != "2":
            program.call("sometimes", 1.0, result=by(CORES, settings["core"]), line=2)
        program.call("always", 1.0, result=by(THREADS, settings["threads"]), line=3)

    assert explained(run(tmp_path, body)) == {("always", 3): ["threads"]}


def test_the_text_says_it(tmp_path: Path) -> None:
    def body(program: Program, settings: dict[str, str]) -> None:
        program.call("solve", 1.0, result=by(sorted(set(CORES)), settings["core"]), line=2)

    stream = io.StringIO()
    write_text(run(tmp_path, body), stream)
    text = " ".join(stream.getvalue().split())
    assert "core changes mod.solve at /project/script.py:2: Haswell | Zen | Nehalem" in text
    assert "varied: core: Haswell, Zen, Nehalem varied: threads: 1, 2" in text
    assert "threads of BLAS in the perturbed samples: unset" in text


def shown(folder: Path, samples: int, noisy_loops: int = 0) -> str:
    """The report when nothing explains what differs."""

    def body(program: Program, settings: dict[str, str]) -> None:
        program.call("solve", 1.0, result=by([str(i) for i in range(9)], settings.get("alone", "0")), line=2)

    stream = io.StringIO()
    write_text(run(folder, body, samples, noisy_loops), stream)
    return " ".join(stream.getvalue().split())


def test_levels_that_came_once_need_more_samples(tmp_path: Path) -> None:
    text = shown(tmp_path / "some", 6)
    assert "Nothing can be laid to alone: no two samples had the same level (more samples are needed: -n)." in text
    assert "No single setting explains (more samples are needed: -n)" in text
    assert "vary fewer" not in text
    assert "Nothing can be laid to core, alone: no two samples" in shown(tmp_path / "all", 2)
    assert "Nothing can be laid" not in shown(tmp_path / "inside", 6, noisy_loops=3)


def test_nothing_different_is_said(tmp_path: Path) -> None:
    stream = io.StringIO()
    write_text(run(tmp_path, lambda program, _: program.call("f", 1.0, result=2.0)), stream)
    assert stream.getvalue().startswith("No floating-point result of the traced functions differs between the samples")


@given(st.lists(st.integers(0, 3), min_size=2, max_size=9))
def test_a_setting_explains_only_with_a_repeated_level(levels: list[int]) -> None:
    explainer = Explainer(range(len(levels)), [{"s": str(each)} for each in levels])
    assert explainer.is_possible == (1 < len(set(levels)) < len(levels))
