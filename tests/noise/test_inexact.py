"""Parker's inexact(): its distribution, and which numbers it leaves alone."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pytracer import noise
from pytracer.errors import UsageError

Traced = Callable[..., str]

DRAWS = """
import json
import numpy as np
def f(x): return x.copy() if isinstance(x, np.ndarray) else x
print(json.dumps({values}))
"""


def exponent(x: float) -> int:
    """e of x = m * 2**e with 1/2 <= |m| < 1."""
    return int(np.frexp(x)[1])


NUMBERS = [0.7, -1.1, 1.0e-3, 3.3e20]


@pytest.mark.parametrize("bits", [3, 11, 20])
@pytest.mark.parametrize("kind", ["float", "np.float64", "np.float32", "float64 array", "float32 array"])
def test_noise_is_uniform_around_the_number(kind: str, bits: int, traced: Traced) -> None:
    dtype, places = ("float32", 24) if "32" in kind else ("float64", 53)
    each = (
        f"f(np.full(4000, x, '{dtype}')).tolist()" if "array" in kind else f"[float(f({kind}(x))) for _ in range(4000)]"
    )
    code = DRAWS.replace("{values}", f"[{each} for x in {NUMBERS}]")
    all_drawn = json.loads(traced(code, model=f"rr:precision={bits},precision32={bits},only=__main__.f"))
    for number, drawn in zip(NUMBERS, all_drawn, strict=True):
        x = float(np.dtype(dtype).type(number))
        half, unit = 2.0 ** (exponent(x) - bits - 1), 2.0 ** (exponent(x) - places)
        offsets = np.array(drawn) - x
        assert np.abs(offsets).max() <= half + unit
        assert offsets.mean() == pytest.approx(0, abs=4 * half / np.sqrt(3 * 4000))
        # Distance between the empirical and the uniform distribution (Kolmogorov, level 1e-4), in steps of a unit.
        ranks, uniform = np.arange(1, 4001) / 4000, (np.sort(offsets) / half + 1) / 2
        assert np.abs(ranks - uniform).max() < 2.23 / np.sqrt(4000) + unit / half


@pytest.mark.parametrize(("kind", "bits"), [("float", 53), ("np.float32", 24)])
def test_at_full_precision_it_is_the_number_or_a_neighbour(kind: str, bits: int, traced: Traced) -> None:
    """xi of a unit in the last place, rounded at random: 1/8 up, 1/8 down, mean zero."""
    drawn = json.loads(traced(DRAWS.replace("{values}", f"[float(f({kind}(0.7))) for _ in range(8000)]"), model="rr"))
    x = float(np.float32(0.7)) if bits == 24 else 0.7
    units = (np.array(drawn) - x) * 2.0**bits
    assert set(units) == {-1.0, 0.0, 1.0}
    assert np.mean(units == 1) == pytest.approx(1 / 8, abs=0.016)
    assert np.mean(units == -1) == pytest.approx(1 / 8, abs=0.016)


def test_parts_of_a_complex_number_have_noise_of_their_own(traced: Traced) -> None:
    code = """
import numpy as np
def f(x): return x
for kind in (complex, np.complex128, np.complex64):
    drawn = np.array([f(kind(0.7 + 1000.3j)) for _ in range(2000)]) - complex(kind(0.7 + 1000.3j))
    assert type(f(kind(0.7j))) is kind and f(kind(0.7j)).real == 0
    bound = np.array([2.0 ** -11, 2.0 ** (10 - 11)])
    assert 0.99 < np.abs(drawn.real).max() / bound[0] <= 1.001 and 0.99 < np.abs(drawn.imag).max() / bound[1] <= 1.001
    assert abs(np.corrcoef(drawn.real, drawn.imag)[0, 1]) < 0.1
"""
    traced(code, model="rr:precision=10,precision32=10,only=__main__.f")


LEFT_ALONE = """
import math
import numpy as np
def f(x): return x.copy() if isinstance(x, np.ndarray) else x
tiny = 5e-324
for x in (0.0, -0.0, math.inf, -math.inf, tiny, 1e-310, 1.7e308, 3, True, "0.1", None):
    assert repr(f(x)) == repr(x) and type(f(x)) is type(x)
assert math.isnan(f(math.nan)) and np.isnan(f(np.float32("nan")))
for x in (np.float32(1e-40), np.float32(3e38), np.float16(0.1), np.longdouble("0.1"), np.int64(3)):
    assert f(x) == x and type(f(x)) is type(x)
whole = [3.0, -7.0, 2.0 ** 53, np.float64(12), np.float32(2 ** 24), 3 + 4j, np.complex64(5)]
arrays = [np.arange(5.0), np.array([1.0, np.inf, np.nan, 0.0]), np.array([3 + 4j]), np.arange(4)]
"""


def test_exact_values_are_kept(traced: Traced) -> None:
    code = """
assert all(f(x) == x and type(f(x)) is type(x) for x in whole)
assert all(f(a).tobytes() == a.tobytes() for a in arrays)
mixed = np.array([3.0, 0.1, 0.0, np.nan])
drawn = f(mixed)
assert drawn[0] != 3 and drawn[1] != 0.1 and drawn[2] == 0 and np.isnan(drawn[3])
assert f(2.0 ** 53 + 2) != 2.0 ** 53 + 2 and f(np.float32(2 ** 25)) != 2 ** 25
"""
    for model in ("rr", "pb", "mca"):
        traced(
            LEFT_ALONE + (code if model != "pb" else ""), model=f"{model}:precision=10,precision32=10,only=__main__.f"
        )


def test_exact_values_are_perturbed_when_asked(traced: Traced) -> None:
    code = """
assert all(f(x) != x and type(f(x)) is type(x) for x in whole)
drawn = f(np.arange(5.0))
assert drawn[0] == 0 and (drawn[1:] != np.arange(1, 5)).all()
"""
    traced(LEFT_ALONE + code, model="rr:precision=10,precision32=10,exact=perturb,only=__main__.f")


@pytest.mark.parametrize(
    "option",
    [
        "precision=0",
        "precision=54",
        "precision=2.5",
        "precision32=25",
        "precision32=0",
        "exact=maybe",
        "only=",
        "bits=3",
    ],
)
def test_wrong_options_are_refused(option: str) -> None:
    name, _, value = option.partition("=")
    for model in ("rr", "pb", "mca"):
        with pytest.raises(UsageError) as refused:
            noise.create(f"{model}:{option}")
        assert repr(name) in str(refused.value)
        assert value in str(refused.value)


def significant_bits(samples: list[list[float]]) -> Any:
    values = np.array(samples)
    return -np.log2(values.std(axis=0, ddof=1) / np.abs(values.mean(axis=0)))


@pytest.mark.parametrize("bits", [12, 24, 40])
def test_digits_of_a_sum_are_those_of_its_condition(bits: int, traced: Traced) -> None:
    """Of a sum of n terms: std = 2**(e_i - t) / sqrt(12) of each, hence bits near t - log2(condition)."""
    code = """
import json
import numpy as np
def total(x): return float(x.sum())
def solve(a, b): return np.linalg.solve(a, b).tolist()
x = np.random.default_rng(1).uniform(0.5, 1, 2000) * np.where(np.arange(2000) % 2, -1, 1)
a, b = np.array([[0.7, 0.1], [0.7, 0.1001]]), np.array([0.3, 0.9])
print(json.dumps([[total(x), *solve(a, b)] for _ in range(60)]))
"""
    found = significant_bits(json.loads(traced(code, model=f"pb:precision={bits},only=__main__.total,__main__.solve")))
    x = np.random.default_rng(1).uniform(0.5, 1, 2000) * np.where(np.arange(2000) % 2, -1, 1)
    spread = 2.0**-bits * np.sqrt(2000 / 12)
    assert found[0] == pytest.approx(-np.log2(spread / abs(x.sum())), abs=0.5)
    a, b = np.array([[0.7, 0.1], [0.7, 0.1001]]), np.array([0.3, 0.9])
    inverse, solution = np.linalg.inv(a), np.linalg.solve(a, b)
    units = np.concatenate([2.0 ** np.frexp(a)[1].ravel(), 2.0 ** np.frexp(b)[1]])
    effects = np.column_stack([np.outer(inverse[:, 0], solution), np.outer(inverse[:, 1], solution), inverse])
    spreads = np.sqrt((effects**2 * units**2).sum(axis=1) / 12) * 2.0**-bits
    assert found[1:] == pytest.approx(-np.log2(spreads / np.abs(solution)), abs=0.6)
