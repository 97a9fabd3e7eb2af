"""The mean of numbers of both signs, which are far larger than their sum."""

import math


def mean_by_loop_unstable(x):
    """Each addition rounds to the digits of the sum so far, which is large."""
    total = 0.0
    for each in x:
        total += each
    return total / len(x)


def mean_by_fsum_stable(x):
    """The sum is exact, and rounded once."""
    return math.fsum(x) / len(x)


# Deposits, withdrawals of the same size, and the cents between; each is a float exactly.
payments = [part for k in range(1, 201) for part in (1e8 * k, (k * 2**24 + 1) * 2.0**-30, -1e8 * k)]
print(mean_by_loop_unstable(payments), mean_by_fsum_stable(payments))
