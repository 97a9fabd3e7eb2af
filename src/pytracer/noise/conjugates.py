"""Polynomials with complex conjugate roots stay real.

`np.poly`, and SciPy's filter design, give real coefficients when the roots are conjugates of one another bit by bit.
IEEE arithmetic leaves them so where both are computed alike, but noise perturbs each by itself. Roots that are
conjugates but for that are made conjugates here: of each pair, one keeps its noise, and the other follows it.
"""

import sys
from collections.abc import Sequence
from types import CodeType, FunctionType
from typing import Any

TOLERANCES = {"d": 1000 * 2.0**-52, "f": 1000 * 2.0**-23}
"""Relative to a root: type of its parts -> 1000 units. `scipy.signal.zpk2sos` takes 100, but knows of no noise: narrow
band filters magnify it."""


def _of_numpy(seq_of_zeros: Any) -> Any:
    call: Any = "call"
    return call(seq_of_zeros)


def _of_scipy(seq_of_zeros: Any, *, xp: Any) -> Any:
    call: Any = "call"
    return call(seq_of_zeros, xp=xp)


PLACES = {
    "numpy.lib._polynomial_impl": _of_numpy,
    "numpy.lib.polynomial": _of_numpy,  # NumPy 1
    "scipy.signal._polyutils": _of_scipy,
}
"""Modules with a function `poly`, and the parameters that it has."""


class Conjugates:
    """Sees to these functions as they come. The objects stay the same, with their names and signatures."""

    def __init__(self) -> None:
        self._waiting = dict(PLACES)

    def modules_loaded(self) -> None:
        """Some may have been imported since the last time."""
        for module, template in list(self._waiting.items()):
            found = getattr(sys.modules.get(module), "poly", None)
            function = getattr(found, "__wrapped__", found)  # of NumPy's dispatcher
            if isinstance(function, FunctionType):
                del self._waiting[module]
                function.__code__ = _paired_first(function, template.__code__)


def _paired_first(function: FunctionType, template: CodeType) -> CodeType:
    """Code that pairs the roots and goes on with what the function did; no name is added to its module."""
    plain = FunctionType(function.__code__, function.__globals__)

    def call(roots: Any, **options: Any) -> Any:
        return plain(paired(roots), **options)

    code = function.__code__
    return template.replace(
        co_consts=tuple(call if each == "call" else each for each in template.co_consts),
        co_name=code.co_name,
        co_qualname=code.co_qualname,
        co_filename=code.co_filename,
        co_firstlineno=code.co_firstlineno,
    )


def paired(roots: Any) -> Any:
    """A copy of the roots in which those that are conjugates but for noise are conjugates; or the roots as they are.

    They stay where one of them that is not real has no other one.

    Args:
        roots: shape (n,), complex64 or complex128.
    """
    if type(roots) is not getattr(sys.modules["numpy"], "ndarray", None) or roots.ndim != 1 or roots.dtype.kind != "c":
        return roots
    # No method of the array: it could be hooked, and sample 0 does not call it.
    real, imag = memoryview(roots.real), memoryview(roots.imag)
    tolerance = TOLERANCES.get(real.format)
    if tolerance is None:  # long double
        return roots
    values = list(map(complex, real.tolist(), imag.tolist()))
    partners = _partners(values, tolerance)
    if not partners:
        return roots
    copied = roots[list(range(len(values)))]
    for one, other in partners:
        copied[other] = values[one].conjugate()
    return copied


def _partners(values: Sequence[complex], tolerance: float) -> list[tuple[int, int]] | None:
    """Pairs of indices, of a root above the real axis and its conjugate; None where one has none."""
    lower = [index for index, value in enumerate(values) if value.imag < 0]
    upper = [index for index, value in enumerate(values) if value.imag > 0]
    if len(lower) != len(upper):
        return None
    pairs = []
    for index in upper:
        mirrored = values[index].conjugate()
        distance, nearest = min((abs(values[other] - mirrored), other) for other in lower)
        if not distance <= tolerance * abs(mirrored):  # or NaN
            return None
        lower.remove(nearest)
        pairs.append((index, nearest))
    return pairs
