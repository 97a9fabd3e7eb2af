"""Every kind of value is recorded as what it is, and nothing of the program runs for it."""

import array
import collections
import ctypes
import dataclasses
import decimal
import enum
import fractions
import sys
import types

import numpy as np
from hooking import recording, run_checks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def take(*values, **named):
    return None


def recorded(*values, **named):
    """{(position, path) or name: value} of one call."""
    with recording(take) as calls:
        take(*values, **named)
    (call,) = calls
    recorded.counters = calls.counters
    return {(position, path): value for position, path, value in call.args} | call.kwargs


def equal(found, expected):
    if isinstance(expected, np.ndarray):
        return found.dtype == expected.dtype and found.shape == expected.shape and np.array_equal(found, expected)
    return type(found) is type(expected) and (found == expected or found != found and expected != expected)


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Fields:
    x: float
    y: list
    constant: "dataclasses.ClassVar" = 7


@dataclasses.dataclass(slots=True)
class Slots:
    x: float
    y: int = 2


class Attributes(dict):
    __getattr__ = dict.__getitem__


class Colour(enum.Enum):
    RED = 1


def check_scalars():
    third = np.longdouble(1) / 3
    found = recorded(
        1.5, np.float64(1.5), np.float32(0.1), np.float16(0.5), third, 1j, np.complex64(1 + 2j), np.clongdouble(third * 1j), True,
        np.bool_(False), 7, -(2**63), 2**63, -(10**30), np.int8(-3), np.uint64(2**64 - 1), None, decimal.Decimal("0.1"),
        fractions.Fraction(1, 3), fractions.Fraction(10**400, 3), decimal.Decimal("sNaN"),
    )  # fmt: skip
    values = [found[i, ""] for i in range(21)]
    assert values[:4] == [1.5, 1.5, float(np.float32(0.1)), 0.5]
    assert values[4].dtype == np.longdouble and values[4] == third
    assert values[5:7] == [1j, 1 + 2j]
    assert values[7].dtype == np.clongdouble and values[7] == third * 1j
    assert values[8:20] == [True, False, 7, -(2**63), 2**63, -(10**30), -3, 2**64 - 1, None, 0.1, 1 / 3, float("inf")]
    assert values[20] != values[20]
    assert recorded.counters["values_not_understood"] == 0


def check_times_and_texts():
    found = recorded(np.datetime64("2020-01-02", "D"), np.timedelta64(5, "ms"), "s", np.str_("s"), b"s", bytearray(b"s"), np.bytes_(b"s"), np.void(b"s"), "\ud800", "\ud801")
    assert found[0, ""] == np.datetime64("2020-01-02", "D") and found[0, ""].dtype == "<M8[D]"
    assert found[1, ""] == np.timedelta64(5, "ms")
    assert len({found[i, ""] for i in range(2, 8)}) == 1
    assert found[8, ""] != found[9, ""]
    assert recorded.counters["values_not_understood"] == 0


def check_padding_of_long_doubles_is_cleared():
    import tempfile
    from pathlib import Path

    if np.finfo(np.longdouble).nmant != 63:
        return
    numbers = np.frombuffer((np.longdouble(1).tobytes()[:10] + b"\xff" * 6) * 4, np.longdouble)
    assert numbers.tolist() == [1, 1, 1, 1] and b"\xff" * 6 in numbers.tobytes()
    with tempfile.TemporaryDirectory() as folder:
        with recording(take, keep=folder):
            take(numbers, numbers[0])
        assert b"\xff" * 6 not in Path(folder, "process-0/lane-0/payload.bin").read_bytes()
    assert b"\xff" * 6 in numbers.tobytes()


def check_arrays():
    grid = np.arange(24.0).reshape(2, 3, 4)
    readonly = np.arange(3.0)
    readonly.flags.writeable = False
    given = [
        grid[:, ::2, ::-1], np.asfortranarray(grid), np.zeros((0, 3)), np.array(1.5), readonly, np.arange(3, dtype=">f8"), np.array(["ab", "c"]),
        np.array([b"ab"]), np.array([1, 2], "M8[s]"), np.ones(3, np.longdouble), np.broadcast_to(1.5, (3, 2)), np.arange(4).view(np.matrix),
        np.array([True, False]), np.ones(2, np.complex64),
    ]  # fmt: skip
    found = recorded(*given)
    for i, expected in enumerate(given):
        assert equal(found[i, ""], np.array(expected, order="C")), (i, found[i, ""])
    assert recorded.counters["arrays_omitted"] == 0


def check_memory_maps():
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        mapped = np.memmap(f"{folder}/numbers", "f8", "w+", shape=(3,))
        mapped[:] = [1, 2, 3]
        assert recorded(mapped)[0, ""].tolist() == [1, 2, 3]


def check_structured_and_masked_arrays():
    inner = np.dtype([("p", "f4"), ("q", "i2")])
    rows = np.zeros(2, [("x", "f8"), ("v", "f8", (3,)), ("in", inner)])
    rows["x"], rows["v"], rows["in"]["p"] = [1, 2], [[1, 2, 3], [4, 5, 6]], [7, 8]
    found = recorded(rows, rows[1], np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.array([1.0]))
    assert found[0, "['x']"].tolist() == [1, 2]
    assert found[0, "['v']"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert found[0, "['in']['p']"].tolist() == [7, 8]
    assert found[1, "['in']['p']"] == 8 and found[1, "['in']['p']"].shape == ()
    assert found[2, ".data"].tolist() == [1, 2] and found[2, ".mask"].tolist() == [False, True]
    assert found[3, ".mask"] is False


def check_arrays_of_objects():
    mixed = np.empty((2, 2), dtype=object)
    mixed[:] = [[1, 2.5], [None, [3.0]]]
    found = recorded(np.array([1.5, 2.5, 3.5], dtype=object).reshape(1, 3), mixed, np.array([np.arange(2.0), None], dtype=object)[:1], np.array([], dtype=object))
    assert equal(found[0, ""], np.array([[1.5, 2.5, 3.5]]))
    assert (found[1, "[0, 0]"], found[1, "[0, 1]"], found[1, "[1, 0]"], found[1, "[1, 1][0]"]) == (1, 2.5, None, 3.0)
    assert found[2, "[0]"].tolist() == [0, 1]
    assert found[3, ""] == "numpy.ndarray"


def check_buffers():
    grid = np.arange(6.0).reshape(2, 3)
    released = memoryview(b"x")
    released.release()
    found = recorded(array.array("d", [1, 2]), memoryview(grid), memoryview(grid[:, ::2]), (ctypes.c_double * 2)(1, 2), memoryview(b"ab"), released, array.array("f"))
    assert equal(found[0, ""], np.array([1.0, 2.0]))
    assert equal(found[1, ""], grid) and equal(found[2, ""], grid[:, ::2].copy())
    assert equal(found[3, ""], np.array([1.0, 2.0]))
    assert equal(found[4, ""], np.frombuffer(b"ab", "u1"))
    assert found[5, ""] == "memoryview"
    assert equal(found[6, ""], np.zeros(0, "f4"))


def check_containers_and_their_paths():
    found = recorded(
        [1.0, (2.0, {"a": 3.0})], {"a": 1, 3: 2, 2.5: 3, True: 4, (1, 2): 5, None: 6}, Point(1.0, 2.0), Fields(1.0, [2.0]), Slots(3.0), Attributes(x=1.0),
        collections.deque([1.0, "a"]), range(1, 7, 2), types.SimpleNamespace(x=1.0), collections.OrderedDict(z=1.0), {"k": 5.0}.values(),
        key=Point(1, {"a b": 2}),
    )  # fmt: skip
    paths = {(0, "[0]"): 1.0, (0, "[1][0]"): 2.0, (0, "[1][1]['a']"): 3.0}
    paths |= {(1, "['a']"): 1, (1, "[3]"): 2, (1, "[2.5]"): 3, (1, "[True]"): 4, (1, "[#4]"): 5, (1, "[None]"): 6}
    paths |= {(2, ".x"): 1.0, (2, ".y"): 2.0, (3, ".x"): 1.0, (3, ".y[0]"): 2.0, (4, ".x"): 3.0, (4, ".y"): 2, (5, ".x"): 1.0}
    paths |= {(6, "[0]"): 1.0, (7, ".start"): 1, (7, ".stop"): 7, (7, ".step"): 2, (8, ".x"): 1.0, (9, "['z']"): 1.0, (10, "[0]"): 5.0}
    paths |= {"key.x": 1, "key.y['a b']": 2}
    for path, value in paths.items():
        assert equal(found[path], value), (path, found.get(path))
    assert recorded.counters["values_not_understood"] == 0
    assert (3, ".constant") in found  # a field with a default is a field; its annotation is a text here


def check_sets_of_numbers_are_sorted():
    found = recorded({3.0, 1.0, 2.0}, frozenset([5, -1]), {"a"}, set())
    assert found[0, ""].tolist() == [1, 2, 3]
    assert found[1, ""].tolist() == [-1, 5]
    assert (2, "{0}") in found
    assert found[3, ""] == "set"


def check_empty_containers_are_seen():
    found = recorded([], (), {}, Fields.__new__(Fields), out=[])
    assert [found[i, ""] for i in range(4)] == ["list", "tuple", "dict", "__main__.Fields"]
    assert found["out"] == "list"


def check_shared_and_cyclic():
    shared = [1.0, "x"]
    cyclic = [shared, shared]
    cyclic.append(cyclic)
    found = recorded(cyclic, {"again": shared}, (), ())
    assert found[0, "[0][0]"] == 1.0
    assert found[0, "[1]"] == "2" and found[0, "[2]"] == "3"  # rows back to where it begins
    assert found[1, "['again']"] == "4"
    many = [[i, "x"] for i in range(60)]
    found = recorded(many + many[:2])
    assert found[0, "[59][0]"] == 59
    assert found[0, "[60]"] == "120" and found[0, "[61]"] == "119"
    views = recorded({i: (i, "x") for i in range(50)}.items())  # their items are made as they are asked for
    assert views[0, "[49][1][0]"] == 49


def check_limits_are_visible():
    deep = found = [1.0]
    for _ in range(6):
        deep = [deep]
    found = recorded(deep, list("x" * 100), {"y" * 1000: 1.0, "y" * 1001: 2.0}, np.zeros(3, "V5"), np.array(["z" * 100] * 1000), {i: i for i in range(100)})
    assert found[0, "[0][0][0][0]"] == "1"
    assert (1, "[63]") in found and found[1, ""] == "36"
    assert sum(path.startswith("['yyy") and path.endswith("y...']") for _, path in [key for key in found if key[0] == 2]) == 1
    assert found[3, ""] == found[4, ""] == "omitted"
    assert found[5, ""] == "36"
    counters = recorded.counters
    assert counters["values_truncated"] == 3 and counters["arrays_omitted"] == 2
    assert counters["bytes_omitted"] == 15 + 400000


class Hostile:
    def __getattribute__(self, name):
        raise RuntimeError(name)

    __eq__ = __bool__ = __len__ = __repr__ = __iter__ = __getitem__ = __float__ = __index__ = __getattribute__
    __hash__ = None


class Meta(type):
    def __getattribute__(cls, name):
        raise RuntimeError(name)


class Callable:
    def __call__(self):
        return 1


def check_what_is_not_understood():
    found = recorded(Hostile(), Meta("Odd", (), {})(), Callable(), iter([1]), len, int, sys, Colour.RED, ValueError(), lambda: 1, ..., np.random.default_rng(0))
    assert found[0, ""] == "__main__.Hostile"
    assert recorded.counters["values_not_understood"] == 4


class Named(tuple):
    _fields = ("a", "b", "c")


def check_types_that_lie():
    class Int(int):
        def __index__(self):
            raise RuntimeError

        __int__ = __index__

    class Long(np.int64):
        def __index__(self):
            raise RuntimeError

        __int__ = __index__

    class Money(decimal.Decimal):
        def __float__(self):
            raise RuntimeError

    class Ratio(fractions.Fraction):
        numerator = denominator = property(lambda self: 1 / 0)

    class Queue(collections.deque):
        def __iter__(self):
            raise RuntimeError

    class Group(set):
        def __iter__(self):
            raise RuntimeError

    found = recorded(Int(7), Int(2**70), Long(5), Money("0.5"), Ratio(1, 4), Queue([1.0]), Group([2.0]), Named((1, 2)))
    assert [found[i, ""] for i in (0, 1, 2, 3, 4)] == [7, 2**70, 5, 0.5, 0.25]
    assert found[5, "[0]"] == 1.0 and found[6, ""].tolist() == [2.0] and found[7, "[1]"] == 2


def check_types_that_died():
    for i in range(200):
        kind = dataclasses.make_dataclass(f"Kind{i}", [("x", float)]) if i % 2 else type(f"Kind{i}", (), {})
        found = recorded(kind() if not i % 2 else kind(1.5))
        assert found == ({(0, ".x"): 1.5} if i % 2 else {(0, ""): f"types.Kind{i}" if i % 2 else f"__main__.Kind{i}"})
        del kind


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False)
KEYS = st.text("abc_é'", max_size=3) | st.integers(-99, 99)
NESTED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, min_size=1, max_size=4)
    | st.tuples(inner, inner)
    | st.dictionaries(KEYS, inner, min_size=1, max_size=3)
    | st.builds(Point, inner, inner)
    | st.builds(Fields, inner, inner, inner),
    max_leaves=12,
)


def flat(value, path="", depth=0):
    """The same by way of Python."""
    if isinstance(value, Point):
        items = [(f".{name}", getattr(value, name)) for name in value._fields]
    elif isinstance(value, (list, tuple)):
        items = [(f"[{i}]", item) for i, item in enumerate(value)]
    elif isinstance(value, dict):
        items = [(f"['{key}']" if isinstance(key, str) else f"[{key}]", item) for key, item in value.items()]
    elif isinstance(value, Fields):
        items = [(f".{field.name}", getattr(value, field.name)) for field in dataclasses.fields(value)]
    else:
        return [(path, value)]
    if depth == 4:
        return [(path, "cut")]
    return [row for name, item in items for row in flat(item, path + name, depth + 1)]


def check_nested_containers_come_out_as_they_went_in():
    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(NESTED)
    def compare(value):
        with recording(take) as calls:
            take(value)
        expected = flat(value)
        assert len(calls[0].args) == len(expected)
        for (_, path, found), (name, given) in zip(calls[0].args, expected):
            assert path == name
            assert given == "cut" or found == given, (path, found, given)

    compare()


if __name__ == "__main__":
    run_checks(globals())
