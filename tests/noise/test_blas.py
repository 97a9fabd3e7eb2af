"""Inside BLAS and LAPACK rounding modes are drawn anew: long computations do not drift, and exact ones stay exact."""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pytracer.noise import blas

Traced = Callable[..., str]
Array = NDArray[np.float64]

SAMPLES = 30

LIBRARIES = """
import numpy as np, scipy.linalg
import pytracer._native as native
libraries = native.blas_libraries()
"""


def answer(traced: Traced, code: str, **options: object) -> dict[str, object]:
    """The dict that the code prints as JSON."""
    found: dict[str, object] = json.loads(traced(f"import json{LIBRARIES}{code}", **options))
    return found


@pytest.fixture
def redrawn(traced: Traced) -> Traced:
    """`traced`, where all BLAS libraries have a kernel table."""
    found = answer(traced, "print(json.dumps({'why': [each['why'] for each in libraries]}))")["why"]
    if not found or any(found):  # type: ignore[arg-type]
        pytest.skip(f"BLAS libraries are left alone here: {found}")
    return traced


def significant_bits(samples: list[Array]) -> float:
    """Mean over the elements of -log2 of the relative standard deviation."""
    values = np.array([np.ravel(sample) for sample in samples])
    spread, mean = values.std(axis=0, ddof=1), np.abs(values.mean(axis=0))
    some = (spread > 0) & (mean > 0)
    return float(np.mean(-np.log2(spread[some] / mean[some])))


def rounded_at_random(result: Array, error: Array, generator: np.random.Generator) -> Array:
    """`result` or, with probability 1/2, its neighbour on the side of a non-zero error."""
    neighbour = np.nextafter(result, np.copysign(math.inf, error))
    return np.where((error != 0) & (generator.random(result.shape) < 0.5), neighbour, result)


def emulated_dot(rows: Array, columns: Array, generator: np.random.Generator) -> Array:
    """Sums over the last axis, one term after the other, in the long double of this machine (64 bits of precision)."""
    exact = rows.astype(np.longdouble) * columns
    nearest = exact.astype(np.float64)
    products = rounded_at_random(nearest, np.asarray(exact - nearest, np.float64), generator)
    total = np.zeros(products.shape[:-1])
    for k in range(products.shape[-1]):
        wide = total.astype(np.longdouble) + products[..., k]
        sums = wide.astype(np.float64)
        total = rounded_at_random(sums, np.asarray(wide - sums, np.float64), generator)
    return total


PREPARE = """
generator = np.random.default_rng(7)
x, y = generator.normal(size=(2, 40_000))
a, b = generator.normal(size=(2, 60, 60))
p = generator.uniform(size=(60, 60))
"""

KERNELS = {
    "dot": ("np.dot(x, y)", lambda x, y, a, b, p: (x.reshape(-1, 1250), y.reshape(-1, 1250))),
    "matmul": ("a @ b", lambda x, y, a, b, p: (a[:, None, :], b.T[None, :, :])),
    "positive matmul": ("p @ p.T.copy()", lambda x, y, a, b, p: (p[:, None, :], p[None, :, :])),
    "matrix and vector": ("a @ b[0]", lambda x, y, a, b, p: (a, np.broadcast_to(b[0], a.shape))),
    "scipy's gemm": ("scipy.linalg.blas.dgemm(1.0, a, b)", lambda x, y, a, b, p: (a[:, None, :], b.T[None, :, :])),
}


@pytest.mark.parametrize("name", KERNELS)
def test_significant_bits_are_those_of_rounding_each_operation(name: str, redrawn: Traced) -> None:
    expression, operands = KERNELS[name]
    code = f"{PREPARE}print(json.dumps({{'samples': [np.asarray({expression}).tolist() for _ in range({SAMPLES})]}}))"
    drawn = [np.atleast_1d(each) for each in answer(redrawn, code)["samples"]]  # type: ignore[attr-defined]
    names: dict[str, object] = {"np": np}
    exec(PREPARE, names)
    left, right = operands(*(names[each] for each in ("x", "y", "a", "b", "p")))
    generator = np.random.default_rng(8)
    emulated = [emulated_dot(left, right, generator) for _ in range(SAMPLES)]
    if name == "dot":  # partial sums, added one after the other
        emulated = [emulated_dot(sums, np.ones_like(sums), generator) for sums in emulated]
    assert significant_bits(drawn) == pytest.approx(significant_bits(emulated), abs=2)


EXACT = """
import hashlib
digest = hashlib.sha256()
def add(*results):
    for each in results: digest.update(np.ascontiguousarray(each).tobytes())
generator = np.random.default_rng(3)
for dtype in np.float64, np.float32:
    for n in 2, 3, 8, 17, 40, 130:
        a, b = generator.integers(-3, 4, (2, n, n)).astype(dtype)
        add(a @ b, a.T @ b, a @ b.T, a @ a.T, a @ b[0], a.T @ b[0], np.dot(a[0], b[0]), np.vdot(a, b), np.inner(a, b))
        lower = np.sign(np.tril(a, -1)) + np.eye(n, dtype=dtype)  # no pivot but 1
        add(abs(np.linalg.solve(lower, lower @ b)))
        add(scipy.linalg.blas.daxpy(a[0], b[0].astype(float), a=3.0), scipy.linalg.blas.dscal(0.5, b[0].astype(float)))
        add(scipy.linalg.blas.dsymv(2.0, a + a.T, b[0]), scipy.linalg.blas.dger(2.0, a[0], b[0]), np.linalg.norm([3.0, 4.0]))
"""


def test_exact_results_stay_bit_for_bit(traced: Traced) -> None:
    code = EXACT + "print(json.dumps({'digest': digest.hexdigest()}))"
    plain = answer(traced, code, model="none")
    assert all(answer(traced, code, sample=sample) == plain for sample in (1, 2, 3))


WORK = """
import hashlib
generator = np.random.default_rng(5)
digest = hashlib.sha256()
for dtype in "dfDF":
    a = (generator.normal(size=(90, 90)) + (1j * generator.normal(size=(90, 90)) if dtype in "DF" else 0)).astype(dtype)
    hermitian = a @ a.T.conj() + 90 * np.eye(90, dtype=dtype)
    for each in (
        a @ a, a @ a[0], a.T @ a[0], np.dot(a[0], a[1]), np.vdot(a[0], a[1]), np.linalg.norm(a), np.linalg.solve(a, a[0]),
        *np.linalg.qr(a), *np.linalg.svd(a), *np.linalg.eigh(hermitian), np.linalg.cholesky(hermitian),
        scipy.linalg.lu(a)[1], scipy.linalg.solve_triangular(np.triu(a) + 9 * np.eye(90), a[0]), np.linalg.inv(hermitian),
    ):
        digest.update(np.ascontiguousarray(each).tobytes())
"""


def test_same_seed_same_bits(traced: Traced) -> None:
    code = WORK + "print(json.dumps({'digest': digest.hexdigest()}))"
    first = answer(traced, code, seed=3)
    assert answer(traced, code, seed=3) == first
    assert answer(traced, code, seed=4) != first
    assert answer(traced, code, seed=3, sample=2) != first


def test_results_are_right(traced: Traced) -> None:
    code = """
generator = np.random.default_rng(5)
worst = {}
def check(name, dtype, found, expected):
    error = float(abs(found - expected).max() / max(1, abs(expected).max())) / float(np.finfo(dtype).eps)
    worst[name] = max(worst.get(name, 0.0), error)
for dtype in "dfDF":
    for n in 1, 2, 5, 16, 33, 70:
        a, b = (generator.normal(size=(2, n, n)) + (1j * generator.normal(size=(2, n, n)) if dtype in "DF" else 0)).astype(dtype)
        wide, hermitian = a.astype(np.clongdouble), a @ a.T.conj() + n * np.eye(n, dtype=dtype)
        check("matmul", dtype, a @ b, np.einsum("ij,jk", wide, b.astype(np.clongdouble)))
        check("gemv", dtype, a[::-1, ::2] @ b[0, ::2], np.einsum("ij,j", wide[::-1, ::2], b[0, ::2].astype(np.clongdouble)))
        check("dot", dtype, np.dot(a[0, ::-1], b[0]), np.einsum("i,i", wide[0, ::-1], b[0].astype(np.clongdouble)))
        check("solve", dtype, hermitian @ np.linalg.solve(hermitian, b), b)
        q, r = np.linalg.qr(a)
        check("qr", dtype, q @ r, a)
        u, s, v = np.linalg.svd(a)
        check("svd", dtype, (u * s) @ v, a)
        values, vectors = np.linalg.eigh(hermitian)
        check("eigh", dtype, (vectors * values) @ vectors.T.conj(), hermitian)
        factor = np.linalg.cholesky(hermitian)
        check("cholesky", dtype, factor @ factor.T.conj(), hermitian)
        if dtype in "df":
            symv = getattr(scipy.linalg.blas, {"d": "dsymv", "f": "ssymv"}[dtype])
            for lower in False, True:
                half = np.asfortranarray(np.tril(hermitian) if lower else np.triu(hermitian))
                found = symv(2.0, half, np.repeat(b[0], 2), incx=2, beta=1.0, y=np.repeat(a[0], 3), incy=3, lower=lower)
                check("symv", dtype, found[::3], 2 * hermitian.astype(np.longdouble) @ b[0] + a[0])
print(json.dumps(worst))
"""
    worst = answer(traced, code)
    assert len(worst) == 9
    assert all(error < 2000 for error in worst.values()), worst  # type: ignore[operator]


def test_no_spurious_warnings_and_real_ones(traced: Traced) -> None:
    code = """
import warnings
def warned(function):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function()
    return sorted(str(each.message) for each in caught)
huge, tiny, inf = np.full((40, 40), 1e300), np.full((40, 40), 1e-300), np.full((40, 40), np.inf)
cases = dict(
    overflow=lambda: huge @ huge, underflow=lambda: tiny @ tiny, infinite=lambda: inf @ np.eye(40), vector=lambda: huge @ huge[0],
    small=lambda: huge[:4, :4] @ huge[0, :4], infinite_vector=lambda: inf @ huge[0], dot=lambda: np.dot(inf[0], huge[0]),
    nothing=lambda: np.eye(40) @ huge, solve=lambda: np.linalg.solve(np.eye(40) * 3, huge), nan=lambda: (huge * np.nan) @ huge[0],
)
print(json.dumps({name: warned(function) for name, function in cases.items()}))
"""
    assert answer(traced, code) == answer(traced, code, model="none")


def test_nothing_is_installed_without_noise(traced: Traced) -> None:
    assert answer(traced, "print(json.dumps({'n': len(libraries)}))", model="none") == {"n": 0}


def test_threads_draw_from_their_own_streams(traced: Traced) -> None:
    code = """
import threading
x = np.random.default_rng(1).normal(size=(150, 150))
def work(): return float(np.linalg.solve(x, x[0]).sum()), (x @ x).sum(), np.dot(x[0], x[1])
results = {}
def run(name): results[name] = [work() for _ in range(20)]
threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert all(len(set(each)) == 20 for each in results.values())
assert len({str(each) for each in results.values()}) == 4
print(json.dumps({str(k): results[k] for k in sorted(results)}))
"""
    assert answer(traced, code) == answer(traced, code)


def test_python_rounds_to_nearest_afterwards(traced: Traced) -> None:
    code = """
tiny, one = float("1.1102230246251565e-16"), float("1")
exec("def check(): assert one + tiny == 1.0 and -one - tiny == -1.0")  # from text: it is not perturbed itself
x = np.random.default_rng(1).normal(size=(50, 50))
for work in (lambda: x @ x, lambda: np.dot(x[0], x[1]), lambda: np.linalg.svd(x), lambda: scipy.linalg.eigh(x + x.T), lambda: x @ x[0]):
    for _ in range(20): work(); check()
print(json.dumps({}))
"""
    assert answer(traced, code) == {}


def test_what_was_done_is_described() -> None:
    done = {
        "path": "/x/libopenblas.so",
        "config": "OpenBLAS 0.3.31 DYNAMIC",
        "core": "Haswell",
        "kernels": 9,
        "routines": 5,
    }
    good, alone, deep = (
        done | each for each in ({"depths": 4, "why": None}, {"depths": 0, "why": "w"}, {"depths": 2, "why": None})
    )
    assert blas.layers([good, alone]) == [
        f"BLAS libopenblas.so (OpenBLAS 0.3.31, Haswell): {blas.REDRAWN}{blas.ROUTINES}"  # type: ignore[list-item]
    ]
    assert blas.missing([good]) == []  # type: ignore[list-item]
    assert blas.missing([alone])[0].endswith("one rounding mode per call: w")  # type: ignore[list-item]
    assert blas.DEEP in blas.missing([deep])[0]  # type: ignore[list-item]
    linked = good | {"routines": 0}
    assert not blas.layers([linked])[0].endswith(blas.ROUTINES)  # type: ignore[list-item]
    assert blas.LINKED in blas.missing([linked])[0]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, []),
        ({"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "many"}, []),
        ({"OPENBLAS_NUM_THREADS": "2"}, ["BLAS work on its own threads (OPENBLAS_NUM_THREADS=2)"]),
        ({"OMP_NUM_THREADS": "1,4"}, ["BLAS work on its own threads (OMP_NUM_THREADS=1,4)"]),
    ],
)
def test_threads_of_a_library_are_missing(environment: dict[str, str], said: list[str]) -> None:
    assert blas.own_threads(environment) == said


def test_a_trace_says_which_libraries(redrawn: Traced, tmp_path: Path) -> None:
    redrawn("import numpy, scipy.linalg")
    texts = [path.read_text() for path in tmp_path.glob("trace*/meta.json")]
    noise = json.loads(texts[-1])["noise"]
    assert sum("BLAS" in layer for layer in noise["layers"]) >= 1
    assert not any("BLAS" in missing for missing in noise["missing"])


def test_norms_of_every_type_are_perturbed(redrawn: Traced) -> None:
    code = """
generator = np.random.default_rng(0)
z = generator.standard_normal(1000) + 1j * generator.standard_normal(1000)
blas = scipy.linalg.blas
found, off = {}, {}
for name, dtype in {"snrm2": "f", "dnrm2": "d", "scnrm2": "F", "dznrm2": "D"}.items():
    x = (z if dtype in "FD" else z.real).astype(dtype)
    values = [getattr(blas, name)(x, n=333, incx=3) for _ in range(30)]
    exact = float(np.sqrt((abs(x[:999:3].astype(np.clongdouble)) ** 2).sum()))
    found[name] = len(set(values))
    off[name] = max(abs(each - exact) for each in values) / exact / float(np.finfo(dtype).eps)
print(json.dumps({"found": found, "off": off, "exact": [blas.dznrm2([3j, 4]) for _ in range(9)]}))
"""
    answered = answer(redrawn, code)
    assert min(answered["found"].values()) > 1, answered  # type: ignore[attr-defined]
    assert max(answered["off"].values()) < 100, answered  # type: ignore[attr-defined]
    assert answered["exact"] == [5.0] * 9
