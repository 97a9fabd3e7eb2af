"""Significant bits: equal to the reference implementation and to the formula, and the cases that it leaves open."""

import math

import numpy as np
import pytest
import scipy.stats
import significantdigits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytracer.parse.measure import Statistics, significant_bits

NORMAL = st.floats(1e-100, 1e100) | st.floats(-1e100, -1e-100)


def column(*samples: complex) -> np.ndarray:
    return np.array(samples)[:, None]


@given(
    samples=st.integers(2, 12),
    size=st.integers(1, 30),
    scale=st.floats(-300, 300),
    relative=st.floats(-16, 3),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_equal_to_significantdigits(samples: int, size: int, scale: float, relative: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(size=(samples, size))
    data = 10.0**scale * (1 + 10.0**relative * noise)
    assume((data != data[0]).any(axis=0).all())
    statistics = Statistics.of(data, 53)
    assert np.allclose(statistics.mean, data.mean(axis=0), rtol=0, atol=1e-15 * np.abs(data).max())
    # The same mean to the last bit: where samples differ in their last digits, X / mean shows its rounding.
    expected = significantdigits.significant_digits(data, reference=statistics.mean, axis=0)
    assert np.allclose(statistics.bits, np.clip(expected, 0, 53), rtol=1e-9, atol=1e-9)


@given(st.lists(NORMAL, min_size=3, max_size=20))
@settings(deadline=None)
def test_equal_to_the_formula(values: list[float]) -> None:
    data = np.array(values)
    assume(len(set(values)) > 1)
    mean = math.fsum(values) / len(values)
    spread = np.std(data / mean - 1)
    assume(spread > 1e-9)  # below, the rounding of the mean is seen
    n = len(values)
    chi2 = scipy.stats.chi2.ppf(0.025, n - 1)
    delta = 0.5 * math.log2((n - 1) / chi2) + math.log2(scipy.stats.norm.ppf(0.975))
    expected = min(max(-math.log2(spread) - delta, 0), 53)
    assert significant_bits(data[:, None])[0] == pytest.approx(expected, abs=1e-6)


@given(
    hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(allow_nan=True, allow_infinity=True)),
    st.integers(2, 9),
    st.sampled_from([53, 24, 11]),
)
def test_identical_samples_have_full_precision(values: np.ndarray, samples: int, precision: int) -> None:
    statistics = Statistics.of(np.tile(values, (samples, 1)), precision)
    assert statistics.same.all()
    assert (statistics.bits == precision).all()
    assert np.array_equal(statistics.mean, values, equal_nan=True)
    assert (statistics.std[np.isfinite(values)] == 0).all()


@given(hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(0, 8)), elements=st.floats(width=64)))
@settings(deadline=None)
def test_bits_are_within_range_whatever_the_data(data: np.ndarray) -> None:
    bits = significant_bits(data, 24)
    assert np.isnan(bits).all() if len(data) < 2 else ((bits >= 0) & (bits <= 24)).all()


def test_complex_parts_are_measured_apart() -> None:
    noisy = column(1 + 1j, 1 + 2j, 1 - 1j)
    statistics = Statistics.of(noisy, 53)
    assert statistics.bits[0] == significant_bits(noisy.imag)[0]
    assert statistics.bits[0] < 2
    assert (statistics.mean[0], statistics.std[0]) == (1, 0)
    assert statistics.mean_imag[0] == pytest.approx(2 / 3)
    assert not statistics.same[0]


def test_a_turning_phase_has_no_bits() -> None:
    phases = np.exp(2j * np.pi * np.arange(8) / 8)[:, None]  # all of modulus 1
    assert significant_bits(phases)[0] == 0


@pytest.mark.parametrize(
    ("samples", "bits"),
    [
        ((1.0, -1.0), 0),  # zero mean
        ((0.0, -0.0), 53),
        ((math.nan, math.nan), 53),
        ((math.inf, math.inf), 53),
        ((math.inf, -math.inf), 0),
        ((math.nan, 1.0), 0),
        ((math.inf, 1.0), 0),
        ((1e308, -1e308), 0),
        ((1.0, 1e6, -1e6), 0),
    ],
)
def test_special_values(samples: tuple[float, ...], bits: float) -> None:
    assert significant_bits(column(*samples))[0] == bits


@pytest.mark.parametrize("scale", [2.0**1023, 2.0**-1060])
def test_scale_changes_no_bits(scale: float) -> None:
    data = np.array([1.0, 1.0 + 2**-8, 1.0 - 2**-8])[:, None]
    assert significant_bits(data * scale)[0] == significant_bits(data)[0]
    assert Statistics.of(data * scale, 53).mean[0] == scale


def test_one_sample_has_no_bits() -> None:
    statistics = Statistics.of(column(2.0), 53)
    assert np.isnan([statistics.bits[0], statistics.std[0]]).all()
    assert statistics.mean[0] == 2


def test_standard_deviation_has_ddof_1() -> None:
    assert Statistics.of(column(1.0, 2.0, 3.0, 4.0), 53).std[0] == pytest.approx(np.std([1, 2, 3, 4], ddof=1))
