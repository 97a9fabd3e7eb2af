"""Keeps what was read last: a zoom asks for the same again and again, and several callbacks ask at once."""

from collections.abc import Callable, Hashable, Sized
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T", bound=Sized)


class Kept(Generic[T]):
    """What was asked for last, at most so many rows in all; the very last always."""

    def __init__(self, rows: int) -> None:
        self._limit = rows
        self._found: dict[Hashable, T] = {}
        self._lock = Lock()

    def __call__(self, key: Hashable, read: Callable[[], T]) -> T:
        """What is kept under `key`, else what `read` gives; who asks meanwhile waits for it."""
        with self._lock:
            found = self._found.pop(key, None)
            if found is None:
                found = read()
            self._found[key] = found
            while len(self._found) > 1 and sum(map(len, self._found.values())) > self._limit:
                del self._found[next(iter(self._found))]
            return found
