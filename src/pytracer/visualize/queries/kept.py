"""Keeps what was read last: a zoom asks for the same again and again, and several callbacks ask at once."""

from collections.abc import Callable, Hashable
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What was asked for last, at most so many rows in all; the very last always."""

    def __init__(self, rows: int, weigh: Callable[[T], int]) -> None:
        self._limit = rows
        self._weigh = weigh  # rows of each
        self._found: dict[Hashable, Future[T]] = {}  # the last that was asked for comes last
        self._lock = Lock()

    def __call__(self, key: Hashable, read: Callable[[], T]) -> T:
        """What is kept under `key`, else what `read` gives; who asks for the same meanwhile waits for it."""
        with self._lock:
            found = self._found.pop(key, None)
            reads = found is None
            self._found[key] = found = found or Future()
        if reads:
            self._read(key, found, read)
        return found.result()

    def _read(self, key: Hashable, found: "Future[T]", read: Callable[[], T]) -> None:
        try:
            found.set_result(read())
        except BaseException as error:
            with self._lock:
                self._found.pop(key, None)
            found.set_exception(error)
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        rows = {key: 1 + self._weigh(found.result()) for key, found in self._found.items() if found.done()}
        for key in list(rows)[:-1]:
            if sum(rows.values()) <= self._limit:
                break
            del self._found[key], rows[key]
