"""What is kept of what was read."""

from threading import Event, Thread

import pytest

from pytracer.visualize.queries.kept import Kept

SECONDS = 30


def nothing() -> list[int]:
    pytest.fail("was kept, and read again")


def test_last_is_kept_and_more_within_the_limit() -> None:
    kept: Kept[list[int]] = Kept(6, len)
    kept("large", lambda: [0] * 9)
    assert kept("large", nothing) == [0] * 9  # the last one, whatever it takes
    kept("small", lambda: [1])
    kept("other", lambda: [2] * 2)
    assert kept("small", nothing) == [1]
    assert kept("large", lambda: [3]) == [3]
    assert kept("small", nothing) == [1]
    assert kept("other", lambda: [4]) == [4]  # the one that nobody asked for went first


def test_what_takes_nothing_does_not_pile_up() -> None:
    kept: Kept[list[int]] = Kept(3, len)
    for number in range(10):
        kept(number, list)
    assert kept(0, lambda: [1]) == [1]


def test_who_asks_for_the_same_waits_and_others_do_not() -> None:
    kept: Kept[list[int]] = Kept(9, len)
    started, go_on, reads, results = Event(), Event(), [], []

    def read() -> list[int]:
        reads.append(1)
        started.set()
        assert go_on.wait(SECONDS)
        return [1]

    threads = [Thread(target=lambda: results.append(kept("same", read))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert started.wait(SECONDS)
    assert kept("other", lambda: [2]) == [2]
    go_on.set()
    for thread in threads:
        thread.join()
    assert (reads, results) == ([1], [[1]] * 4)


def test_failure_is_told_and_not_kept() -> None:
    kept: Kept[list[int]] = Kept(9, len)

    def fail() -> list[int]:
        raise ValueError("unreadable")

    with pytest.raises(ValueError, match="unreadable"):
        kept("key", fail)
    assert kept("key", lambda: [1]) == [1]
