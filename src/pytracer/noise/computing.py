"""Which functions of the default packages compute, and which only make, move, look at or read data.

NumPy's own functions mostly do the latter: there those that compute are listed. Of SciPy and scikit-learn all but what
`pytracer.noise.native` excludes compute.
"""

from pytracer.noise.native import NOT_COMPUTATION, is_below

NUMPY_MODULES = ("numpy.linalg", "numpy.fft", "numpy.polynomial")
"""Modules of NumPy in which everything computes."""

NUMPY_FUNCTIONS = frozenset(
    "sum prod mean std var average median percentile quantile ptp cumsum cumprod cumulative_sum cumulative_prod trace "
    "nansum nanprod nanmean nanstd nanvar nanmedian nanpercentile nanquantile nancumsum nancumprod "
    "dot vdot inner outer matmul tensordot einsum kron cross convolve correlate cov corrcoef interp "
    "diff ediff1d gradient trapezoid trapz unwrap sinc i0 angle linspace logspace geomspace "
    "polyfit polyval polyadd polysub polymul polydiv polyder polyint poly roots piecewise histogram histogramdd "
    "apply_along_axis apply_over_axes".split()
)
"""Functions of NumPy that compute, by their last name."""

NDARRAY_METHODS = frozenset("sum prod mean std var cumsum cumprod trace dot ptp".split())
UFUNC_METHODS = frozenset("reduce accumulate reduceat outer".split())


def computes(module: str, name: str, kind: str) -> bool:
    """Whether the function `module.name` of the given kind (records/schema.py) computes numbers."""
    if any(is_below(module, excluded) for excluded in NOT_COMPUTATION):
        return False
    if module.partition(".")[0] != "numpy":
        return True
    if kind == "ufunc" or any(is_below(module, whole) for whole in NUMPY_MODULES):
        return True
    owner, _, method = name.rpartition(".")
    if owner:
        return method in {"ndarray": NDARRAY_METHODS, "ufunc": UFUNC_METHODS}.get(owner, ())
    return name in NUMPY_FUNCTIONS
