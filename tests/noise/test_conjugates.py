"""Polynomials with conjugate roots are real under noise, as they are without, and vary."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pytracer.noise.conjugates import paired

Traced = Callable[..., str]

DESIGNS = (
    "butter(4, 0.2)",
    "butter(7, 0.01)",
    "butter(4, [0.2, 0.4], 'band')",
    "cheby2(5, 40, 0.2)",
    "ellip(6, 1, 60, [0.2, 0.3], 'bandstop')",
    "bessel(5, 0.2)",
)

DESIGN_ALL = f"""
from scipy.signal import *
for b, a in {", ".join(DESIGNS)}:
    print(b.dtype.kind + a.dtype.kind, *(float(each.real).hex() for each in [*b, *a]))
"""


def test_filters_are_real_and_vary(traced: Traced) -> None:
    samples = [traced(DESIGN_ALL, sample=sample).splitlines() for sample in range(1, 4)]
    plain = traced(DESIGN_ALL, model="none").splitlines()
    assert len(plain) == len(DESIGNS)
    for reference, *perturbed in zip(plain, *samples, strict=True):
        assert len(set(perturbed)) == 3
        kinds, *exact = reference.split()
        expected = np.array([float.fromhex(each) for each in exact])
        for kinds_here, *coefficients in map(str.split, perturbed):
            found = np.array([float.fromhex(each) for each in coefficients])
            assert kinds_here == kinds == "ff"
            assert np.abs(found - expected).max() < 1e-9 * np.abs(expected).max()


def test_numpy_poly_is_the_same_object_with_the_same_signature(traced: Traced) -> None:
    program = """
import inspect
from numpy import poly
import numpy as np
alone = np.array([1 + 2j, 1 - 2.0001j]) / 3
twins = np.exp(1j * np.pi * np.arange(-5, 6, 2) / 7)
print(poly is np.poly, inspect.signature(poly), poly(alone).dtype.kind, poly(twins).dtype.kind)
print(poly([1, 2]), poly(np.diag([1.0, 2.0])), poly(seq_of_zeros=[3.0]))
try:
    poly(np.zeros((2, 3)))
except ValueError as error:
    print(error)
"""
    told = traced(program)
    assert told.startswith("True (seq_of_zeros) c f\n")
    assert told == traced(program, model="none")


def roots(*values: complex, kind: str = "c16") -> npt.NDArray[Any]:
    return np.array(values, dtype=kind)


@pytest.mark.parametrize("kind", ["c16", "c8"])
def test_the_second_of_a_pair_follows_the_first(kind: str) -> None:
    unit = float(np.finfo(kind).eps)
    given = roots(1 - 2j, 3, 1 + 2j * (1 + 3 * unit), 0.5 + 1e-3j, 0.5 - 1e-3j, kind=kind)
    before = given.copy()
    found = paired(given)
    assert found.dtype == given.dtype
    assert found[0] == found[2].conjugate()
    assert np.array_equal(found[1:], given[1:])
    assert np.array_equal(given, before)


@pytest.mark.parametrize(
    "given",
    [
        roots(1 + 2j, 1 - 2.001j),
        roots(1 + 2j, 1 - 2.0000000001j),
        roots(1 + 2j, 1 + 2j),
        roots(1 + 2j, 1 - 2j, 3 + 1j),
        roots(complex(np.nan, 1), complex(np.nan, -1)),
        roots(complex(np.inf, 1), complex(np.inf, -1)),
        roots(),
        roots(1, 2),
        np.array([1.0, 2.0]),
        np.eye(2) * 1j,
        roots(1 + 2j, 1 - 2j, kind=">c16"),
        [1 + 2j, 1 - 2j],
    ],
)
def test_others_stay_as_they_are(given: Any) -> None:
    assert paired(given) is given


def test_pairs_close_to_each_other_are_told_apart() -> None:
    unit = 2.0**-52
    given = roots(1 + 1j, 1 + 1j * (1 + 64 * unit), 1 - 1j * (1 + 63 * unit), 1 - 1j * (1 + unit))
    found = paired(given)
    assert sorted(found.imag[:2]) == sorted(-found.imag[2:])
