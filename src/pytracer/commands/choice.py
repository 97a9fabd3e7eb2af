"""Which traces of a folder `parse` takes: those of one program. Where there are several, the user chooses."""

import shlex
import sys
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytracer.commands.inventory import TraceEntry, find_traces, of_one_noise
from pytracer.commands.messages import LOG
from pytracer.errors import UsageError
from pytracer.report.plain import counted, printable
from pytracer.shared import NO_NOISE

LISTED = 20
"""Choices shown."""


@dataclass(frozen=True)
class Group:
    """Traces that belong together: those of one `pytracer run`, or single ones of the same command; oldest first."""

    traces: tuple[TraceEntry, ...]

    @property
    def command(self) -> str:
        """As a shell would have it; empty for traces of the original, which do not say."""
        return printable(shlex.join(self.traces[0].command))

    def describe(self) -> str:
        """In one line: command, date of the newest trace, samples and noise."""
        samples = sorted({trace.sample for trace in self.traces})
        numbers = f"{samples[0]} to {samples[-1]}" if len(samples) > 1 else str(samples[0])
        noise = ", ".join(sorted({trace.noise for trace in self.traces} - {NO_NOISE})) or NO_NOISE
        many = "s" * (len(samples) > 1)
        said = f"{self.traces[-1].date}, {counted(len(self.traces), 'trace')}, sample{many} {numbers}, noise {noise}"
        return f"{self.command or 'unknown command'} ({said})"


def find_groups(directory: Path) -> list[Group]:
    """The groups in a folder, the newest first. Raises UsageError when there is none."""
    groups: dict[Hashable, list[TraceEntry]] = {}
    for trace in find_traces(directory):
        if trace.problem is None:
            groups.setdefault(trace.program, []).append(trace)
    if not groups:
        raise UsageError(f"no trace in {str(directory)!r}; make one with `pytracer run script.py`")
    found = [Group(tuple(traces)) for traces in groups.values()]
    return sorted(found, key=lambda group: (group.traces[-1].date, group.traces[-1].name), reverse=True)


def choose(directory: Path, wanted: str | None) -> list[Path]:
    """The traces of the group that is `wanted`: its number from 1, the newest, on, or its command.

    When nothing is wanted and all are of one command, takes the newest, and says so; of several commands it asks.

    Raises UsageError when there is no trace, no such group, or nobody to ask.
    """
    groups = find_groups(directory)
    if wanted is not None:
        group = _find(groups, wanted)
    elif len({each.command for each in groups}) == 1:
        group = groups[0]
        if len(groups) > 1:
            LOG.info("taken: the newest of %d, %s; --command N chooses another", len(groups), group.describe())
    elif sys.stdin.isatty() and sys.stderr.isatty():
        group = _ask(groups)
    else:
        raise UsageError(f"traces of several commands; choose one with --command N: {_listed(groups, '; ')}")
    return _of_one_noise(group)


def _find(groups: Sequence[Group], wanted: str) -> Group:
    if wanted.isdecimal() and 1 <= int(wanted) <= len(groups):
        return groups[int(wanted) - 1]
    for group in groups:
        if group.command == wanted:
            return group
    raise UsageError(f"no command {wanted!r} among the traces; choose one with --command N: {_listed(groups, '; ')}")


def _ask(groups: Sequence[Group]) -> Group:
    """On standard error: standard output may be the report of a program that reads it."""
    print(f"Traces of several commands:\n    {_listed(groups, chr(10) + '    ')}", file=sys.stderr)
    while True:
        print(f"Which one? [1 to {len(groups)}] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            raise UsageError("nothing was chosen; choose with --command N")
        if answer.strip().isdecimal() and 1 <= int(answer) <= len(groups):
            return groups[int(answer) - 1]


def _listed(groups: Sequence[Group], separator: str) -> str:
    lines = [f"{number}: {group.describe()}" for number, group in enumerate(groups[:LISTED], 1)]
    more = [f"and {len(groups) - LISTED} older ones, see `pytracer info --trace`"] * (len(groups) > LISTED)
    return separator.join([*lines, *more])


def _of_one_noise(group: Group) -> list[Path]:
    chosen = of_one_noise(group.traces)
    others = sorted({trace.noise for trace in group.traces} - {trace.noise for trace in chosen})
    if others:
        LOG.info("left out: traces of this command under other noise: %s", ", ".join(others))
    return [Path(trace.path) for trace in chosen]
