"""Single traces under noise, made one after the other, and what `parse` takes of them."""

import json
from pathlib import Path

import pytest

from .conftest import Pytracer

PROGRAM = """
def third(x): return x / 3 + 0.1
third(0.7)
"""


@pytest.fixture(autouse=True)
def program(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_text(PROGRAM)


def trace(pytracer: Pytracer, *options: object) -> None:
    shown = pytracer("trace", *options, "--command", "p.py")
    assert shown.returncode == 0, shown.stderr


def numbers(folder: Path) -> list[tuple[str, int, int]]:
    """Noise, seed and sample of each trace, sorted."""
    metas = [json.loads(path.read_text()) for path in folder.glob(".__pytracercache__/traces/*/meta.json")]
    return sorted((meta["noise"]["model"], meta["noise"]["seed"], meta["sample"]) for meta in metas)


def test_traces_under_noise_are_independent_samples(pytracer: Pytracer, tmp_path: Path) -> None:
    for _ in range(3):
        trace(pytracer, "--noise", "sr")
    trace(pytracer)
    assert numbers(tmp_path) == [("none", 0, 0), ("sr", 0, 1), ("sr", 0, 2), ("sr", 0, 3)]
    report = json.loads(pytracer("parse", "--json").stdout)
    assert [sample["status"] for sample in report["samples"]] == ["reference", "measured", "measured", "measured"]
    assert report["verdict"] == "measured"


def test_without_an_unperturbed_trace(pytracer: Pytracer) -> None:
    for _ in range(2):
        trace(pytracer, "--noise", "sr")
    shown = pytracer("parse")
    assert "(2 perturbed samples)." in " ".join(shown.stdout.split())


def test_traces_with_the_same_noise_are_listed(pytracer: Pytracer, tmp_path: Path) -> None:
    for sample in (1, 2, 1):
        trace(pytracer, "--noise", "sr", "--sample", sample)
    trace(pytracer, "--noise", "sr", "--seed", 3, "--sample", 1)
    shown = pytracer("parse")
    assert "(3 perturbed samples)." in " ".join(shown.stdout.split())
    assert "(repeated): same noise as " in shown.stdout
    assert "noise model sr, seed 0, 3" in shown.stdout


def test_other_noise_is_left_out_and_named(pytracer: Pytracer) -> None:
    for noise in ("mca", "sr", "mca", "sr", "none"):
        trace(pytracer, "--noise", noise)
    shown = pytracer("parse", "--json")
    assert [sample["model"] for sample in json.loads(shown.stdout)["samples"]] == ["none", "sr", "sr"]
    assert "left out: traces of this command under other noise: mca\n" in shown.stderr


def test_a_number_that_is_taken_is_not_chosen(pytracer: Pytracer, tmp_path: Path) -> None:
    trace(pytracer, "--noise", "sr", "--sample", 2)
    for noise in ("sr", "sr:mode=nearness", "sr"):
        trace(pytracer, "--noise", noise)
    damaged = tmp_path / ".__pytracercache__" / "traces" / "damaged"
    damaged.mkdir()
    (damaged / "spec.json").write_text("[]")
    trace(pytracer, "--noise", "sr")
    assert numbers(tmp_path) == [("sr", 0, 1), ("sr", 0, 2), ("sr", 0, 3), ("sr", 0, 4), ("sr:mode=nearness", 0, 1)]


def test_sample_0_is_the_unperturbed_one(pytracer: Pytracer, tmp_path: Path) -> None:
    shown = pytracer("trace", "--noise", "sr", "--sample", 0, "--command", "p.py")
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert "sample 0 runs without noise, this one under 'sr'" in shown.stderr
    trace(pytracer, "--sample", 0)
    assert numbers(tmp_path) == [("none", 0, 0)]


def test_a_dry_run_is_not_perturbed(pytracer: Pytracer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = pytracer("trace", "--dry-run", "--noise", "sr", "--command", "p.py")
    assert (shown.returncode, shown.stderr) == (
        2,
        "pytracer: error: --dry-run runs the program as it is, not under --noise sr; leave one out\n",
    )
    monkeypatch.setenv("PYTRACER_CONFIG", str(tmp_path / "config.json"))
    (tmp_path / "config.json").write_text(json.dumps({"trace": {"noise": "sr"}}))
    trace(pytracer, "--dry-run")
    assert not (tmp_path / ".__pytracercache__").exists()
