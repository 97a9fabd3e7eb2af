"""What the traced process and all others agree on. Imports little: the traced process starts with it."""

from typing import NamedTuple

NO_NOISE = "none"
"""Name of the noise model of unperturbed executions."""

BLAS_THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "BLIS_NUM_THREADS")


class Limits(NamedTuple):
    """What bounds a trace, by default; `pytracer.config` says what each of them is."""

    depth: int = 4
    items: int = 64
    array_bytes: int = 256 << 20
    trace_bytes: int = 4 << 30


LIMITS = Limits()
