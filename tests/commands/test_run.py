"""`run` end to end: the program runs as it would alone, every sample is used or named, and a report comes out."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from pytracer.records.reader import Trace

from .conftest import Pytracer

CACHE = ".__pytracercache__"

HIDDEN_CURSOR = b"\x1b[?25l"


def traces(folder: Path) -> list[Path]:
    """The traces in the cache of this folder, by sample."""
    return sorted((folder / CACHE / "traces").iterdir(), key=lambda path: int(path.suffix[1:]))


def recorded_calls(trace: Path) -> int:
    """How many calls a reader finds."""
    return sum(len(lane.calls) for _, lane in Trace.open(trace).lanes())


def test_ranks_the_unstable_twin_first(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("run", "-n", 5, "--json", programs / "cancels.py")
    assert shown.returncode == 0, shown.stderr
    report = json.loads(shown.stdout)
    ranked = [entry["function"] for entry in report["functions"] if entry["file"].endswith("cancels.py")]
    unstable = next(i for i, name in enumerate(ranked) if name.endswith("naive_variance"))
    stable = next((i for i, name in enumerate(ranked) if name.endswith("stable_variance")), len(ranked))
    assert unstable < stable


def test_text_names_function_line_model_and_seed(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("run", "-n", 3, "--seed", 7, programs / "cancels.py")
    assert shown.returncode == 0, shown.stderr
    assert "naive_variance" in shown.stdout
    assert "cancels.py:" in shown.stdout
    assert "sr" in shown.stdout
    assert "7" in shown.stdout


def test_same_seed_same_bits(pytracer: Pytracer, programs: Path) -> None:
    first, again, other = (
        json.loads(pytracer("run", "-n", 3, "--seed", seed, "--json", programs / "cancels.py").stdout)["functions"]
        for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_without_noise_no_digits(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("run", "-n", 2, "--noise", "none", programs / "cancels.py")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.partition("Not perturbed: ")[2]
    report = json.loads(pytracer("run", "-n", 2, "--noise", "none", "--json", programs / "cancels.py").stdout)
    assert {entry["bits_lost"] for entry in report["functions"]} <= {None}


@pytest.mark.parametrize("start", [["script"], ["--", "script"], ["-m", "module"], ["-c", "code"]])
def test_the_program_gets_its_arguments_folder_and_streams(
    pytracer: Pytracer, programs: Path, tmp_path: Path, start: list[str]
) -> None:
    source = (programs / "arguments.py").read_text()
    (tmp_path / "mine.py").write_text(source)
    target = {"script": "mine.py", "module": "mine", "code": source}[start[-1]]
    args = ["-n", "3", "--json", "--", "a b", ""]
    alone = subprocess.run(
        [sys.executable, *[word for word in start[:-1] if word != "--"], target, *args],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    shown = pytracer("run", "-n", 2, *start[:-1], target, *args)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.startswith(alone.stdout)
    assert "to stderr\n" in shown.stderr
    assert "\x1b" not in shown.stdout + shown.stderr
    for trace in traces(tmp_path):
        assert (trace / "stdout.txt").read_text() == alone.stdout
        assert (trace / "stderr.txt").read_text() == alone.stderr


def test_quiet_prints_the_result_only(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("run", "-q", "-n", 2, programs / "arguments.py")
    assert shown.returncode == 0
    assert "arguments.py'" not in shown.stdout
    assert shown.stderr == ""


def test_json_is_alone_on_standard_output(pytracer: Pytracer, programs: Path) -> None:
    shown = pytracer("run", "--json", "-n", 2, programs / "cancels.py")
    report = json.loads(shown.stdout)
    assert {"functions", "samples", "noise", "divergences", "coverage"} <= report.keys()
    keys = {"function", "file", "line", "calls", "input_bits", "output_bits", "bits_lost"}
    assert all(keys <= entry.keys() for entry in report["functions"])
    assert all(entry["input_bits"].keys() == {"min", "median"} for entry in report["functions"])


def test_the_result_goes_where_it_is_asked(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    assert pytracer("run", "-n", 2, "-o", "result.h5", programs / "cancels.py").returncode == 0
    assert (tmp_path / "result.h5").stat().st_size > 0
    assert list((tmp_path / CACHE / "stats").iterdir()) == []


def test_samples_are_fresh_processes_with_noise_of_their_own(
    pytracer: Pytracer, programs: Path, tmp_path: Path
) -> None:
    assert pytracer("run", "-n", 3, "--jobs", 2, "--seed", 4, programs / "cancels.py").returncode == 0
    metas = [json.loads((trace / "meta.json").read_text()) for trace in traces(tmp_path)]
    assert [meta["sample"] for meta in metas] == [0, 1, 2, 3]
    assert [meta["noise"]["model"] for meta in metas] == ["none", "sr", "sr", "sr"]
    assert len({meta["pid"] for meta in metas}) == 4
    assert len({meta["experiment"] for meta in metas}) == 1
    assert {meta["directory"] for meta in metas} == {str(tmp_path)}
    outputs = [(trace / "stdout.txt").read_text() for trace in traces(tmp_path)]
    alone = subprocess.run([sys.executable, programs / "cancels.py"], capture_output=True, text=True, check=True)
    assert outputs[0] == alone.stdout
    assert len(set(outputs)) > 1


def test_environment_of_the_samples(pytracer: Pytracer, tmp_path: Path) -> None:
    code = "import os; print(*(os.environ.get(n) for n in ('PYTHONHASHSEED', 'OMP_NUM_THREADS', 'MKL_NUM_THREADS')))"
    chosen = ("PYTHONHASHSEED", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    environment = {name: value for name, value in os.environ.items() if name not in chosen}
    pytracer("run", "-n", 2, "-c", code, env=environment)
    assert [(t / "stdout.txt").read_text() for t in traces(tmp_path)] == ["0 None None\n", "0 1 1\n", "0 1 1\n"]
    pytracer("clean", "-f")
    pytracer("run", "-n", 2, "-c", code, env=environment | {"PYTHONHASHSEED": "3", "MKL_NUM_THREADS": "2"})
    assert [(t / "stdout.txt").read_text() for t in traces(tmp_path)] == ["3 None 2\n", "3 1 2\n", "3 1 2\n"]


def test_a_module_beside_the_user_does_not_replace_ours(pytracer: Pytracer, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise ImportError('the wrong json')\n")
    (tmp_path / "script.py").write_text("print('ran')\n")
    shown = pytracer("run", "-n", 2, tmp_path / "script.py", cwd="/")
    assert "ran\n" in shown.stdout, shown.stderr
    assert "the wrong json" not in shown.stderr


# --- standard input


def test_every_sample_reads_the_same_file(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text("skipped\n1\n2.5\n")
    with (tmp_path / "numbers").open() as file:
        os.lseek(file.fileno(), len("skipped\n"), os.SEEK_SET)
        shown = pytracer("run", "-n", 2, programs / "reads_stdin.py", stdin=file)
    assert shown.returncode == 0, shown.stderr
    assert [(t / "stdout.txt").read_text() for t in traces(tmp_path)] == ["2 3.5\n"] * 3


def test_every_sample_reads_the_same_pipe(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    numbers = "".join(f"{i}\n" for i in range(30_000))  # more than a pipe holds
    shown = pytracer("run", "-n", 2, "--jobs", 2, programs / "reads_stdin.py", input=numbers)
    assert shown.returncode == 0, shown.stderr
    assert [(t / "stdout.txt").read_text() for t in traces(tmp_path)] == ["30000 449985000.0\n"] * 3


def test_a_program_that_reads_nothing_does_not_wait_for_an_open_pipe(pytracer: Pytracer, programs: Path) -> None:
    reader, writer = os.pipe()
    try:
        shown = pytracer("run", "-n", 2, programs / "cancels.py", stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)
    assert shown.returncode == 0, shown.stderr


WAITS = """
import math, os, signal, sys, time

time.sleep(0.25)
math.sqrt(2.0)
if sys.argv[1] == "kill":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["end", "kill"])
def test_when_each_sample_ran(pytracer: Pytracer, tmp_path: Path, how: str) -> None:
    (tmp_path / "p.py").write_text(WAITS)
    clock, before = time.monotonic_ns(), datetime.now().astimezone().replace(microsecond=0)
    shown = pytracer("run", "-n", 2, "--json", "p.py", how)
    passed, after = time.monotonic_ns() - clock, datetime.now().astimezone()
    samples = json.loads(shown.stdout)["samples"]
    assert [sample["exit_code"] for sample in samples] == [-signal.SIGKILL if how == "kill" else 0] * 3
    assert all(sample["duration_ns"] > 0.25e9 for sample in samples)
    assert sum(sample["duration_ns"] for sample in samples) < passed  # one after the other
    started = [datetime.fromisoformat(sample["started"]) for sample in samples]
    assert [before, *started, after] == sorted([before, *started, after])


def test_what_was_not_seen_to_end_ran_for_an_unknown_time(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    assert pytracer("run", "-n", 2, programs / "cancels.py").returncode == 0
    _, first, second = traces(tmp_path)
    (first / "exit.json").unlink()  # Pytracer was killed
    (second / "exit.json").write_text('{"status": 0}')  # written by an older one
    reference, *others = json.loads(pytracer("parse", "--json").stdout)["samples"]
    assert reference["duration_ns"] > 0
    assert [sample["duration_ns"] for sample in others] == [None, None]
    assert [sample["started"] for sample in others] == [Trace.open(path).meta["started"] for path in (first, second)]


# --- failures


@pytest.mark.parametrize(
    ("how", "ending", "line"),
    [
        ("raise", "exited with status 1", "ValueError: no convergence after 3 steps"),
        ("exit", "exited with status 3", "giving up"),
        ("os._exit", "exited with status 4", None),
        ("kill", "ended by SIGKILL", None),
    ],
)
def test_a_failing_program_is_named_and_its_trace_is_used(
    pytracer: Pytracer, programs: Path, tmp_path: Path, how: str, ending: str, line: str | None
) -> None:
    shown = pytracer("run", "-n", 2, programs / "fails.py", how)
    assert shown.returncode == 1
    assert f"samples 0, 1, 2 {ending}" in shown.stderr
    if line is not None:
        assert f"    {line}\n" in shown.stderr
    assert "Pytracer: please report" not in shown.stderr
    assert "compute" in shown.stdout
    for trace in traces(tmp_path):
        assert recorded_calls(trace) > 0


def test_only_the_failing_samples_are_named(pytracer: Pytracer, programs: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    shown = pytracer("run", "-n", 2, programs / "fails.py", "perturbed", env=environment)
    assert shown.returncode == 1
    assert "samples 1, 2 exited with status 6" in shown.stderr
    assert "sample 0" not in shown.stderr


def test_a_program_that_forks(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    shown = pytracer("run", "-n", 2, programs / "fails.py", "fork")
    assert shown.returncode == 0, shown.stderr
    assert "compute" in shown.stdout
    assert all((trace / "process-0.1").is_dir() for trace in traces(tmp_path))


def test_a_full_disk_is_one_line_and_the_traces_stay(pytracer: Pytracer, programs: Path, tmp_path: Path) -> None:
    # A limit on file sizes fails writes as a full disk does, for every process below.
    limited = "import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)); "
    limited += "runpy.run_module('pytracer', run_name='__main__')"
    shown = subprocess.run(
        [sys.executable, "-c", limited, "run", "-n", "2", str(programs / "cancels.py")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert shown.returncode == 1
    assert re.fullmatch(
        r"pytracer: error: cannot write the result .*: File too large; check the space .*\n", shown.stderr
    )
    assert list((tmp_path / CACHE / "stats").iterdir()) == []
    assert pytracer("parse").returncode == 0  # with space again, from the traces that were kept


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interruption_stops_the_samples_and_keeps_the_traces(
    programs: Path, tmp_path: Path, number: signal.Signals
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pytracer", "run", "-n", "2", str(programs / "waits.py")],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.readline()  # the program has computed
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    [trace] = traces(tmp_path)
    assert "Traceback" not in errors.replace('Traceback (most recent call last):\n  File "' + str(programs), "")
    pid = json.loads((trace / "meta.json").read_text())["pid"]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert recorded_calls(trace) > 0


def test_on_a_terminal_input_and_output_flow(tmp_path: Path) -> None:
    (tmp_path / "asks.py").write_text("name = input('who? ')\nprint('hello', name)\n")
    terminal, end = pty.openpty()
    # As a shell does: a session of its own in the foreground of its terminal.
    foreground = "import fcntl, runpy, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    foreground += "runpy.run_module('pytracer', run_name='__main__')"
    process = subprocess.Popen(
        [sys.executable, "-c", foreground, "run", "-n", "2", "asks.py"],
        cwd=tmp_path,
        stdin=end,
        stdout=end,
        stderr=end,
        start_new_session=True,
    )
    os.close(end)
    shown = b""
    answered = False
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            shown += os.read(terminal, 65536)
        except OSError:  # the other end is closed
            break
        if b"who? " in shown and not answered:
            os.write(terminal, b"Ada\n")
            answered = True
    os.close(terminal)
    assert process.wait(60) == 0, shown
    assert b"hello Ada" in shown
    assert HIDDEN_CURSOR in shown  # a progress bar was drawn, after the program had said all
    assert shown.index(b"hello Ada") < shown.index(HIDDEN_CURSOR)
    assert [(t / "stdout.txt").read_text() for t in traces(tmp_path)] == ["who? hello Ada\n"] * 3


def test_output_into_a_closed_pipe_is_no_mistake_of_ours(programs: Path, tmp_path: Path) -> None:
    shown = subprocess.run(
        f'"{sys.executable}" -m pytracer run -n 2 "{programs / "cancels.py"}" </dev/null | true',
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Traceback" not in shown.stderr
    assert len(traces(tmp_path)) == 3
