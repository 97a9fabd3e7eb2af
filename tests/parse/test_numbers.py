"""Values summed up: the native kernel gives what NumPy gives, whatever the type, the sizes and what is not finite."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import numbers_of

from pytracer import _native
from pytracer.parse.measure import Rule
from pytracer.parse.measurement import Measurement
from pytracer.parse.numbers import (
    BYTES_KEPT,
    RESOLUTION,
    Summary,
    element_parts,
    measure_elements,
    summarise,
    summarise_reference,
)

MEMORY = 2**24
DTYPES = ["<f8", ">f8", "<f4", ">f4", "<f2", ">f2", "<c16", ">c16", "<c8", ">c8", "<i8", ">i8"]
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-320, 6e4, 1.0]


def values_of(dtype: str, sizes: list[int], samples: int, relative: float, seed: int, special: float) -> np.ndarray:
    """Samples (1 + N, M), the unperturbed one first; a share of the elements is special."""
    rng = np.random.default_rng(seed)
    total = sum(sizes)
    noise = rng.normal(size=(samples + 1, total)) * 10.0**relative
    noise[0] = 0
    noise[:, rng.random(total) < 0.3] = 0
    data = (rng.normal(size=total) * 100 * (1 + noise)).astype("c16" if "c" in dtype else "f8")
    if "c" in dtype:
        data += 1j * rng.normal(size=total) * (1 + noise[::-1])
    if "i" not in dtype:
        data[rng.random(data.shape) < special] = rng.choice(SPECIAL)
        data[:, rng.random(total) < special] = rng.choice(SPECIAL)
    with np.errstate(all="ignore"):
        return data.astype(dtype)


def assert_equal(ours: Summary, expected: Summary, *, quantiles: float = 1e-9) -> None:
    for f in fields(Summary):
        own, other = getattr(ours, f.name), getattr(expected, f.name)
        tolerance = quantiles if f.name.endswith(("p05", "median")) else 1e-9
        assert np.allclose(own, other, rtol=1e-9, atol=tolerance, equal_nan=True), f.name


@given(
    dtype=st.sampled_from(DTYPES),
    sizes=st.lists(st.integers(1, 40) | st.just(1) | st.sampled_from([600, 3000]), min_size=1, max_size=12),
    samples=st.integers(1, 9),
    relative=st.floats(-16, 2),
    seed=st.integers(0, 2**32 - 1),
    special=st.sampled_from([0, 0, 0.1]),
    method=st.sampled_from(["cnh", "general"]),
    reference=st.sampled_from(["mean", "ieee"]),
    known=st.sampled_from(["all", "some", "none"]),
)
@settings(deadline=None, max_examples=200)
def test_both_kernels_agree(
    dtype: str,
    sizes: list[int],
    samples: int,
    relative: float,
    seed: int,
    special: float,
    method: Any,
    reference: Any,
    known: str,
) -> None:
    data = values_of(dtype, sizes, samples, relative, seed, special)
    numbers = numbers_of(data[1:], None if known == "none" else data[0], sizes)
    if known == "some" and numbers.unperturbed_starts is not None:
        numbers.unperturbed_starts[::2] = -1
    rule = Rule.of(Measurement(method=method, reference=reference), samples, 24)
    assert_equal(summarise(numbers, rule, MEMORY), summarise_reference(numbers, rule))


def test_large_arrays_are_summed_up_exactly_and_in_little_memory_to_a_resolution() -> None:
    data = values_of("<f8", [50_000], 5, -9, 1, 0)
    numbers, rule = numbers_of(data[1:], data[0]), Rule.of(Measurement(), 5, 53)
    expected = summarise_reference(numbers, rule)
    assert_equal(summarise(numbers, rule, 50_000 * BYTES_KEPT), expected)
    assert_equal(summarise(numbers, rule, 10_000 * BYTES_KEPT), expected, quantiles=RESOLUTION)
    assert expected.bits_p05[0] < expected.bits_median[0] < expected.bits_max[0]


@pytest.mark.parametrize("jobs", [2, 3, 16])
def test_threads_change_nothing(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytracer.parse.numbers.THREAD_ELEMENTS", 100)
    sizes = [1, 5, 3000, 1, 1, 40, 900, 1]
    data = values_of("<f8", sizes, 4, -6, 3, 0.01)
    numbers, rule = numbers_of(data[1:], data[0], sizes), Rule.of(Measurement(), 4, 53)
    alone, together = (summarise(numbers, rule, MEMORY, n) for n in (1, jobs))
    for f in fields(Summary):
        np.testing.assert_array_equal(getattr(alone, f.name), getattr(together, f.name))


@given(st.lists(st.integers(1, 50), min_size=1, max_size=9), st.integers(1, 60))
def test_parts_hold_all_elements_in_order(sizes: list[int], elements: int) -> None:
    data = values_of("<c8", sizes, 2, -3, 5, 0)
    numbers, rule = numbers_of(data[1:], data[0], sizes), Rule.of(Measurement(), 2, 24)
    parts = list(element_parts(numbers, elements))
    assert all(part.sizes.sum() <= elements for part in parts)
    joined = np.concatenate([measure_elements(part, rule) for part in parts], axis=1)
    np.testing.assert_array_equal(joined, measure_elements(numbers, rule))


def test_extreme_norms() -> None:
    for scale in (1e300, 1e-300, 1.0):
        data = np.tile(np.array([3.0, 4.0, 0.0]) * scale, (2, 1))
        summary = summarise(numbers_of(data), Rule.of(Measurement(), 2, 53), MEMORY)
        assert summary.norm[0] == pytest.approx(5 * scale, rel=1e-14)
        assert summary.largest[0] == 4 * scale


def test_what_is_not_finite_is_counted() -> None:
    nan, inf = np.nan, np.inf
    data = np.array([[1.0, nan, nan, inf, inf, -inf, 2.0], [1.0, nan, 2.0, inf, -inf, -inf, inf]])
    summary = summarise(numbers_of(data), Rule.of(Measurement(), 2, 53), MEMORY)
    assert (summary.nans[0], summary.infs[0]) == (2, 4)
    assert (summary.nan_differs[0], summary.inf_differs[0]) == (1, 1)
    assert (summary.worst_element[0], summary.bits_min[0]) == (2, 0)
    equal = summarise(numbers_of(data[:, [0, 1, 3, 5]]), Rule.of(Measurement(), 2, 53), MEMORY)
    assert (equal.nans[0], equal.infs[0], equal.nan_differs[0], equal.inf_differs[0]) == (1, 2, 0, 0)
    assert (equal.same[0], equal.bits_min[0]) == (1, 53)


def test_error_bits_compare_the_mean_with_the_unperturbed_sample() -> None:
    data = np.array([[1.0, 2.0], [1.0 + 2**-9, 2.0]])
    summary = summarise(numbers_of(data, np.array([1.0, 2.0])), Rule.of(Measurement(), 2, 53), MEMORY)
    assert summary.error_bits_min[0] == 10  # the mean is 1 + 2**-10
    assert summary.error_bits_median[0] == (10 + 53) / 2
    assert summary.unperturbed[0] == 1.5


@pytest.mark.parametrize(
    "broken",
    [
        {"starts": np.array([[8], [-1]])},
        {"starts": np.array([[8], [24]])},
        {"sizes": np.array([0])},
        {"sizes": np.array([2**62])},
        {"unperturbed_starts": np.array([17])},
    ],
)
def test_places_outside_the_payload_are_refused(broken: dict[str, Any]) -> None:
    numbers = replace(numbers_of(np.ones((2, 2)), np.ones(2), padding=8), **broken)
    with pytest.raises(ValueError, match="beyond its payload"):
        summarise(numbers, Rule.of(Measurement(), 2, 53), MEMORY)


def test_wrong_arguments_are_refused() -> None:
    sizes, starts, payloads = np.ones(1, np.int64), np.zeros((1, 1), np.int64), (bytes(8),)
    out, how = np.empty((6, 1)), (False, False, 0.0, 53.0)
    _native.measure_elements(payloads, starts, sizes, None, None, "<f8", how, out)
    with pytest.raises(ValueError, match="no kernel"):
        _native.measure_elements(payloads, starts, sizes, None, None, "<f16", how, out)
    with pytest.raises(ValueError, match="bytes, not"):
        _native.measure_elements(payloads, starts, sizes, None, None, "<f8", how, out[:5].copy())
    with pytest.raises(ValueError, match="no samples"):
        _native.measure_elements((), starts[:0], sizes, None, None, "<f8", how, out)
