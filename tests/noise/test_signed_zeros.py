"""Rounded down, 1 - 1 is -0: exact results of native code keep the zeros that they have when it rounds to nearest."""

import json
from collections.abc import Callable

import pytest

from pytracer import _native

Traced = Callable[..., str]

pytestmark = pytest.mark.skipif(
    not _native.has_native_rounding(), reason="this processor's rounding mode cannot be set"
)

CASES = {
    "fft": "(np.fft.fft(ones), np.fft.ifft(ones), np.fft.rfft(ones), np.fft.fft2([[1.0, -1], [1, 1]]))",
    "scipy's fft": "(scipy.fft.fft(ones), scipy.fft.dct(np.zeros(4)), scipy.fft.fft(ones.astype('F')))",
    "along an axis": "np.fft.fft(np.ones((4, 3)), axis=0)",
    "einsum": "[np.einsum('ij,jk->ik', each, each.T) for each in matrices]",
    "einsum into out": "(out := np.empty((3, 3)), np.einsum('ij,jk->ik', a, b, out=out))",
    "bincount": "np.bincount([0, 1, 1, 0], weights=[1, 2, -2, -1.0])",
    "correlate": "(np.convolve([1.0, -1], [1.0, 1]), np.correlate([1.0, 1], [1.0, -1], 'full'))",
    "vdot": "[np.vdot(each, each[::-1]) for each in matrices]",
    "vecdot": "[np.vecdot(each, each[::-1]) for each in matrices]",
    "a vector and a matrix": "[each[0] @ each for each in matrices]",
    "matmul": "[each @ each.T for each in (*matrices, *large)]",
    "strided matmul": "[each[::-1, ::2].T @ each[::-1] for each in (*matrices, *large)]",
    "matrix product into out": "np.dot(a, b, out=np.empty((3, 3)))",
    "rot": "(blas.drot([1.0, 2], [1.0, 2], 1, -1), blas.drot([1.0, 2], [1.0, 2], 1, 1))",
    "rot in place": "(x := np.ones(3), y := np.ones(3), blas.drot(x, y, 1, -1, overwrite_x=True, overwrite_y=True))",
    "complex axpy": "(y := np.array([1, 1j, 1 + 1j]), blas.zaxpy(y.copy(), y, a=-1))",
    "trmm": "blas.dtrmm(1, np.tril(a), b)",
    "sparse product": "(sparse.csr_matrix(a) @ sparse.csr_matrix(b)).toarray()",
    "sparse matrix and vector": "[sparse.csr_matrix(each) @ each[0] for each in matrices]",
    "sparse sum": "(sparse.coo_matrix(([1, -1, 2.0], ([0, 0, 0], [0, 0, 0])), shape=(2, 2)).toarray())",
    "ndimage": "ndimage.convolve1d([1.0, 1, 1, 0], [1, -1, 0])",
    "at": "(z := np.array([1.0, 2]), np.add.at(z, [0, 1, 1], [-1.0, -1, -1]))",
}

CODE = f"""
import json, scipy.fft
import numpy as np
from scipy import ndimage, sparse
from scipy.linalg import blas
ones = np.array([1.0, -1, 1, -1])
generator = np.random.default_rng(3)
a, b = np.array([[1.0, -1, 0], [2, -2, 1], [1, 1, -1]]), np.array([[1.0, 0, -1], [1, 2, -1], [0, 1, 1]])
whole = [generator.integers(-2, 3, (n, n)) for n in (3, 8)]
matrices = [each.astype(dtype) * (1 + 1j if dtype in "FD" else 1) for each in whole for dtype in "fdFD"]
matrices = [each.astype(dtype) for each, dtype in zip(matrices, 2 * "fdFD")]
large = [generator.integers(-2, 3, (40, 40)).astype(dtype) for dtype in "fdFD"]
def numbers(result):
    if isinstance(result, (list, tuple)): return [number for each in result for number in numbers(each)]
    if result is None: return []
    flat = np.ravel(np.asarray(result))
    return [repr(float(part)) for each in flat for part in (each.real, each.imag)]
cases = {CASES!r}
print(json.dumps({{name: [numbers(eval(code)) for _ in range(12)] for name, code in cases.items()}}))
"""


def test_exact_results_keep_the_signs_of_their_zeros(traced: Traced) -> None:
    plain = json.loads(traced(CODE, model="none"))
    conjugates = "scipy's fft"  # mirrors a half of the spectrum, with -0 for 0: the one that has such zeros to nearest
    assert {name for name in CASES if "-0.0" in plain[name][0]} == {conjugates}
    expected = {name: [number.replace("-0.0", "0.0") for number in plain[name][0]] for name in CASES}
    for sample in (1, 2, 3):
        found = json.loads(traced(CODE, sample=sample))
        assert not {name: each for name in CASES for each in found[name] if each != expected[name]}


def test_zeros_of_arguments_are_the_callers_own(traced: Traced) -> None:
    code = """
import numpy as np
from scipy import sparse
x = np.array([-0.0, 1.0])
for _ in range(20): np.dot(x, x), np.fft.fft(x), np.einsum("i,i->i", x, x), np.linalg.norm(x), sparse.csr_matrix(np.eye(2)) @ x
print(np.signbit(x).tolist())
"""
    assert traced(code).strip() == "[True, False]"
