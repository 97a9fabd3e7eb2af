"""Where threads start, and where pools give tasks to their workers: the recorder watches these functions."""

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from pytracer import _native

WATCHED = (
    # module, function, purpose (native/watch.c)
    ("_thread", "start_new_thread", "thread_start"),
    ("_thread", "start_joinable_thread", "thread_start"),
    ("concurrent.futures.thread", "_WorkItem.__init__", "task_made"),
    ("concurrent.futures.thread", "_WorkItem.run", "task_run"),
    ("multiprocessing.queues", "Queue.get", "task_got"),
    ("multiprocessing.queues", "SimpleQueue.get", "task_got"),
    ("_queue", "SimpleQueue.get", "task_got"),
)

PACKAGES = ("_thread", "_queue", "queue", "concurrent", "multiprocessing", "joblib")
"""Whose import may bring one of them."""


class Watcher:
    """Watches each of them once it is there."""

    def __init__(self) -> None:
        self._waiting = list(WATCHED)
        self._batches = False

    def modules_loaded(self) -> None:
        """Watch what has been imported since the last time."""
        if not self._batches and (batched := _find(sys.modules.get("joblib.parallel"), "BatchedCalls")) is not None:
            self._batches = True
            count_batches(batched)
        for watched in list(self._waiting):
            module, name, purpose = watched
            function = _find(sys.modules.get(module), name)
            if function is None:
                continue
            self._waiting.remove(watched)
            why = _native.watch(function, purpose)
            if why is not None:
                _native.add_coverage("not_hookable", f"{module}.{name}", f"threads and tasks may be mixed up: {why}")


class Parts(list[Any]):
    """The calls of a joblib batch for a worker, which says at which one it is, counted in the parent process."""

    def __init__(self, items: Iterable[Any], first: int) -> None:
        super().__init__(items)
        self.first = first

    def __iter__(self) -> Iterator[Any]:
        for index, item in enumerate(super().__iter__()):
            _native.next_part(self.first + index)
            yield item

    def __reduce__(self) -> tuple[Any, ...]:
        return Parts, (list(super().__iter__()), self.first)


def count_batches(batched: Any) -> None:
    """Let the batches that joblib sends to processes be `Parts`: their sizes depend on how fast the last ones were."""
    make, reduce = batched.__init__, batched.__reduce__
    first = 0

    def make_counted(self: Any, items: Any, *args: Any, **kwargs: Any) -> None:
        nonlocal first
        make(self, items, *args, **kwargs)
        self._pytracer_first = first
        first += len(self.items)

    def reduce_to_parts(self: Any) -> Any:
        reduced = reduce(self)
        return (*reduced[:2], {"items": Parts(self.items, self._pytracer_first)}, *reduced[3:])

    batched.__init__, batched.__reduce__ = make_counted, reduce_to_parts


def _find(module: Any, name: str) -> Any:
    found = module
    for part in name.split("."):
        if found is None:
            break  # None has an __init__ too
        found = getattr(found, part, None)
    return found
