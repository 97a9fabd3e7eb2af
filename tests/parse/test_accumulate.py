"""Sums updated sample by sample give the statistics of all samples at once."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytracer.parse import accumulate
from pytracer.parse.accumulate import Accumulator
from pytracer.parse.measure import Rule, Statistics
from pytracer.parse.measurement import Measurement

INF, NAN = math.inf, math.nan
COLUMNS = ("same", "mean", "std", "bits", "error_bits")


def accumulated(samples: np.ndarray, rule: Rule, unperturbed: np.ndarray | None) -> dict[str, np.ndarray]:
    sums = Accumulator(samples.shape[1])
    for sample in samples:
        sums.add(sample)
    blocks = list(sums.statistics(rule, unperturbed))
    return {name: np.concatenate([getattr(block, name) for block in blocks]) for name in COLUMNS}


@given(
    samples=st.integers(1, 12),
    size=st.integers(1, 30),
    scale=st.floats(-290, 290),
    relative=st.floats(-10, 2),
    method=st.sampled_from(["cnh", "general"]),
    reference=st.sampled_from(["mean", "ieee"]),
    seed=st.integers(0, 2**32 - 1),
)
@settings(deadline=None)
def test_equal_to_all_samples_at_once(
    samples: int, size: int, scale: float, relative: float, method: Any, reference: Any, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    exact = 10.0**scale * rng.choice([-1, 1], size)
    data = exact * (1 + 10.0**relative * rng.normal(size=(samples, size)))
    data[:, ::5] = data[0, ::5]
    rule = Rule.of(Measurement(method=method, reference=reference), samples, 53)
    ours, expected = accumulated(data, rule, exact), Statistics.of(data, rule, exact)
    np.testing.assert_array_equal(ours["same"], expected.same)
    # Means are compared beside their samples: a mean near 0 has few digits either way.
    close = np.abs(data).max() * 1e-14
    np.testing.assert_allclose(ours["mean"], expected.mean, rtol=0, atol=close)
    np.testing.assert_allclose(ours["std"], expected.std, rtol=1e-5)
    usual = np.abs(expected.mean) > 1e-3 * np.abs(data).max(axis=0)
    tolerance = 1.0 if method == "general" else 1e-4  # at a power of two
    np.testing.assert_allclose(ours["bits"][usual], expected.bits[usual], atol=tolerance)


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 5), st.integers(1, 6)),
        elements=st.sampled_from([0.0, -0.0, 1.0, NAN, INF, -INF]),
    ),
    st.sampled_from(["mean", "ieee"]),
)
@settings(deadline=None, max_examples=300)
def test_special_numbers_have_the_same_answers(data: np.ndarray, reference: Any) -> None:
    rule = Rule.of(Measurement(reference=reference), len(data), 53)
    base = data[0][::-1].copy()
    ours, expected = accumulated(data, rule, base), Statistics.of(data, rule, base)
    for name in COLUMNS:
        np.testing.assert_allclose(ours[name], getattr(expected, name), rtol=1e-12, err_msg=name)


def test_more_than_a_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accumulate, "BLOCK", 7)
    data = np.random.default_rng(0).normal(size=(3, 20))
    rule = Rule.of(Measurement(), 3, 53)
    np.testing.assert_allclose(accumulated(data, rule, None)["mean"], data.mean(axis=0))


def test_samples_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        Accumulator(3).add(np.ones(2))
