"""Random rounding modes stay inside native code: Python code rounds to nearest, wherever it is called from."""

import sys
from collections.abc import Callable

import pytest

from pytracer import _native

Traced = Callable[..., str]

pytestmark = pytest.mark.skipif(
    not _native.has_native_rounding(), reason="this processor's rounding mode cannot be set"
)

CHECK = '''
import numpy as np, sys
checks = 0
# Made from text, so that its own arithmetic is not perturbed.
exec("""def check():
    global checks
    checks += 1
    tiny = float("1.1102230246251565e-16")  # 2**-53, parsed and not folded
    one = float("1")
    assert one + tiny == 1.0 and -one - tiny == -1.0, "not to nearest"
    assert one / 3 == 0.333333333333333314829616256247 and repr(0.1) == "0.1"
""")
'''


def run(traced: Traced, code: str, **options: object) -> str:
    return traced(CHECK + code, **options).strip()


CALLBACKS = {
    "quad": "integrate.quad(f, 0, 1)",
    "nested quad": "integrate.quad(lambda x: f(x) + integrate.quad(f, 0, x)[0], 0, 1)",
    "odeint": "integrate.odeint(lambda y, t: -f(y), [1.0], [0, 1, 2])",
    "solve_ivp LSODA": "integrate.solve_ivp(lambda t, y: -f(y), (0, 1), [1.0], method='LSODA')",
    "solve_ivp BDF": "integrate.solve_ivp(lambda t, y: -f(y), (0, 1), [1.0], method='BDF')",
    "brentq": "optimize.brentq(lambda x: f(x) - 0.5, 0, 1)",
    "least_squares": "optimize.least_squares(lambda x: f(x) - 1, [0.5, 0.2])",
    "leastsq": "optimize.leastsq(lambda x: f(x) - 1, [0.5, 0.2])",
    "root": "optimize.root(lambda x: f(x) - 1, [0.5, 0.2])",
    "BFGS": "optimize.minimize(lambda x: np.sum(f(x)), [0.5, 0.2], method='BFGS')",
    "L-BFGS-B": "optimize.minimize(lambda x: np.sum(f(x)), [0.5, 0.2], method='L-BFGS-B', callback=lambda x: check())",
    "Nelder-Mead": "optimize.minimize(lambda x: np.sum(f(x)), [0.5, 0.2], method='Nelder-Mead', options={'maxiter': 20})",
    "COBYLA": "optimize.minimize(lambda x: np.sum(f(x)), [0.5, 0.2], method='COBYLA')",
    "SLSQP": "optimize.minimize(lambda x: np.sum(f(x)), [0.5, 0.2], method='SLSQP')",
    "generic_filter": "ndimage.generic_filter(np.eye(4), lambda w: (check(), w.sum())[1], size=3)",
    "linear operator": "sparse.linalg.eigsh(sparse.linalg.LinearOperator((9, 9), lambda v: (check(), v * d)[1], dtype=float), 3)",
    "pdist": "distance.pdist(np.eye(4), lambda u, v: (check(), abs(u - v).sum())[1])",
    "cho_solve": "linalg.cho_solve(linalg.cho_factor(np.eye(3) * 3), f(np.ones(3)))",
    "NumPy in a callback": "integrate.quad(lambda x: (f(x), np.linalg.solve(a, b), check(), np.dot(b, b))[3] + x, 0, 1)",
    "generator": "integrate.quad(lambda x: sum(f(x) for _ in range(3)), 0, 1)",
    "apply_along_axis": "np.apply_along_axis(lambda v: (check(), linalg.norm(v))[1], 0, a)",
    "property of an argument": "linalg.solve(Lazy(), b)",
}
PREPARE = """
from scipy import integrate, linalg, ndimage, optimize, sparse
import scipy.sparse.linalg
from scipy.spatial import distance
a, b, d = np.eye(3) * 3 + 0.1, np.ones(3) / 3, np.arange(1.0, 10.0)
class Lazy:
    def __array__(self, dtype=None, copy=None):
        check()
        return a
def f(x):
    check()
    return x * x + 0.1
"""


def test_nearest_in_callbacks_and_afterwards(traced: Traced) -> None:
    lines = [f"{code}\nassert checks > 0, {name!r}\ncheck(); checks = 0" for name, code in CALLBACKS.items()]
    code = "import pytracer._native as native\n" + PREPARE + "\n".join(lines)
    code += "\nprint(native.counters()['noisy_native_calls'] > 500)"
    assert run(traced, code) == "True"


def test_nearest_with_everything_recorded(traced: Traced) -> None:
    lines = [f"{code}\nassert checks > 0, {name!r}\ncheck(); checks = 0" for name, code in CALLBACKS.items()]
    code = PREPARE + "\n".join(lines) + "\nprint('done')"
    assert run(traced, code, trace=["numpy", "scipy", "__main__"]) == "done"


def test_native_code_is_perturbed(traced: Traced) -> None:
    code = """
from scipy import fft, linalg, special
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.tree import DecisionTreeRegressor
x = np.random.default_rng(1).uniform(0.1, 1, (8, 8))
functions = dict(
    matmul=lambda: x @ x, dot=lambda: np.dot(x, x), method=lambda: x.dot(x[0]), einsum=lambda: np.einsum("ij,jk", x, x),
    solve=lambda: np.linalg.solve(x, x[0]), svd=lambda: np.linalg.svd(x)[1], fft=lambda: np.fft.fft(x),
    correlate=lambda: np.convolve(x[0], x[1]), interp=lambda: np.interp(x[2], np.sort(x[0]), x[1]), lu=lambda: linalg.lu_factor(x)[0],
    eigh=lambda: linalg.eigh(x + x.T)[0], gamma=lambda: special.gamma(x), scipy_fft=lambda: fft.dct(x), blas=lambda: linalg.blas.dgemm(1.0, x, x),
    kernel=lambda: rbf_kernel(x), vdot=lambda: np.vdot(x, x), inner=lambda: np.inner(x, x), bincount=lambda: np.bincount([0] * 8, x[0]),
    add_at=lambda: (out := np.zeros(1), np.add.at(out, [0] * 8, x[0]))[0],
)
for name, function in functions.items():
    check()
    assert len({np.asarray(function()).tobytes() for _ in range(40)}) > 1, name
check()
print("perturbed")
"""
    assert run(traced, code) == "perturbed"


def test_exceptions_through_native_code(traced: Traced) -> None:
    code = """
from scipy import integrate, linalg, optimize
class Stop(Exception): pass
def fails(x, *rest):
    check()
    if checks > 3: raise Stop
    return x
for call in (
    lambda: integrate.quad(fails, 0, 1), lambda: optimize.brentq(lambda x: fails(x) + 0.3, -1, 1), lambda: integrate.odeint(fails, [1.0], [0, 1]),
    lambda: optimize.least_squares(fails, [1.0, 2.0]), lambda: optimize.minimize(fails, [1.0], method="L-BFGS-B"),
    lambda: integrate.quad(lambda x: integrate.quad(fails, 0, x)[0], 0, 1),
):
    checks = 0
    try: call()
    except (Stop, RuntimeError): pass
    else: raise SystemExit("no exception")
    check()
for bad in (lambda: np.linalg.inv(np.zeros((2, 2))), lambda: linalg.cholesky(-np.eye(2)), lambda: np.dot([1.0], [1.0, 2.0]), lambda: linalg.solve("x", 1)):
    try: bad()
    except Exception: check()
    else: raise SystemExit("no exception")
    check()
def deep(n): return integrate.quad(lambda x: deep(n + 1), 0, 1)[0]
try: deep(0)
except RecursionError: pass
check()
print("nearest")
"""
    assert run(traced, code) == "nearest"


def test_other_threads_and_signal_handlers_meanwhile(traced: Traced) -> None:
    code = """
import signal, threading, time
from scipy import fft, integrate, linalg
x = np.random.default_rng(1).normal(size=(120, 120))
stop, failures, rounds, signals = threading.Event(), [], [0], [0]
def watch():
    while not stop.is_set():
        rounds[0] += 1
        try: check()
        except AssertionError as error: failures.append(error)
def handler(*_):
    signals[0] += 1
    check()
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
threads = [threading.Thread(target=watch) for _ in range(2)]
for thread in threads: thread.start()
end = time.monotonic() + 2
while time.monotonic() < end:
    linalg.svd(x); np.linalg.solve(x, x); fft.fft2(x); x @ x
    integrate.quad(lambda t: (check(), np.dot(x[0], x[1]))[1] * t, 0, 1)
    check()
signal.setitimer(signal.ITIMER_REAL, 0)
stop.set()
for thread in threads: thread.join()
print(not failures, rounds[0] > 20, signals[0] > 5)
"""
    assert run(traced, code) == "True True True"


def test_python_recurses_as_deep_beside_native_calls(traced: Traced) -> None:
    code = """
import threading
from scipy import linalg
x = np.random.default_rng(1).normal(size=(200, 200))
plain = {}
exec(compile("def deep(n): return n and 1 + deep(n - 1)", "elsewhere.py", "exec"), plain)
sys.setrecursionlimit(30_000)
stop, busy = threading.Event(), threading.Event()
def work():
    while not stop.is_set():
        linalg.svd(x)
        busy.set()
thread = threading.Thread(target=work)
thread.start()
busy.wait()
print({plain["deep"](20_000) for _ in range(20)})
stop.set()
thread.join()
"""
    assert run(traced, code) == "{20000}"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 has an evaluator of ours all the time: docs/limits.md")
def test_another_frame_evaluator_stays(traced: Traced) -> None:
    code = """
import ctypes, mmap
from scipy import integrate, linalg
api = ctypes.pythonapi
api.PyInterpreterState_Get.restype = ctypes.c_void_p
evaluator, set_evaluator = api._PyInterpreterState_GetEvalFrameFunc, api._PyInterpreterState_SetEvalFrameFunc
evaluator.restype, evaluator.argtypes, set_evaluator.argtypes = ctypes.c_void_p, [ctypes.c_void_p], [ctypes.c_void_p] * 2
interpreter = api.PyInterpreterState_Get()
plain = ctypes.cast(api._PyEval_EvalFrameDefault, ctypes.c_void_p).value
memory = mmap.mmap(-1, 4096, prot=7)
memory.write(bytes.fromhex("48b8") + plain.to_bytes(8, "little") + bytes.fromhex("ffe0"))  # jumps to the plain one
other = ctypes.addressof(ctypes.c_char.from_buffer(memory))
set_evaluator(interpreter, other)
linalg.inv(np.eye(3) / 3)
integrate.quad(lambda x: (check(), x)[1], 0, 1)
print(evaluator(interpreter) == other, checks > 0)
set_evaluator(interpreter, plain)
"""
    assert run(traced, code) == "True True"


def test_nothing_is_perturbed_after_stop(traced: Traced) -> None:
    code = """
import pytracer._native as native
x = np.random.default_rng(1).uniform(0.1, 1, (8, 8))
def bits(): return (x @ x).tobytes() + np.linalg.inv(x).tobytes() + np.sum(x / 3).tobytes() + np.exp(x).tobytes()
assert len({bits() for _ in range(20)}) > 1
native.stop_noise()
check()
before = native.counters()
assert len({bits() for _ in range(20)}) == 1
after = native.counters()
assert {k: v for k, v in before.items() if "nois" in k} == {k: v for k, v in after.items() if "nois" in k}
check()
print(bits() == eval(sys.stdin.read() or "bits()"))
"""
    assert run(traced, code) == "True"


def test_text_and_exact_sums_are_pythons(traced: Traced) -> None:
    code = """
import decimal, fractions, hashlib, io, json, math, statistics
from scipy import integrate
numbers = [math.ldexp(float(fractions.Fraction(i * i + 1, 7 * i)), i % 90 - 45) for i in range(1, 300)]
printed = []
def text():
    printed.append(repr(numbers) + json.dumps(numbers) + " ".join(f"{x:.17g} {x:.3e} {round(x, 5)!r} {x.hex()}" for x in numbers))
    printed.append(str([float(repr(x)) == x for x in numbers]) + repr(json.loads(json.dumps(numbers)) == numbers))
    printed.append(repr(math.fsum(numbers)) + repr(statistics.fmean(numbers)))
    printed.append(str(sum(map(decimal.Decimal, numbers))) + str(sum(map(fractions.Fraction, numbers))) + str(decimal.Decimal(2).sqrt()))
    printed.append(repr([float(s) for s in ("0.1", "1e23", "8.5e-300", "2.2250738585072011e-308", "9007199254740993")]))
    printed.append(repr(0.5 ** 2000) + repr(complex("1.1+2.3j")) + repr(int(1e22)) + repr(divmod(7.3, 0.1)))
    file = io.StringIO()
    np.savetxt(file, numbers)
    printed.append(file.getvalue() + repr(np.loadtxt(file.getvalue().split()).tolist() == [float(s) for s in file.getvalue().split()]))
    printed.append(repr(np.array(numbers)) + str(np.float32(0.1)) + repr(np.fromstring("0.1 0.7 1e23", sep=" ").tolist()))
text()
integrate.quad(lambda x: (text(), x)[1], 0, 1, limit=1)
np.linalg.inv(np.eye(3) * 3)
text()
print(len(printed), hashlib.sha256(repr(printed).encode()).hexdigest())
"""
    assert run(traced, code) == run(traced, code, model="none")


def test_series_that_would_not_end_run_to_nearest(traced: Traced) -> None:
    code = """
from scipy import special, stats
print([special.nctdtr(9, 65536, 45) for _ in range(4)], {stats.nct.sf(2.0, 9, 0.5) for _ in range(20)})
"""
    assert traced(code) == traced(code, model="none")
