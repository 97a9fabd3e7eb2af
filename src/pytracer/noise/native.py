"""Which native callables run under a random hardware rounding mode.

NumPy's core mostly moves, parses and makes data, which must stay exact: there the callables that compute are listed. SciPy's and
scikit-learn's native code computes: there the exceptions are listed.
"""

COMPUTING = {
    "numpy": frozenset(
        {
            "dot", "vdot", "inner", "c_einsum", "correlate", "correlate2", "interp", "interp_complex", "_interp",
            "ndarray.dot", "matmul", "vecdot", "matvec", "vecmat",
        }
    ),
}  # fmt: skip
"""Package -> the names of the callables that compute, in modules that are not all computation."""

WHOLE_MODULES = ("numpy.linalg._umath_linalg", "numpy.linalg", "numpy.fft._pocketfft_umath", "numpy.fft", "scipy", "sklearn")
"""Modules all of whose native callables compute."""

EXCLUDED = {
    "numpy.random": "random numbers are input, and must be the same in every sample",
    "scipy.io": "reads and writes numbers: a parsed decimal must be the nearest float",
    "scipy._lib": "infrastructure",
    "scipy.datasets": "reads numbers",
    "sklearn.datasets": "reads numbers",
    "sklearn.utils.murmurhash": "hashing",
    "sklearn.utils._random": "random numbers are input",
    "sklearn.__check_build": "infrastructure",
    "sklearn._isotonic": "its pool-adjacent-violators loop compares sums that it computes in two orders",
}
"""Module -> why it always runs to nearest."""


def is_below(name: str, prefix: str) -> bool:
    """Whether a dotted name is `prefix` or lies below it."""
    return name == prefix or name.startswith(prefix + ".")


def is_perturbed(module: str, name: str) -> bool:
    """Whether the native callable `module.name` runs under a random rounding mode."""
    if any(is_below(module, excluded) for excluded in EXCLUDED):
        return False
    if any(is_below(module, whole) for whole in WHOLE_MODULES):
        return True
    return name in COMPUTING.get(module.partition(".")[0], ())
