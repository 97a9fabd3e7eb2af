"""One execution of the program in a process of its own, seen from the parent."""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_USAGE, PytracerError
from pytracer.noise import create
from pytracer.noise.model import NoiseModel
from pytracer.records.start import EXIT_NAME, SPEC_NAME
from pytracer.records.tail import fold_tails
from pytracer.shared import BLAS_THREAD_VARIABLES, NO_NOISE, Limits
from pytracer.trace.adapters.entry_points import installed
from pytracer.trace.journal import trace_journal
from pytracer.trace.patterns import Pattern
from pytracer.trace.program import Program

ERROR_PREFIX = "pytracer: error: "

Stream = int | IO[Any] | None


@dataclass(frozen=True)
class Targets:
    """Names of modules, packages and functions to trace and to leave out; none to trace means the default ones.

    Of these, the include patterns, where there are any, keep what they match, and the exclude patterns remove it.
    """

    trace: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include_patterns: tuple[Pattern, ...] = ()
    exclude_patterns: tuple[Pattern, ...] = ()
    survey: tuple[str, ...] = ()  # instead of all these: packages in which everything is of interest

    def spec(self) -> dict[str, Any]:
        """For the traced process; a pattern is a pair of its text and its origin."""
        return {
            "trace": self.trace,
            "exclude": self.exclude,
            "default": not self.trace,
            "include_patterns": [(pattern.text, pattern.origin) for pattern in self.include_patterns],
            "survey": self.survey,
            "exclude_patterns": [(pattern.text, pattern.origin) for pattern in self.exclude_patterns],
        }


@dataclass
class Sample:
    """One execution: sample 0 is the unperturbed reference."""

    program: Program
    targets: Targets
    trace: Path
    index: int
    model: str
    settings: Settings = DEFAULTS
    words: tuple[str, ...] = ()  # the command line that asked for it
    experiment: str | None = None
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started: str = field(default="", init=False)  # ISO 8601 with zone
    _started_ns: int = field(default=0, init=False, repr=False)  # CLOCK_MONOTONIC

    def start(self, stdin: Stream = None, stdout: Stream = None, stderr: Stream = None) -> None:
        """Start the process. Streams are those of subprocess.Popen; None inherits the user's."""
        path = self.trace / SPEC_NAME
        noise, seed = create(self.model), self.settings.seed
        try:
            prefix = noise.prefix(seed, self.index, str(self.trace))
            path.write_text(json.dumps(self.spec(noise) | {"prefix": shlex.join(prefix)}))
        except OSError as error:
            raise PytracerError(f"cannot write {str(path)!r}: {error.strerror}; free some space") from None
        journal = trace_journal(self.trace)
        journal.record("args", self.words)
        self.started = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self._started_ns = time.monotonic_ns()
        # Without -P a module in the working directory could replace one that the traced process imports for itself.
        self.process = subprocess.Popen(
            [*prefix, sys.executable, *interpreter_options(), "-P", "-m", "pytracer.trace.child", str(path)],
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=os.environ | additions(perturbed=self.model != NO_NOISE) | noise.environment(seed, self.index),
        )
        journal.say(f"sample {self.index}, noise {self.model}: started as process {self.process.pid}")

    def spec(self, noise: NoiseModel) -> dict[str, Any]:
        """What the traced process needs to know."""
        program, settings = self.program, self.settings
        varied = {"settings": noise.settings(settings.seed, self.index), "missing": noise.unvaried()}
        return {
            "trace": str(self.trace),
            "command": {"kind": program.kind, "target": program.target, "args": program.args},
            "noise": {"model": self.model, "seed": settings.seed, "sample": self.index, **varied},
            "targets": self.targets.spec(),
            "adapters": installed(),
            "limits": {name: getattr(settings, name) for name in Limits._fields},
            "backtrace": settings.backtrace,
            "follow": settings.follow,
            "experiment": self.experiment,
            "sample": self.index,
            "samples": settings.samples + 1 if self.experiment else None,
        }

    def wait(self) -> None:
        """Wait for the end, and record beside the trace how it ended, when it started and how long it ran."""
        assert self.process is not None
        self.process.wait()
        duration = time.monotonic_ns() - self._started_ns
        ended = {"status": self.status, "started": self.started, "duration_ns": duration}
        trace_journal(self.trace).say(describe(self.status))
        # When the disk is full or the trace was discarded, `parse` will not know them.
        with contextlib.suppress(OSError):
            (self.trace / EXIT_NAME).write_text(json.dumps(ended))
            fold_tails(self.trace)

    @property
    def status(self) -> int:
        """Exit status as subprocess gives it; only after the end."""
        assert self.process is not None
        return self.process.returncode

    def refused(self) -> bool:
        """Whether the traced process did not accept the command; the program has not run."""
        if self.status != EXIT_USAGE:
            return False
        lines = self.last_error_lines()
        return not (self.trace / "meta.json").exists() or (len(lines) == 1 and lines[0].startswith(ERROR_PREFIX))

    def refusal(self) -> str:
        """Why it refused."""
        lines = self.last_error_lines()
        return lines[-1].removeprefix(ERROR_PREFIX) if lines else "the traced process refused the command"

    def last_error_lines(self) -> tuple[str, ...]:
        """The end of what the program printed on standard error, where it was captured."""
        try:
            text = (self.trace / "stderr.txt").read_bytes()[-8192:].decode(errors="replace")
        except FileNotFoundError:  # not captured
            return ()
        lines = [line.rstrip() for line in text.splitlines() if line.strip()]
        return tuple(lines[-DEFAULTS.error_lines :])


def run(sample: Sample, stdout: Stream = None) -> None:
    """Run one sample on the user's own streams; whatever interrupts it, no process of ours is left behind."""
    try:
        sample.start(stdout=stdout)
        sample.wait()
    finally:
        stop([sample])


@contextlib.contextmanager
def temporary_trace() -> Iterator[Path]:
    """An empty folder for a trace that is not kept; a process that outlives the program may still write into it."""
    with tempfile.TemporaryDirectory(prefix="pytracer-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def stop(samples: Iterable[Sample]) -> None:
    """Ask the programs to end as Ctrl-C does, and kill those that do not."""
    processes = [sample.process for sample in samples if sample.process is not None]
    for process in processes:
        process.send_signal(signal.SIGINT)
    deadline = time.monotonic() + DEFAULTS.stop_seconds
    try:
        for process in processes:
            process.wait(max(0.0, deadline - time.monotonic()))
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        for process in processes:
            process.kill()
            process.wait()


def describe(status: int) -> str:
    """How a process ended, from its exit status as subprocess gives it."""
    if status >= 0:
        return f"exited with status {status}"
    try:
        return f"ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"ended by signal {-status}"


def failures(failed: Iterable[Sample]) -> Iterator[str]:
    """Messages about samples that failed; those that failed alike are named together. Some have several lines."""
    alike: dict[tuple[int, tuple[str, ...]], list[int]] = {}
    for sample in failed:
        alike.setdefault((sample.status, sample.last_error_lines()), []).append(sample.index)
    for (status, lines), indices in alike.items():
        who = f"sample {indices[0]}" if len(indices) == 1 else f"samples {', '.join(map(str, indices))}"
        yield "\n    ".join([f"{who} {describe(status)}{':' if lines else ''}", *lines])


def additions(*, perturbed: bool) -> dict[str, str]:
    """Environment variables that a sample gets because the user did not set them."""
    wanted = {"PYTHONHASHSEED": DEFAULTS.hash_seed}
    if perturbed:
        wanted |= dict.fromkeys(BLAS_THREAD_VARIABLES, DEFAULTS.blas_threads)
    return {name: value for name, value in wanted.items() if name not in os.environ}


def interpreter_options() -> list[str]:
    """Options such as -O and -W with which this Python was started: the program gets them too."""
    options: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    return options
