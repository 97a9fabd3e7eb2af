"""The small root of a x² + b x + c, where b² is much larger than 4ac."""


def small_root_by_formula_unstable(a, b, c):
    """Minus b and the square root nearly cancel."""
    return (-b + (b * b - 4.0 * a * c) ** 0.5) / (2.0 * a)


def small_root_by_product_stable(a, b, c):
    """The large root has no cancellation, and the product of both roots is c / a."""
    large = (-b - (b * b - 4.0 * a * c) ** 0.5) / (2.0 * a)
    return c / (a * large)


for b in (123456.7, 234567.8, 345678.9, 456789.1, 567891.2, 678912.3):
    print(small_root_by_formula_unstable(1.7, b, 3.1), small_root_by_product_stable(1.7, b, 3.1))
