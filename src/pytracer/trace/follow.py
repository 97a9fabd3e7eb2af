"""Child processes: how a new Python learns that it is to record, and joins the trace of its parent.

A forked child has the hooks already (native/lane.c). A program that is started anew gets an environment variable, which
`pytracer_follow.pth` looks for when a Python starts. It is taken out of the environment before the program sees it.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pytracer import _native

VARIABLE = "PYTRACER_FOLLOW"

ENV_LIST = 5
"""Position of the environment among the arguments of _posixsubprocess.fork_exec."""

HELPERS = (b"resource_tracker", b"semaphore_tracker")
"""Processes of the standard library and of loky that compute nothing."""

ANONYMOUS = 0
"""Number below which children are counted whose start was not seen, such as those of a shell."""


class Place(NamedTuple):
    """A process of the execution: its name, and the call that made it (process.json, see records/schema.py)."""

    process: str
    parent: str | None = None
    lane: str | None = None
    call: int = -1

    @property
    def is_root(self) -> bool:
        """Whether it is the process that the user's command started."""
        return self.parent is None

    def origin(self) -> str | None:
        """The text of process.json."""
        if self.is_root:
            return None
        fields = {"pid": os.getpid(), "parent": self.parent, "lane": self.lane, "call": self.call, "how": "exec"}
        return json.dumps(fields)


ROOT = Place("process-0")


class Follower:
    """Tells the programs that this process starts to join the trace."""

    def __init__(self, trace: str) -> None:
        self._trace = trace

    def start(self) -> None:
        """Put ourselves between the program and the functions of the operating system that start programs."""
        import _posixsubprocess
        import posix

        _posixsubprocess.fork_exec = self._around_fork_exec(_posixsubprocess.fork_exec)
        if "subprocess" in sys.modules:
            sys.modules["subprocess"]._fork_exec = _posixsubprocess.fork_exec  # type: ignore[attr-defined]
        for name in ("posix_spawn", "posix_spawnp"):
            spawn = self._around_spawn(getattr(os, name))
            setattr(os, name, spawn)
            setattr(posix, name, spawn)
        os.execve = posix.execve = self._around_execve(os.execve)
        os.execv = posix.execv = lambda path, args: os.execve(path, args, os.environ)
        self._mark_environment()
        os.register_at_fork(after_in_child=self._mark_environment)

    def _mark_environment(self) -> None:
        """For children that this class does not see; `os.environ` does not show it."""
        process = _native.next_child(False)[0]
        os.putenv(VARIABLE, self._message(f"{process}.{ANONYMOUS}", process, None, -1))

    def _around_fork_exec(self, fork_exec: Callable[..., int]) -> Callable[..., int]:
        def followed(*arguments: Any) -> int:
            message = self._announce(arguments[0])
            env = arguments[ENV_LIST]
            env = [*(_inherited() if env is None else env), f"{VARIABLE}={message}".encode()]
            return fork_exec(*arguments[:ENV_LIST], env, *arguments[ENV_LIST + 1 :])

        return followed

    def _around_spawn(self, spawn: Callable[..., int]) -> Callable[..., int]:
        def followed(path: Any, argv: Any, env: Mapping[Any, Any] | None, /, **options: Any) -> int:
            if env is None:
                env = dict(entry.split(b"=", 1) for entry in _inherited() if b"=" in entry)
            return spawn(path, argv, {**env, VARIABLE: self._announce(argv)}, **options)

        return followed

    def _around_execve(self, execve: Callable[..., Any]) -> Callable[..., Any]:
        def followed(path: Any, argv: Any, env: Mapping[Any, Any]) -> Any:
            if os.access(path, os.X_OK):  # os.execvp tries every folder of PATH
                env = {**env, VARIABLE: self._announce(argv)}
            return execve(path, argv, env)

        return followed

    def _announce(self, command: Any) -> str:
        """Note in children.jsonl that a child is about to start, and return what it is told."""
        words = [os.fsencode(word) for word in command]
        if any(helper in word for helper in HELPERS for word in words):
            return ""
        parent, number, lane, call = _native.next_child(True)
        process = f"{parent}.{number}"
        line = json.dumps({"process": process, "command": [word.decode(errors="replace") for word in words[:4]]})
        try:
            with open(os.path.join(self._trace, parent, "children.jsonl"), "a") as file:
                file.write(line + "\n")
        except OSError:
            pass  # a full disk: the reader will not know that this child was started
        return self._message(process, parent, lane, call)

    def _message(self, process: str, parent: str, lane: str | None, call: int) -> str:
        return json.dumps({"trace": self._trace, "process": process, "parent": parent, "lane": lane, "call": call})


def _inherited() -> list[bytes]:
    """The environment that a child would get, without what is told to others."""
    return [entry for entry in _native.environment() if not entry.startswith(VARIABLE.encode() + b"=")]


def join() -> None:
    """Record this process too. Called when Python starts, before anything of the program."""
    message = os.environ.pop(VARIABLE, "")
    if not message or "pytracer.trace.child" in sys.orig_argv:
        return
    try:
        told = json.loads(message)
        place = Place(told["process"], told["parent"], told["lane"], told["call"])
        _start_session(told["trace"], place)
    except Exception as error:  # whatever became of the trace: the program must run
        print(f"pytracer: warning: process {os.getpid()} is not followed: {error!r}", file=sys.stderr)


def _start_session(trace: str, place: Place) -> None:
    from pytracer.trace.session import Session, UserCode

    with open(os.path.join(trace, "spec.json"), encoding="utf-8") as file:
        spec = json.load(file)
    with open(os.path.join(trace, "user.json"), encoding="utf-8") as file:
        user = json.load(file)
    roots, files = _own_code()
    Session(spec, place).start(UserCode((*user["roots"], *roots), (*user["files"], *files)))


def _own_code() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Folders and files of the program that this Python was started for, beside the user's that its parent knew."""
    program = sys.argv[0] if sys.argv else ""
    if program == "-c":
        of_library = any("from multiprocessing." in word for word in sys.orig_argv)
        return (), () if of_library else ("<string>",)
    if program.startswith("-") or not os.path.isfile(program):
        return (), ()
    return (os.path.join(os.path.dirname(os.path.realpath(program)), ""),), (program,)
