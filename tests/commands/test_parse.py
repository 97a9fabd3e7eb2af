"""`parse` chooses traces, says what it chose, and passes its choices on."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import h5py
import pytest

from pytracer.records.writer import TraceWriter
from pytracer.trace.cache import Cache

from .conftest import Pytracer

CACHE = ".__pytracercache__"


def write_trace(cache: Cache, name: str, sample: int, command: list[str], experiment: str | None = None) -> Path:
    """A trace of one call that loses bits."""
    noise = {"model": "sr", "seed": 0, "layers": [], "missing": []} if sample else None
    path = cache.trace(name, sample)
    with TraceWriter(path, sample=sample, noise=noise, command=command, experiment=experiment) as trace:
        process = trace.process()
        process.counters["noisy_loops"] = sample > 0
        lane = process.lane()
        function, site = process.function("m", "f", params=("x",)), process.site("script.py", 3)
        with lane.call(function, site, (1.0,), {}) as call:
            call.perturbations = sample
            call.result(1 + sample * 1e-9)
    age = int(name.partition(".")[0][-4:])
    os.utime(path, (1_700_000_000 + age, 1_700_000_000 + age))
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Two experiments with one command, the second one newer."""
    cache = Cache(tmp_path / CACHE)
    cache.create()
    for name in ("20250131T1001.7", "20250131T1002.7"):
        for sample in range(4):
            write_trace(cache, name, sample, ["script.py", "a b"], name)
    return cache


@pytest.fixture
def several(cache: Cache) -> Cache:
    """And traces of another command, the newest of all."""
    for sample in range(3):
        write_trace(cache, f"20250131T100{3 + sample}.{sample}", sample, ["other.py"])
    return cache


def parsed(output: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(output)
    return found


def test_of_one_command_the_newest_is_taken_and_named(pytracer: Pytracer, cache: Cache) -> None:
    shown = pytracer("parse", "--json")
    assert shown.returncode == 0, shown.stderr
    assert "taken: the newest of 2, script.py 'a b' (" in shown.stderr
    assert "4 traces, samples 0 to 3, noise sr); --command N chooses another" in shown.stderr
    assert Path(parsed(shown.stdout)["samples"][0]["trace"]).name == "20250131T1002.7.0"
    older = parsed(pytracer("parse", "--json", "--command", 2).stdout)
    assert Path(older["samples"][0]["trace"]).name == "20250131T1001.7.0"


def test_several_commands_without_a_terminal_are_listed(pytracer: Pytracer, several: Cache) -> None:
    shown = pytracer("parse", "--json")
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert "traces of several commands; choose one with --command N: 1: other.py (" in shown.stderr
    assert "3 traces, samples 0 to 2, noise sr); 2: script.py 'a b' (" in shown.stderr
    assert not list(several.stats.iterdir())


@pytest.mark.parametrize(
    ("wanted", "trace"),
    [("1", "20250131T1003.0.0"), ("3", "20250131T1001.7.0"), ("script.py 'a b'", "20250131T1002.7.0")],
)
def test_a_command_is_chosen_by_number_or_words(pytracer: Pytracer, several: Cache, wanted: str, trace: str) -> None:
    shown = pytracer("parse", "--json", "--command", wanted)
    assert shown.returncode == 0, shown.stderr
    assert Path(parsed(shown.stdout)["samples"][0]["trace"]).name == trace


@pytest.mark.parametrize("wanted", ["0", "4", "script.py", "-1x", ""])
def test_no_such_command(pytracer: Pytracer, several: Cache, wanted: str) -> None:
    shown = pytracer("parse", f"--command={wanted}")
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert f"no command {wanted!r} among the traces; choose one with --command N: 1: other.py (" in shown.stderr


@pytest.mark.parametrize(
    ("answers", "trace"),
    [("2\n", "20250131T1002.7.0"), ("x\n9\n\n1\n", "20250131T1003.0.0"), ("\x04", None)],
)
def test_asks_on_a_terminal(several: Cache, tmp_path: Path, answers: str, trace: str | None) -> None:
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytracer", "parse", "--json"],
        cwd=tmp_path, stdin=end, stderr=end, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(end)
    os.write(terminal, answers.encode())
    shown, _ = process.communicate(timeout=60)
    said = os.read(terminal, 100_000).decode()
    os.close(terminal)
    assert "Traces of several commands:" in said
    assert "2: script.py 'a b' (" in said
    assert "Which one? [1 to 3]" in said
    if trace is None:
        assert process.returncode == 2
        assert "nothing was chosen" in said
    else:
        assert process.returncode == 0
        assert Path(parsed(shown)["samples"][0]["trace"]).name == trace


def test_one_trace_has_no_variability(pytracer: Pytracer, several: Cache) -> None:
    shown = pytracer("parse", "--filename", several.trace("20250131T1001.7", 1))
    assert shown.returncode == 0, shown.stderr
    assert "one trace: its values alone, no variability to measure" in shown.stderr
    assert "there is one sample only" in shown.stdout
    shown = pytracer("parse", "--filename", several.trace("20250131T1001.7", 1), "--command", 1)
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)


def test_the_call_graph_is_beside_the_result(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    assert pytracer("parse").returncode == 0
    [entry] = parsed(pytracer("info", "--aggregation", "--json").stdout)["results"]
    assert entry["name"] == "stats.20250131T1002.7.h5"
    assert entry["callgraph_name"] == "callgraph.20250131T1002.7"
    assert parsed(Path(entry["callgraph_path"]).read_text())["nodes"][0]["name"] == "f"
    assert "    Callgraph name  callgraph.20250131T1002.7\n" in pytracer("info").stdout
    assert pytracer("parse", "-o", "mine.h5").returncode == 0
    assert (tmp_path / "callgraph.mine").is_file()
    assert pytracer("clean", "-f").returncode == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["callgraph.mine", "mine.h5"]


@pytest.mark.parametrize(("written", "message"), [("{}", "is no call graph"), (None, "No such file")])
def test_visualize_checks_the_call_graph(
    pytracer: Pytracer, cache: Cache, tmp_path: Path, written: str | None, message: str
) -> None:
    assert pytracer("parse", "-o", "mine.h5").returncode == 0
    (tmp_path / "callgraph.mine").unlink()
    if written is not None:
        (tmp_path / "callgraph.mine").write_text(written)
    shown = pytracer("visualize", "--filename", "mine.h5", "--callgraph", "callgraph.mine", "--no-browser")
    assert (shown.returncode, shown.stderr.count("\n")) == (2, 1)
    assert message in shown.stderr


def test_choices_are_kept_in_the_result(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"parse": {"confidence": 0.75, "elements": "summary", "batch-size": "1G"}}')
    done = pytracer(
        "parse", "--method", "general", "--reference", "ieee", "--batch-size", "512M", "--jobs", 2, "-o", "r.h5",
        env=os.environ | {"PYTRACER_CONFIG": "c.json"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "r.h5") as file:
        parse = json.loads(file["provenance"][()])["parse"]
    assert parse["measurement"] == {
        "method": "general",
        "reference": "ieee",
        "probability": 0.95,
        "confidence": 0.75,
        "elements": "summary",
        "batch_size": 512 << 20,
        "jobs": 2,
    }
    assert parse["args"][:3] == ["parse", "--method", "general"]


@pytest.mark.parametrize(
    "words",
    [
        ("--confidence", "1"), ("--confidence", "nan"), ("--probability", "0"), ("--probability", "x"),
        ("--batch-size", "0"), ("--batch-size", "2X"), ("--jobs", "0"), ("--method", "bayes"), ("--elements", "some"),
    ],
)  # fmt: skip
def test_wrong_choices_are_one_line(pytracer: Pytracer, cache: Cache, words: tuple[str, str]) -> None:
    shown = pytracer("parse", *words)
    assert (shown.returncode, shown.stdout, shown.stderr.count("\n")) == (2, "", 1)
    assert words[0] in shown.stderr
