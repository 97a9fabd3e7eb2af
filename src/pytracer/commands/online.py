"""`parse --online`: parses the samples of a program while others of them are still being traced."""

import os
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytracer.commands.inventory import TraceEntry, find_traces, of_one_noise
from pytracer.commands.messages import LOG
from pytracer.commands.result import Destination, make, show
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import TraceError, UsageError
from pytracer.records.start import EXIT_NAME, read_spec
from pytracer.records.tables import read_json

POLL_SECONDS = 0.3


@dataclass(frozen=True)
class Arrivals:
    """The samples of one program that have finished so far."""

    traces: tuple[Path, ...]
    expected: int | None  # samples of the whole experiment; None for traces that were made one by one

    @property
    def complete(self) -> bool:
        """Whether no other sample will come."""
        return self.expected is not None and len(self.traces) >= self.expected

    def describe(self) -> str:
        """Such as '3 of 11 samples'."""
        return f"{len(self.traces)} of {self.expected} samples" if self.expected else f"{len(self.traces)} samples"


def parse_online(
    folder: Path, destination: Callable[[Path], Destination], settings: Settings, *, as_json: bool, trace_format: str
) -> None:
    """Parse the samples of the program that is being traced, again whenever some have finished, and print the report.

    The result is whole after each step, so that the dashboard can open it at any time. Raises UsageError when nothing
    was traced.
    """
    from pytracer.parse import Result
    from pytracer.report.ranking import ranking
    from pytracer.report.text import verdict_text

    place, arrivals = None, None
    for arrivals in follow(folder):
        place = destination(arrivals.traces[0])
        with make(arrivals.traces, place, settings, quiet=True, trace_format=trace_format) as result:
            LOG.info("%s: %s", arrivals.describe(), verdict_text(result, ranking(result)))
    if arrivals is None or place is None:
        raise UsageError(
            f"nothing was traced in {str(folder)!r} within {DEFAULTS.online_idle_seconds:.0f} seconds; start "
            "`pytracer run script.py` first, or parse what is there without --online"
        )
    if arrivals.expected and not arrivals.complete:
        LOG.warning("only %s finished: the others were not started, or killed", arrivals.describe())
    with Result.open(place.path) as result:
        show(result, place, quiet=False, as_json=as_json)


def follow(folder: Path, idle_seconds: float = DEFAULTS.online_idle_seconds) -> Iterator[Arrivals]:
    """The finished samples of the newest program that is being traced in `folder`, each time others have finished.

    Ends when all samples that were announced have finished, or when for `idle_seconds` nothing has been traced.
    """
    program: Hashable = None
    seen: tuple[Path, ...] = ()
    idle_since = time.monotonic()
    while time.monotonic() - idle_since < idle_seconds:
        entries = find_traces(folder)
        running = [entry for entry in entries if _is_running(Path(entry.path), idle_seconds)]
        if running:
            idle_since = time.monotonic()
            known = [entry for entry in running if entry.problem is None]
            if program is None and known:
                program = known[-1].program
        now = _arrivals(entries, program, idle_seconds)
        if now.traces != seen:
            seen = now.traces
            yield now
            if now.complete:
                return
        else:
            time.sleep(POLL_SECONDS)


def _arrivals(entries: Sequence[TraceEntry], program: Hashable, idle_seconds: float) -> Arrivals:
    own = of_one_noise([entry for entry in entries if entry.problem is None and entry.program == program])
    finished = tuple(Path(entry.path) for entry in own if not _is_running(Path(entry.path), idle_seconds))
    announced = {read_spec(path).get("samples") for path in finished}
    expected = announced.pop() if len(announced) == 1 else None
    return Arrivals(finished, expected if isinstance(expected, int) else None)


def _is_running(trace: Path, idle_seconds: float) -> bool:
    """Whether the traced process, or the one that waits for it, still writes into the folder of a trace."""
    if not trace.is_dir() or (trace / EXIT_NAME).exists():
        return False
    pid = _meta(trace).get("pid")
    if not isinstance(pid, int):  # it has not started yet, or never will
        return time.time() - trace.stat().st_mtime < idle_seconds
    try:
        os.kill(pid, 0)
    except ProcessLookupError:  # whoever started it was killed, too: nobody will write how it ended
        return False
    except OSError:
        pass
    return True


def _meta(trace: Path) -> dict[str, Any]:
    try:
        return read_json(trace / "meta.json") or {}
    except TraceError:  # it is being written
        return {}
