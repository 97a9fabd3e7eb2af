"""What stochastic rounding did inside the BLAS libraries of this process, in words."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pytracer.shared import BLAS_THREAD_VARIABLES

if TYPE_CHECKING:
    from pytracer._native import BlasLibrary  # of the stub

REDRAWN = (
    "each operation of dot products, vector updates and small matrix-vector products; else a rounding mode per kernel"
)
ROUTINES = " and LAPACK routine"
LINKED = "LAPACK takes one rounding mode between kernels: its routines are linked for good (full RELRO)"
DEEP = "its matrix products take one rounding mode over their whole depth"


def name(library: "BlasLibrary") -> str:
    """Its file, version and processor type: "libscipy_openblas-1a2b.so (OpenBLAS 0.3.31, Haswell)"."""
    file = library["path"].rpartition("/")[2]
    version = " ".join(library["config"].split()[:2])
    said = ", ".join(part for part in (version, library["core"]) if part)
    return f"{file} ({said})" if said else file


def layers(libraries: "Sequence[BlasLibrary]") -> list[str]:
    """One line a library in which modes are drawn anew."""
    return [
        f"BLAS {name(each)}: {REDRAWN}{ROUTINES if each['routines'] else ''}"
        for each in libraries
        if each["why"] is None
    ]


def missing(libraries: "Sequence[BlasLibrary]") -> list[str]:
    """One line a library that keeps one mode per call, with the reason, or that does so in part."""
    alone = [f"BLAS {name(each)}: one rounding mode per call: {each['why']}" for each in libraries if each["why"]]
    deep = [f"BLAS {name(each)}: {DEEP}" for each in libraries if each["why"] is None and each["depths"] < len("sdcz")]
    linked = [f"BLAS {name(each)}: {LINKED}" for each in libraries if each["why"] is None and not each["routines"]]
    return alone + deep + linked


def own_threads(environment: Mapping[str, str]) -> list[str]:
    """What the environment leaves to threads of a library's own, which know of no noise."""
    several = [
        f"{variable}={environment[variable]}"
        for variable in BLAS_THREAD_VARIABLES
        if any(part.strip().isdecimal() and int(part) > 1 for part in environment.get(variable, "").split(","))
    ]
    return [f"BLAS work on its own threads ({', '.join(several)})"] if several else []
