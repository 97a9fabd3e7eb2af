"""What the program ran on, for the provenance: asked at its end, without an import."""

import os
from typing import Any

from pytracer import _native

BEGINNING = 1 << 13
"""Bytes of /proc/cpuinfo that describe the first processor; the kernel writes what is read, and no more."""


def processor() -> str:
    """The model of the processor as the kernel names it, or its architecture."""
    try:
        with open("/proc/cpuinfo", "rb") as file:
            lines = file.read(BEGINNING).decode(errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or os.uname().machine


def blas() -> list[dict[str, Any]]:
    """The BLAS libraries of this process: file, version and the processor that its kernels are for, where it says so.

    Only when the noise has ended: a library that is seen here first stays without.
    """
    _native.describe_blas()
    return [
        {
            "library": each["path"].rpartition("/")[2],
            "version": " ".join(each["config"].split()[:2]),
            "kernels": each["core"],
        }
        for each in _native.blas_libraries()
    ]
