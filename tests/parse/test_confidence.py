"""Bounds of significant bits: the quantiles are those of SciPy."""

import math
from statistics import NormalDist

import numpy as np
import pytest
import scipy.stats
import significantdigits
from hypothesis import given
from hypothesis import strategies as st

from pytracer.parse.confidence import Bounds, chi2_quantile, probability_of
from pytracer.parse.measurement import Measurement


@given(st.floats(1e-9, 1 - 1e-6), st.integers(1, 3000))
def test_quantiles(probability: float, freedom: int) -> None:
    expected = scipy.stats.chi2.ppf(probability, freedom)
    assert chi2_quantile(probability, freedom) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("samples", [2, 3, 5, 30])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.99])
def test_bounds_contain_the_truth_as_often_as_they_say(samples: int, confidence: float) -> None:
    """Of a normal variable whose bits are known."""
    measurement = Measurement(confidence=confidence)
    bounds = Bounds.of(measurement, samples)
    z = np.random.default_rng(samples).normal(size=(samples, 40_000))
    lower = -np.log2(z.std(axis=0)) - bounds.delta
    truth = -math.log2(NormalDist().inv_cdf((measurement.probability + 1) / 2))
    estimate, upper = lower + bounds.to_estimate, lower + bounds.to_upper
    assert (lower <= estimate).all()
    assert (estimate <= upper).all()
    # std has ddof 0, as in significantdigits: with n - 1 in the formula the bound lies up to half a bit higher.
    shift = 0.5 * math.log2(samples / (samples - 1))
    inside = (lower - shift <= truth) & (truth <= upper - shift)
    assert inside.mean() == pytest.approx(confidence, abs=0.01)


def test_trials_have_no_upper_bound() -> None:
    bounds = Bounds.of(Measurement(method="general"), 5)
    assert (bounds.delta, bounds.to_estimate) == (0, 0)
    assert math.isnan(bounds.to_upper)


def test_one_sample_has_no_bounds() -> None:
    assert math.isnan(Bounds.of(Measurement(), 1).delta)


@pytest.mark.parametrize("samples", [3, 10, 59, 300])
def test_probability_of_trials_is_that_of_their_number(samples: int) -> None:
    expected = significantdigits.probability_estimation_bernoulli(samples, samples, 0.95)
    assert probability_of(Measurement(method="general"), samples) == pytest.approx(max(expected, 0))
    assert probability_of(Measurement(probability=0.9), samples) == 0.9
