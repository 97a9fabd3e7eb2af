"""Which packages a program could trace beside the default targets: asked of the folders, nothing is imported."""

import pkgutil
import sys
from collections.abc import Iterator
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

from pytracer.trace.targets import DEFAULT_PACKAGES

NUMERIC_STANDARD = ("math", "cmath", "statistics")
"""Modules of the standard library whose functions take and give floats."""

OURS = "pytracer"


def survey_packages(folder: Path) -> tuple[str, ...]:
    """Top-level packages and modules that can be imported by a program whose own modules are in `folder`.

    The user's own Python modules are default targets; their packages and extension modules are not left out.
    """
    installed = {module.name for module in pkgutil.iter_modules(sys.path)} - sys.stdlib_module_names
    return tuple(sorted({*installed, *_own(folder), *NUMERIC_STANDARD} - {OURS, *DEFAULT_PACKAGES}))


def _own(folder: Path) -> Iterator[str]:
    for module in pkgutil.iter_modules([str(folder)]):
        extension = any((folder / f"{module.name}{suffix}").is_file() for suffix in EXTENSION_SUFFIXES)
        if module.ispkg or extension:
            yield module.name
