"""Significant bits: equal to the reference implementation and to the formula, and the cases that it leaves open.

Both kernels are tested: the native one, and the one in NumPy.
"""

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
import significantdigits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from observed import numbers_of

from pytracer.parse.measure import Rule, Statistics, significant_bits
from pytracer.parse.measurement import Measurement
from pytracer.parse.numbers import measure_elements

NORMAL = st.floats(1e-100, 1e100) | st.floats(-1e100, -1e-100)
METHODS = {"cnh": significantdigits.Method.CNH, "general": significantdigits.Method.General}
INF, NAN = math.inf, math.nan

Columns = tuple[np.ndarray, np.ndarray, np.ndarray]  # mean, std, bits


def native(samples: np.ndarray, rule: Rule, unperturbed: np.ndarray | None) -> Columns:
    columns = measure_elements(numbers_of(samples, unperturbed), rule)
    return columns[0], columns[1], columns[4]


def in_numpy(samples: np.ndarray, rule: Rule, unperturbed: np.ndarray | None) -> Columns:
    wide = samples.astype(np.float64)
    s = Statistics.of(wide, rule, None if unperturbed is None else unperturbed.astype(np.float64))
    return s.mean, s.std, s.bits


KERNELS = pytest.mark.parametrize("kernel", [native, in_numpy])


def rule_of(samples: int, precision: int = 53, **choices: Any) -> Rule:
    return Rule.of(Measurement(**choices), samples, precision)


@KERNELS
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("reference", ["mean", "ieee"])
@given(
    samples=st.integers(2, 40),
    size=st.integers(1, 30),
    dtype=st.sampled_from(["<f8", ">f8", "<f4", ">f4", "<f2"]),
    scale=st.floats(-300, 300),
    relative=st.floats(-16, 3),
    probability=st.floats(0.5, 0.999),
    confidence=st.floats(0.5, 0.999),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None, max_examples=60)
def test_equal_to_significantdigits(
    kernel: Callable[..., Columns],
    method: str,
    reference: str,
    samples: int,
    size: int,
    dtype: str,
    scale: float,
    relative: float,
    probability: float,
    confidence: float,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    scale = {"8": scale, "4": scale / 10, "2": scale / 200}[dtype[2]]
    exact = 10.0**scale * rng.choice([-1, 1], size)
    with np.errstate(over="ignore"):
        data = (exact * (1 + 10.0**relative * rng.normal(size=(samples, size)))).astype(dtype)
    unperturbed = exact.astype(dtype)
    data = data[:, (data != data[0]).any(axis=0) & np.isfinite(data).all(axis=0)]
    unperturbed = unperturbed[: data.shape[1]]
    assume(data.shape[1])
    precision = {"8": 53, "4": 24, "2": 11}[dtype[2]]
    rule = rule_of(
        samples,
        precision,
        method=method,
        reference=reference,
        probability=probability,
        confidence=confidence,
    )
    mean, std, bits = kernel(data, rule, unperturbed)
    wide = data.astype(np.float64)
    assert np.allclose(mean, wide.mean(axis=0), rtol=0, atol=1e-15 * np.abs(wide).max())
    squares = (data.astype(np.longdouble) - mean) ** 2  # of a double they may be out of range
    assert np.allclose(std, np.sqrt(squares.sum(axis=0) / (samples - 1)).astype(np.float64), rtol=1e-9, atol=0)
    # The same mean to the last bit: where samples differ in their last digits, X / mean shows its rounding.
    used = mean if reference == "mean" else unperturbed.astype(np.float64)
    assume((used != 0).all())
    expected = significantdigits.significant_digits(
        wide, reference=used, axis=0, method=METHODS[method], probability=probability, confidence=confidence
    )
    assert np.allclose(bits, np.clip(expected, 0, precision), rtol=1e-9, atol=1e-9)


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_spreads_of_a_few_units_are_equal_to_significantdigits(samples: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = 1.25 + rng.integers(-2, 3, (samples, 20)) * 2.0**-52
    data = data[:, (data != data[0]).any(axis=0)]
    assume(data.shape[1])
    mean, _, bits = native(data, rule_of(samples), None)
    expected = significantdigits.significant_digits(data, reference=mean, axis=0)
    assert np.allclose(bits, np.clip(expected, 0, 53), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", ["<c16", "<c8", ">c16"])
@given(st.integers(2, 12), st.floats(-14, 1), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_parts_of_complex_numbers_are_equal_to_significantdigits(
    dtype: str, samples: int, relative: float, seed: int
) -> None:
    noise = np.random.default_rng(seed).normal(size=(2, samples, 9)) * 10.0**relative
    data = ((1 + noise[0]) + 1j * (2 - noise[1])).astype(dtype)
    precision = 53 if dtype[2:] == "16" else 24
    mean, _, mean_imag, _, bits, bits_imag = measure_elements(numbers_of(data), rule_of(samples, precision))
    for part, own_mean, own_bits in ((data.real, mean, bits), (data.imag, mean_imag, bits_imag)):
        wide = part.astype(np.float64)
        some = (wide != wide[0]).any(axis=0)
        assert (own_bits[~some] == precision).all()
        if some.any():
            expected = significantdigits.significant_digits(wide[:, some], reference=own_mean[some], axis=0)
            assert np.allclose(own_bits[some], np.clip(expected, 0, precision), rtol=1e-9, atol=1e-9)


@given(st.lists(NORMAL, min_size=3, max_size=20))
@settings(deadline=None)
def test_equal_to_the_formula(values: list[float]) -> None:
    data = np.array(values)
    assume(len(set(values)) > 1)
    mean = math.fsum(values) / len(values)
    assume(mean != 0)
    spread = np.std(data / mean - 1)
    assume(spread > 1e-9)  # below, the rounding of the mean is seen
    n = len(values)
    chi2 = scipy.stats.chi2.ppf(0.025, n - 1)
    delta = 0.5 * math.log2((n - 1) / chi2) + math.log2(scipy.stats.norm.ppf(0.975))
    expected = min(max(-math.log2(spread) - delta, 0), 53)
    assert significant_bits(data[:, None])[0] == pytest.approx(expected, abs=1e-6)


@KERNELS
@given(
    hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(2, 9),
    st.sampled_from([53, 24, 11]),
    st.sampled_from(["cnh", "general"]),
    st.sampled_from(["mean", "ieee"]),
)
@settings(deadline=None)
def test_identical_samples_have_full_precision(
    kernel: Callable[..., Columns], values: np.ndarray, samples: int, precision: int, method: str, reference: str
) -> None:
    rule = rule_of(samples, precision, method=method, reference=reference)
    mean, std, bits = kernel(np.tile(values, (samples, 1)), rule, values)
    assert (bits == precision).all()
    assert np.array_equal(mean, values, equal_nan=True)
    assert (std[np.isfinite(values)] == 0).all()
    assert np.isnan(std[~np.isfinite(values)]).all()


@KERNELS
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.floats(width=64)),
    st.sampled_from(["cnh", "general"]),
    st.sampled_from(["mean", "ieee"]),
)
@settings(deadline=None)
def test_bits_are_within_range_whatever_the_data(
    kernel: Callable[..., Columns], data: np.ndarray, method: str, reference: str
) -> None:
    _, _, bits = kernel(data, rule_of(len(data), 24, method=method, reference=reference), data[-1])
    assert np.isnan(bits).all() if len(data) < 2 else ((bits >= 0) & (bits <= 24)).all()


@given(
    hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 8)), elements=st.floats(width=64)),
    st.sampled_from(["cnh", "general"]),
    st.sampled_from(["mean", "ieee"]),
)
@settings(deadline=None, max_examples=300)
def test_both_kernels_agree_whatever_the_data(data: np.ndarray, method: str, reference: str) -> None:
    rule = rule_of(len(data), method=method, reference=reference)
    ours, expected = (kernel(data, rule, data[-1][::-1].copy()) for kernel in (native, in_numpy))
    for own, other in zip(ours, expected, strict=True):
        assert np.allclose(own, other, rtol=1e-12, atol=1e-12, equal_nan=True)


CASES = [
    # samples, mean, std, bits by the hypothesis, bits by trials
    ((1.0, -1.0), 0, math.sqrt(2), 0, 0),  # zero mean
    ((0.0, -0.0), 0, 0, 53, 53),
    ((NAN, NAN), NAN, NAN, 53, 53),
    ((INF, INF), INF, NAN, 53, 53),
    ((INF, -INF), NAN, NAN, 0, 0),
    ((NAN, 1.0), NAN, NAN, 0, 0),
    ((INF, 1.0), NAN, NAN, 0, 0),
    ((1e308, -1e308), 0, math.sqrt(2) * 1e308, 0, 0),
    ((1.7e308, 1.7e308, INF), NAN, NAN, 0, 0),  # overflow in one sample
    ((1.0, 1e6, -1e6), 1 / 3, 1e6, 0, 0),
    ((0.0, 5e-324), 0, 5e-324, 0, 0),  # subnormal numbers: the mean is rounded to one of them
    ((1e-200, 3e-200), 2e-200, math.sqrt(2) * 1e-200, 0, 1),  # whose squares are out of range
    ((1e200, 3e200), 2e200, math.sqrt(2) * 1e200, 0, 1),
    ((1e300, 1e-300), 5e299, 1e300 / math.sqrt(2), 0, 0),
    ((1.0, 1.0, 1.0 + 2**-20), None, None, None, 20),
    ((3.0, 3.0 + 2**-51), None, None, None, 52),
]


@KERNELS
@pytest.mark.parametrize(("samples", "mean", "std", "bits", "trials"), CASES)
def test_special_values(
    kernel: Callable[..., Columns],
    samples: tuple[float, ...],
    mean: float | None,
    std: float | None,
    bits: float | None,
    trials: float,
) -> None:
    column = np.array(samples)[:, None]
    [own_mean], [own_std], [own_bits] = kernel(column, rule_of(len(samples)), None)
    _, _, [own_trials] = kernel(column, rule_of(len(samples), method="general"), None)
    assert own_trials == trials
    if bits is not None:
        assert own_bits == bits
        # To a subnormal number, whose neighbours are far.
        assert own_mean == pytest.approx(mean, rel=1e-15, abs=5e-324, nan_ok=True)
        assert own_std == pytest.approx(std, rel=1e-6, abs=1e-323, nan_ok=True)


@KERNELS
@pytest.mark.parametrize(
    ("samples", "unperturbed", "bits"),
    [
        ((2.0, 2.0), 2.0, 53),
        ((2.0, 2.0), 3.0, math.log2(3) - 5.966771052140418),  # all wrong alike: the largest |Z| counts
        ((1.1,) * 10, 0.7, math.log2(0.7 / 0.4) - 1.8392058877715352),  # also where their sum rounds
        ((0.0, -0.0), 0.0, 53),
        ((0.0, 1e-300), 0.0, 0),  # nothing is relative to zero
        ((NAN, NAN), NAN, 53),
        ((NAN, NAN), 1.0, 0),
        ((1.0, 1.0), NAN, 0),
        ((1.0, 2.0), INF, 0),
        ((INF, INF), INF, 53),
        ((1e-320, 2e-320), 1.0, 0),
    ],
)
def test_special_values_beside_the_unperturbed_one(
    kernel: Callable[..., Columns], samples: tuple[float, ...], unperturbed: float, bits: float
) -> None:
    rule = rule_of(len(samples), reference="ieee")
    _, _, [own] = kernel(np.array(samples)[:, None], rule, np.array([unperturbed]))
    assert own == pytest.approx(max(bits, 0), rel=1e-9)


@KERNELS
@pytest.mark.parametrize("scale", [2.0**1023, 2.0**-1060])
def test_scale_changes_no_bits(kernel: Callable[..., Columns], scale: float) -> None:
    data = np.array([1.0, 1.0 + 2**-8, 1.0 - 2**-8])[:, None]
    [mean], _, [bits] = kernel(data * scale, rule_of(3), None)
    assert bits == pytest.approx(kernel(data, rule_of(3), None)[2][0], rel=1e-14)
    assert mean == scale


@KERNELS
def test_one_sample_has_no_bits(kernel: Callable[..., Columns]) -> None:
    [mean], [std], [bits] = kernel(np.array([[2.0]]), rule_of(1), None)
    assert np.isnan([bits, std]).all()
    assert mean == 2


@KERNELS
def test_without_an_unperturbed_sample_nothing_is_relative_to_it(kernel: Callable[..., Columns]) -> None:
    _, _, bits = kernel(np.array([[2.0], [2.0]]), rule_of(2, reference="ieee"), None)
    assert np.isnan(bits).all()


def test_complex_parts_are_measured_apart() -> None:
    noisy = np.array([1 + 1j, 1 + 2j, 1 - 1j])[:, None]
    statistics = Statistics.of(noisy, rule_of(3))
    assert statistics.fewest_bits[0] == statistics.bits_imag[0] == significant_bits(noisy.imag)[0]
    assert (statistics.bits[0], statistics.mean[0], statistics.std[0]) == (53, 1, 0)
    assert statistics.mean_imag[0] == pytest.approx(2 / 3)
    assert not statistics.same[0]


def test_a_turning_phase_has_no_bits() -> None:
    phases = np.exp(2j * np.pi * np.arange(8) / 8)[:, None]  # all of modulus 1
    assert significant_bits(phases)[0] == 0


def test_long_doubles_have_more_bits() -> None:
    """They have no native kernel."""
    one = np.longdouble(1)
    data = np.array([one, one + np.finfo(np.longdouble).eps])[:, None]
    precision = np.finfo(np.longdouble).nmant + 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, _, _, _, [bits], _ = measure_elements(numbers_of(data), rule_of(2, precision, method="general"))
    assert bits == precision - 1
