"""Threads, pools and child processes: what a trace holds of them, and that it is the same in every run."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pytracer.records.reader import Lane, Process, Trace

PROGRAMS = Path(__file__).parent.parent / "programs"


def trace(folder: Path, *command: str, options: tuple[str, ...] = ()) -> Trace:
    """The trace of a program that ends with status 0."""
    words = [sys.executable, "-m", "pytracer", "trace", *options, "--command", *command]
    before = set(folder.glob(".__pytracercache__/traces/*"))
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    (path,) = set(folder.glob(".__pytracercache__/traces/*")) - before
    return Trace.open(path)


def script(folder: Path, text: str) -> str:
    (folder / "program.py").write_text(text)
    return "program.py"


def content(process: Process, lane: Lane) -> list[tuple[Any, ...]]:
    """What the lane says of every call, but for time."""
    return [
        (
            _name(process, int(call["function"])),
            process.sites.get(int(call["site"])),
            int(call["outcome"]),
            int(call["parent"]),
            [
                _plain(lane, int(call[first]) + i)
                for first in ("inputs", "outputs")
                for i in range(int(call[f"n_{first}"]))
            ],
        )
        for call in lane.calls
    ]


def _name(process: Process, function: int) -> str:
    found = process.functions.get(function)
    assert found is not None
    return f"{found.module.replace('__mp_main__', '__main__')}.{found.name}"


def _plain(lane: Lane, row: int) -> Any:
    value = lane.value(row)
    return (value.dtype, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Trace]:
    folder = tmp_path_factory.mktemp("parallel")
    return [trace(folder, str(PROGRAMS / "parallel.py")) for _ in range(5)]


def test_five_traces_are_identical_lane_by_lane(runs: list[Trace]) -> None:
    contents = [{(p.name, lane.name): content(p, lane) for p, lane in run.lanes()} for run in runs]
    assert list(contents[0]) == [(p.name, lane.name) for p, lane in runs[0].lanes()], "two lanes have one name"
    for other in contents[1:]:
        assert other == contents[0]


def test_every_call_of_the_workers_is_there(runs: list[Trace]) -> None:
    calls = Counter(
        name for p, lane in runs[0].lanes() for call in lane.calls if (name := _name(p, int(call["function"])))
    )
    assert calls["__main__.work"] == 3 + 2 * 10 + 3 * 7 + 7 + 1 + 2 * 200 + 3 * 4 * (2 + 3)
    assert calls["numpy.sum"] == calls["__main__.work"] + 2


def test_a_process_knows_the_call_that_made_it(runs: list[Trace]) -> None:
    processes = {process.name: process for process in runs[0].processes}
    origin = processes["process-0.1"].origin
    assert origin is not None
    assert (origin.how, origin.parent, origin.lane) == ("fork", "process-0", "lane-0")
    (main,) = [lane for lane in processes["process-0"].lanes if lane.name == "lane-0"]
    function = _name(processes["process-0"], int(main.calls["function"][origin.call]))
    assert function == "__main__.processes"


def test_what_could_not_be_followed_is_reported(runs: list[Trace]) -> None:
    missing = [event for process in runs[0].processes for event in process.coverage if event.event == "not_followed"]
    assert [event.name for event in missing] == ["true"]


def test_children_are_left_alone_when_asked(tmp_path: Path) -> None:
    program = script(
        tmp_path,
        "import os, subprocess, sys\n"
        "def f(x): return x\n"
        "if os.fork() == 0:\n    f(1.0)\n    os._exit(0)\n"
        "os.wait()\n"
        "subprocess.run([sys.executable, '-c', 'import numpy'], check=True)\n",
    )
    found = trace(tmp_path, program, options=("--no-follow",))
    assert [process.name for process in found.processes] == ["process-0"]


def test_the_program_does_not_see_how_it_is_followed(tmp_path: Path) -> None:
    show = "import os; print(sorted(os.environ), flush=True)"
    program = script(
        tmp_path, f"import subprocess, sys\n{show}\nsubprocess.run([sys.executable, '-c', {show!r}], check=True)\n"
    )
    words = [sys.executable, "-m", "pytracer", "trace", "--command", program]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    traced, alone = (
        subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, env=environment).stdout
        for command in (words, [sys.executable, program])
    )
    assert traced.splitlines() == alone.splitlines()


@pytest.mark.parametrize(
    "way", ["os.execv(sys.executable, words)", "os.execve(sys.executable, words, dict(os.environ))"]
)
def test_a_process_that_becomes_another_python_is_followed(tmp_path: Path, way: str) -> None:
    program = script(
        tmp_path,
        "import os, sys\n"
        "words = [sys.executable, '-c', 'import numpy; numpy.ones(3) + numpy.ones(3)']\n"
        f"if os.fork() == 0:\n    {way}\n"
        "os.wait()\n",
    )
    (calls,) = [lane.calls for process, lane in trace(tmp_path, program).lanes() if process.name == "process-0.1.1"]
    assert len(calls) == 3


@pytest.mark.parametrize("options", ["'-c', code", "'-c' + code", "'-Bc', code"])
@pytest.mark.parametrize("keywords", ["", ", preexec_fn=os.setsid", ", env=dict(os.environ)", ", close_fds=False"])
def test_code_of_a_child_is_the_users(tmp_path: Path, options: str, keywords: str) -> None:
    program = script(
        tmp_path,
        "import os, subprocess, sys\n"
        "code = 'def g(x): return x\\ng(2.0)'\n"
        f"subprocess.run([sys.executable, {options}]{keywords}, check=True)\n",
    )
    ((process, lane),) = trace(tmp_path, program).lanes()
    assert (process.name, [_name(process, int(call["function"])) for call in lane.calls]) == (
        "process-0.1",
        ["__main__.g"],
    )


def test_a_program_found_on_the_path_is_one_child(tmp_path: Path) -> None:
    program = script(tmp_path, "import os\nif os.fork() == 0:\n    os.execvp('true', ['true'])\nos.wait()\n")
    found = [event.name for process in trace(tmp_path, program).processes for event in process.coverage]
    assert found.count("true") == 1


def test_a_task_may_take_from_queues_of_its_own(tmp_path: Path) -> None:
    program = script(
        tmp_path,
        """
import multiprocessing, queue
def before(x): return x
def after(x): return x
def begin(shared):
    global values
    values = shared
def task(i):
    before(i)
    mine = queue.SimpleQueue()
    mine.put((1, 2, after, (i,), {}))
    mine.get()
    return after(values.get())
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    values = context.Queue()
    for i in range(4):
        values.put(i)
    with context.Pool(2, begin, (values,)) as pool:
        pool.map(task, range(4), chunksize=1)
""",
    )
    lanes = [
        [_name(process, int(call["function"])).partition(".")[2] for call in lane.calls]
        for process, lane in trace(tmp_path, program).lanes()
        if process.name == "process-0-workers"
    ]
    assert lanes == [["task", "before", "after"]] * 4


def test_stacks_lead_from_the_call_to_the_outermost_caller(tmp_path: Path) -> None:
    program = script(
        tmp_path,
        "def f(x):\n    return x\ndef g(x):\n    return f(x)\nclass A:\n    y = g(1.0)\nfor _ in range(3):\n    g(2.0)\n",
    )
    found = trace(tmp_path, program, options=("--backtrace",))
    ((process, lane),) = found.lanes()
    stacks = [[(site.line, site.function) for site in process.stack(int(call["stack"]))] for call in lane.calls]
    inside = [(6, "A"), (5, "<module>")]
    loop = [(8, "<module>")]
    assert stacks == [inside, [(4, "g"), *inside], *[loop, [(4, "g"), *loop]] * 3]
    assert len({int(call["stack"]) for call in lane.calls}) == 4, "equal stacks are stored once"
