"""Compound interest at small rates: what capital of 1 yields, and the rate that yields it."""

import numpy as np


def yield_by_exp_unstable(rate):
    """The exponential is close to 1, and the digits of the rate drop out of it."""
    return np.exp(rate) - 1.0


def yield_by_expm1_stable(rate):
    return np.expm1(rate)


def rate_by_log_unstable(interest):
    """1 + interest drops the same digits."""
    return np.log(1.0 + interest)


def rate_by_log1p_stable(interest):
    return np.log1p(interest)


daily = np.array([1.1e-9, 2.3e-9, 3.1e-9, 4.7e-9])
print(yield_by_exp_unstable(daily)[2], yield_by_expm1_stable(daily)[2])
print(rate_by_log_unstable(daily)[2], rate_by_log1p_stable(daily)[2])
