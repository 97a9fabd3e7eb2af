"""What is kept of what was read."""

from threading import Thread

from pytracer.visualize.queries.kept import Kept


def test_last_is_kept_and_more_within_the_limit() -> None:
    kept: Kept[list[int]] = Kept(3)
    large, small, other = (kept(name, lambda n=n: [0] * n) for name, n in (("large", 9), ("small", 1), ("other", 2)))
    assert kept("small", list) is small
    assert kept("other", list) is other
    assert kept("large", lambda: [1]) is not large
    assert kept("other", lambda: [2]) is other  # and the oldest of the three went
    assert kept("small", lambda: [3]) == [3]


def test_who_asks_meanwhile_waits() -> None:
    kept: Kept[list[int]] = Kept(1)
    reads: list[int] = []

    def read() -> list[int]:
        reads.append(1)
        return [1]

    threads = [Thread(target=kept, args=("same", read)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert reads == [1]
