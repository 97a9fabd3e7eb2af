"""External perturbations: environment, commands in front, Verrou and Verificarlo where they are."""

import shlex
from pathlib import Path

import pytest

from pytracer import _native, noise
from pytracer.noise import machine, verrou
from pytracer.noise.verrou import EXCLUDED_FUNCTIONS


def script(folder: Path, name: str, text: str) -> Path:
    """An executable shell script."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_places_are_filled_for_each_sample() -> None:
    model = noise.create("""env:prefix=numactl -C '{sample} {other}',A=x{seed},B="{sample},c={sample}\"""")
    first, again, second = (model.environment(9, sample) for sample in (1, 1, 2))
    assert first == again
    assert first["B"] == "1,c=1"
    assert first["A"] != second["A"]
    assert 0 < int(first["A"][1:]) < 2**31
    assert model.prefix(9, 2, "") == ["numactl", "-C", "2 {other}"]
    assert model.settings(9, 2) == second | {"prefix": "numactl -C '2 {other}'"}


def test_a_prefix_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = noise.create("env:prefix=engine --fast")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert model.availability() == (
        False,
        "the command 'engine' of its prefix is not found; check name and PATH",
    )
    script(tmp_path, "engine", "exit 0")
    assert model.availability().available


@pytest.mark.parametrize(
    ("text", "available", "reason"),
    [
        (None, False, "no valgrind on PATH"),
        ("echo valgrind: failed to start tool >&2; exit 1", False, "has no tool verrou"),
        ("exec sleep 60", False, "does not answer"),
        ("echo valgrind-3.21.0", True, ""),
    ],
)
def test_verrou_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, available: bool, reason: str
) -> None:
    if text is not None:
        script(tmp_path, "valgrind", text)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin" if text else str(tmp_path))
    monkeypatch.setattr(verrou, "ANSWER_SECONDS", 1.0)
    found = noise.create("verrou").availability()
    assert found.available == available
    assert reason in found.reason


def test_the_command_of_verrou(tmp_path: Path) -> None:
    more = tmp_path / "more.txt"
    more.write_text("f /lib/a.so\n\n  g *\n")
    model = noise.create(f"verrou:mode=average,exclude={more}")
    folder = tmp_path / "50% trace"
    folder.mkdir()
    words = model.prefix(3, 2, str(folder))
    assert words[:2] == ["valgrind", "--tool=verrou"]
    options = dict(word.removeprefix("--").split("=", 1) for word in words[1:])
    assert options["rounding-mode"] == "average"
    assert options["log-file"] == f"{tmp_path}/50%% trace/valgrind.%p.txt"
    assert (
        options["vr-seed"]
        != dict(w.removeprefix("--").split("=", 1) for w in model.prefix(3, 1, str(folder))[1:])["vr-seed"]
    )
    lines = Path(options["exclude"]).read_text().splitlines()
    assert all(f"{name} *" in lines for name in EXCLUDED_FUNCTIONS)
    assert any(line.startswith("* ") and "/libm" in line for line in lines)
    assert f"* {_native.__file__}" in lines
    assert lines[-2:] == ["f /lib/a.so", "g *"]
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)
    assert not noise.create("verrou:exclude=/no/such/file").availability().available


def test_verificarlo_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = machine.Machine(1, "2.0", (), (), (), ("/usr/lib/libm.so.6",))
    monkeypatch.setattr(machine, "ask", lambda: plain)
    assert "were built by Verificarlo" in noise.create("verificarlo").availability().reason
    monkeypatch.setattr(machine, "ask", lambda: plain._replace(files=("/opt/lib/libinterflop_mca.so.0",)))
    assert noise.create("verificarlo").availability().available


def test_the_variables_of_verificarlo() -> None:
    model = noise.create("verificarlo:mode=mca,precision=30")
    words = [shlex.split(model.environment(1, sample)["VFC_BACKENDS"]) for sample in (1, 2)]
    assert words[0][:-1] == words[1][:-1] == ["libinterflop_mca.so", "--mode=mca", "--precision-binary64=30"]
    assert words[0][-1].startswith("--seed=")
    assert words[0][-1] != words[1][-1]
    assert model.settings(1, 1) == {"VFC_BACKENDS": " ".join(words[0])}
    plain = noise.create("verificarlo:backend=mca_int").environment(1, 1)["VFC_BACKENDS"]
    assert plain.startswith("libinterflop_mca_int.so --mode=rr --seed=")
