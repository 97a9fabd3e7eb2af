"""Arguments that a call changed are recorded again, and no others."""

import dataclasses
import types

import numpy as np
from hooking import recording, run_checks


def call_of(function, *args, **kwargs):
    with recording(function) as calls:
        function(*args, **kwargs)
    (call,) = calls
    return call


def hooked(call_it, *targets):
    with recording(*targets) as calls:
        call_it()
    return calls


def halve(v, other=None, *, out=None):
    for each in (v, other, out):
        if each is not None:
            each[0] /= 2
    return 1


def keep(*args, **kwargs):
    return sum(len(a) for a in args)


def check_python_functions_that_return_something():
    a, b, c = np.ones(3), np.ones(3), [4.0, 2.0]
    call = call_of(halve, a, b, out=c)
    assert call.result == 1
    assert [(position, path) for position, path, _ in call.changed] == [(0, ""), (1, ""), (0, "out[0]"), (0, "out[1]")]
    assert call.changed[0][2].tolist() == [0.5, 1, 1]
    assert [value for _, _, value in call.changed[2:]] == [2.0, 2.0]


def check_what_did_not_change_is_not_recorded_again():
    shared = [1.0, "x"]
    cyclic = [shared, 10**30, {"a": np.ones(2)}]
    cyclic.append(cyclic)
    arguments = [np.ones(3), np.ones((4, 4))[::2, ::2], np.zeros(0), [1.0] * 20, cyclic, (shared, [shared]), {1.0, 2.0}, np.array([1, "a", None], dtype=object)]
    call = call_of(keep, *arguments, a=cyclic, b=[np.ones(3), np.longdouble(1)], c=bytearray(b"x"), d=types.SimpleNamespace(x=[1.0]))
    assert call.changed == []


def check_long_after_the_inputs_left_memory():
    def fill(a, b, keep):
        for i in range(3):
            keep.append(call_inner(np.random.default_rng(i).random(400_000)))
        b[0] = 1
        return a

    def call_inner(x):
        return float(x[0])

    a, b, unchanged = np.ones(300_000), np.zeros(5), (np.arange(5.0), [1.5])
    with recording(fill, call_inner) as calls:
        fill(a, b, [])
        fill(unchanged, b, [1.0])
    first, second = (call for call in calls if call.name.endswith("fill"))
    assert [(position, path) for position, path, _ in first.changed] == [(1, ""), (2, "[0]"), (2, "[1]"), (2, "[2]")]
    assert [position for position, _, _ in second.changed] == [2, 2, 2, 2]  # b[0] was 1 already


def check_nested_and_shared_things():
    inner = np.ones(2)

    def scale(first, second):
        inner[0] += 1
        return None

    call = call_of(scale, [inner, "x"], ({"a": inner},))
    assert [(position, path) for position, path, _ in call.changed] == [(0, "[0]"), (0, "[1]"), (1, "[0]['a']")]
    row = [1.0]

    def grow(table, again):
        row.append(2.0)
        return 1

    call = call_of(grow, [row, row], [row])
    assert [(position, path) for position, path, _ in call.changed] == [(0, "[0][0]"), (0, "[0][1]"), (0, "[1]")]


def check_native_calls():
    v, w = np.array([3.0, 1.0, 2.0]), np.zeros(3)
    (call,) = hooked(lambda: v.sort(), np.ndarray.sort)
    assert call.after[0].tolist() == [1, 2, 3]
    (call,) = hooked(lambda: np.sin(v, out=w), np.sin)
    assert call.changed == [] and call.result.tolist() == np.sin(v).tolist()
    (call,) = hooked(lambda: np.modf(v, out=(w, np.empty(3))), np.modf)
    assert call.changed == []
    (call,) = hooked(lambda: np.add.at(v, [0], 1.0), np.ufunc.at)
    assert call.after[1].tolist() == [2, 2, 3]
    (call,) = hooked(lambda: np.sum(v), np.sum)
    assert call.changed == []
    (call,) = hooked(lambda: np.copyto(w, v), np.copyto)
    assert call.after[0].tolist() == [2, 2, 3]
    (call,) = hooked(lambda: [2.0, 1.0, "x"][:2].sort(), list.sort)
    assert [value for _, _, value in call.changed] == [1.0, 2.0]


def check_objects():
    @dataclasses.dataclass
    class Model:
        rate: float
        weights: np.ndarray

        def fit(self, x):
            self.weights = self.weights + x
            return self

        def step(self):
            self.rate *= 2
            return self.rate

    model = Model(0.5, np.zeros(2))
    with recording(Model.__init__, Model.fit, Model.step) as calls:
        model = Model(0.5, np.zeros(2))
        model.fit(np.ones(2))
        model.step()
    made, fitted, stepped = calls
    assert {path for _, path, _ in made.changed} == {".rate", ".weights"}
    assert fitted.changed == [] and fitted.returned[".weights"].tolist() == [1, 1]
    assert fitted.args[1][2].tolist() == [0, 0]
    assert [path for _, path, _ in stepped.changed] == [".rate", ".weights"]
    assert stepped.changed[0][2] == 1.0


def check_limits_apply_as_at_entry():
    deep = [[[[[1.0]]]]]
    many = [{"a": [i, "x"]} for i in range(60)] * 2
    call = call_of(keep, deep, many, *([i, "x"] for i in range(2000)))
    assert call.changed == []


if __name__ == "__main__":
    run_checks(globals())
