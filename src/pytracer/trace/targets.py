"""Which callables there are in a package, what each is called, and which of them are to be hooked."""

import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType
from typing import Any, NamedTuple

from pytracer import _native
from pytracer.noise.model import NoiseModel
from pytracer.noise.native import PYTHON_KINDS, is_below
from pytracer.trace.patterns import Pattern

DEFAULT_PACKAGES = ("numpy", "scipy", "sklearn")

PRINTING = "numpy._core.arrayprint"
"""`print(array)` is a direct call of it: no default target."""

UNTRACED_METHODS = frozenset(
    "__repr__ __str__ __format__ __getattr__ __getattribute__ __setattr__ __delattr__ __del__ __new__ "
    "__hash__ __dir__ __reduce__ __reduce_ex__ __getstate__ __setstate__ __init_subclass__ "
    "__class_getitem__ __sizeof__ __instancecheck__ __subclasscheck__ __set_name__ __get__ __set__ "
    "__delete__ __array_finalize__ __array_ufunc__ __array_function__ __array_wrap__ __array_prepare__ "
    "__sklearn_tags__ __sklearn_clone__ __copy__ __deepcopy__ __dlpack__ __buffer__".split()
)
"""Methods through which Python itself works: they carry no numbers of the program."""

KIND_OF_TYPE = {
    "ufunc": "ufunc",
    "_ArrayFunctionDispatcher": "dispatcher",
    "cython_function_or_method": "cython",
    "fused_cython_function": "cython",
    "fortran": "callable",
    "_lru_cache_wrapper": "callable",
}


class Target(NamedTuple):
    """One callable: `kind` is that of records/schema.py, `flags` say how its C function is called."""

    object: Any
    module: str
    name: str
    kind: str
    flags: int = 0


class Selection(NamedTuple):
    """Which callables are recorded, and how."""

    trace: tuple[str, ...]  # names given by the user; empty for the default targets
    exclude: tuple[str, ...]
    include_patterns: tuple[Pattern, ...] = ()
    exclude_patterns: tuple[Pattern, ...] = ()
    surveyed: tuple[str, ...] = ()  # by a Survey: top-level packages beside the default ones

    @classmethod
    def of(cls, targets: dict[str, Any]) -> "Selection":
        """The selection that the parent wrote into spec.json."""
        include, exclude = (
            tuple(Pattern(*each) for each in targets.get(f"{what}_patterns", ())) for what in ("include", "exclude")
        )
        if targets.get("survey"):
            return Survey((), (), surveyed=tuple(targets["survey"]))
        return cls(tuple(targets["trace"]), tuple(targets["exclude"]), include, exclude)

    def start(self) -> None:
        """From now on `flags` answers, and the user's own functions are chosen likewise."""
        _native.select_functions(
            self.trace,
            tuple(pattern.text for pattern in self.include_patterns),
            (*self.exclude, *(pattern.text for pattern in self.exclude_patterns)),
        )

    def unmatched(self) -> Iterator[Pattern]:
        """What matched nothing that the program imported or called."""
        rows = [
            *(Pattern(name, "name to trace") for name in self.trace),
            *self.include_patterns,
            *(Pattern(name, "name to leave out") for name in self.exclude),
            *self.exclude_patterns,
        ]
        return (rows[index] for index in _native.unmatched_patterns())

    @property
    def packages(self) -> tuple[str, ...]:
        """Top-level packages in which targets are looked for."""
        named = [name.partition(".")[0] for name in self.trace]
        return tuple(dict.fromkeys([*DEFAULT_PACKAGES, *(name for name in named if name != "__main__")]))

    def covers(self, module: str) -> bool:
        """Whether targets are looked for in the package of this module."""
        return module.partition(".")[0] in self.packages

    def flags(self, module: str, name: str, kind: str = "python") -> int:
        """RECORD, RECORD_DIRECT or 0 for `module.name`."""
        if not _native.is_selected(module, name):
            return 0
        if self.trace:
            return _native.RECORD
        return 0 if is_below(module, PRINTING) else _native.RECORD_DIRECT


class Survey(Selection):
    """What is worth a look when targets are to be suggested: what the user's code calls, and all that is native."""

    @property
    def packages(self) -> tuple[str, ...]:
        """Top-level packages in which targets are looked for."""
        return tuple(dict.fromkeys([*DEFAULT_PACKAGES, *self.surveyed]))

    def flags(self, module: str, name: str, kind: str = "python") -> int:
        """RECORD or RECORD_DIRECT. Everybody uses the native code of the standard library: only direct calls tell."""
        standard = module.partition(".")[0] in sys.stdlib_module_names
        return _native.RECORD_DIRECT if kind in PYTHON_KINDS or standard else _native.RECORD


class Scanner:
    """Finds the callables of modules as they are imported, each once."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        self._packages = frozenset(packages)
        self._seen_modules: set[str] = set()
        self._seen: set[int] = set()
        self._kept: list[Any] = []  # an id is only good while its object lives

    def new_targets(self) -> Iterator[Target]:
        """Callables of the modules that were imported since the last call."""
        for name, module in list(sys.modules.items()):
            if name in self._seen_modules or name.partition(".")[0] not in self._packages:
                continue
            if not isinstance(module, ModuleType) or _is_loading(module):
                continue
            self._seen_modules.add(name)
            yield from self._module(module, name)

    def _module(self, module: ModuleType, where: str) -> Iterator[Target]:
        for name, each in list(vars(module).items()):
            if id(each) in self._seen or not (isinstance(each, type) or callable(each)):
                continue
            if isinstance(each, type):
                if self._is_ours(each.__module__):
                    self._remember(each)
                    yield from self._class(each)
            elif target := self._function(each, where, name):
                self._remember(each)
                yield target

    def _function(self, each: Any, where: str, name: str) -> Target | None:
        """A callable found as `where.name`, unless it belongs to another package or is no function."""
        if type(each) is FunctionType:
            if not self._is_ours(each.__module__):
                return None
            return Target(each, public_module(each.__module__, each.__qualname__, each), each.__qualname__, "python")
        if type(each) is BuiltinFunctionType:
            return self._builtin(each, where)
        kind = KIND_OF_TYPE.get(type(each).__name__)
        if kind is None:
            return None
        home = getattr(each, "__module__", None)
        home = home if isinstance(home, str) and self._is_ours(home) else where
        own_name = getattr(each, "__qualname__", None) or getattr(each, "__name__", None) or name
        return Target(each, public_module(home, own_name, each), own_name, kind)

    def _builtin(self, each: Any, where: str) -> Target | None:
        owner = each.__self__
        if isinstance(owner, ModuleType) or owner is None:
            home = owner.__name__ if isinstance(owner, ModuleType) else where
            if not self._is_ours(home):
                if home in sys.stdlib_module_names:
                    return None  # such as `sum`, which numpy keeps under another name
                home = where
            return Target(each, public_module(home, each.__name__, each), each.__name__, "builtin")
        owner_type = owner if isinstance(owner, type) else type(owner)
        if not self._is_ours(owner_type.__module__):
            if not self._is_ours(each.__module__):
                return None
            # pybind11 gives its functions a record of its own as their `self`
            return Target(each, public_module(each.__module__, each.__name__, each), each.__name__, "builtin")
        flags = _native.HAS_SELF | (_native.BY_SELF if owner_type.__name__ == "ufunc" else 0)
        return Target(each, owner_type.__module__, f"{owner_type.__name__}.{each.__name__}", "method", flags)

    def _class(self, cls: type) -> Iterator[Target]:
        module = public_module(cls.__module__, cls.__qualname__, cls)
        for name, attribute in list(vars(cls).items()):
            if name in UNTRACED_METHODS:
                continue
            each = _underlying(attribute)
            if each is None or id(each) in self._seen:
                continue
            self._remember(each)
            yield from self._method(each, cls, module, name)

    def _method(self, each: Any, cls: type, module: str, name: str) -> Iterator[Target]:
        if type(each) is FunctionType:
            if self._is_ours(each.__module__):
                yield Target(each, module, f"{cls.__qualname__}.{name}", "python")
        elif type(each) is MethodDescriptorType:
            flags = _native.HAS_SELF | (_native.BY_SELF if cls.__name__ == "ufunc" else 0)
            yield Target(each, module, f"{cls.__qualname__}.{name}", "method", flags)
        elif type(each) is BuiltinFunctionType and self._is_ours(each.__module__):
            yield Target(each, module, f"{cls.__qualname__}.{name}", "builtin")
        elif kind := KIND_OF_TYPE.get(type(each).__name__):
            yield Target(each, module, f"{cls.__qualname__}.{name}", kind)

    def _remember(self, each: Any) -> None:
        self._seen.add(id(each))
        self._kept.append(each)

    def _is_ours(self, module: Any) -> bool:
        return isinstance(module, str) and module.partition(".")[0] in self._packages


def _is_loading(module: ModuleType) -> bool:
    return bool(getattr(getattr(module, "__spec__", None), "_initializing", False))


def _underlying(attribute: Any) -> Any:
    """The callable behind a class attribute, or None."""
    if (
        isinstance(attribute, (staticmethod, classmethod)) or type(attribute).__name__ == "instancemethod"
    ):  # of pybind11
        return attribute.__func__
    if isinstance(attribute, property):
        return attribute.fget
    return attribute


def public_module(module: str, name: str, each: Any) -> str:
    """The module in which users find `each`: the one above the private parts, when that has the same object."""
    public, private, _ = module.partition("._")
    found = sys.modules.get(public) if private else None
    return public if found is not None and vars(found).get(name) is each else module


def hook_all(scanner: Scanner, selection: Selection, noise: NoiseModel) -> None:
    """Hook what is new: what the user wants recorded, and what the noise model perturbs."""
    for target in scanner.new_targets():
        flags = noise.flags(target.module, target.name, target.kind)
        if selection.covers(target.module):
            flags |= selection.flags(target.module, target.name, target.kind)
        if flags == 0:
            continue
        why = _native.hook(target.object, target.module, target.name, target.kind, flags | target.flags)
        if why is not None:
            _native.add_coverage("not_hookable", f"{target.module}.{target.name}", why)
