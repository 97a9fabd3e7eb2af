"""Extension modules that the program loaded and whose calls no hook sees, found by the names of their files."""

import importlib.machinery
import sys
from collections.abc import Iterator
from types import ModuleType

from pytracer.noise.native import is_below
from pytracer.trace.targets import DEFAULT_PACKAGES

NAMED = 3
"""Modules named for each package."""

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


def without_hooks(targets: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Each package with extension modules that no target covers, and what the user should know about it."""
    found: dict[str, list[str]] = {}
    for name in loaded():
        top = name.partition(".")[0]
        covered = any(is_below(name, target) or is_below(target, name) for target in targets)
        if top not in DEFAULT_PACKAGES and not covered:
            found.setdefault(top, []).append(name)
    for package, modules in sorted(found.items(), key=lambda item: -len(item[1])):
        names = ", ".join(modules[:NAMED]) + (", ..." if len(modules) > NAMED else "")
        what = f"{len(modules)} extension module{'s' * (len(modules) > 1)} ({names})"
        yield package, f"{what}: not perturbed; calls are recorded with --trace {package}"
