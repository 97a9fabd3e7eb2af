"""Adapters take the objects of a library apart into values that the recorder understands (docs/adapters.md).

An adapter is a function of one object. It returns an iterable of pairs (path, value), or a dict of the object's
attributes, or None when it cannot make anything of the object. A path is what follows the name of the object for the
reader: ".coef_", "['column']", or "" for the object itself. Values may be anything, other adapted objects too.

An adapter must not change the object, warn, draw random numbers or import its library. It runs unperturbed.
"""

import sys
from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

Parts = Iterable[tuple[str, Any]] | dict[str, Any] | None
Adapter = Callable[[Any], Parts]

LIBRARIES = {
    "numpy": "numpy",
    "pandas": "pandas",
    "scipy": "scipy",
    "sklearn": "sklearn",
    "torch": "torch",
    "xarray": "xarray",
}
"""Top-level package -> module of this folder with its adapters: ADAPTERS, by the qualified name of a class."""

# A metaclass may say anything about its classes; these do not ask it.
_bases = type.__dict__["__mro__"].__get__
_qualname = type.__dict__["__qualname__"].__get__
_module = type.__dict__["__module__"].__get__


class Registry:
    """Finds the adapter of a type by the names of the type and of its bases, the most derived first."""

    def __init__(self, registered: Iterable[tuple[str, str]] = ()) -> None:
        """`registered` are pairs of a type, "package.module.Type", and of its adapter, "module:function"."""
        self._registered = dict(registered)

    def find(self, kind: type) -> Callable[[Any], Any] | None:
        """A function that gives the parts of an object of this type, or None.

        Raises what importing a registered adapter raises.
        """
        for base in _bases(kind):
            adapter = self._adapter_of(base)
            if adapter is not None:
                return partial(parts, adapter)
        return None

    def _adapter_of(self, base: type) -> Adapter | None:
        module, name = str(_module(base)), str(_qualname(base))
        target = self._registered.get(f"{module}.{name}")
        if target is not None:
            return load(target)
        package = module.partition(".")[0]
        if package not in LIBRARIES or package not in sys.modules:
            return None
        adapters: dict[str, Adapter] = import_module(f"{__name__}.{LIBRARIES[package]}").ADAPTERS
        return adapters.get(name)


def parts(adapter: Adapter, obj: Any) -> list[tuple[str, Any]] | dict[str, Any] | None:
    """What `adapter` says of `obj`, complete."""
    found = adapter(obj)
    return found if found is None or isinstance(found, dict) else list(found)


def load(target: str) -> Adapter:
    """The function that "module:function" names; imports the module."""
    module, _, path = target.partition(":")
    found: Any = import_module(module)
    for name in path.split("."):
        found = getattr(found, name)
    if not callable(found):
        raise TypeError(f"{target} is not callable")
    adapter: Adapter = found
    return adapter


def attributes(obj: Any) -> dict[str, Any]:
    """The attributes that stand in the object itself; nothing of its class runs."""
    try:
        found: dict[str, Any] = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return found
