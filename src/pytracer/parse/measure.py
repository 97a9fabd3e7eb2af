"""Significant bits of a quantity observed N times, by the Centered Normality Hypothesis (CNH).

Sohier, De Oliveira Castro, Fevotte, Lathuiliere, Petit, Jamond: Confidence intervals for stochastic arithmetic, TOMS
47(2), 2021, section 3: with Z = X / mean(X) - 1 and its standard deviation s over n samples,

    bits >= -log2(s) - [ 1/2 log2((n - 1) / chi2_{alpha/2}) + log2(F^-1((p + 1) / 2)) ]

with probability p and confidence 1 - alpha. The `significantdigits` package computes it; this module adds what the
formula leaves open:

- samples that are all equal (+0 and -0 are equal, NaN and NaN too) have the full precision of their type;
- spread around a mean of zero gives 0 bits;
- non-finite values in some samples only, or infinities that differ, give 0 bits;
- bits are cut to 0 .. precision.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

PROBABILITY = 0.95
CONFIDENCE = 0.95

PRECISION = {
    "<f8": 53,
    "<f4": 24,
    "<f2": 11,
    "<c16": 53,
    "<c8": 24,
    ">f8": 53,
    ">f4": 24,
    ">f2": 11,
    ">c16": 53,
    ">c8": 24,
    np.dtype(np.longdouble).str: np.finfo(np.longdouble).nmant + 1,  # x87: 63 bits and an explicit first one
    np.dtype(np.clongdouble).str: np.finfo(np.longdouble).nmant + 1,
}
"""Significant bits that each dtype can hold."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Statistics:
    """Element by element over the samples; every array has shape (M,).

    `bits` counts significant bits (base 2); for complex numbers the smaller count of real and imaginary part.
    `bits` and `std` (ddof 1) are NaN when there is only one sample. The imaginary columns are NaN for real numbers.
    """

    same: NDArray[np.bool_]  # equal in all samples
    mean: Floats
    std: Floats
    mean_imag: Floats
    std_imag: Floats
    bits: Floats

    @classmethod
    def of(cls, samples: NDArray[Any], precision: int) -> "Statistics":
        """Statistics of `samples` (N, M): float64, complex128 or longer, of a type that holds `precision` bits."""
        if samples.dtype.kind != "c":
            nothing = np.full(samples.shape[1], np.nan)
            same, mean, std, bits = _of_real(samples, precision)
            return cls(same, mean, std, nothing, nothing, bits)
        same, mean, std, bits = _of_real(samples.real, precision)
        same_imag, mean_imag, std_imag, bits_imag = _of_real(samples.imag, precision)
        return cls(same & same_imag, mean, std, mean_imag, std_imag, np.minimum(bits, bits_imag))


def significant_bits(samples: NDArray[Any], precision: int = 53) -> Floats:
    """Significant bits of each column of `samples` (N, M), N >= 2; shape (M,)."""
    return Statistics.of(samples, precision).bits


def _of_real(samples: Floats, precision: int) -> tuple[NDArray[np.bool_], Floats, Floats, Floats]:
    """Whether all samples are equal, their mean, standard deviation and bits."""
    first = samples[0]
    same: NDArray[np.bool_] = (samples == first).all(axis=0) | np.isnan(samples).all(axis=0)
    with np.errstate(over="ignore"):
        mean = first.astype(np.float64)  # a copy; a long double may be beyond
    if len(samples) < 2:
        nothing = np.full(len(first), np.nan)
        return same, mean, nothing, nothing.copy()
    std = np.where(np.isfinite(first), 0.0, np.nan)
    bits = np.full(len(first), float(precision))
    spread = np.flatnonzero(~same)
    if len(spread):
        finite = np.isfinite(np.take(samples, spread, axis=1)).all(axis=0)
        broken, spread = spread[~finite], spread[finite]
        mean[broken] = std[broken] = np.nan
        bits[broken] = 0.0
        mean[spread], std[spread], bits[spread] = _of_spread(np.take(samples, spread, axis=1), precision)
    return same, mean, std, bits


def _of_spread(samples: Floats, precision: int) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and bits of finite samples that are not all equal."""
    # A power of two changes no ratio; without it sums overflow above 1e308 and ratios lose digits among subnormals.
    exponent = np.frexp(np.abs(samples).max(axis=0))[1]
    exponent[np.abs(exponent) < 900] = 0
    scaled = np.ldexp(samples, -exponent) if exponent.any() else samples
    mean = scaled.mean(axis=0)
    bits = np.zeros(samples.shape[1])
    some = np.flatnonzero(mean)
    if len(some):
        bits[some] = np.clip(_cnh(scaled[:, some], mean[some]), 0.0, precision)
    with np.errstate(over="ignore", under="ignore"):
        std = scaled.std(axis=0, ddof=1)
        return np.ldexp(mean, exponent).astype(np.float64), np.ldexp(std, exponent).astype(np.float64), bits


def _cnh(samples: Floats, mean: Floats) -> Floats:
    from significantdigits import Error, Method, significant_digits  # imports scipy.stats: 0.7 s

    with np.errstate(all="ignore"):
        bits: Floats = significant_digits(
            samples,
            reference=mean,
            axis=0,
            error=Error.Relative,
            method=Method.CNH,
            probability=PROBABILITY,
            confidence=CONFIDENCE,
        )
    return bits
