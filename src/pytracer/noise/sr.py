"""Stochastic rounding, in layers: NumPy's arrays and scalars and Python's floats per operation, BLAS per kernel, other
native code per call.

Random rounding replaces each inexact result by one of its two floating-point neighbours with equal probability (CESTAC:
J. Vignes, A stochastic arithmetic for reliable scientific computation, Math. Comput. Simul. 35, 1993).
"""

import os
import sys
from collections.abc import Callable, Iterable
from types import CodeType

from pytracer import _native
from pytracer.noise import blas, python_floats, python_math
from pytracer.noise.conjugates import Conjugates
from pytracer.noise.model import Description, NoiseModel, Part
from pytracer.noise.native import PYTHON_KINDS, TO_NEAREST, is_denied, is_perturbed, writes_last
from pytracer.noise.options import Option, choice

NUMPY_LOOPS = (
    "NumPy loops: each + - * /, sqrt, square, reciprocal, whole power, hypot and sum, also complex; "
    "last bit of exp, log, ..."
)
NATIVE_CALLS = "native calls of numpy.linalg, numpy.fft, SciPy and scikit-learn: a random rounding mode per call"
PYTHON_FLOATS = (
    "Python floats and complex numbers in the program's own modules: each + - * / ** and sum; "
    "last bit of math and cmath"
)
NUMPY_SCALARS = "NumPy scalars: each + - * / **"
# Short, for they stand in each report; docs/noise.md and docs/python-floats.md have the details.
MISSING = [
    "Python floats in packages, exec, eval and Numba",
    "scripts run as commands",
    "float16 and long double loops",
    "native code of other packages",
    "casts between float types",
    "x87 code",
    "random numbers",
]
PER_OPERATION = (NUMPY_LOOPS, NUMPY_SCALARS, PYTHON_FLOATS)


class StochasticRounding(NoiseModel):
    """The layers together."""

    name = "sr"
    OPTIONS = (
        Option(
            "mode",
            choice("random", "nearness"),
            "random",
            "an inexact result becomes either neighbour with equal probability, or the nearer one more often",
        ),
    )

    def __init__(self, *, mode: str = "random") -> None:
        self._nearness = mode == "nearness"
        self._native = _native.has_native_rounding()
        self._numpy = False
        self._conjugates = Conjugates()

    def parts(self) -> tuple[Part, ...]:
        """The layers, and what each finds."""
        from pytracer.noise.layers import layers  # not in the traced process

        return layers()

    def own_code(self, is_user_file: Callable[[str], bool]) -> None:
        """Rewrite it as it is compiled."""
        python_floats.install(is_user_file)

    def compiled(self, source: str | bytes, file: str) -> CodeType:
        """Rewritten."""
        return python_floats.compiled(source, file)

    def start(self, seed: int) -> None:
        """Seed the streams; NumPy's loops are replaced when NumPy is there."""
        _native.start_noise(seed, self._native, self._nearness)
        _native.install_builtins()
        for function, module, name in python_math.functions():
            why = _native.hook(function, module, name, "builtin", _native.LAST_BIT)
            if why is not None:
                _native.add_coverage("not_hookable", f"{module}.{name}", f"its result is not perturbed: {why}")

    def stop(self) -> None:
        """Put NumPy's own loops back; native calls keep round-to-nearest."""
        _native.stop_noise()

    def watched(self) -> tuple[str, ...]:
        """Numba compiles bytecode itself."""
        return python_floats.PACKAGES

    def modules_loaded(self) -> None:
        """NumPy's inner loops and scalars are replaced, once; modes are drawn anew inside BLAS libraries that came."""
        python_floats.modules_loaded()
        self._conjugates.modules_loaded()
        _native.install_blas()
        numpy = sys.modules.get("numpy")
        if numpy is None or self._numpy:
            return
        self._numpy = True
        _native.install_scalars()
        _native.install_loops([each for each in vars(numpy).values() if type(each) is numpy.ufunc])

    def unperturbed(self, installed: tuple[str, ...]) -> Iterable[tuple[str, str]]:
        """Modules with Python floats of their own."""
        return python_floats.unperturbed(installed)

    def flags(self, module: str, name: str, kind: str) -> int:
        """NOISE when native code computes and tolerates a directed rounding mode; TO_NEAREST where loops must."""
        if module == "numpy" and name in TO_NEAREST:
            return _native.TO_NEAREST
        if not self._native or kind in PYTHON_KINDS:
            return 0
        if is_denied(module, name):
            return _native.DENIED
        if not is_perturbed(module, name):
            return 0
        if name == "ufunc.at":
            return _native.NOISE | _native.WRITES_FIRST
        return _native.NOISE | (_native.WRITES_LAST if writes_last(module, name) else 0)

    def describe(self) -> Description:
        """The layers, with the BLAS libraries that were loaded so far, or what is missing on this processor."""
        if self._native:
            libraries = _native.blas_libraries()
            layers = [*PER_OPERATION, NATIVE_CALLS, *blas.layers(libraries)]
            return {
                "model": "sr",
                "layers": layers,
                "missing": [*MISSING, *blas.missing(libraries), *blas.own_threads(os.environ)],
            }
        missing = [*MISSING, "native calls: this processor's rounding mode cannot be set"]
        return {"model": "sr", "layers": list(PER_OPERATION), "missing": missing}
