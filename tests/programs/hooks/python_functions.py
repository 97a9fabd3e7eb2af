"""Python functions of every shape stay what they are when hooked, and every way to call them is recorded."""

import copy
import functools
import inspect
import operator
import pickle
import types

import cloudpickle
from hooking import hook, recording, run_checks


def plain(x, y=2.0, *rest, scale=1.0, **named):
    """Documented."""
    return x + y * scale + sum(rest) + sum(named.values())


def only_keywords(*, a, b=3):
    return a - b


def positional_only(a, b, /, c=1):
    return a, b, c


square = lambda x: x * x  # noqa: E731


def make_closure(n):
    def add(x):
        return x + n

    return add


closure = make_closure(10)


def decorate(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


@decorate
def wrapped(x):
    return x / 2


@functools.lru_cache
def cached(x):
    return x * 3


class Thing:
    def __init__(self, value):
        self.value = value

    def method(self, x):
        return self.value + x

    @staticmethod
    def static(x):
        return x - 1

    @classmethod
    def make(cls, x):
        return cls(x)

    @property
    def doubled(self):
        return 2 * self.value

    def __call__(self, x):
        return self.value * x

    def __getitem__(self, i):
        return self.value - i

    def __add__(self, other):
        return self.value + other

    def __eq__(self, other):
        return isinstance(other, Thing) and self.value == other.value

    __hash__ = None


class Child(Thing):
    def __init__(self, value):
        super().__init__(value + 1)


DUNDERS = (Thing.__init__, Thing.__call__, Thing.__getitem__, Thing.__add__)
FUNCTIONS = (plain, only_keywords, positional_only, square, closure, wrapped, wrapped.__wrapped__, cached.__wrapped__)
METHODS = (Thing.method, Thing.static, Thing.make.__func__, Thing.__dict__["doubled"].fget, *DUNDERS)
ALL = (*FUNCTIONS, *METHODS)


def uses():
    """One call of each kind: name, arguments and result do not depend on hooks."""
    thing = Thing(5.0)
    return [
        plain(1.0),
        plain(1.0, 3.0, 4.0, scale=2.0, extra=1.0),
        only_keywords(a=7),
        positional_only(1, 2),
        positional_only(1, 2, c=3),
        square(3.0),
        closure(1),
        wrapped(9.0),
        cached(4),
        cached(4),
        thing.method(1),
        thing.static(1),
        Thing.static(2),
        Thing.make(6).value,
        thing.make(7).value,
        thing.doubled,
        thing(2),
        thing[1],
        thing + 3,
        Child(1).value,
        list(map(square, [1, 2])),
        functools.reduce(plain, [1.0, 2.0, 3.0]),
        sorted([3, 1, 2], key=square),
        functools.partial(plain, 1.0)(2.0),
        operator.methodcaller("method", 2)(thing),
        types.MethodType(plain, 1.0)(2.0),
        plain(*(1.0, 2.0), **{"scale": 3.0}),
    ]


EXPECTED = {
    "plain": 7,  # reduce calls it twice
    "only_keywords": 1,
    "positional_only": 2,
    "<lambda>": 1 + 2 + 3,
    "make_closure.<locals>.add": 1,
    "decorate.<locals>.wrapper": 1,
    "wrapped": 2,  # functools.wraps gave the wrapper this name too
    "cached": 1,
    "Thing.__init__": 4,
    "Thing.method": 2,
    "Thing.static": 2,
    "Thing.make": 2,
    "Thing.doubled": 1,
    "Thing.__call__": 1,
    "Thing.__getitem__": 1,
    "Thing.__add__": 1,
}


def counts(calls):
    found = {}
    for call in calls:
        found[call.name] = found.get(call.name, 0) + 1
    return found


def check_every_way_to_call_is_recorded_once():
    cached.cache_clear()
    expected = uses()
    cached.cache_clear()
    with recording(*ALL) as calls:
        result = uses()
    assert result == expected
    found = counts(calls)
    assert found == {name: n for name, n in EXPECTED.items() if name in found}, found
    assert set(EXPECTED) - set(found) <= {"decorate.<locals>.wrapper"}, found
    assert all(call.outcome == "RETURNED" for call in calls)


def check_call_sites_hot_before_hooking():
    """The interpreter has specialised them; a pointer that it cached must not be used."""
    for _ in range(300):
        cached.cache_clear()
        expected = uses()
    cached.cache_clear()
    with recording(*ALL) as calls:
        assert uses() == expected
    found = counts(calls)
    assert found == {name: n for name, n in EXPECTED.items() if name in found}, found


def check_hot_while_hooked():
    cached.cache_clear()
    with recording(*ALL) as calls:
        for _ in range(300):
            uses()
    found = counts(calls)
    expected = {name: 300 * n for name, n in EXPECTED.items()} | {"cached": 1}
    assert found == {name: n for name, n in expected.items() if name in found}, found


def check_objects_stay_what_they_are():
    before = [(id(f), type(f), repr(f), f.__name__, f.__qualname__, f.__doc__, f.__module__, hash(f)) for f in ALL]
    signatures, codes = [inspect.signature(f) for f in ALL], [f.__code__ for f in ALL]
    sources, members = [inspect.getsource(f) for f in ALL], dict(vars(Thing))
    known = {f: i for i, f in enumerate(ALL)}
    with recording(*ALL):
        uses()
        assert [
            (id(f), type(f), repr(f), f.__name__, f.__qualname__, f.__doc__, f.__module__, hash(f)) for f in ALL
        ] == before
        assert [inspect.signature(f) for f in ALL] == signatures
        assert [f.__code__ for f in ALL] == codes
        assert [inspect.getsource(f) for f in ALL] == sources
        assert all(isinstance(f, types.FunctionType) and inspect.isfunction(f) for f in ALL)
        assert dict(vars(Thing)) == members
        assert [known[f] for f in ALL] == list(range(len(ALL)))
        assert plain.__defaults__ == (2.0,) and plain.__kwdefaults__ == {"scale": 1.0}


def check_pickle_and_copy():
    subjects = [plain, only_keywords, Thing, Thing.static, Thing(3).method, functools.partial(plain, 1.0), cached]
    plain_bytes = [pickle.dumps(each) for each in subjects]
    value_bytes = [cloudpickle.dumps(each) for each in (closure, square)]
    with recording(*ALL):
        assert [pickle.dumps(each) for each in subjects] == plain_bytes
        assert pickle.loads(plain_bytes[0]) is plain
        assert [cloudpickle.dumps(each) for each in (closure, square)] == value_bytes
        assert cloudpickle.loads(value_bytes[0])(1) == 11
        for f in FUNCTIONS:
            assert copy.copy(f) is f
            assert copy.deepcopy(f) is f
        assert copy.deepcopy(Thing(4)) == Thing(4)
        assert pickle.loads(pickle.dumps(Thing(4))) == Thing(4)


def check_aliases():
    alias, bound, table = plain, Thing(2).method, {"f": square}
    partial = functools.partial(plain, 1.0)
    with recording(plain, Thing.method, square) as calls:
        alias(1.0)
        bound(1)
        table["f"](3)
        partial(2.0)
    assert [call.name for call in calls] == ["plain", "Thing.method", "<lambda>", "plain"]


def check_closures_share_their_target():
    before, after = make_closure(1), None
    with recording(before) as calls:
        after = make_closure(2)
        before(1)
        after(1)
    assert [call.result for call in calls] == [2, 3]


def check_replaced_code():
    def changing(x):
        return x

    def other(x):
        return -x

    with recording(changing) as calls:
        changing(1)
        changing.__code__ = other.__code__
        assert changing(2) == -2
        changing.__defaults__ = (7,)
        assert changing() == -7
    assert [call.result for call in calls] == [1]
    with recording(other) as calls:
        def late(x):
            return x * 100

        late(1)
        late.__code__ = other.__code__
        assert [late(1) for _ in range(200)] == [-1] * 200
        other(5)
    assert [call.result for call in calls] == [-1] * 200 + [-5]


def check_subclass_and_replaced_methods():
    with recording(*METHODS) as calls:
        class Late(Thing):
            def method(self, x):
                return super().method(x) * 2

        late = Late(1.0)
        assert late.method(1.0) == 4.0
        Late.method = lambda self, x: x
        assert late.method(9.0) == 9.0
    assert [call.name for call in calls] == ["Thing.__init__", "Thing.method"]


def check_arguments():
    with recording(plain, only_keywords, positional_only, Thing.method) as calls:
        plain(1.0, 3.0, 4.0, scale=2.0, extra=1.5)
        only_keywords(a=7, b=8)
        positional_only(1, 2, 3)
        Thing(5.0).method(6)
    first, second, third, fourth = calls
    assert first.values == [1.0, 3.0, 4.0], first
    assert first.kwargs == {"scale": 2.0, "extra": 1.5}, first
    assert second.values == []
    assert second.kwargs == {"a": 7, "b": 8}, second
    assert third.values == [1, 2, 3]
    assert third.returned == {"[0]": 1, "[1]": 2, "[2]": 3}
    assert [position for position, _, _ in fourth.args] == [0, 1]
    assert fourth.values == ["__main__.Thing", 6]


def check_user_code_is_recorded_as_it_is_made():
    source = """
def outer(x):
    def inner(y):
        return y + 1
    return inner(x) + (lambda z: z)(x)
class K:
    def __init__(self, v): self.v = v
    def m(self): return self.v
    @property
    def p(self): return [self.m() for _ in range(2)]
result = [outer(1), K(2).m(), K(3).p]
"""
    with recording(user=("/user/code.py",)) as calls:
        space = {"__name__": "user"}
        exec(compile(source, "/user/code.py", "exec"), space)
        hook(len)
    assert space["result"] == [3, 2, [3, 3]]
    assert [call.name for call in calls] == [
        "outer", "outer.<locals>.inner", "outer.<locals>.<lambda>", "K.__init__", "K.m", "K.__init__", "K.p", "K.m", "K.m",
    ]
    assert [call.parent for call in calls] == [-1, 0, 0, -1, -1, -1, -1, 6, 6]
    assert [call.line for call in calls][:5] == [11, 5, 5, 11, 11]


if __name__ == "__main__":
    run_checks(globals())
