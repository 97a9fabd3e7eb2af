"""Differences whose operands carry the same error, where a model that rounds both alike sees none."""

from kernel import Kernel, random


def difference_of_products(x, y, offset):
    """Twice the same product: the difference is noise, beside which stands a known number."""
    return offset + (x * y - y * x)


def difference_of_products_in_a_loop(x, y, offset):
    return [offset + (a * b - b * a) for a, b in zip(x, y, strict=True)]


def small_beside_large(large, small):
    return (large + small) - large


def difference_of_squares(x, y):
    return x * x - y * y


def third_and_back(x, offset):
    return offset + (x - 3.0 * (x / 3.0))


def root_and_back(x, offset):
    return offset + (x - (x**0.5) ** 2)


def difference_of_means(x, offset):
    """Two means of the same numbers: each has its own errors."""
    return offset + (x.sum() / x.size - x[::-1].sum() / x.size)


def emulated_difference_of_means(x, offset):
    from algorithms.sums import pairwise

    return offset + (pairwise(x) / len(x) - pairwise(x[::-1]) / len(x))


def positive(seed, n=200):
    return random(seed).uniform(1, 2, n)


OFFSET = 1e-10 / 3

KERNELS = [
    Kernel("xy - yx, arrays", difference_of_products, lambda: (positive(1), positive(2), OFFSET)),
    Kernel(
        "xy - yx, Python",
        difference_of_products_in_a_loop,
        lambda: (positive(1).tolist(), positive(2).tolist(), OFFSET),
    ),
    Kernel("(x + y) - x, arrays", small_beside_large, lambda: (positive(3), positive(4) * 1e-8)),
    Kernel("(x + y) - x, Python", small_beside_large, lambda: (1.7, 1e-8 / 3)),
    Kernel("x² - y², arrays", difference_of_squares, lambda: (positive(5), positive(5) + positive(6) * 1e-9)),
    Kernel("x - 3 (x/3), arrays", third_and_back, lambda: (positive(7), OFFSET)),
    Kernel("x - √x², arrays", root_and_back, lambda: (positive(8), OFFSET)),
    Kernel(
        "difference of two means",
        difference_of_means,
        lambda: (positive(9, 1000), OFFSET),
        emulated_difference_of_means,
    ),
]
