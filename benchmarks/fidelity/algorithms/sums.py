"""Sums and inner products in the order in which NumPy and BLAS add."""


def pairwise(x):
    """NumPy's sum of contiguous numbers: halves down to 128 numbers, which go to 8 partial sums."""
    if len(x) > 128:
        half = len(x) // 2 - len(x) // 2 % 8
        return pairwise(x[:half]) + pairwise(x[half:])
    if len(x) < 8:
        return running(x)
    whole = len(x) - len(x) % 8
    parts = [running(x[k:whole:8]) for k in range(8)]
    while len(parts) > 1:
        parts = [a + b for a, b in zip(parts[::2], parts[1::2], strict=True)]
    return running([parts[0], *x[whole:]])


def running(x):
    """One number after the other."""
    total = x[0]
    for each in x[1:]:
        total = total + each
    return total


def mean(x):
    """np.mean."""
    return pairwise(x) / len(x)


LANES = 32
"""Partial sums of OpenBLAS's ddot: 4 registers of 8 doubles with AVX-512 (with AVX2 of 4: longer sums by half)."""


def dot(x, y):
    """An inner product as BLAS computes it: partial sums of fused multiply-adds."""
    whole = len(x) - len(x) % LANES
    parts = [x[k] * y[k] for k in range(LANES)] if whole else []
    for i in range(LANES, whole, LANES):
        for k in range(LANES):
            parts[k] = x[i + k].fma(y[i + k], parts[k])
    while len(parts) > 1:
        half = len(parts) // 2
        parts = [a + b for a, b in zip(parts[:half], parts[half:], strict=True)]
    return chain(x[whole:], y[whole:], *parts)


def chain(x, y, total=0.0):
    """Fused multiply-adds one after the other, as each element of a matrix product is computed."""
    for a, b in zip(x, y, strict=True):
        total = a.fma(b, total)
    return total


def norm(x):
    """np.linalg.norm of a vector."""
    return dot(x, x).sqrt()
