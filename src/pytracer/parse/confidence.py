"""What confidence costs: the quantiles in the formulas of significant bits.

Sohier, De Oliveira Castro, Fevotte, Lathuiliere, Petit, Jamond: Confidence intervals for stochastic arithmetic, TOMS
47(2), 2021. They are computed here, since importing SciPy takes longer than measuring most programs.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

from pytracer.parse.measurement import Measurement


@dataclass(frozen=True)
class Bounds:
    """What separates the significant bits of n samples, a lower bound, from what else could be said of them."""

    delta: float  # bits that the lower bound lies below -log2(standard deviation of Z)
    to_estimate: float  # bits to add for the estimate, before the cut to 0 .. precision
    to_upper: float  # bits to add for the upper bound; NaN when the method has none

    @classmethod
    def of(cls, measurement: Measurement, samples: int) -> "Bounds":
        """For `samples` observations of each value; all NaN for fewer than 2."""
        if samples < 2:
            return cls(math.nan, math.nan, math.nan)
        if measurement.method == "general":
            return cls(0.0, 0.0, math.nan)
        alpha = 1 - measurement.confidence
        low, high = (0.5 * math.log2((samples - 1) / chi2_quantile(q, samples - 1)) for q in (alpha / 2, 1 - alpha / 2))
        return cls(low + math.log2(NormalDist().inv_cdf((measurement.probability + 1) / 2)), low, low - high)


def probability_of(measurement: Measurement, samples: int) -> float:
    """Probability with which the bits of `samples` observations hold.

    By Bernoulli trials without a failure it is 1 + ln(1 - confidence) / n (section 4 of the paper), not one to choose.
    """
    if measurement.method == "cnh":
        return measurement.probability
    return max(0.0, 1 + math.log(1 - measurement.confidence) / samples) if samples else math.nan


@lru_cache
def chi2_quantile(probability: float, freedom: int) -> float:
    """The x below which a chi-squared variable lies with that probability, 0 < probability < 1; to 13 digits."""
    shape = freedom / 2
    low, high = 0.0, 1.0
    while _gamma_cdf(shape, high) < probability:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):
        if _gamma_cdf(shape, middle) < probability:
            low = middle
        else:
            high = middle
    return 2 * high


def _gamma_cdf(shape: float, x: float) -> float:
    """Regularised lower incomplete gamma function: a series, or, beyond the mean, a continued fraction (Lentz)."""
    if x <= 0:
        return 0.0
    factor = math.exp(shape * math.log(x) - x - math.lgamma(shape))
    if x < shape + 1:
        term = total = 1 / shape
        n = shape
        while term > 1e-17 * total:
            n += 1
            term *= x / n
            total += term
        return factor * total
    b = x + 1 - shape
    c, d = math.inf, 1 / b
    fraction, i = d, 0
    while True:
        i += 1
        a = -i * (i - shape)
        b += 2
        d = 1 / (a * d + b)
        c = b + a / c
        fraction *= c * d
        if abs(c * d - 1) < 1e-16 or i > 10_000:
            return 1 - factor * fraction
