"""Which functions are perturbed; the same seed gives the same bits whatever else happens; reports say what was done."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytracer.records.reader import Trace

Traced = Callable[..., str]

PROGRAM = """
import hashlib, struct
import numpy as np
from scipy import linalg, optimize
def curve(x): return np.exp(-x) * np.sin(3 * x)
def fit(x, y): return np.polyfit(x, y, 3)
def fill(u, n): u[:n] = np.arange(n) / 3
x = np.array([0.1, 0.2, 0.4, 0.7, 0.9])
y = curve(x)
u = np.empty(5)  # what it holds is chance
fill(u, 5)
parts = [x, y, fit(x, y), u, linalg.expm(np.outer(y, x)), optimize.brentq(curve, 0.5, 1.5), np.float32(x) / np.float32(7)]
for part in parts: print(hashlib.sha256(struct.pack('d', part) if isinstance(part, float) else part.tobytes()).hexdigest())
"""


@pytest.mark.parametrize("model", ["rr", "mca:precision=20,only=numpy"])
def test_same_seed_same_bits_whatever_is_recorded(model: str, traced: Traced) -> None:
    first = traced(PROGRAM, model=model)
    assert traced(PROGRAM, model=model) == first
    assert traced(PROGRAM, model=model, trace=["numpy", "scipy", "__main__"]) == first
    assert traced(PROGRAM, model=model, trace=["scipy.optimize.brentq"]) == first
    assert traced(PROGRAM, model=model, exclude=["numpy", "scipy", "__main__"]) == first
    assert traced(PROGRAM, model=model, seed=2) != first
    assert traced(PROGRAM, model=model, sample=2) != first


CHOICES = {
    "only=__main__": ["own", "lambda"],
    "only=__main__.own": ["own"],
    "only=__main__.*w*": ["own"],
    'only="numpy.sin,numpy.cos"': ["sin"],
    "only=json": ["loads"],
    "only=numpy.reshape": [],
    "only=numpy.array": ["array"],
    "only=scipy.special": ["gamma"],
    "exclude=numpy": ["own", "lambda", "gamma"],
    "exclude=__main__.own": ["lambda", "sin", "add", "gamma"],
    "precision=10": ["own", "lambda", "sin", "add", "gamma"],
}


@pytest.mark.parametrize("choice", CHOICES)
def test_names_choose_functions(choice: str, traced: Traced) -> None:
    code = """
import json
import numpy as np
from scipy import special
def own(x): return float(x)
other = lambda x: float(x)
X = np.ones(2)
X[:] = 0.7
print(json.dumps([name for name, changed in {
    "own": own(0.7) != 0.7, "lambda": other(0.7) != 0.7, "sin": np.sin(X)[0] != 0.644217687237691, "add": np.add(X, X)[0] != 1.4,
    "gamma": abs(special.gamma(0.7) - 1.298055332647558) > 1e-12, "loads": json.loads("0.7") != 0.7, "array": np.array([0.7])[0] != 0.7,
    "reshape": X.reshape(2, 1)[0, 0] != 0.7,
}.items() if changed]))
"""
    option = choice if choice.startswith("precision") else f"precision=10,{choice}"
    assert json.loads(traced(code, model=f"rr:{option}")) == CHOICES[choice]


def test_library_calls_are_perturbed_where_the_users_code_makes_them(traced: Traced) -> None:
    """Not what NumPy's own Python code calls in turn, unless it is named."""
    code = """
import numpy as np
import pytracer._native as native
x = np.ones(3)
x[1] = 0.3
np.linalg.norm(x)
print(native.inexact_functions())
np.add(x, x)
print(native.inexact_functions())
"""
    assert traced(code, model="mca:precision=20").split() == ["1", "2"]
    assert int(traced(code, model="mca:precision=20,only=numpy").split()[0]) > 2


def test_threads_have_streams_of_their_own(traced: Traced) -> None:
    code = """
import threading
def f(x): return x
found = {}
def work(name): found[name] = [f(0.1) for _ in range(200)]
work("main")
threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert len({tuple(each) for each in found.values()}) == 7
print(*(hash(tuple(found[name])) for name in ["main", 0, 1, 2, 3, 4, 5]))
"""
    model = "rr:precision=20,only=__main__.f"
    assert traced(code, model=model) == traced(code, model=model)


def test_nothing_is_left_behind(traced: Traced) -> None:
    """References, and memory, after many calls."""
    code = """
import gc, sys, tracemalloc
import numpy as np
def f(a, l, d, t, x, out=None, **k):
    l.append(a[0])
    l.pop()
    if x > 5: raise ValueError
    return a * x, [x, t], {"x": a[1:]}
a, l, d, t = np.linspace(0.1, 0.9, 50), [0.1, 0.2], {"x": 0.1}, (0.1, 0.2)
def once(i):
    f(a, l, d, t, 0.1, out=a, y=l)
    try: f(a, l, d, t, 5.5)
    except ValueError: pass
    np.add(a, a, out=a)
    np.add.reduce(a)
def counts(): return [sys.getrefcount(each) for each in (a, l, d, t, *l, *d.values(), *t, np.dtype(float), ValueError, None if sys.version_info < (3, 12) else a)]
for i in range(50): once(i)
gc.collect()
before, tracemalloc_before = counts(), tracemalloc.start()
start = tracemalloc.get_traced_memory()[0]
for i in range(2000): once(i)
gc.collect()
grown = tracemalloc.get_traced_memory()[0] - start
after = counts()
assert all(abs(p - q) < 20 for p, q in zip(before, after)), (before, after)
assert grown < 20_000, grown
"""
    for model in ("rr", "pb", "mca"):
        traced(code, model=f"{model}:precision=40,only=__main__.f,numpy.add,numpy.ufunc", trace=["nothing_else"])


def test_recorded_is_what_the_function_got_and_gave(traced: Traced, tmp_path: Path) -> None:
    code = """
import json
import numpy as np
def f(a, x):
    got.append((a.tolist(), x))
    a[0] = 0.25
    return x * 1.1
got = []
a = np.ones(3)
a[:] = 0.7
gave = f(a, 0.3)
print(json.dumps([got[0][0], got[0][1], gave, a.tolist()]))
"""
    array, x, gave, after = json.loads(traced(code, model="mca:precision=12,only=__main__.f", trace=["__main__"]))
    assert array != [0.7] * 3
    assert after[0] != 0.25
    assert after[1:] == [0.7, 0.7]
    trace = Trace.open(next(path for path in tmp_path.iterdir() if (path / "meta.json").exists()))
    lane = next(lane for _, lane in trace.lanes())
    found = lane.values
    floats = [float(each) for each in found[found["kind"] == 4]["data"].copy().view("f8")]
    assert floats == [x, gave]
    call = lane.calls[0]
    assert call["perturbations"] == 2


def meta(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(next(folder.glob("trace*/meta.json")).read_text())
    return content


def test_the_trace_says_what_was_perturbed(traced: Traced, tmp_path: Path) -> None:
    code = """
def f(x): return x
class C:
    def __init__(self): self.x = [0.1]
    def keep(self, x): self.x = x
    def give(self): return self.x
c = C()
f(0.1); c.keep([0.2]); c.give()
"""
    traced(code, model="mca:precision=24,exclude=never")
    noise = meta(tmp_path)["noise"]
    assert noise["model"] == "mca:precision=24,exclude=never"
    assert noise["layers"] == ["inputs and outputs of 4 functions: 24 bits (float64), 24 bits (float32)"]
    assert any("sparse" in each for each in noise["missing"])
    folder = next(tmp_path.glob("trace*/process-0"))
    events = [json.loads(line) for line in (folder / "coverage.jsonl").read_text().splitlines()]
    assert {(event["event"], event["name"]) for event in events} == {
        ("argument_kept", "__main__.C.keep"),
        ("result_not_perturbed", "__main__.C.give"),
        ("unknown_target", "never"),
    }
