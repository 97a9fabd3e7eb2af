"""Native callables of every C convention and type stay what they are when hooked, and every way to call them is recorded."""

import array
import copy
import functools
import inspect
import itertools
import math
import operator
import pickle
import re
import threading
import types
import warnings
import zlib

import cloudpickle
import numpy as np
import scipy.linalg
import scipy.linalg.blas
import scipy.special
import scipy.special._specfun as specfun
from hooking import hook, recording, run_checks
from sklearn.metrics import _dist_metrics

A, B = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([[1.0, 2.0], [3.0, 4.0]])
V = np.array([3.0, 1.0, 2.0])


@functools.lru_cache
def cached(x):
    return x * 3


# name of the subject -> the callable, a call of it, times that the call is recorded
BUILTINS = {
    "O": (math.sin, lambda: math.sin(0.5), 1),
    "FASTCALL": (math.atan2, lambda: math.atan2(1.0, 2.0), 1),
    "FASTCALL|KEYWORDS": (math.isclose, lambda: math.isclose(1.0, 1.1, rel_tol=0.2), 1),
    "FASTCALL|KEYWORDS numpy": (np.arange, lambda: np.arange(1.0, 3.0, step=0.5), 1),
    "VARARGS": (math.log, lambda: math.log(8.0, 2.0), 1),
    "VARARGS|KEYWORDS": (np.fromiter, lambda: np.fromiter([1.0, 2.0], dtype=float, count=2), 1),
    "NOARGS": (np._core._multiarray_umath._get_madvise_hugepage, lambda: np._core._multiarray_umath._get_madvise_hugepage(), 1),
}
METHODS = {
    "NOARGS method": (array.array.tolist, lambda: array.array("d", [1.0]).tolist(), 1),
    "O method": (array.array.append, lambda: array.array("d", [1.0]).append(2.0), 1),
    "FASTCALL method": (array.array.insert, lambda: array.array("d", [1.0]).insert(0, 2.0), 1),
    "FASTCALL|KEYWORDS method": (np.ndarray.sum, lambda: B.sum(axis=1, keepdims=True), 1),
    "VARARGS method": (np.ndarray.item, lambda: V.item(1), 1),
    "VARARGS|KEYWORDS method": (np.ndarray.cumsum, lambda: V.cumsum(axis=0), 1),
    "METHOD": (re.Pattern.match, lambda: re.compile("a+").match("aab", pos=0).group(), 1),
    "METHOD of an object": (zlib.compressobj().compress, lambda: zlib.compressobj().compress(b"ab"), 1),
    "class method": (dict.__dict__["fromkeys"], lambda: dict.fromkeys([1, 2], 3), 1),
    "class method O": (float.__dict__["fromhex"], lambda: float.fromhex("0x1.8p0"), 1),
    "ufunc.reduce": (np.ufunc.reduce, lambda: np.add.reduce(V), 1),
    "ufunc.accumulate": (np.ufunc.accumulate, lambda: np.multiply.accumulate(V), 1),
    "ufunc.outer": (np.ufunc.outer, lambda: np.subtract.outer(V, V), 1),
    "ufunc.reduceat": (np.ufunc.reduceat, lambda: np.add.reduceat(V, [0, 2]), 1),
    "ufunc.at": (np.ufunc.at, lambda: np.add.at(np.zeros(3), [0, 0], 1.0), 1),
}
SLOTS = {
    "ufunc": (np.sin, lambda: np.sin(V), 1),
    "ufunc with two outputs": (np.modf, lambda: np.modf(V), 1),
    "gufunc": (scipy.special.logsumexp, lambda: scipy.special.logsumexp(V), 1),
    "scipy ufunc": (scipy.special.gamma, lambda: scipy.special.gamma(V), 1),
    "dispatcher in C": (np.dot, lambda: np.dot(A, B), 1),
    "dispatcher in Python": (np.linalg.solve, lambda: np.linalg.solve(A, B), 1),
    "cython function": (specfun.bernob, lambda: specfun.bernob(4), 1),
    "cython method": (_dist_metrics.DistanceMetric64.pairwise, lambda: _dist_metrics.DistanceMetric64.get_metric("euclidean").pairwise(A), 1),
    "f2py": (scipy.linalg.blas.ddot, lambda: scipy.linalg.blas.ddot(V, V), 1),
    "f2py lapack": (scipy.linalg.lapack.dgesv, lambda: scipy.linalg.lapack.dgesv(A, B), 1),
    "lru_cache": (cached, lambda: cached(2), 1),
    "partial": (functools.partial(pow, 2), None, 0),
    "itemgetter": (operator.itemgetter(1), None, 0),
    "vectorize": (np.vectorize(math.sqrt), None, 0),
}
for key in ("partial", "itemgetter", "vectorize"):
    subject = SLOTS[key][0]
    argument = {"partial": 5, "itemgetter": [1, 2], "vectorize": [4.0]}[key]
    SLOTS[key] = (subject, lambda subject=subject, argument=argument: subject(argument), 1)
SUBJECTS = BUILTINS | METHODS | SLOTS


def same(a, b):
    """Bitwise equal."""
    return pickle.dumps(a) == pickle.dumps(b)


def failing(test):
    """The subjects for which `test(kind, subject, call, times)` fails, and how."""
    found = {}
    for kind, (subject, call, times) in SUBJECTS.items():
        try:
            test(kind, subject, call, times)
        except Exception as error:
            found[kind] = f"{type(error).__name__}: {error}"[:300]
    return found


def record_one(kind, subject, call, times):
    expected = call()
    with recording(subject) as calls:
        result = call()
    assert same(result, expected), (result, expected)
    assert len(calls) == times, calls
    assert all(each.outcome == "RETURNED" for each in calls)
    with recording(subject) as calls:
        for _ in range(120):
            result = call()
    assert same(result, expected), (result, expected)
    assert len(calls) == 120 * times, len(calls)


def check_each_kind_is_recorded_with_the_same_bits():
    found = failing(record_one)
    assert found == {}, found


def check_call_sites_hot_before_hooking():
    for _ in range(120):
        for _, call, _ in SUBJECTS.values():
            call()
    found = failing(record_one)
    assert found == {}, found


def check_all_at_once():
    expected = [call() for _, call, _ in SUBJECTS.values()]
    with recording(*(subject for subject, _, _ in SUBJECTS.values())):
        result = [call() for _, call, _ in SUBJECTS.values()]
    assert same(result, expected)
    assert same([call() for _, call, _ in SUBJECTS.values()], expected)


def describe(subject):
    signature = None
    try:
        signature = inspect.signature(subject)
    except (ValueError, TypeError):
        pass
    return (
        id(subject), type(subject), repr(subject), hash(subject), subject.__hash__(), signature, str(getattr(subject, "__doc__", None)),
        getattr(subject, "__name__", None), callable(subject), isinstance(subject, type(subject)),
        isinstance(subject, types.BuiltinFunctionType), inspect.isbuiltin(subject), inspect.isroutine(subject),
    )  # fmt: skip


def check_objects_stay_what_they_are():
    before = {kind: describe(subject) for kind, (subject, _, _) in SUBJECTS.items()}
    with recording(*(subject for subject, _, _ in SUBJECTS.values())):
        hooked = {kind: describe(subject) for kind, (subject, _, _) in SUBJECTS.items()}
    after = {kind: describe(subject) for kind, (subject, _, _) in SUBJECTS.items()}
    changed = {kind: (before[kind], hooked[kind]) for kind in before if before[kind] != hooked[kind]}
    assert changed == {}, changed
    assert before == after


def check_tables_keyed_by_functions():
    bound = V.sum
    known = {subject: kind for kind, (subject, _, _) in SUBJECTS.items()} | {bound: "bound"}
    with recording(*(subject for subject, _, _ in SUBJECTS.values())):
        lost = {kind for kind, (subject, _, _) in SUBJECTS.items() if known.get(subject) != kind}
        assert lost == set(), lost
        assert known[bound] == "bound"
        assert V.sum == bound or V.sum.__self__ is V  # NumPy's arrays do not compare as one truth value
        made = {math.sin: 1, np.arange: 2}
    assert made[math.sin] == 1
    assert made[np.arange] == 2


def dumped(subject):
    try:
        return pickle.dumps(subject), cloudpickle.dumps(subject), copy.copy(subject) is subject, copy.deepcopy(subject) is subject
    except Exception as error:
        return type(error), str(error)


def check_pickle_and_copy():
    before = {kind: dumped(subject) for kind, (subject, _, _) in SUBJECTS.items()}
    with recording(*(subject for subject, _, _ in SUBJECTS.values())):
        hooked = {kind: dumped(subject) for kind, (subject, _, _) in SUBJECTS.items()}
        for kind, (subject, _, _) in SUBJECTS.items():
            if kind not in ("partial", "itemgetter", "vectorize", "METHOD of an object") and isinstance(before[kind][0], bytes):
                assert pickle.loads(before[kind][0]) is subject or kind.startswith("class method"), kind
    changed = {kind: (before[kind], hooked[kind]) for kind in before if before[kind] != hooked[kind]}
    assert changed == {}, changed


def operators(a, b):
    c = a.copy()
    c += b
    c -= 1.0
    c *= a
    c /= 2.0
    c **= 2
    d = np.eye(2)
    d @= b
    return [
        a + b, a - b, a * b, a / b, a // b, a % b, a**b, a @ b, -a, +a, abs(a), a < b, a <= b, a == b, a != b, a > b, a >= b,
        divmod(a, b), 1.0 + a, 2.0 * a, c, d, (a > 1) & (b > 1), ~(a > 1), a.astype(int) << 1, a + 1j * b,
    ]  # fmt: skip


OPERATOR_UFUNCS = (
    np.add, np.subtract, np.multiply, np.divide, np.floor_divide, np.remainder, np.power, np.matmul, np.negative, np.positive,
    np.absolute, np.less, np.less_equal, np.equal, np.not_equal, np.greater, np.greater_equal, np.divmod, np.bitwise_and,
    np.invert, np.left_shift,
)  # fmt: skip


def check_operators_on_arrays():
    expected = operators(A, B)
    with recording(*OPERATOR_UFUNCS) as calls:
        result = operators(A, B)
    assert same(result, expected)
    found = {ufunc.__name__: len(calls.of(ufunc.__name__)) for ufunc in OPERATOR_UFUNCS}
    assert [name for name, count in found.items() if count == 0] == [], found
    assert found["add"] == 4, found
    assert found["subtract"] == 2, found
    assert found["multiply"] == 4, found
    assert found["matmul"] == 2, found
    first = calls.of("add")[0]
    assert same(first.values[0], A)
    assert same(first.values[1], B)
    assert same(first.result, A + B)


def check_aliases_and_bound_methods():
    sine, total, reduce, table = math.sin, V.sum, np.add.reduce, {"dot": np.dot}
    with recording(math.sin, np.ndarray.sum, np.ufunc.reduce, np.dot) as calls:
        sine(1.0)
        list(map(math.sin, [1.0, 2.0]))
        functools.reduce(table["dot"], [A, B, A])
        total()
        reduce(V)
        getattr(V, "sum")()
        np.ndarray.sum(V)
        operator.methodcaller("sum")(V)
        math.sin.__call__(3.0)
        np.dot.__call__(A, B)
        sorted(V, key=math.sin)
        list(itertools.starmap(np.dot, [(V, V)]))
        types.MethodType(np.dot, A)(B)
        functools.partial(math.sin)(0.1)
    names = [call.name for call in calls]
    assert names.count("sin") == 8, names
    assert names.count("ndarray.sum") == 4, names
    assert names.count("dot") == 5, names
    assert names.count("ufunc.reduce") == 1 + 4, names  # the sums are reductions too


def check_arguments_of_each_convention():
    with recording(math.sin, math.atan2, math.isclose, np.arange, np.fromiter, np.ndarray.sum, np.dot, np.add) as calls:
        math.sin(0.5)
        math.atan2(1.0, 2.0)
        math.isclose(1.0, 2.0, rel_tol=0.5)
        np.arange(1.0, 3.0, step=0.5)
        np.fromiter([1.0, 2.0], float, count=2)
        B.sum(axis=1)
        np.add(V, 2, where=np.array([True, False, True]), out=np.zeros(3))
    sin, atan2, isclose, arange, fromiter, total, add = calls
    assert sin.values == [0.5]
    assert sin.result == math.sin(0.5)
    assert atan2.values == [1.0, 2.0]
    assert (isclose.values, isclose.kwargs, isclose.result) == ([1.0, 2.0], {"rel_tol": 0.5}, True)
    assert (arange.values, arange.kwargs) == ([1.0, 3.0], {"step": 0.5})
    assert same(arange.result, np.arange(1.0, 3.0, step=0.5))
    assert fromiter.values[:2] == [1.0, 2.0]
    assert fromiter.kwargs == {"count": 2}
    assert same(total.values[0], B)
    assert total.kwargs == {"axis": 1}
    assert same(total.result, B.sum(axis=1))
    assert same(add.values[0], V)
    assert add.values[1] == 2
    assert same(add.kwargs["where"], np.array([True, False, True]))
    assert same(add.result, np.array([5.0, 0.0, 4.0]))


def check_wrong_arguments_raise_the_same():
    wrong = [
        lambda: math.sin(), lambda: math.sin("x"), lambda: math.sin(1, 2), lambda: math.sin(x=1), lambda: math.sqrt(-1.0),
        lambda: math.atan2(1), lambda: np.dot(A), lambda: np.dot(A, V), lambda: np.sin(), lambda: np.sin(V, V, V),
        lambda: np.ndarray.sum(3), lambda: np.ndarray.sum(), lambda: np.linalg.solve(np.zeros((2, 2)), A), lambda: V.sum(axis=7),
        lambda: scipy.linalg.blas.ddot(V), lambda: np.add.reduce(V, axis=5), lambda: A @ V, lambda: cached([]),
        lambda: np.arange(), lambda: np.fromiter(), lambda: re.compile("a").match(3), lambda: specfun.bernob("x"),
    ]  # fmt: skip

    def outcomes():
        found = []
        for call in wrong:
            try:
                found.append(call())
            except Exception as error:
                depth, trace = 0, error.__traceback__
                while trace is not None:
                    depth, trace = depth + 1, trace.tb_next
                found.append((type(error), str(error), depth))
        return found

    expected = outcomes()
    with recording(*(subject for subject, _, _ in SUBJECTS.values())) as calls:
        assert outcomes() == expected
    raised = [call.name for call in calls if call.outcome == "RAISED"]
    assert len(raised) >= 15, raised
    assert {call.error for call in calls if call.outcome == "RAISED"} >= {"TypeError", "ValueError"}


def check_hook_stop_hook():
    subjects = [subject for subject, _, _ in SUBJECTS.values()]
    for _ in range(20):
        with recording(*subjects) as calls:
            math.sin(1.0)
            np.sin(V)
            np.dot(A, B)
            cached(5)
        assert [call.name for call in calls] == ["sin", "sin", "dot", "cached"], calls
        with recording() as none:
            math.sin(1.0)
            np.sin(V)
            np.dot(A, B)
            cached(5)
        assert none == []


def check_types_called_through_tp_call():
    class Base:
        def __call__(self, x):
            return x + 1

    class Mixin:
        pass

    one, two = Base(), Base()
    with recording(one) as calls:
        class Late(Mixin, Base):
            pass

        class Other(Base):
            def __call__(self, x):
                return -super().__call__(x)

        assert (one(1), two(2), Late()(3), Other()(4)) == (2, 3, 4, -5)
        Base.__call__ = lambda self, x: x * 10
        assert (one(1), Late()(3)) == (10, 30)
    assert (one(1), two(2), Late()(3)) == (10, 20, 30)
    assert [call.values for call in calls][:1] == [[1]]


def check_classes():
    """A class is recorded when it is called, or refused with a reason; its objects are the same."""
    class Plain:
        def __init__(self, x):
            self.x = x

    with recording():
        reasons = [hook(each) for each in (Plain, int, np.float64, dict)]
        made = [Plain(1).x, int("3"), np.float64(2.5), dict(a=1), isinstance(Plain(1), Plain), type(Plain(1)) is Plain]
        assert all(reason is None or isinstance(reason, str) for reason in reasons)
    assert made == [1, 3, 2.5, {"a": 1}, True, True]
    assert [Plain(1).x, int("3"), dict(a=1)] == [1, 3, {"a": 1}]


def check_ufuncs_made_by_the_program():
    """Methods are named by their object; ufuncs that come and go are not kept for ever."""
    import gc
    import weakref

    from pytracer import _native

    class Probe:
        pass

    alive = []
    with recording():
        _native.hook(np.ufunc.reduce, "numpy", "ufunc.reduce", "method", _native.RECORD | _native.HAS_SELF | _native.BY_SELF)
        for _ in range(3000):
            probe = Probe()
            alive.append(weakref.ref(probe))
            ufunc = np.frompyfunc(lambda a, b, probe=probe: a + b, 2, 1)
            assert ufunc.reduce([1, 2, 3]) == 6
        del ufunc, probe
        gc.collect()
        kept = sum(reference() is not None for reference in alive)
    assert kept <= 1100, kept


def check_threads_and_native_code():
    """Calls that release the lock run at once in many threads."""
    big = np.ones((200, 200))
    results = []
    with recording(np.dot, np.sin) as calls:
        threads = [threading.Thread(target=lambda: results.append(float(np.dot(big, np.sin(big))[0, 0]))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(results)) == 1
    assert len(calls.of("dot")) == 8
    assert len(calls.of("sin")) == 8
    assert len({call.lane for call in calls}) == 8
    assert all(call.parent == -1 for call in calls)


def check_warnings_and_errstate():
    def provoke():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            np.divide(1.0, np.zeros(2))
            np.log(np.array([-1.0]))
            with np.errstate(divide="raise"):
                try:
                    np.divide(1.0, np.zeros(2))
                except FloatingPointError as error:
                    return [(str(w.message), w.category, w.filename, w.lineno) for w in caught], str(error)

    expected = provoke()
    with recording(np.divide, np.log):
        assert provoke() == expected


if __name__ == "__main__":
    run_checks(globals())
