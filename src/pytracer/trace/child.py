"""The traced process: `python -P -m pytracer.trace.child SPEC.json` runs a program as `python` would, and traces it."""

import builtins
import importlib.machinery
import io
import json
import os
import runpy
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NamedTuple

from pytracer.errors import EXIT_USAGE, PytracerError, UsageError
from pytracer.trace.session import Session, UserCode

Compiler = Callable[[str | bytes, str], CodeType]
"""Makes the code of a source text and the name of its file."""


class Loaded(NamedTuple):
    """A program ready to run: its `__main__` module, how it is compiled and what is the user's own."""

    main: ModuleType
    code: Callable[[Compiler], CodeType]
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
    user = UserCode(_roots(folder, os.path.dirname(os.path.abspath(path))), (path,))
    return Loaded(main, lambda compiled: compiled(source, path), path, user)


def load_module(name: str) -> Loaded:
    """A module or the `__main__` of a package, as `python -m name`. Raises UsageError when there is none."""
    _put_first(os.getcwd())
    top = name.partition(".")[0]
    spec = next(filter(None, (finder.find_spec(top, None) for finder in sys.meta_path)), None)  # imports nothing
    if spec is None:
        raise UsageError(f"no module named {name!r} can be run; check the name and the environment")
    installed = top in sys.stdlib_module_names
    own = () if installed else tuple(spec.submodule_search_locations or ())
    files = () if installed or own or spec.origin is None else (spec.origin,)
    main = _main_module(__spec__=None)
    return Loaded(main, lambda _: _module_code(name, main), "-m", UserCode(_roots(*own, os.getcwd()), files))


def _module_code(name: str, main: ModuleType) -> CodeType:
    """Import the packages that the module is in, as Python does before `__main__` is that module."""
    try:
        _, spec, code = runpy._get_module_details(name, runpy._Error)  # type: ignore[attr-defined]
    except runpy._Error as error:  # type: ignore[attr-defined]
        sys.exit(f"{sys.executable}: {error}")
    vars(main).update(
        __file__=spec.origin,
        __cached__=spec.cached,
        __spec__=spec,
        __loader__=spec.loader,
        __package__=spec.parent,
    )
    sys.argv[0] = spec.origin
    return code  # type: ignore[no-any-return]


def load_code(text: str) -> Loaded:
    """Code given on the command line, as `python -c text`."""
    _put_first("")
    main = _main_module(__spec__=None)
    main.__loader__ = importlib.machinery.BuiltinImporter
    return Loaded(main, lambda compiled: compiled(text, "<string>"), "-c", UserCode(_roots(os.getcwd()), ("<string>",)))


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


def run(loaded: Loaded, compiled: Compiler) -> None:
    """Run the program as `__main__`; an exception that it does not catch is shown as `python` shows it."""
    sys.modules["__main__"] = loaded.main
    try:
        exec(loaded.code(compiled), vars(loaded.main))
    except SystemExit:
        raise
    except BaseException as error:
        traceback = _of_program(error.__traceback__)
        sys.excepthook(type(error), error.with_traceback(traceback), traceback)
        sys.exit(130 if isinstance(error, KeyboardInterrupt) else 1)


def _of_program(traceback: TracebackType | None) -> TracebackType | None:
    """Without the frames of ours that run it."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    return traceback


def main() -> None:
    """Exit with the program's status; with 2 and one line when the specification cannot be carried out."""
    with open(sys.argv[1], encoding="utf-8") as file:
        spec = json.load(file)
    kept = sys.modules["__main__"]  # its globals must outlive the replacement
    try:
        session = Session(spec)  # imports what it needs before the folder of the program is searched
        command = spec["command"]
        loaded = LOADERS[command["kind"]](command["target"])
        sys.argv[:] = [loaded.argv0, *command["args"]]
        session.start(loaded.user)
    except PytracerError as error:
        print(f"pytracer: error: {error}", file=sys.stderr)
        sys.exit(EXIT_USAGE)
    run(loaded, session.compiled)
    del kept


if __name__ == "__main__":
    main()
