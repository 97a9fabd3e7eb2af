"""Sessions for developers: bare `nox` is lint and tests; `docs`, `bench` and `sanitize` are named."""

import subprocess

import nox

nox.options.sessions = ["lint", "tests"]
nox.options.reuse_existing_virtualenvs = True


@nox.session
def lint(session: nox.Session) -> None:
    """Style, types, import rule, spelling, format of the C sources."""
    session.install("-e", ".[dev]")
    session.run("pre-commit", "run", "--all-files", external=True)
    session.run("lint-imports")


@nox.session(python=["3.11", "3.12", "3.13"])
def tests(session: nox.Session) -> None:
    """All tests but the slow ones; arguments go to pytest."""
    session.install(".[test]")
    session.run("pytest", "-m", "not slow", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documents: links, commands and code blocks."""
    session.install(".[test]")
    session.run("pytest", "tests/docs")


@nox.session
def bench(session: nox.Session) -> None:
    """Measure the cost of tracing."""
    session.install(".[test]")
    session.run("make", "bench", f"VENV={session.virtualenv.location}", external=True)


@nox.session
def sanitize(session: nox.Session) -> None:
    """Tests of the native core under the address and undefined-behaviour sanitizers."""
    session.install("-v", "-C", "cmake.define.PYTRACER_SANITIZE=ON", ".[test]")
    runtime = subprocess.check_output(["gcc", "-print-file-name=libasan.so"], text=True).strip()
    # Python leaks on purpose at exit, and its own allocator would hide overruns.
    options = {"LD_PRELOAD": runtime, "ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc"}
    session.run("pytest", "-m", "not slow", "tests/trace", "tests/noise", *session.posargs, env=options)
