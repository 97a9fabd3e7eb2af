"""The traced process: `python -P -m pytracer.trace.child SPEC.json` runs a program as `python` would, and traces it."""

import builtins
import functools
import importlib.machinery
import importlib.util
import io
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, ModuleType, TracebackType
from typing import Any

from pytracer.errors import EXIT_USAGE, PytracerError, UsageError
from pytracer.noise.python_floats import compiled
from pytracer.trace.session import Session, UserCode


@dataclass(frozen=True)
class Loaded:
    """A program ready to run: its `__main__` module, how it is compiled and what is the user's own."""

    main: ModuleType
    code: Callable[[], CodeType]  # after the session has started: noise may rewrite it
    argv0: str
    user: UserCode


def load_script(path: str) -> Loaded:
    """A script, as `python script.py`."""
    folder = os.path.dirname(os.path.realpath(path))
    _put_first(folder)
    main = _main_module(__file__=path, __cached__=None, __spec__=None)
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    with io.open_code(os.path.abspath(path)) as file:
        source = file.read()
    code = functools.partial(compiled, source, path)
    return Loaded(main, code, path, UserCode(_roots(folder, os.path.dirname(os.path.abspath(path))), (path,)))


def load_module(name: str) -> Loaded:
    """A module or the `__main__` of a package, as `python -m name`."""
    _put_first(os.getcwd())
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    loader: Any = None if spec is None else spec.loader
    if spec is None or loader is None or spec.origin is None:
        raise UsageError(f"no module named {name!r} can be run; check the name and the environment")
    if loader is importlib.machinery.BuiltinImporter or isinstance(loader, importlib.machinery.ExtensionFileLoader):
        raise UsageError(f"module {name!r} has no Python code; name a module written in Python")
    main = _main_module(__file__=spec.origin, __cached__=spec.cached, __spec__=spec)
    main.__loader__, main.__package__ = loader, spec.parent
    top = spec.origin
    for _ in range(spec.name.count(".") + 1):
        top = os.path.dirname(top)
    package = os.path.join(top, spec.name.partition(".")[0])
    return Loaded(
        main, lambda: loader.get_code(spec.name), spec.origin, UserCode(_roots(package, os.getcwd()), (spec.origin,))
    )


def load_code(text: str) -> Loaded:
    """Code given on the command line, as `python -c text`."""
    _put_first("")
    main = _main_module(__spec__=None)
    main.__loader__ = importlib.machinery.BuiltinImporter
    code = functools.partial(compiled, text, "<string>")
    return Loaded(main, code, "-c", UserCode(_roots(os.getcwd()), ("<string>",)))


LOADERS: dict[str, Callable[[str], Loaded]] = {"script": load_script, "module": load_module, "code": load_code}


def _put_first(folder: str) -> None:
    if not os.environ.get("PYTHONSAFEPATH"):
        sys.path.insert(0, folder)


def _roots(*folders: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.join(folder, "") for folder in folders))


def _main_module(**attributes: Any) -> ModuleType:
    main = ModuleType("__main__")
    vars(main).update(attributes, __builtins__=builtins, __doc__=None)
    return main


def run(loaded: Loaded) -> None:
    """Run the program as `__main__`; an exception that it does not catch is shown as `python` shows it."""
    code = loaded.code()
    sys.modules["__main__"] = loaded.main
    try:
        exec(code, vars(loaded.main))
    except SystemExit:
        raise
    except BaseException as error:
        traceback = _of_program(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _of_program(traceback: TracebackType | None) -> TracebackType | None:
    """Without the frame of ours that runs it."""
    return None if traceback is None else traceback.tb_next


def main() -> None:
    """Exit with the program's status; with 2 and one line when the specification cannot be carried out."""
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    kept = sys.modules["__main__"]  # its globals must outlive the replacement
    try:
        command = spec["command"]
        loaded = LOADERS[command["kind"]](command["target"])
        sys.argv[:] = [loaded.argv0, *command["args"]]
        Session(spec, loaded.user).start()
    except PytracerError as error:
        print(f"pytracer: error: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    run(loaded)
    del kept


if __name__ == "__main__":
    main()
