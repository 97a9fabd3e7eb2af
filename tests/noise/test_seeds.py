"""The same seed gives the same bits, whatever is recorded; samples and threads have streams of their own."""

from collections.abc import Callable
from typing import Any

import numpy as np

from pytracer import _native

Traced = Callable[..., str]

PROGRAM = """
import hashlib
import numpy as np
from scipy import integrate, linalg, optimize
def curve(x): return np.exp(-x) * np.sin(3 * x)
def fit(x, y): return np.polyfit(x, y, 5)
x = np.linspace(0, 2, 300)
y = curve(x)
parts = [x, y, fit(x, y), np.cumsum(y), y @ x, linalg.expm(np.outer(y[:9], x[:9])), np.fft.fft(y), np.sum(y.reshape(3, -1), axis=0)]
parts += [integrate.quad(curve, 0, 1)[0], optimize.brentq(curve, 0.5, 1.5), (x + 1j * y) ** 2, np.float32(x) / np.float32(7)]
for part in parts: print(hashlib.sha256(np.asarray(part).tobytes()).hexdigest())
"""


def test_same_seed_same_bits_whatever_is_recorded(traced: Traced) -> None:
    first = traced(PROGRAM)
    assert traced(PROGRAM) == first
    assert traced(PROGRAM, trace=["numpy", "scipy", "__main__"]) == first
    assert traced(PROGRAM, trace=["scipy.optimize.brentq"]) == first
    assert traced(PROGRAM, exclude=["numpy", "scipy", "__main__"]) == first


def test_samples_and_seeds_differ(traced: Traced) -> None:
    outputs = [traced(PROGRAM, seed=seed, sample=sample).split() for seed, sample in ((1, 1), (1, 2), (2, 1), (0, 0))]
    assert len(set(map(tuple, outputs))) == 4
    per_operation = [1, 2, 3, 10]  # the others have one rounding mode a call: two samples may draw the same
    assert all(len({output[part] for output in outputs}) == 4 for part in per_operation)


def test_threads_have_streams_of_their_own(traced: Traced) -> None:
    code = """
import threading
import numpy as np
x = np.linspace(0.1, 1, 100_000)
found = {}
def work(name): found[name] = (x / 3).tobytes() + np.exp(x).tobytes()
def run(thread): thread.start(); thread.join()
work("main")
run(threading.Thread(target=work, args=("first",)))
run(threading.Thread(target=work, args=("second",)))
assert len(set(found.values())) == 3
import hashlib
print(*(hashlib.sha256(each).hexdigest() for each in found.values()))
together = [threading.Thread(target=work, args=(i,)) for i in range(8)]
for thread in together: thread.start()
for thread in together: thread.join()
assert len(set(found.values())) == 11
"""
    assert traced(code) == traced(code)


def loops_of(ufuncs: list[Any]) -> list[bytes]:
    """What NumPy computes, which tells whose loops these are."""
    x = np.linspace(0.1, 1, 64)
    return [np.asarray(ufunc(*[x] * ufunc.nin)).tobytes() for ufunc in ufuncs]


def test_removal_restores_numpy(noisy: Callable[[int], Any]) -> None:
    ufuncs = [np.add, np.multiply, np.divide, np.sqrt, np.exp, np.sin, np.power, np.hypot]
    plain = loops_of(ufuncs)
    for seed in range(3):
        with noisy(seed):
            assert loops_of(ufuncs) != plain
        assert loops_of(ufuncs) == plain
    before = _native.counters()
    loops_of(ufuncs)
    assert _native.counters() == before


def test_no_noise_counts_nothing_and_changes_nothing(traced: Traced) -> None:
    counts = """
import pytracer._native as native
assert not any(count for name, count in native.counters().items() if "nois" in name or "inexact" in name), native.counters()
"""
    plain: dict[str, Any] = {}
    lines: list[str] = []
    plain["print"] = lambda text: lines.append(text + "\n")
    exec(PROGRAM, plain)
    assert traced(PROGRAM + counts, model="none") == "".join(lines)
    assert traced(PROGRAM + counts, model="none", trace=["numpy", "scipy"]) == "".join(lines)


def test_noise_is_counted(traced: Traced) -> None:
    code = PROGRAM + "\nimport pytracer._native as native\nc = native.counters()\n"
    code += "assert 0 < c['inexact_elements'] < c['noisy_elements'] and c['noisy_loops'] > 20 and c['noisy_native_calls'] >= 6"
    traced(code)
