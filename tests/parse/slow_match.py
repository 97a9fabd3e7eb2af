"""What native/trees.c and native/lists.c compute, in plain Python: for lists of at most 2048 calls and small gaps."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.tokens import BITS, SURE

A_PAIR, CHANCE_BITS, MOVE_BITS = 10, 4, 28
FINEST = len(BITS) - 1


class Tree(NamedTuple):
    """The calls of one side."""

    parent: NDArray[np.int32]
    key: NDArray[np.int64]
    tokens: NDArray[np.uint64]

    def children(self, call: int) -> list[int]:
        return np.flatnonzero(self.parent == call).tolist()


class SlowMatch:
    """`rows` and `moved` as of `match.Matches`."""

    def __init__(self, a: Tree, b: Tree) -> None:
        self.a, self.b = a, b
        self.rows = [-1] * len(a.key)
        self.moved = [False] * len(a.key)
        self.taken: set[int] = set()
        self.promised: tuple[set[int], set[int]] = set(), set()
        waiting = [-1]
        while waiting:
            call = waiting.pop()
            mine = a.children(call)
            self._lists(list(mine), b.children(self.rows[call] if call >= 0 else -1))
            waiting += [c for c in mine if self.rows[c] >= 0]

    def _pair(self, a: int, b: int, moved: bool = False) -> None:
        self.rows[a], self.moved[a] = b, moved
        self.taken.add(b)

    def _same(self, a: int, b: int, level: int) -> bool:
        return bool(self.a.key[a] == self.b.key[b] and self.a.tokens[level, a] == self.b.tokens[level, b])

    def _lists(self, a: list[int], b: list[int]) -> None:
        while a and b and self._same(a[0], b[0], SURE):
            self._pair(a.pop(0), b.pop(0))
        while a and b and self._same(a[-1], b[-1], SURE):
            self._pair(a.pop(), b.pop())
        if a and b:
            self._unique(a, b)
            self._promise(a, b)
            self._gaps(a, b)
            self._moved(a, b)

    def _left(self, a: list[int], b: list[int]) -> tuple[list[int], list[int]]:
        return [x for x in a if self.rows[x] < 0], [y for y in b if y not in self.taken]

    def _identity(self, level: int) -> tuple[Callable[[int], object], Callable[[int], object]]:
        one = [lambda call, t=t: (int(t.key[call]), int(t.tokens[level, call])) for t in (self.a, self.b)]
        return one[0], one[1]

    def _unique(self, a: list[int], b: list[int]) -> None:
        n, m = len(a), len(b)
        pairs: list[tuple[int, int]] = []
        for level in range(FINEST, SURE - 1, -1):
            if n * m > 2 ** max(BITS[level] - CHANCE_BITS, 0):
                continue
            mine, other = self._identity(level)
            left_a, left_b = self._left(a, b)
            counts = Counter(map(mine, left_a)), Counter(map(other, left_b))
            place = {other(y): y for y in left_b}
            new = [(x, place[mine(x)]) for x in left_a if counts[0][mine(x)] == counts[1][mine(x)] == 1]
            if not new:
                continue
            pairs = sorted(pairs + new)
            kept = longest_rising(pairs)
            moves = BITS[level] >= MOVE_BITS
            chosen = [p for p in pairs if self.rows[p[0]] >= 0 or moves or p in kept]
            for x, y in chosen:
                self._pair(x, y, (x, y) not in kept)
            pairs = chosen

    def _promise(self, a: list[int], b: list[int]) -> None:
        mine, other = self._identity(FINEST)
        left_a, left_b = self._left(a, b)
        counts = Counter(map(mine, left_a)), Counter(map(other, left_b))
        as_often = {one for one in counts[0] if counts[0][one] == counts[1][one]}
        self.promised[0].update(x for x in left_a if mine(x) in as_often and self.a.tokens[FINEST, x])
        self.promised[1].update(y for y in left_b if other(y) in as_often and self.b.tokens[FINEST, y])

    def _gaps(self, a: list[int], b: list[int]) -> None:
        anchors = [(x, self.rows[x]) for x in a if self.rows[x] >= 0 and not self.moved[x]]
        start_a = start_b = -1
        for x, y in [*anchors, (max(a) + 1, max(b) + 1)]:
            left_a, left_b = self._left([c for c in a if start_a < c < x], [c for c in b if start_b < c < y])
            for i, j in self._best(left_a, left_b):
                self._pair(left_a[i], left_b[j])
            start_a, start_b = x, y

    def _score(self, a: int, b: int) -> int:
        promised = a in self.promised[0] or b in self.promised[1]
        if self.a.key[a] != self.b.key[b] or (promised and not self._same(a, b, FINEST)):
            return 0
        return A_PAIR + sum(self._same(a, b, level) for level in range(len(BITS)))

    def _best(self, a: Sequence[int], b: Sequence[int]) -> list[tuple[int, int]]:
        best = np.zeros((len(a) + 1, len(b) + 1), int)
        paired = np.full((len(a), len(b)), -1)
        for i in range(len(a) - 1, -1, -1):
            for j in range(len(b) - 1, -1, -1):
                if score := self._score(a[i], b[j]):
                    paired[i, j] = best[i + 1, j + 1] + score
                best[i, j] = max(best[i + 1, j], best[i, j + 1], paired[i, j])
        found, i, j = [], 0, 0
        while i < len(a) and j < len(b):
            if paired[i, j] >= max(best[i + 1, j], best[i, j + 1]):
                found.append((i, j))
                i, j = i + 1, j + 1
            elif best[i + 1, j] > best[i, j + 1]:
                i += 1
            else:
                j += 1
        return found

    def _moved(self, a: list[int], b: list[int]) -> None:
        mine, other = self._identity(FINEST)
        left_a, left_b = self._left(a, b)
        for one in dict.fromkeys(map(mine, left_a)):
            xs, ys = [x for x in left_a if mine(x) == one], [y for y in left_b if other(y) == one]
            if len(xs) == len(ys) and self.a.tokens[FINEST, xs[0]]:
                for x, y in zip(xs, ys, strict=True):
                    self._pair(x, y, True)


def longest_rising(pairs: list[tuple[int, int]]) -> set[tuple[int, int]]:
    """The pairs of the longest sequence in which both rise; of equally long ones that of the kernel (patience)."""
    ends: list[int] = []
    before: list[int] = []
    for i, (_, y) in enumerate(pairs):
        at = next((k for k, end in enumerate(ends) if pairs[end][1] >= y), len(ends))
        before.append(ends[at - 1] if at else -1)
        ends[at:] = [i, *ends[at + 1 :]]
    kept, i = set(), ends[-1] if ends else -1
    while i >= 0:
        kept.add(pairs[i])
        i = before[i]
    return kept
