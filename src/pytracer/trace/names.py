"""Find modules by name without importing them, and names near a wrong one."""

import difflib
import pkgutil
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path

from pytracer.errors import UsageError
from pytracer.trace.members import check_installed, check_source, source_of


def did_you_mean(names: Iterable[str]) -> str:
    """A phrase such as " (did you mean 'numpy' or 'numba'?)", empty without names."""
    found = " or ".join(map(repr, names))
    return f" (did you mean {found}?)" if found else ""


class ModuleFinder:
    """Finds what `import` would find, with some folders searched first, and runs nothing of it."""

    def __init__(self, first: Iterable[Path]) -> None:
        self.path = [*(str(folder) for folder in first), *sys.path]

    def find(self, name: str) -> ModuleSpec | None:
        """The spec of a module or package by its dotted name, or None."""
        search: list[str] | None = None
        spec: ModuleSpec | None = None
        prefix = ""
        for part in name.split("."):
            prefix = f"{prefix}.{part}" if prefix else part
            spec = self._find_one(prefix, search)
            if spec is None:
                return None
            search = list(spec.submodule_search_locations or ())
        return spec

    def near(self, name: str) -> str:
        """A phrase that names modules like this one, empty when there are none."""
        head = name.partition(".")[0]
        names = difflib.get_close_matches(head, sorted(set(self._top_level())), n=3, cutoff=0.7)
        return did_you_mean(names) if head not in names else ""

    def _find_one(self, name: str, search: list[str] | None) -> ModuleSpec | None:
        """One step of an import: `search` holds the folders of the parent package, None for a top-level name."""
        if search is None and (spec := PathFinder.find_spec(name, self.path)):
            return spec
        for finder in sys.meta_path:
            if spec := finder.find_spec(name, search):
                return spec
        return None

    def _top_level(self) -> Iterator[str]:
        yield from sys.stdlib_module_names
        yield from (module.name for module in pkgutil.iter_modules(self.path))


def check_names(names: Iterable[str], folder: Path, main: Iterable[str] = ()) -> None:
    """Raise UsageError for a target that does not exist.

    `folder` holds the user's own modules; `main` are the names that the program itself defines.
    """
    own = tuple(main)
    finder = ModuleFinder([folder])
    for name in names:
        if not all(part.isidentifier() for part in name.split(".")):
            raise UsageError(
                f"{name!r} is not the name of a module, package or function; write it as numpy.linalg.solve"
            )
        if name.partition(".")[0] != "__main__":
            _check_target(name, finder, folder, own)


def _check_target(name: str, finder: ModuleFinder, folder: Path, main: tuple[str, ...]) -> None:
    module, member = name, ""
    while (spec := finder.find(module)) is None:
        module, _, last = module.rpartition(".")
        member = f"{last}.{member}".rstrip(".")
        if not module:
            head, dot, rest = name.partition(".")
            near = [f"__main__.{each}{dot}{rest}" for each in difflib.get_close_matches(head, main, n=3, cutoff=0.7)]
            raise UsageError(
                f"no module named {head!r}{did_you_mean(near) or finder.near(head)}; targets are in installed modules, "
                f"in those in {str(folder)!r}, and in __main__, the program itself"
            )
    if not member:
        return
    own = PathFinder.find_spec(name.partition(".")[0], [str(folder)]) is not None
    if not own:
        check_installed(module, member)
    elif (source := source_of(spec)) is not None:
        check_source(source, module, member)
