"""Significant bits of a quantity observed N times; docs/statistics.md has the formulas and all special cases.

Sohier, De Oliveira Castro, Fevotte, Lathuiliere, Petit, Jamond: Confidence intervals for stochastic arithmetic, TOMS
47(2), 2021. With Z = X / reference - 1, where the reference is the mean of the samples or the unperturbed sample:

- Centered Normality Hypothesis (section 3): bits >= -log2(std(Z)) - delta (`confidence.Bounds`);
- general (section 4, Bernoulli trials): the largest k with |Z| <= 2**-k in all samples.

This is the kernel of `numbers` in NumPy: it documents what the native one does (statistics.c), serves the types that
the native one does not know, and the same tests run both.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.confidence import Bounds
from pytracer.parse.measurement import Measurement

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

FAR = 400
"""Beyond this power of two sums of squares may leave the range of float64."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Rule:
    """How the bits of values of one type are counted, from a given number of samples."""

    general: bool
    to_reference: bool  # relative to the unperturbed sample, else to the mean
    delta: float  # see `confidence.Bounds`
    precision: int  # bits that the type can hold

    @classmethod
    def of(cls, measurement: Measurement, samples: int, precision: int) -> "Rule":
        bounds = Bounds.of(measurement, samples)
        return cls(measurement.method == "general", measurement.reference == "ieee", bounds.delta, precision)


@dataclass(frozen=True)
class Statistics:
    """Element by element over the samples; every array has shape (M,).

    `bits` and `bits_imag` count significant bits (base 2), and `error_bits` those of the mean that agree with the
    unperturbed sample (NaN without one), for complex numbers in the worse of both parts. Bits and `std` (ddof 1) are
    NaN when there is only one sample. The imaginary columns are NaN for real numbers.
    """

    same: Bools  # equal in all samples; +0 and -0 are, NaN and NaN too
    mean: Floats
    std: Floats
    mean_imag: Floats
    std_imag: Floats
    bits: Floats
    bits_imag: Floats
    error_bits: Floats

    @classmethod
    def of(cls, samples: NDArray[Any], rule: Rule, unperturbed: NDArray[Any] | None = None) -> "Statistics":
        """Statistics of `samples` (N, M) beside the `unperturbed` one (M,): float64, complex128 or longer."""
        if samples.dtype.kind != "c":
            nothing = np.full(samples.shape[1], np.nan)
            same, mean, std, bits, error = _of_real(samples, rule, unperturbed)
            return cls(same, mean, std, nothing, nothing, bits, nothing, error)
        real, imag = (None, None) if unperturbed is None else (unperturbed.real, unperturbed.imag)
        same, mean, std, bits, error = _of_real(samples.real, rule, real)
        same_imag, mean_imag, std_imag, bits_imag, error_imag = _of_real(samples.imag, rule, imag)
        both = np.minimum(error, error_imag)
        return cls(same & same_imag, mean, std, mean_imag, std_imag, bits, bits_imag, both)

    @property
    def fewest_bits(self) -> Floats:
        """Those of the worse part."""
        return np.fmin(self.bits, self.bits_imag)


def significant_bits(
    samples: NDArray[Any],
    precision: int = 53,
    measurement: Measurement | None = None,
    unperturbed: NDArray[Any] | None = None,
) -> Floats:
    """Significant bits of each column of `samples` (N, M), N >= 2; shape (M,). Of complex numbers: the worse part."""
    rule = Rule.of(measurement or Measurement(), len(samples), precision)
    return Statistics.of(samples, rule, unperturbed).fewest_bits


def _of_real(
    samples: NDArray[Any], rule: Rule, unperturbed: NDArray[Any] | None
) -> tuple[Bools, Floats, Floats, Floats, Floats]:
    """Whether all samples are equal, their mean, standard deviation and bits, and the mean's error in bits."""
    first = samples[0]
    same: NDArray[np.bool_] = np.asarray(_is_same(samples, first).all(axis=0))
    with np.errstate(all="ignore"):
        finite = np.isfinite(samples).all(axis=0)
        mean = np.where(same, first, np.nan).astype(np.float64)  # a long double may be beyond
        std = np.where(same & finite, 0.0, np.nan)
        bits = np.where(same, float(rule.precision), 0.0)
        spread = ~same
        if rule.to_reference and unperturbed is not None:
            settled = np.asarray(_is_same(samples, unperturbed).all(axis=0))
            bits, spread = np.where(settled, float(rule.precision), 0.0), ~settled
        some = np.flatnonzero(spread & finite)
        if len(some):
            base = None if unperturbed is None else unperturbed[some]
            mean_some, std_some, bits[some] = _of_spread(samples[:, some], rule, base)
            mean[some] = np.where(same[some], mean[some], mean_some)
            std[some] = np.where(same[some], std[some], std_some)
        error = np.full(len(first), np.nan)
        if unperturbed is not None:
            error = -np.log2(np.abs(mean - unperturbed) / np.abs(unperturbed))
            error = np.where(_is_same(mean, unperturbed.astype(np.float64)), rule.precision, _cut(error, rule))
    if len(samples) < 2:
        std = np.full(len(first), np.nan)
    if len(samples) < 2 or (rule.to_reference and unperturbed is None):
        bits = np.full(len(first), np.nan)
    return same, mean, std, bits, error.astype(np.float64)


def _is_same(a: NDArray[Any], b: NDArray[Any]) -> Bools:
    result: Bools = (a == b) | (np.isnan(a) & np.isnan(b))
    return result


def _of_spread(samples: NDArray[Any], rule: Rule, base: NDArray[Any] | None) -> tuple[Floats, Floats, Floats]:
    """Mean, standard deviation and bits of finite samples that are not all equal."""
    # A power of two changes no ratio; without it squares leave the range, and ratios lose digits among subnormals.
    exponent = np.frexp(np.abs(samples).max(axis=0))[1]
    exponent[np.abs(exponent) < FAR] = 0
    scaled = np.ldexp(samples, -exponent)
    mean = _sum(scaled) / len(samples)
    std = np.sqrt(_sum((scaled - mean) ** 2) / (len(samples) - 1))
    reference = mean
    if rule.to_reference and base is not None:
        reference = np.where(np.isfinite(base), np.ldexp(base, -exponent), 0)
    bits = np.where(reference == 0, 0.0, _bits(scaled / reference - 1, rule))
    return np.ldexp(mean, exponent).astype(np.float64), np.ldexp(std, exponent).astype(np.float64), bits


def _sum(samples: NDArray[Any]) -> NDArray[Any]:
    """In order of the samples, as the native kernel adds: how NumPy does depends on the layout."""
    total: NDArray[Any] = samples[0].copy()
    for sample in samples[1:]:
        total += sample
    return total


def _bits(z: NDArray[Any], rule: Rule) -> Floats:
    """Bits from Z (N, M)."""
    deviation = np.sqrt(_sum((z - _sum(z) / len(z)) ** 2) / len(z))
    deviation[(z == z[0]).all(axis=0)] = 0  # whatever the rounding of their mean
    return count_bits(deviation, np.abs(z).max(axis=0), rule)


def count_bits(deviation: NDArray[Any], largest: NDArray[Any], rule: Rule) -> Floats:
    """Bits from the standard deviation (ddof 0) and the largest magnitude of Z, each of shape (M,)."""
    mantissa = np.finfo(largest.dtype).nmant
    if rule.general:
        fraction, exponent = np.frexp(largest)
        bits = np.where(largest == 0, mantissa, np.where(largest <= 1, (fraction == 0.5) - exponent, 0))
        return _cut(np.minimum(bits, mantissa).astype(np.float64), rule)
    spread = np.where(deviation == 0, largest, deviation)
    return _cut(np.where(spread == 0, mantissa, -np.log2(spread)) - rule.delta, rule)


def _cut(bits: NDArray[Any], rule: Rule) -> Floats:
    """To 0 .. precision; what is no number is 0."""
    result: Floats = np.clip(np.where(np.isnan(bits), 0, bits), 0, rule.precision).astype(np.float64)
    return result
