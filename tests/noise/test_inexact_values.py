"""What becomes of arguments and results in every kind of container, and what the program may rely on all the same."""

from collections.abc import Callable

import pytest

Traced = Callable[..., str]

HEAD = """
import numpy as np
def near(found, plain):
    found, plain = np.asarray(found), np.asarray(plain)
    return found.shape == plain.shape and bool((found != plain).all() and (abs(found - plain) <= abs(plain) * 2.0**-8).all())
def same(found, plain): return np.asarray(found).tobytes() == np.asarray(plain).tobytes()
X = np.array([0.1, 0.2, 0.3, 0.7])
"""

INPUTS = {
    "strided arrays": """
def f(a, plain): assert near(a, plain) and a.dtype == plain.dtype and a.shape == plain.shape
big = np.linspace(0.1, 0.9, 24).reshape(2, 3, 4)
kept = big.copy()
for a in (big, big.T, big[::-1], big[:, ::2, ::-3], big[0, 0, 0:1], np.asfortranarray(big), big.astype(np.float32),
          big.astype(">f8"), big.astype(">f4")[::2], big.astype("c16"), big.astype(">c8").real, big[:, :, None].repeat(2, 2),
          np.broadcast_to(big[0], (2, 3, 4)), np.array(0.3), np.frombuffer(big.tobytes())):
    f(a, Plain(a))
assert same(big, kept)
""",
    "containers": """
from collections import namedtuple
Pair = namedtuple("Pair", "x y")
def f(t, l, d, p, deep):
    assert type(t) is tuple and near(t[0], 0.1) and near(t[1], X) and t[2] == "a"
    assert type(l) is list and near(l[:2], [0.1, 0.2]) and l[2] == 3
    assert type(d) is dict and near(d["x"], 0.1) and d["n"] == 3
    assert type(p) is Pair and near(p.x, 0.1) and p.y == 3
    assert near(deep[0][0]["x"][0], 0.1)
t, l, d, p, deep = (0.1, X, "a"), [0.1, 0.2, 3], {"x": 0.1, "n": 3}, Pair(0.1, 3), [({"x": [0.1]},)]
f(t, l, d, p, deep)
assert (t[0], t[1] is X, l, d, p, deep) == (0.1, True, [0.1, 0.2, 3], {"x": 0.1, "n": 3}, (0.1, 3), [({"x": [0.1]},)])
""",
    "one object given twice stays one": """
def f(a, b, c): assert a is b and a is c[0] and a is not X
f(X, X, [X])
""",
    "read-only stays read-only": """
def f(a):
    try: a[0] = 1
    except ValueError: return
    raise AssertionError
X.flags.writeable = False
f(X)
""",
    "what a call writes is written": """
def f(a, l, d, whole):
    a[1] = 5; a[2:] *= 2
    l.append(0.5); l[0] = "new"; l.reverse()
    d["x"] = 1.5; d["new"] = a; del d["gone"]
    whole[0] = 2
a, whole = X.copy(), np.zeros(3)
inner = [0.7]
l, d = [0.1, X, 0.3, inner], {"x": 0.1, "keep": 0.2, "gone": 0.3}
f(a, l, d, whole)
assert a[0] == 0.1 and a[1] == 5 and near(a[2:], 2 * X[2:])
assert l[0] == 0.5 and l[1] is inner and l[2] == 0.3 and l[3] is X and l[4] == "new"
assert d["x"] == 1.5 and d["keep"] == 0.2 and d["new"] is a and set(d) == {"x", "keep", "new"}
assert whole.tolist() == [2, 0, 0]
""",
    "also into strided arrays, and when it raises": """
def f(a):
    a[0] = 9
    raise KeyError
big = np.linspace(0.1, 0.9, 24).reshape(4, 6)
view = big[::-2, ::3]
kept = view[1:].copy()
try: f(view)
except KeyError: pass
assert (view[0] == 9).all() and (big[3, [0, 3]] == 9).all() and same(view[1:], kept)
""",
    "a view of an argument is one of the caller's": """
def f(a): return a[1:], a.reshape(2, 2).T, a, [a]
one, two, three, four = f(X)
assert three is X and four[0] is X
one[0] = 5; two[0, 1] = 6
assert X.tolist() == [0.1, 5, 6, 0.7]
""",
    "numbers that are given back have the noise": """
def f(x, t): return x, t[0]
x, t = f(0.1, (0.2,))
assert near(x, 0.1) and near(t, 0.2)
""",
    "a constructor keeps the program's own": """
class Model:
    def __init__(self, data, options, rate): self.data, self.options, self.rate = data, options, rate
def f(): pass
options = {"x": 0.1}
model = Model(X, options, 0.1)
assert model.data is X and model.options is options and near(model.rate, 0.1)
""",
    "in place": """
def f(a): a += 0.5; return a
a = X.copy()
b = a
assert f(a) is b and near(a, X + 0.5)
""",
    "output arrays": """
def f(): pass
out = np.zeros(4)
assert np.add(X, X, out) is out and near(out, 2 * X)
assert np.add(X, X, out=out) is out and np.add(X, X, out=(out,)) is out
a = X.copy()
a += 3
assert near(a, X + 3)
""",
    "exceptions": """
def f(x): raise ValueError(x)
try: f(0.1)
except ValueError as error: assert near(error.args[0], 0.1) and error.__traceback__.tb_next.tb_frame.f_locals["x"] == error.args[0]
""",
    "generators and coroutines": """
import asyncio
def f(x): yield x
async def g(x): return x
assert near(list(f(0.1)), [0.1]) and near(asyncio.run(g(0.1)), 0.1)
""",
}

OUTPUTS = {
    "containers": """
from collections import namedtuple
from dataclasses import dataclass
from types import SimpleNamespace
from scipy.optimize import OptimizeResult
Pair = namedtuple("Pair", "x y")
@dataclass(frozen=True)
class Data: x: float; a: object; n: int
def f():
    x = float("0.1")
    return [x, X.copy(), 3], (x, X.copy()), {"x": x, "l": [x]}, Pair(x, "a"), Data(x, X.copy(), 3), SimpleNamespace(x=x), OptimizeResult(x=X.copy(), fun=x)
l, t, d, p, data, space, found = f()
assert near(l[0], 0.1) and near(l[1], X) and l[2] == 3
assert near(t[0], 0.1) and near(t[1], X)
assert near(d["x"], 0.1) and near(d["l"], [0.1])
assert type(p) is Pair and near(p.x, 0.1) and p.y == "a"
assert near(data.x, 0.1) and near(data.a, X) and data.n == 3
assert near(space.x, 0.1) and near(found.x, X) and near(found.fun, 0.1)
""",
    "fresh arrays of any layout": """
def f(k): return [X * 1, np.outer(X, X).T, (X * 1)[::-2], np.float32(X), (X * 1).astype(">f8"), X * 1j, np.array(0.3), (X * 1).reshape(2, 2)[0]][k]
plain = [X, np.outer(X, X).T, X[::-2], np.float32(X), X, X * 1j, 0.3, X[:2]]
for k in range(len(plain)):
    found = f(k)
    assert near(found, plain[k]) or (k == 5 and near(found.imag, X) and not found.real.any())
frozen = X * 1
""",
    "read-only results stay read-only": """
def f():
    a = X * 1
    a.flags.writeable = False
    return a
assert near(f(), X) and not f().flags.writeable
""",
    "what the program holds elsewhere is left alone": """
cache = {"a": X * 1, "l": [0.1, 0.2], "t": (0.1, X * 1)}
class Box:
    def __init__(self): self.state = X * 1
    def f(self, k): return [self.state, self.state[1:], self, cache["a"], cache["l"], [cache["a"]]][k]
box = Box()
def f(k): return box.f(k)
assert f(0) is box.state and f(1).base is box.state and f(2) is box and f(3) is cache["a"] and f(4) is cache["l"]
assert f(5)[0] is cache["a"]
assert same(box.state, X) and same(cache["a"], X) and cache["l"] == [0.1, 0.2]
""",
    "a shared tuple is replaced, and what it holds left alone": """
shared = (0.1, X * 1)
def f(): return shared
found = f()
assert near(found[0], 0.1) and found[1] is shared[1] and shared[0] == 0.1 and same(shared[1], X)
""",
    "constants of the code stay": """
def f(): return (0.1, 0.2)
first, second = f(), f()
assert near(first, (0.1, 0.2)) and first != second and f.__code__.co_consts[1] == (0.1, 0.2)
""",
    "arrays that it writes into": """
def f(u, part, l): u[1:-1] = X[1:-1] * 2; part *= 2; l[0][0] = 0.3; u[0] = 4
u, whole, inner = X.copy(), X.copy(), np.zeros(2)
f(u, whole[::2], [inner])
assert u[0] == 4 and near(u[1:-1], 2 * X[1:-1]) and u[3] == 0.7
assert near(whole[::2], 2 * X[::2]) and same(whole[1::2], X[1::2])
assert near(inner[0], 0.3) and inner[1] == 0
""",
    "where": """
def f(): pass
out = np.zeros(4)
np.add(X, X, out=out, where=[True, False, True, False])
assert out[1] == 0 and out[3] == 0
""",
    "nothing, exceptions, generators": """
def f(x): return None
assert f(0.1) is None
""",
}

PLAIN = """
class Plain:
    "The values of an array, hidden from the noise."
    def __init__(self, a): self.a = np.array(a); self.dtype, self.shape = a.dtype, a.shape
    def __array__(self, dtype=None, copy=None): return self.a
"""
ONLY = "only=__main__.f,__main__.g,__main__.Model,__main__.Box.f,numpy.add"


@pytest.mark.parametrize("model", ["pb", "mca"])
@pytest.mark.parametrize("case", INPUTS)
def test_inputs(case: str, model: str, traced: Traced) -> None:
    traced(HEAD + PLAIN + INPUTS[case], model=f"{model}:precision=10,precision32=10,{ONLY}")


@pytest.mark.parametrize("model", ["rr", "mca"])
@pytest.mark.parametrize("case", OUTPUTS)
def test_outputs(case: str, model: str, traced: Traced) -> None:
    traced(HEAD + OUTPUTS[case], model=f"{model}:precision=10,precision32=10,{ONLY}")
