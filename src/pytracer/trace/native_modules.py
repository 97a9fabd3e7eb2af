"""Extension modules that the program loaded and whose calls no hook sees, found by the names of their files."""

import importlib.machinery
import sys
from collections.abc import Iterator
from types import ModuleType

from pytracer.noise.native import is_below
from pytracer.trace.targets import DEFAULT_PACKAGES

WHY = "never perturbed; recorded where --trace names them"

OURS = "pytracer"


def loaded() -> list[str]:
    """Names of the extension modules in this process but those of the standard library and our own, each file once.

    The values of `sys.modules` may be objects of the program's making: only the storage of real modules is looked at.
    """
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    names: dict[str, str] = {}
    for name, module in list(sys.modules.items()):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names or top == OURS or not isinstance(module, ModuleType):
            continue
        file = ModuleType.__getattribute__(module, "__dict__").get("__file__")
        if isinstance(file, str) and file.endswith(suffixes):
            # Some modules are known under a second, shorter name.
            names[file] = max(name, names.get(file, ""), key=lambda each: each.count("."))
    return list(names.values())


def without_hooks(targets: tuple[str, ...]) -> Iterator[str]:
    """Names of those that belong to no default package and that no target covers."""
    for name in loaded():
        covered = any(is_below(name, target) or is_below(target, name) for target in targets)
        if not covered and name.partition(".")[0] not in DEFAULT_PACKAGES:
            yield name
