"""Where the standard library starts threads and gives tasks to the workers of pools: functions the recorder watches."""

import sys
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

    def modules_loaded(self) -> None:
        """Watch what has been imported since the last time."""
        for watched in list(self._waiting):
            module, name, purpose = watched
            function = _find(sys.modules.get(module), name)
            if function is None:
                continue
            self._waiting.remove(watched)
            why = _native.watch(function, purpose)
            if why is not None:
                _native.add_coverage("not_hookable", f"{module}.{name}", f"threads and tasks may be mixed up: {why}")


def _find(module: Any, name: str) -> Any:
    found = module
    for part in name.split("."):
        if found is None:
            break  # None has an __init__ too
        found = getattr(found, part, None)
    return found
