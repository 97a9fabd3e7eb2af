"""What was recorded survives: kills, forks, full disks, folders that cannot be written, too many open files."""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import spec
from tracing import Run, Traced

LOOP = """
import os, sys, threading
def leaf(i):
    return [float(i), i * 2]
def work(i):
    return leaf(i)
def run():
    for i in range(100000000):
        work(i)
        if i % 500 == 0:
            os.write(1, b"%d\\n" % i)
threads = [threading.Thread(target=run) for _ in range(int(sys.argv[1]))]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("lines", [1, 40])
def test_killed_in_the_middle(tmp_path: Path, threads: int, lines: int) -> None:
    """A program that is killed from outside at any moment: what it says it has done can be read."""
    (tmp_path / "program.py").write_text(LOOP)
    (tmp_path / "trace").mkdir()
    specification = spec(tmp_path / "trace", "script", str(tmp_path / "program.py"), [str(threads)], ())
    (tmp_path / "spec.json").write_text(json.dumps(specification))
    command = [sys.executable, "-P", "-m", "pytracer.trace.child", str(tmp_path / "spec.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(lines)]
        process.send_signal(signal.SIGKILL)
    ran = Traced(tmp_path / "program.py", tmp_path / "trace", process.returncode, "", "")
    assert ran.status == -signal.SIGKILL
    assert ran.read().ended_ns is None
    lanes: dict[str, list] = {}
    for call in ran.calls():
        lanes.setdefault(call.lane, []).append(call)
    done = {
        name: sum(call.name == "work" and call.outcome == "RETURNED" for call in calls) for name, calls in lanes.items()
    }
    assert max(done.values()) >= 1 + max(said)  # the calls number 0 to `said` had returned
    for calls in lanes.values():
        running = [call for call in calls if call.outcome == "RUNNING"]
        assert len(running) <= 3  # run, work, leaf
        for at, call in enumerate(call for call in calls if call.name == "leaf" and call.outcome == "RETURNED"):
            assert call.values == [at]
            assert call.returned == {"[0]": float(at), "[1]": at * 2}


FORKS = """
import os, sys, threading, multiprocessing
import numpy as np
def leaf(x):
    return x + 1
def child(x):
    leaf(x)
    np.add(np.arange(3.0), x)
    return x
def outer(x):
    leaf(x)
    pid = os.fork()
    if pid == 0:
        child(10)
        if os.fork() == 0:
            child(20)
            os._exit(0)
        os.wait()
        os._exit(0)
    os.waitpid(pid, 0)
    return leaf(x)
if __name__ == "__main__":
    leaf(0)
    outer(1)
    thread = threading.Thread(target=outer, args=(2,))
    thread.start(); thread.join()
    context = multiprocessing.get_context("fork")
    with context.Pool(2) as pool:
        print(sorted(pool.map(child, [30, 31, 32, 33])))
    leaf(3)
"""


def test_forks(traced: Run) -> None:
    ran = traced(FORKS)
    assert ran.out == "[30, 31, 32, 33]\n"
    processes: dict[str, list] = {}
    for call in ran.calls():
        processes.setdefault(call.lane.partition("/")[0], []).append(call)
    assert set(processes) >= {"process-0", "process-0.1", "process-0.1.1", "process-0.2", "process-0.2.1"}
    parent = [(call.name, call.parent, call.outcome) for call in processes["process-0"] if call.lane.endswith("lane-0")]
    user = [each for each in parent if each[0] in ("leaf", "outer")]
    assert user == [
        ("leaf", -1, "RETURNED"),
        ("outer", -1, "RETURNED"),
        *[("leaf", 1, "RETURNED")] * 2,
        ("leaf", -1, "RETURNED"),
    ]
    for name, value in (("process-0.1", 10), ("process-0.1.1", 20), ("process-0.2", 10), ("process-0.2.1", 20)):
        found = [
            (call.name, call.parent, call.depth) for call in processes[name] if call.name in ("child", "leaf", "add")
        ]
        assert found == [("child", -1, 0), ("leaf", 0, 1), ("add", 0, 1)], name
        assert processes[name][0].values == [value]
    pool = [
        call.values[0]
        for name, calls in processes.items()
        for call in calls
        if call.name == "child" and call.values[0] >= 30
    ]
    assert sorted(pool) == [30, 31, 32, 33]
    assert ran.counters()["calls_dropped"] == 0


FILLS = """
import numpy as np
def f(x):
    return x * 2.0
def g(x):
    return f(x)
total = 0.0
rng = np.random.default_rng(1)
for i in range(3000):
    total += float(g(rng.random(400)).sum())
print(total)
"""


def check_full(ran: Traced, expected: str) -> None:
    """The program went on, what was lost is counted, and what is there is right."""
    assert ran.out == expected
    counters = ran.counters()
    assert counters["calls_dropped"] > 0
    calls = ran.calls("f")
    assert 0 < len(calls) < 3000
    whole = [call for call in calls if call.outcome == "RETURNED" and call.values and call.returned]
    assert len(whole) >= len(calls) - 2
    for call in whole:
        assert call.result.tolist() == (call.values[0] * 2.0).tolist()


def plain_output(folder: Path) -> str:
    """What the program prints when it is not traced."""
    (folder / "plain.py").write_text(FILLS)
    return subprocess.run([sys.executable, str(folder / "plain.py")], capture_output=True, text=True, check=True).stdout


def test_file_size_limit(traced: Run, tmp_path: Path) -> None:
    expected = plain_output(tmp_path)
    limit = 4_000_000  # above the size of a tail, below what the program records
    ran = traced(FILLS, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    check_full(ran, expected)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if mount.returncode != 0:
        pytest.skip(f"file systems cannot be mounted here: {mount.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_full_disk(traced: Run, small_disk: Path, tmp_path: Path) -> None:
    expected = plain_output(tmp_path)
    check_full(traced(FILLS, trace=small_disk / "trace"), expected)


def test_full_from_the_start(traced: Run, small_disk: Path) -> None:
    with (small_disk / "big").open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size) == size:
                    pass
            except OSError:
                continue
    trace = small_disk / "trace"
    trace.mkdir()
    ran = traced("print('ran')", trace=trace, status=2)
    assert ran.out == ""
    assert ran.err.startswith("pytracer: error: cannot write the trace ")
    assert ran.err.count("\n") == 1


def test_folder_that_cannot_be_written(traced: Run, small_disk: Path) -> None:
    (small_disk / "trace").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ran = traced("print('ran')", trace=small_disk / "trace", status=2)
    assert (ran.out, ran.err.count("\n")) == ("", 1)
    assert "Read-only file system" in ran.err


def test_folder_that_vanishes(traced: Run) -> None:
    """The program goes on, and ends with its own status."""
    source = "import shutil, sys\ndef f(x):\n    return x\nf(1)\nshutil.rmtree(sys.argv[1])\n" + FILLS + "sys.exit(5)\n"
    trace = Path(os.environ.get("TMPDIR", "/tmp")) / f"vanishing-{os.getpid()}"
    ran = traced(source, str(trace), trace=trace, status=5)
    assert "Traceback" not in ran.err
    assert float(ran.out) > 0


THREADS = """
import threading
def f(i):
    barrier.wait()
    return i
barrier = threading.Barrier(120)
threads = [threading.Thread(target=f, args=(i,)) for i in range(120)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(open(__file__).read(6))
"""


def test_too_many_open_files(traced: Run) -> None:
    """120 threads at once need more files than this process may open: some calls are dropped, and counted."""
    ran = traced(THREADS, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (200, 200)))
    calls = ran.calls("f")
    assert len(calls) + ran.counters()["calls_dropped"] == 120
    assert len(calls) > 30
    assert all(call.outcome == "RETURNED" for call in calls)
