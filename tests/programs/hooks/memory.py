"""Hooked objects are freed as others are; thousands of them leave nothing behind."""

import gc
import resource
import sys
import threading
import tracemalloc
import types
import weakref

import numpy as np
from hooking import hook, recording, run_checks


def resident():
    """Resident memory in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def check_closures_by_the_thousands_are_freed():
    source = "def make(i):\n    def add(x):\n        return x + i\n    return add\n"
    space = {}
    references = []
    with recording(user=("<closures>",)) as calls:
        exec(compile(source, "<closures>", "exec"), space)
        for i in range(5000):
            closure = space["make"](i)
            assert closure(1) == i + 1
            references.append(weakref.ref(closure))
            del closure
        gc.collect()
        assert sum(reference() is not None for reference in references) == 0
    assert len(calls) == 10_000


def check_code_by_the_thousands_is_freed():
    """Functions with code objects of their own, hooked one by one, in all orders of death."""
    references, kept = [], []
    with recording() as calls:
        for i in range(3000):
            space = {}
            exec(f"def f(x):\n    return x + {i}", space)
            function = space["f"]
            assert hook(function) is None
            assert function(1) == i + 1
            references.append(weakref.ref(function))
            if i % 3 == 0:
                kept.append(function)
            if i % 5 == 0 and kept:
                del kept[0]
            del space, function
        gc.collect()
        assert sum(reference() is not None for reference in references) == len(kept)
        assert [function(0) for function in kept] == [function(0) for function in kept]
    assert len(calls) == 3000 + 2 * len(kept)


def check_classes_by_the_thousands_are_freed():
    source = "class K:\n    def __init__(self, x):\n        self.x = x\n    def get(self):\n        return self.x\n"
    references = []
    with recording(user=("<classes>",)) as calls:
        for i in range(1000):
            space = {"__name__": "made"}
            exec(compile(source, "<classes>", "exec"), space)
            assert space["K"](i).get() == i
            references.append(weakref.ref(space["K"]))
            space.clear()
        gc.collect()
        assert sum(reference() is not None for reference in references) == 0
    assert len(calls) == 2000


def check_arguments_and_results_are_freed():
    class Probe:
        pass

    def give(x, *rest, key=None, **more):
        return [x, rest, key, more]

    def fail(x, *rest, key=None, **more):
        raise ValueError(x)

    references = []

    def probe():
        made = Probe()
        references.append(weakref.ref(made))
        return made

    with recording(give, fail, np.dot, sorted, np.add.reduce):
        for _ in range(200):
            give(probe(), probe(), key=probe(), other=probe())
            for call in (lambda: fail(probe(), probe(), key=probe(), other=probe()), lambda: np.dot(probe(), key=probe())):
                try:
                    call()
                except (ValueError, TypeError):
                    pass
            sorted([probe()], key=lambda each: each and 1)
        gc.collect()
        assert sum(reference() is not None for reference in references) == 0


def check_reference_counts():
    """Counts seen after calls are those seen after unhooked calls."""
    value, array, keyword = object(), np.ones(3), "a keyword of its own"

    def use(x, *rest, y=None, **more):
        return x

    def counts():
        for _ in range(100):
            use(value, value, y=value, **{keyword: value})
            array.sum(axis=0)
            np.add(array, array)
            np.add.reduce(array)
            np.dot(array, array)
            try:
                np.dot(array, np.ones(7))
            except ValueError:
                pass
        gc.collect()
        subjects = (value, array, keyword, use, np.add, np.dot, np.ndarray.sum, use.__code__, None, ValueError)
        return [sys.getrefcount(each) for each in subjects if each is not None]

    def few(found):
        return [count for count in found]

    for _ in range(3):
        expected = few(counts())
    with recording(use, np.add, np.dot, np.ndarray.sum, np.ufunc.reduce):
        first, second = few(counts()), few(counts())
    assert first == second, (first, second)
    assert first[:3] == expected[:3], (first, expected)


def check_memory_does_not_grow():
    def step(x, y=1.0, *rest, **more):
        return [x, {"a": x, "b": (y, x)}]

    def burst(n):
        array = np.ones(200)
        for i in range(n):
            step(i, array, 2.0, "text", key=array)
            step(float(i))
            np.add(array, i)
            array.cumsum()

    with recording(step, np.add, np.ndarray.cumsum):
        burst(2000)
        gc.collect()
        tracemalloc.start()
        burst(200)
        before, python = resident(), tracemalloc.get_traced_memory()[0]
        burst(4000)
        gc.collect()
        grown, python = resident() - before, tracemalloc.get_traced_memory()[0] - python
        tracemalloc.stop()
    assert python < 40_000, python
    assert grown < 4_000_000, grown


def check_hooked_while_running():
    """A function may be freed, lose its code or be unhooked while it runs."""
    space = {}

    def vanish(x):
        space.clear()
        gc.collect()
        return x + 1

    copy = types.FunctionType(vanish.__code__.replace(co_name="copy"), globals(), "copy", None, vanish.__closure__)
    with recording(copy) as calls:
        space["f"] = copy
        del copy
        assert space["f"](1) == 2
    assert [call.result for call in calls] == [2]

    def change(x, replace=None):
        if replace is not None:
            replace.__code__ = (lambda x, replace=None: x * 2).__code__
            gc.collect()
        return x

    with recording(change) as calls:
        assert (change(3, change), change(3)) == (3, 6)
    assert [call.result for call in calls] == [3]


def check_threads_die_while_hooked():
    def step(x):
        return x

    def run():
        for i in range(20):
            step(i)

    with recording(step) as calls:
        for _ in range(25):
            threads = [threading.Thread(target=run) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    assert len(calls) == 25 * 8 * 20


if __name__ == "__main__":
    run_checks(globals())
