"""Prints what NumPy and BLAS are on this machine, as JSON; a process of its own, since asking means importing.

{"numpy": {"version", "baseline": [str], "found": [str], "loops": [str]} or null,
 "files": [path of what NumPy and SciPy load],
 "libraries": [{"path", "version": str, "cores": {core type: kernels that it gets},
                "left_alone": why it keeps one rounding mode a call, or null}]}

`found` are the SIMD features that NumPy chooses at run time and this processor has, the smallest first; `loops` names
the ufuncs that get stochastic loops; `version` of a library is empty where it does not say what it is.
"""

import ctypes
import importlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from pytracer import _native
from pytracer.noise.machine import loaded_files

CORES = {
    "Prescott": "pni",
    "Core2": "ssse3",
    "Penryn": "sse4_1",
    "Nehalem": "sse4_2",
    "Barcelona": "sse4a",
    "Sandybridge": "avx",
    "Bulldozer": "avx fma4",
    "Haswell": "avx2 fma",
    "Zen": "avx2 fma",
    "SkylakeX": "avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl",
    "Cooperlake": "avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl avx512_bf16",
    "Sapphirerapids": "avx2 fma avx512f avx512cd avx512bw avx512dq avx512vl avx512_bf16 amx_tile amx_bf16",
}
"""Core types of OpenBLAS -> flags of /proc/cpuinfo that their kernels need."""

BLAS = ("openblas", "mkl_rt", "libblis", "libblas", "libcblas", "flexiblas")
"""Parts of the names of files that hold a BLAS."""

SPELLINGS = ("{}", "{}64_", "scipy_{}", "scipy_{}64_")
"""How the functions of an OpenBLAS are called: the libraries in wheels have names of their own."""


def in_child(answer: Callable[[], Any]) -> Any:
    """What a forked child answers: what it loads stays there. None when it fails."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(json.dumps(answer()).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else None


def loaded() -> dict[str, Any]:
    """NumPy's features, and the BLAS libraries that NumPy and SciPy have loaded."""
    multiarray = _import("numpy._core._multiarray_umath") or _import("numpy.core._multiarray_umath")
    _import("scipy.linalg")
    files = loaded_files()
    libraries = [path for path in files if any(name in Path(path).name for name in BLAS)]
    answer = {"numpy": None, "files": files, "libraries": libraries, "left_alone": left_alone()}
    if multiarray is None:
        return answer
    found = [name for name in multiarray.__cpu_dispatch__ if multiarray.__cpu_features__[name]]
    numpy = {
        "version": sys.modules["numpy"].__version__,
        "baseline": multiarray.__cpu_baseline__,
        "found": found,
        "loops": stochastic_loops(sys.modules["numpy"]),
    }
    return answer | {"numpy": numpy}


def stochastic_loops(numpy: Any) -> list[str]:
    """The ufuncs that would get stochastic loops; NumPy's own are put back."""
    _native.numpy_loaded()
    try:
        return _native.install_loops([each for each in vars(numpy).values() if type(each) is numpy.ufunc])
    finally:
        _native.stop_noise()


def left_alone() -> dict[str, str]:
    """BLAS libraries that are loaded and keep one rounding mode a call, each with the reason."""
    _native.start_noise(0, True, False)
    _native.install_blas()
    _native.stop_noise()
    return {os.path.realpath(each["path"]): each["why"] for each in _native.blas_libraries() if each["why"]}


def _import(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def ask(path: str, question: str) -> str:
    """The text that a function of an OpenBLAS returns; empty where there is none of that name."""
    library = ctypes.CDLL(path)
    for spelling in SPELLINGS:
        function = getattr(library, spelling.format(question), None)
        if function is not None:
            function.restype = ctypes.c_char_p
            return str(function().decode(errors="replace"))
    return ""


def kernels(path: str, core: str) -> str:
    """The kernels that a library chooses for a core type: it falls back to others where it lacks those asked for."""
    os.environ["OPENBLAS_CORETYPE"] = core
    return ask(path, "openblas_get_corename")


def runnable(flags: frozenset[str]) -> list[str]:
    """The core types whose instructions a processor with these flags has."""
    return [core for core, needed in CORES.items() if flags.issuperset(needed.split())]


def processor_flags() -> frozenset[str]:
    """What /proc/cpuinfo says of the first processor."""
    lines = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("flags")]
    return frozenset(lines[0].partition(":")[2].split() if lines else ())


def library(path: str, cores: Sequence[str]) -> dict[str, Any]:
    """What one BLAS library says of itself."""
    version = in_child(lambda: ask(path, "openblas_get_config")) or ""
    chosen = {core: in_child(partial(kernels, path, core)) or "" for core in cores} if version else {}
    return {"path": path, "version": version, "cores": {core: name for core, name in chosen.items() if name}}


def main() -> None:
    """Ask, and print."""
    found = in_child(loaded) or {"numpy": None, "files": [], "libraries": [], "left_alone": {}}
    cores = runnable(processor_flags())
    alone = found.pop("left_alone")
    found["libraries"] = [library(path, cores) | {"left_alone": alone.get(path)} for path in found["libraries"]]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
