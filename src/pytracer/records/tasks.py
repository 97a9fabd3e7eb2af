"""The tasks of pools as lanes of their own: which worker carried out which task is a race, and differs from run to run.

What a thread did outside tasks stays its lane. Tasks of a thread pool become lanes of the process, named after the lane
that submitted them; those of a process pool become lanes of a process named after the one that owns the pool, such as
`process-0-workers`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from pytracer.records.schema import TaskKind

if TYPE_CHECKING:
    from pytracer.records.reader import Lane, Process


@dataclass(frozen=True)
class Task:
    """A stretch of the calls of a lane."""

    kind: TaskKind
    number: int
    owner: str  # lane that submitted it; empty when not known
    first: int
    end: int


PARTED = (TaskKind.EXECUTOR, TaskKind.POOL)
"""Kinds of tasks that may be batches, as many as it happened: the calls then belong to the parts."""


def split_tasks(processes: "Sequence[Process]") -> "tuple[Process, ...]":
    """The same calls, with a lane for every task. The processes are in order of creation."""
    whole: list[Process] = []
    workers: list[Process] = []
    times: dict[tuple[str, str], int] = {}
    for process in processes:
        lanes, shared = _split_process(process)
        whole.append(replace(process, lanes=tuple(lanes)))
        owner = f"{process.name.rpartition('.')[0] or process.name}-workers"
        named = [replace(lane, name=_distinct(times, owner, lane.name)) for lane in shared]
        if named:
            workers.append(replace(process, name=owner, lanes=tuple(named), coverage=(), counters={}))
    return (*whole, *workers)


def _distinct(times: dict[tuple[str, str], int], owner: str, name: str) -> str:
    """Each executor of a process counts its tasks from 0."""
    times[owner, name] = times.get((owner, name), 0) + 1
    return name if times[owner, name] == 1 else f"{name}-{times[owner, name]}"


def _split_process(process: "Process") -> "tuple[list[Lane], list[Lane]]":
    """The lanes of the process, and those of tasks that it did for its parent."""
    own: list[Lane] = []
    shared: list[Lane] = []
    for lane in process.lanes:
        tasks = list(_tasks(lane))
        if not tasks:
            (shared if _is_for_parent(lane.name) else own).append(lane)
            continue
        rest = [task for task in tasks if task.kind == TaskKind.NONE and task.end > task.first]
        if rest:
            (shared if _is_for_parent(lane.name) else own).append(_part(lane, lane.name, rest))
        for task in tasks:
            if task.kind == TaskKind.NONE or (task.kind in PARTED and task.first == task.end):
                continue
            name = _name(task, "lane" if lane.name == "lane-0" else "lane-thread")
            (shared if _is_for_parent(name) else own).append(_part(lane, name, [task]))
    return own, shared


def _is_for_parent(name: str) -> bool:
    return name.startswith(("lane-task-", "lane-part-"))


def _name(task: Task, worker: str) -> str:
    if task.kind == TaskKind.THREAD:
        return f"{task.owner or 'lane'}-task-{task.number}"
    if task.kind == TaskKind.POOL:
        return f"{worker}-task-{task.number >> 32}.{task.number & 0xFFFFFFFF}"
    return f"{worker}-{'part' if task.kind == TaskKind.BATCH else 'task'}-{task.number}"


def _tasks(lane: "Lane") -> Iterator[Task]:
    """The stretches of a lane, also those between tasks. None when there are no tasks."""
    if not len(lane.tasks):
        return
    starts = np.minimum(np.maximum.accumulate(lane.tasks["call"]), len(lane.calls)).tolist()
    yield Task(TaskKind.NONE, 0, "", 0, starts[0])
    for record, first, end in zip(lane.tasks, starts, [*starts[1:], len(lane.calls)], strict=True):
        owner = lane.names.get(int(record["owner"])) or ""
        yield Task(TaskKind(int(record["kind"])), int(record["number"]), owner, first, end)


def _part(lane: "Lane", name: str, stretches: Sequence[Task]) -> "Lane":
    """The calls of some stretches; one whose caller is in none of them becomes a root."""
    rows = np.concatenate([np.arange(task.first, task.end) for task in stretches])
    place: NDArray[np.int64] = np.full(len(lane.calls) + 1, -1)
    place[rows] = np.arange(len(rows))
    calls = lane.calls[rows]
    calls["parent"] = place[calls["parent"]]
    return replace(lane, name=name, calls=calls, tasks=lane.tasks[:0])
