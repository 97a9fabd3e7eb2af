"""The arithmetic of the reference: random rounding by software in quadruple precision."""

import importlib.util
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

SOURCE = Path(__file__).with_name("_rounded.c")


def _build() -> ModuleType:
    """Compile and import `_rounded.c`; the object is loaded and then removed."""
    compiler = shutil.which("gcc")
    if compiler is None:
        sys.exit("fidelity: the reference needs gcc with libquadmath, and no gcc is on PATH; install it")
    with tempfile.TemporaryDirectory(prefix="fidelity-") as folder:
        library = Path(folder, "_rounded.so")
        options = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-ffp-contract=off", "-shared", "-fPIC"]
        include = f"-I{sysconfig.get_path('include')}"
        subprocess.run([compiler, *options, include, SOURCE, "-o", library, "-lquadmath", "-lm"], check=True)
        spec = importlib.util.spec_from_file_location("_rounded", library)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


_rounded = _build()
Rounded = _rounded.Rounded
seed = _rounded.seed


def rounded(value: Any) -> Any:
    """The same value with each float replaced by a Rounded; arrays of floats become arrays of objects."""
    if isinstance(value, float):
        return Rounded(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(rounded, value))
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        numbers = np.empty(value.shape, object)
        numbers.ravel()[:] = [Rounded(each) for each in value.ravel().tolist()]
        return numbers
    return value
