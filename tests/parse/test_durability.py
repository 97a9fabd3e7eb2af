"""A result is whole or absent, whatever happens to the parser: killed, interrupted, a full disk, another one beside it."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from synthetic import Program, spread, write_experiment

from pytracer.parse import Result, parse
from pytracer.parse.callgraph import CallGraph
from pytracer.parse.files import Part, stale_parts
from pytracer.parse.schema import TABLES

VALUES = spread(20, 4)

PAUSED = """
import sys
from pytracer.commands import main, progress
def update(bar, done, total):
    print("half", flush=True)
    sys.stdin.readline()
progress.Bar.update = update
sys.exit(main(sys.argv[1:]))
"""
"""The command line, which stops when the first calls are measured until it is given a line."""


def body(program: Program, i: int) -> None:
    for _ in range(300):
        program.call("f", float(VALUES[i]), np.full(50, VALUES[i]), result=float(VALUES[i]), noisy=1)


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    (tmp_path / "traces").mkdir()
    write_experiment(tmp_path / "traces", body)
    return tmp_path / "traces"


class Parser:
    """A parser that has got half-way, writing to `name` in `folder`."""

    def __init__(self, folder: Path, name: str = "r.h5") -> None:
        pipe = subprocess.PIPE
        words = ["parse", "--directory", "traces", "-o", name]
        command = [sys.executable, "-c", PAUSED, *words]
        self.process = subprocess.Popen(command, cwd=folder, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "half\n"

    def end(self, number: signal.Signals | None = None) -> tuple[int, str]:
        """Let it go on, or send it a signal; its exit status and what it said on standard error."""
        if number is not None:
            self.process.send_signal(number)
        _, said = self.process.communicate("\n" if number is None else None, timeout=60)
        return self.process.returncode, said


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.is_file())


def parts(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.suffix == ".part"]


def check(path: Path) -> None:
    with Result.open(path) as result:
        result.verify()
        assert len(result.calls) == 300
        graph = path.with_name(f"callgraph.{path.stem}")
        CallGraph.read(graph).check(graph, result)


def test_killed_half_way(traces: Path) -> None:
    folder = traces.parent
    for _ in range(3):
        assert Parser(folder).end(signal.SIGKILL)[0] == -signal.SIGKILL
        assert len(parts(folder)) == 1  # those of killed parsers do not pile up
        assert not (folder / "r.h5").exists()
    assert Parser(folder).end()[0] == 0
    assert files(folder) == ["callgraph.r", "r.h5"]
    check(folder / "r.h5")


def test_an_older_result_survives_a_kill(traces: Path) -> None:
    folder = traces.parent
    assert Parser(folder).end()[0] == 0
    before = (folder / "r.h5").read_bytes()
    Parser(folder).end(signal.SIGKILL)
    assert (folder / "r.h5").read_bytes() == before
    check(folder / "r.h5")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(traces: Path, number: signal.Signals, status: int) -> None:
    folder = traces.parent
    code, said = Parser(folder).end(number)
    assert (code, files(folder)) == (status, [])
    assert "Traceback" not in said


def test_two_onto_the_same_name(traces: Path) -> None:
    folder = traces.parent
    slow, other = Parser(folder), Parser(folder)
    assert len(parts(folder)) == 2  # the second one leaves the file of the first, which lives, alone
    assert other.end()[0] == 0
    check(folder / "r.h5")
    assert slow.end()[0] == 0
    check(folder / "r.h5")
    assert files(folder) == ["callgraph.r", "r.h5"]


def test_two_onto_different_names_are_equal(traces: Path) -> None:
    folder = traces.parent
    parsers = [Parser(folder, name) for name in ("a.h5", "b.h5")]
    assert [parser.end()[0] for parser in parsers] == [0, 0]
    with Result.open(folder / "a.h5") as one, Result.open(folder / "b.h5") as other:
        for table, columns in TABLES.items():
            for column in columns:
                np.testing.assert_array_equal(getattr(one, table)[column], getattr(other, table)[column])
    check(folder / "a.h5")


@pytest.mark.parametrize("limit", [100, 20_000, 60_000])
def test_full_disk(traces: Path, limit: int) -> None:
    """A limit on the size of files fails writes as a full disk does."""
    folder = traces.parent
    done = subprocess.run(
        [sys.executable, "-m", "pytracer", "parse", "--directory", "traces", "-o", "r.h5"],
        cwd=folder, capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1), done.stderr
    assert "cannot write the result r.h5: File too large; check the space" in done.stderr
    assert files(folder) == []


def test_a_folder_that_went_away(traces: Path) -> None:
    folder = traces.parent
    (folder / "out").mkdir()
    parser = Parser(folder, "out/r.h5")
    for part in parts(folder / "out"):
        part.unlink()
    code, said = parser.end()
    assert code == 1
    assert "cannot write the result out/r.h5: No such file or directory" in said


def test_the_same_traces_give_the_same_file(traces: Path, tmp_path: Path) -> None:
    paths = sorted(traces.iterdir())
    for name in ("a.h5", "b.h5"):
        parse(paths, tmp_path / name).close()
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    """Only what is named like ours, and is not locked, is stale."""
    for name in (".r.h5.part", ".other.h5.abcd_123.part", ".r.h5.x.part", "r.h5.abcd_123.part", ".r.h5.abcd_123.part"):
        (tmp_path / name).touch()
    (tmp_path / ".r.h5.folder12.part").mkdir()
    (tmp_path / ".r.h5.link1234.part").symlink_to(tmp_path / "r.h5.abcd_123.part")
    assert [path.name for path in stale_parts(tmp_path / "r.h5")] == [".r.h5.abcd_123.part"]
    part = Part(tmp_path / "r.h5")
    assert list(stale_parts(tmp_path / "r.h5")) == []
    part.discard()
    assert not part.name.exists()
    assert not (tmp_path / ".r.h5.abcd_123.part").exists()


def test_in_the_cache_folder_those_of_other_results_do_not_pile_up(tmp_path: Path) -> None:
    for name in (".stats.1.h5.abcd_123.part", ".stats.2.h5.abcd_123.part", ".other.h5.abcd_123.part"):
        (tmp_path / name).touch()
    living = Part(tmp_path / "stats.3.h5")
    found = sorted(path.name for path in tmp_path.iterdir())
    assert found == [".other.h5.abcd_123.part", living.name.name]
    assert list(stale_parts(tmp_path / "stats.4.h5")) == []
    living.discard()
