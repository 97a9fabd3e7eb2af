"""The program that a user asks to run, as `python` itself would name it: a script, a module or code."""

import os
import shutil
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

from pytracer.errors import UsageError
from pytracer.trace.members import defined, source_of
from pytracer.trace.names import ModuleFinder, check_names


@dataclass(frozen=True)
class Program:
    """A script, a module or code, with the arguments that belong to it."""

    kind: str  # "script", "module" or "code"
    target: str
    args: tuple[str, ...] = ()

    def command(self) -> list[str]:
        """The words after `python` that run this program."""
        option = {"script": [], "module": ["-m"], "code": ["-c"]}[self.kind]
        return [*option, self.target, *self.args]

    def folder(self) -> Path:
        """Where `python` looks first for the modules that the program imports."""
        return Path(self.target).resolve().parent if self.kind == "script" else Path.cwd()

    def defines(self) -> tuple[str, ...]:
        """Functions and classes of its `__main__`."""
        if self.kind == "code":
            return defined(self.target)
        path: Path | None = Path(self.target)
        if self.kind == "module":
            finder = ModuleFinder([Path.cwd()])
            spec = finder.find(f"{self.target}.__main__") or finder.find(self.target)
            path = source_of(spec) if spec is not None else None
        try:
            return defined(path.read_bytes()) if path is not None else ()
        except OSError:
            return ()

    def check(self) -> None:
        """Raise UsageError when Python could not even start the program."""
        if self.kind == "script":
            _check_script(Path(self.target))
        elif self.kind == "module":
            _check_module(self.target)
        else:
            _compile(self.target.encode(), "<string>")


def check_targets(names: Iterable[str], program: Program) -> None:
    """Raise UsageError for a name of a module, package or function that does not exist for this program."""
    if wanted := tuple(names):
        check_names(wanted, program.folder(), program.defines())


def find_script(name: str) -> str:
    """The path of a script given by its path or, as a shell would, by its name on PATH."""
    if os.sep in name or Path(name).exists():
        return name
    found = shutil.which(name)
    if found is None:
        return name
    if not _is_python(Path(found)):
        raise UsageError(f"{name!r} on PATH is {found!r}, no Python script; name a script, or use -m MODULE")
    return found


def _is_python(path: Path) -> bool:
    """Whether the first line names Python, or the second one: the installers' way around long paths goes through sh."""
    try:
        with path.open("rb") as file:
            first, second = file.readline(4096), file.readline(4096)
    except OSError:
        return True  # reported when it is read as a script
    return first.startswith(b"#!") and b"python" in first + second


def _check_script(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"{str(path)!r} is a folder, not a script; give the path of a Python file, or use -m MODULE")
    try:
        source = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"no script {str(path)!r} in {str(Path.cwd())!r}; check the path") from None
    except OSError as error:
        raise UsageError(f"cannot read script {str(path)!r}: {error.strerror}; check its permissions") from None
    _compile(source, str(path))


def _check_module(name: str) -> None:
    finder = ModuleFinder([Path.cwd()])
    spec = finder.find(name)
    if spec is None:
        raise UsageError(f"no module named {name!r}{finder.near(name)}; check the name and the environment")
    if spec.submodule_search_locations is not None and finder.find(f"{name}.__main__") is None:
        raise UsageError(f"package {name!r} has no __main__ module, so -m cannot run it; name a module of it")


def _compile(source: bytes, name: str) -> CodeType:
    """Compile without running; a mistake becomes one line with its place."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the program shows its own warnings when it runs
            return compile(source, name, "exec", dont_inherit=True)
    except SyntaxError as error:
        text = (error.text or "").strip()
        place = f"{name}:{error.lineno}" if error.lineno else name
        raise UsageError(
            f"{place}: {type(error).__name__}: {error.msg}{f': {text}' if text else ''}; mend it first"
        ) from None
    except ValueError as error:  # null bytes, before Python 3.12
        raise UsageError(f"{name}: {error}; give a Python source file") from None
