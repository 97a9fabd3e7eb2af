"""The kernels, by field."""

from collections.abc import Collection, Iterator

from kernel import Kernel

from kernels import (
    blas,
    cancellation,
    differential,
    eigen,
    factorisations,
    interpolation,
    learning,
    optimisation,
    quadrature,
    reductions,
    scalar,
    solves,
    sparse,
    special,
    transforms,
)

FIELDS: dict[str, list[Kernel]] = {
    "Python floats": scalar.KERNELS,
    "Cancellation of equal errors": cancellation.KERNELS,
    "NumPy reductions": reductions.KERNELS,
    "BLAS": blas.KERNELS,
    "Factorisations": factorisations.KERNELS,
    "Linear systems": solves.KERNELS,
    "Eigenproblems": eigen.KERNELS,
    "Fourier transforms": transforms.KERNELS,
    "Differential equations": differential.KERNELS,
    "Quadrature": quadrature.KERNELS,
    "Optimisation and roots": optimisation.KERNELS,
    "Interpolation": interpolation.KERNELS,
    "Sparse matrices": sparse.KERNELS,
    "Special functions": special.KERNELS,
    "Statistics and learning": learning.KERNELS,
}


def find(names: Collection[str] = ()) -> Iterator[Kernel]:
    """The kernels of these names, or all."""
    for kernels in FIELDS.values():
        for kernel in kernels:
            if not names or kernel.name in names:
                yield kernel
