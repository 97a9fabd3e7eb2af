"""Whether a module has a function or class of some name, found without importing anything into this process."""

import ast
import difflib
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path

from pytracer.errors import UsageError

ASK = """
import importlib, sys
found = importlib.import_module(sys.argv[1])
for part in sys.argv[2].split("."):
    if not hasattr(found, part):
        print("pytracer-missing", part, *dir(found))
        break
    found = getattr(found, part)
"""
"""Runs in a process of its own: to import a package before the program does could change what the program does."""


def check_installed(module: str, member: str) -> None:
    """Raise UsageError when an installed module has no such member."""
    command = [sys.executable, "-P", "-c", ASK, module, member]
    asked = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if asked.returncode != 0:
        reason = (asked.stderr.strip().splitlines() or ["no message"])[-1]
        raise UsageError(f"cannot import {module!r} to look for {member!r}: {reason}; name another target")
    for line in asked.stdout.splitlines():
        mark, *words = line.split(" ")
        if mark == "pytracer-missing":
            raise _missing(f"{module}.{member}", module, words[0], words[1:])


def check_source(path: Path, module: str, member: str) -> None:
    """Raise UsageError when the source of the user's own module defines no such member. Runs nothing of it."""
    try:
        body: list[ast.stmt] = ast.parse(path.read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return  # the program will say so itself
    for part in member.split("."):
        names = dict(_bound(body))
        if "*" in names:
            return
        if part not in names:
            raise _missing(f"{module}.{member}", module, part, names)
        statement = names[part]
        if not isinstance(statement, ast.ClassDef):
            return
        body = statement.body


def defined(source: str | bytes) -> tuple[str, ...]:
    """Functions and classes that this source defines at its top level; none when Python cannot read it."""
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError):
        return ()
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    return tuple(dict.fromkeys(name for name, found in _bound(body) if isinstance(found, kinds)))


def source_of(spec: ModuleSpec) -> Path | None:
    """The Python file of a module, or None."""
    return Path(spec.origin) if spec.origin is not None and spec.origin.endswith(".py") else None


def _bound(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """Names that statements bind at any depth of branches, with the statement; "*" for a star import."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name, statement
            continue
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id, statement
            elif isinstance(node, ast.alias):
                yield (node.asname or node.name).partition(".")[0], statement
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield node.name, node


def _missing(name: str, module: str, part: str, names: Iterable[str]) -> UsageError:
    near = difflib.get_close_matches(part, names, n=3)
    remedy = f"did you mean {' or '.join(map(repr, near))}?" if near else f"see what {module!r} defines"
    return UsageError(f"no {name!r}: {part!r} is not there; {remedy}")
