"""Rewrites the user's own modules as Python compiles them, and says which ones it could not have."""

import io
import os
import runpy
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import SOURCE_SUFFIXES, SourceFileLoader
from types import CodeType, ModuleType
from typing import Any

from pytracer.noise.rewriting import original, rewritten

PACKAGES = ("numba",)
"""Of whose import `modules_loaded` must be told."""

IMPORT_SYSTEM = "<frozen importlib._bootstrap_external>"
"""The file of code that Python leaves out of the tracebacks of imports."""

PLAIN_COMPILER = SourceFileLoader.source_to_code

_is_user_file: Callable[[str], bool] | None = None
_done: set[str] = set()
_failed: dict[str, str] = {}  # file -> why
_numba_told = False


def install(is_user_file: Callable[[str], bool]) -> None:
    """Rewrite from now on what is compiled from these files; the cache of bytecode is neither read nor written."""
    global _is_user_file
    first, _is_user_file = _is_user_file is None, is_user_file
    if not first:
        return
    SourceFileLoader.get_code = _around_get_code(SourceFileLoader.get_code)  # type: ignore[method-assign]
    runpy._get_code_from_file = _around_run_path(runpy._get_code_from_file)  # type: ignore[attr-defined]


def compiled(source: str | bytes, file: str) -> CodeType:
    """The code of a program, rewritten when `install` was called and the file is the user's own."""
    plain = compile(source, file, "exec", dont_inherit=True)
    return _rewrite(plain, source) if _is_user_file is not None and _is_user_file(file) else plain


def modules_loaded() -> None:
    """Numba compiles bytecode itself: it gets that of the unchanged source."""
    global _numba_told
    if _is_user_file is None or _numba_told or "numba.core.dispatcher" not in sys.modules:
        return
    _numba_told = True
    for module in [sys.modules[f"numba.core.{name}"] for name in ("bytecode", "dispatcher")]:
        module.get_code_object = _around_get_code_object(module.get_code_object)  # type: ignore[attr-defined]


def unperturbed(installed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Name of each module outside the `installed` folders whose arithmetic is not perturbed, and why."""
    if _is_user_file is None:
        return
    for name, module in list(sys.modules.items()):
        attributes = ModuleType.__getattribute__(module, "__dict__") if isinstance(module, ModuleType) else {}
        file = attributes.get("__file__")
        if not isinstance(file, str) or file in _done or file.startswith(installed):
            continue
        if not _is_user_file(file):
            yield name, "it is neither beside the program nor installed: only the program's own modules are rewritten"
        elif file in _failed:
            yield name, f"it cannot be rewritten: {_failed[file]}"
        elif file.endswith(tuple(SOURCE_SUFFIXES)):
            yield name, "it was not loaded by Python's own import of source files"
        elif file.endswith(".pyc"):
            yield name, "its source is not there"


def _rewrite(plain: CodeType, source: str | bytes) -> CodeType:
    try:
        code = rewritten(plain, source)
    except Exception as error:  # the program must run, and the ledger says what happened
        _failed[plain.co_filename] = f"{type(error).__name__}: {error}"
        return plain
    _done.add(plain.co_filename)
    return code


def _around_get_code(get_code: Callable[..., Any]) -> Callable[..., Any]:
    def get_rewritten_code(self: Any, fullname: str) -> Any:
        path = self.get_filename(fullname)
        if _is_user_file is None or not _is_user_file(path):
            return get_code(self, fullname)
        if type(self).source_to_code is not PLAIN_COMPILER:
            _failed[path] = "its loader compiles it in its own way"
            return get_code(self, fullname)
        source = self.get_data(path)
        return _rewrite(self.source_to_code(source, path), source)

    # Or this function would stand in the traceback of a module that cannot be compiled.
    get_rewritten_code.__code__ = get_rewritten_code.__code__.replace(co_filename=IMPORT_SYSTEM)
    return get_rewritten_code


def _around_get_code_object(get_code_object: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda function: original(get_code_object(function))


def _around_run_path(get_code: Callable[..., Any]) -> Callable[..., Any]:
    """`multiprocessing` runs the main script again in the processes that it spawns, not as an import."""

    def get_rewritten_code(*arguments: Any) -> Any:
        found = get_code(*arguments)
        plain = found[0] if isinstance(found, tuple) else found  # 3.11 returns the file name, too
        file = os.fspath(arguments[-1])
        if _is_user_file is None or not _is_user_file(file):
            return found
        with io.open_code(file) as stream:
            code = _rewrite(plain, stream.read())
        return (code, *found[1:]) if isinstance(found, tuple) else code

    return get_rewritten_code
