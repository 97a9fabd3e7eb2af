"""Stochastic rounding, in layers: NumPy's inner loops per operation, other native code per call.

Random rounding replaces each inexact result by one of its two floating-point neighbours with equal probability (CESTAC:
J. Vignes, A stochastic arithmetic for reliable scientific computation, Math. Comput. Simul. 35, 1993).
"""

import sys

from pytracer import _native
from pytracer.noise.model import Description, NoiseModel, Part
from pytracer.noise.native import is_denied, is_perturbed
from pytracer.noise.options import Option, choice

NUMPY_LOOPS = (
    "NumPy loops: each add, subtract, multiply, divide, sqrt, square, reciprocal and sum; "
    "last bit of exp, log, sin, ..."
)
NATIVE_CALLS = "native calls of NumPy's linear algebra and FFT, SciPy and scikit-learn: a random rounding mode per call"
MISSING = [
    "arithmetic on Python floats and NumPy scalars",
    "NumPy loops in float16 and long double",
    "native code of other packages",
    "random numbers (they are input)",
]


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

    def parts(self) -> tuple[Part, ...]:
        """The layers, and what each finds."""
        from pytracer.noise.layers import layers  # not in the traced process

        return layers()

    def start(self, seed: int) -> None:
        """Seed the streams; NumPy's loops are replaced when NumPy is there."""
        _native.start_noise(seed, self._native, self._nearness)

    def stop(self) -> None:
        """Put NumPy's own loops back; native calls keep round-to-nearest."""
        _native.stop_noise()

    def modules_loaded(self) -> None:
        """Replace the inner loops of NumPy's own ufuncs, once."""
        numpy = sys.modules.get("numpy")
        if numpy is None or self._numpy:
            return
        self._numpy = True
        _native.install_loops([each for each in vars(numpy).values() if type(each) is numpy.ufunc])

    def hook_flags(self, module: str, name: str) -> int:
        """NOISE when it computes and tolerates a directed rounding mode."""
        if not self._native:
            return 0
        if is_denied(module, name):
            return _native.DENIED
        return _native.NOISE if is_perturbed(module, name) else 0

    def describe(self) -> Description:
        """Both layers, or what is missing on this processor."""
        if self._native:
            return {"model": "sr", "layers": [NUMPY_LOOPS, NATIVE_CALLS], "missing": MISSING}
        missing = [*MISSING, "native calls: this processor's rounding mode cannot be set"]
        return {"model": "sr", "layers": [NUMPY_LOOPS], "missing": missing}
