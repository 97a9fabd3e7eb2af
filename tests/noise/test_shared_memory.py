"""Arguments that share memory share it in the perturbed copies, too, and views that are returned show the caller's own array."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

Traced = Callable[..., str]

HEAD = """
import numpy as np
def near(found, plain):
    found, plain = np.asarray(found), np.asarray(plain)
    return found.shape == plain.shape and bool((found != plain).all() and (abs(found - plain) <= abs(plain) * 2.0**-8).all())
X = np.array([0.1, 0.2, 0.3, 0.7])
M = np.linspace(0.1, 0.9, 12).reshape(3, 4)
P = M.tolist()
"""

CASES = {
    "two views of the same": """
def f(x, y):
    assert near(x, P[0]) and x is not y
    x[0] = 1
    return y[0]
assert f(M[0], M[0]) == 1 and M[0, 0] == 1 and M[0, 1:].tolist() == P[0][1:]
""",
    "a part of an earlier one": """
def f(x, y):
    assert near(x, P) and (x[1, ::-2] == y).all()
    y[:] = 5
    assert x[1].tolist()[1::2] == [5, 5]
    x[1, 3] = 6
    assert y[0] == 6
f(M, M[1, ::-2])
assert M[1, 1] == 5 and M[1, 3] == 6 and M[0].tolist() == P[0]
""",
    "a part of a later one": """
def f(y, x):
    y[:] = 5
    assert x[2].tolist() == [5] * 4 and near(x[0], P[0]) and (x.T[:, 2] == y).all()
f(M[2], M)
assert M[2].tolist() == [5] * 4 and M[:2].tolist() == P[:2]
""",
    "a copy with another layout": """
def f(x, y):
    y[:] = 5
    assert x[0, 0] == 5 and x[1, 0] == 5
view = M[::-2, ::3]
f(view, view[:, 0])
assert M[2, 0] == 5 and M[0, 0] == 5 and M[1].tolist() == P[1]
""",
    "neighbours share nothing": """
def f(x, y):
    assert near(x, [row[0] for row in P]) and near(y, [row[2] for row in P])
    x[:] = 1
f(M[:, 0], M[:, 2])
assert M[:, 0].tolist() == [1, 1, 1] and M[0, 2] == P[0][2]
z = np.array([0.1 + 0.2j, 0.3 + 0.7j])
def f(x, y): assert near(x, [0.1, 0.3]) and near(y, [0.2, 0.7])
f(z.real, z.imag)
""",
    "partly the same": """
def f(x, y):
    assert x.tolist() == [0.1, 0.2, 0.3] and y.tolist() == [0.2, 0.3, 0.7]
    x[1] = 5
    assert y[0] == 5
f(X[:-1], X[1:])
assert X[1] == 5
""",
    "read only": """
def f(x, y):
    assert near(x, [0.1, 0.2, 0.3]) and near(y, [0.2, 0.3, 0.7])
X.flags.writeable = False
f(X[:-1], X[1:])
""",
    "in containers": """
def f(x, l):
    x[0, 0] = 5
    assert l[0][0] == 5 and near(l[0][1], P[0][1])
f(M, [M[0]])
assert M[0, 0] == 5
""",
    "a read-only view of a later one": """
def f(x, y):
    y[0] = 5
    assert x[0] == 5 and not x.flags.writeable and y.flags.writeable
locked = X[:]
locked.flags.writeable = False
f(locked, X[:])
assert X[0] == 5
""",
    "integers of the same memory": """
def f(x, y): assert (x.view("i8") == y).all() and near(x, [0.1, 0.2, 0.3, 0.7])
f(X, X.view("i8"))
""",
}

RETURNED = {
    "of a reversed row": "M[1, ::-1]; f = lambda a: a[::-1]",
    "of a column": "M[:, 1]; f = lambda a: a[1:]",
    "of every other element": "M[::2, ::-3]; f = lambda a: a.T[1]",
    "of a transposed array": "M.T; f = lambda a: a[1:, ::-1]",
    "of a real part": "np.outer(M[:, 0], [1 + 2j, 3j])[::-1]; f = lambda a: a.imag[::2]",
    "of a diagonal": "M[::-1]; f = lambda a: np.einsum('ii->i', a[:, :3])",
    "with a new axis": "M[:, ::2]; f = lambda a: a[:, None, 1]",
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("model", ["pb", "mca"])
def test_writes_are_seen_through_the_other(case: str, model: str, traced: Traced) -> None:
    code = HEAD + CASES[case]
    traced(code, model=f"{model}:precision=10,only=__main__.f")


@pytest.mark.parametrize("case", RETURNED)
def test_writes_through_a_returned_view(case: str, traced: Traced) -> None:
    argument, function = RETURNED[case].split("; ")
    lines = f"""
a = {argument}
{function.replace("f = lambda a:", "def f(a): return")}
expected = a.copy()
part = {function.replace("f = lambda a:", "(lambda a:")})(expected)
part[:] = 7
v = f(a)
v[:] = 7
assert v.shape == part.shape and (a == expected).all() and np.shares_memory(v, a)
"""
    traced(HEAD + lines, model="pb:precision=10,only=__main__.f")


def test_a_reshaped_copy_is_no_view(traced: Traced) -> None:
    code = """
def f(a): return a.ravel()
v = f(M[:, ::2])
v[:] = 7
assert M.tolist() == P
"""
    traced(HEAD + code, model="pb:precision=10,only=__main__.f")


def test_what_is_left_alone_is_told(traced: Traced, tmp_path: Path) -> None:
    traced(HEAD + "def f(x, y): pass\nf(X[:-1], X[1:])", model="pb:precision=10,only=__main__.f")
    file = next(tmp_path.glob("trace*/process-0/coverage.jsonl"))
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert [(each["event"], each["name"]) for each in events] == [("argument_not_perturbed", "__main__.f")]
