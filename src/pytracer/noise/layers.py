"""The layers of stochastic rounding on this machine, for `pytracer doctor`; never in the traced process."""

import os
from collections.abc import Iterator

from pytracer import _native
from pytracer.noise import machine
from pytracer.noise.model import Part


def layers() -> tuple[Part, ...]:
    """One part a layer, and one a BLAS library."""
    return (_numpy_loops(), _native_calls(), *_blas())


def _numpy_loops() -> Part:
    found = machine.ask()
    name = f"NumPy {found.numpy}".strip()
    if not found.loops:
        return Part(name, False, found.problem or "NumPy is not installed, or has no loops that can be replaced")
    return Part(name, True, f"{len(found.loops)} ufuncs round each operation, or the last bit, at random")


def _native_calls() -> Part:
    if not _native.has_native_rounding():
        return Part("native calls", False, f"the rounding mode of this processor ({os.uname().machine}) cannot be set")
    return Part("native calls", True, f"the rounding mode of this processor ({os.uname().machine}) can be set")


def _blas() -> Iterator[Part]:
    """The libraries that NumPy and SciPy load."""
    for library in machine.ask().libraries:
        name = os.path.basename(library.path)  # noqa: PTH119  a name, not a file
        kernels = ", ".join(dict.fromkeys(library.cores.values()))
        said = f"{library.version}; kernels: {kernels}" if library.version else "no OpenBLAS"
        yield Part(f"BLAS {name}", True, f"one rounding mode a call; {' '.join(said.split())}")
