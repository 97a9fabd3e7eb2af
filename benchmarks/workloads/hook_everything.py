"""Imports the numeric stack, then hooks all of it; prints callables and CPU seconds."""

import pkgutil
import sys
import time
from importlib import import_module

import numpy
import scipy.linalg
import scipy.optimize
import scipy.stats
import sklearn

for module in pkgutil.iter_modules(sklearn.__path__):
    if module.name not in ("tests", "conftest"):
        import_module(f"sklearn.{module.name}")

from pytracer import _native, noise  # noqa: E402  the packages must be there before
from pytracer.trace.targets import Scanner, Selection, hook_all  # noqa: E402

_native.start_hooks((), (), (), False)
_native.numpy_loaded()
selection = Selection((), ())
scanner = Scanner(selection.packages)
start = time.process_time()
hook_all(scanner, selection, noise.create("none"))
print(len(scanner._seen), time.process_time() - start, file=sys.stdout)
assert all((numpy, scipy))
