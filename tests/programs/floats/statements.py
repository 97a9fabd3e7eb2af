"""Assignments, loops, classes and generators, over several lines each."""

import asyncio
import contextlib
import dataclasses

log = []


class Vector:
    __count = 1.5
    scale = 2.0
    scale *= 1.5

    def __init__(self, *items):
        self.items = list(items)
        self.__total = 0.0

    def __add__(self, other):
        return Vector(*(a + b for a, b in zip(self.items, other.items)))

    def __iadd__(self, other):
        log.append("iadd")
        self.items = [
            a
            + b
            for a, b in zip(
                self.items, other.items
            )
        ]
        return self

    def add(self, value):
        self.__total += value
        self.__total = (
            self.__total
            * Vector.__count
        )
        other = self
        other.items[0] += \
            value
        other.items[-1] -= value
        other.items[0:2] += [value / 2]
        self.holder().items[
            self.index()
        ] *= (
            value
            + 1
        )
        return self.__total

    def holder(self):
        log.append("holder")
        return self

    def index(self):
        log.append("index")
        return 1


def counter():
    total = 0.0

    def count(step=0.1 * 3):
        nonlocal total
        total += step
        return total

    return count


def generate(n):
    total = 0.0
    for i in range(n):
        total += yield total * i
        total = total + (
            yield total
        )


async def later(x):
    await asyncio.sleep(0)
    return x * 2.5


async def gather():
    total = 1.5
    total += await later(total)
    table = {"a": 1.0}
    table["a"] += await later(3)
    async with contextlib.AsyncExitStack():
        total -= (await later(1)) / 4
    return total, table


@dataclasses.dataclass
class Point:
    x: float = 1.0 / 4
    y: "float" = 2.0 ** 3

    def shift(self, by: float = 1.0 + 0.5) -> float:
        self.x += by
        self.y **= 2
        return self.x * self.y


def matched(value):
    match value:
        case [1.5, x] if x * 2 > 3:
            return x / 2
        case -1 | 1 + 2j:
            return value - 1
        case {"a": a}:
            return a ** 2
    return 0.0


def rebinding():
    values, i = [1.0, 2.0, 3.0], 0
    values[i] += (i := 2) + 1.0
    values[i] += 0.25
    kept = values
    values += [i * 1.0]
    return kept, values, i


def texts(names):
    text = ""
    for name in names:
        text += name
        text = text + "," + name
        text *= 1
    return text


def finally_and_with():
    total = 0.0
    try:
        with contextlib.suppress(ZeroDivisionError):
            total += 1.0
            total /= 0
        total -= 0.25
        return total * 2
    finally:
        total += (lambda: total + 1)()
        log.append(total)


vector = Vector(1.0, 2.0)
vector += Vector(0.5, 0.25)
count = counter()
generator = generate(3)
sent = [next(generator), generator.send(1.5), generator.send(2.0), generator.send(0.5)]
total = 1
total += 1.5
globals()["total"] += 2.5
text = "a"
text += text + "b"
table = {(0, 1): 2.0}
table[0, 1] -= 0.5
x = y = total * 2
result = [
    (vector + vector).items, vector.add(3.0), vector.items, count(), count(), sent, asyncio.run(gather()), Point().shift(),
    matched([1.5, 2]), matched(-1), matched(1 + 2j), matched({"a": 3}), rebinding(), texts(["x", "y"]), finally_and_with(),
    total, text, table, x, y, log, Vector.scale, sum([0.5] * 7), sum((v / 2 for v in range(4)), start=1.5),
    [v + w for v in (1.0, 2.0) for w in (v * 2, 3) if v - w],
    {v: v ** 2 for v in range(3)}, {v / 2 for v in range(2)}, f"{total + 1!r:>{2 + 4}} {x * 2=}", (lambda v, w=2 * 1.5: v - w)(1),
    [*map(lambda v: v * 0.5, [1, 2])], max([1.0, 2.0], key=lambda v: -v * 2), 2**-2, 7 / 2, True / 4, 3 * True, 2**100 / 2**98,
]  # fmt: skip
