"""What a trace says that it could not see: its coverage events, its counters and its marked records, in one form."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from pytracer.records.reader import Trace
from pytracer.records.schema import CallFlag, Kind
from pytracer.records.tables import Coverage

TITLES = {
    "calls_dropped": "calls not recorded",
    "not_followed": "processes not followed",
    "unknown_target": "targets not found",
    "not_hookable": "callables not hookable",
    "native_module_not_hooked": "native modules that are not hooked",
    "result_not_perturbed": "results that were not perturbed",
    "argument_not_perturbed": "arguments that were not perturbed",
    "argument_kept": "functions that keep a perturbed argument",
    "not_rewritten": "own modules whose floats are not perturbed",
    "adapter_failed": "objects whose adapter failed",
    "values_not_understood": "values of an unknown type",
    "arrays_omitted": "arrays recorded by shape only",
    "bytes_omitted": "bytes of arrays not recorded",
    "containers_cut": "containers cut",
    "calls_cut": "calls with values left out",
    "generators": "generators and coroutines not followed",
}
"""Events in order of importance; others follow under their own names."""

LOSSES = {
    "calls_dropped": ("calls_dropped", "the disk was full, a limit was reached, or files could not be opened"),
    "arrays_omitted": ("arrays_omitted", "above the size limit, or of a dtype that is not recorded"),
    "bytes_omitted": ("bytes_omitted", "what those arrays hold"),
    "containers_cut": ("values_truncated", "more items or levels than the limits allow"),
}
"""Event -> the counter that says how often, and the reason."""

MOST = 2**63 - 1
"""The counters of a damaged trace may say anything; a result holds signed integers of 64 bits."""

CUT = "more values than one call record can count"
ITERATION = "the call that creates one is recorded, its iteration is not"
UNKNOWN_TYPE = "no number is read from such objects"


@dataclass(frozen=True)
class Gap:
    """Something that was not seen.

    `event` is one of COVERAGE_FIELDS or a name such as "values_not_understood"; `name` is what it is about, empty where
    the event says all; `count` is how many calls, values, arrays or bytes: 1 for a thing that is merely there.
    """

    event: str
    name: str
    why: str
    count: int = 1


def gaps(trace: Trace) -> list[Gap]:
    """What one execution did not see, all its processes together; equal gaps are one."""
    # An event that several processes report is one thing, however many of them do.
    events = dict.fromkeys(event for process in trace.processes for event in process.coverage)
    seen = Counter(_subject(event) for event in events)
    return [
        *(Gap(*event, count) for event, count in seen.items()),
        *(gap for gap in (*_losses(trace), *_marked(trace)) if gap.count > 0),
    ]


def _subject(event: Coverage) -> Coverage:
    """Native modules are counted by package: some have a hundred."""
    package = event.name.partition(".")[0] if event.event == "native_module_not_hooked" else event.name
    return event._replace(name=package)


def merge(samples: Iterable[Iterable[Gap]]) -> list[tuple[Gap, int]]:
    """The gaps of several samples, each with its largest count and with the number of samples that have it."""
    found: dict[tuple[str, str, str], tuple[int, int]] = {}
    for gaps in samples:
        for gap in gaps:
            key = (gap.event, gap.name, gap.why)
            count, seen = found.get(key, (0, 0))
            found[key] = max(count, gap.count), seen + 1
    return [(Gap(*key, count), seen) for key, (count, seen) in found.items()]


def _losses(trace: Trace) -> Iterator[Gap]:
    counters = {name: min(count, MOST) for name, count in trace.counters().items()}
    for event, (counter, why) in LOSSES.items():
        yield Gap(event, "", why, counters[counter])
    types = not_understood(trace)
    for name, count in types.most_common():
        yield Gap("values_not_understood", name, UNKNOWN_TYPE, count)
    rest = counters["values_not_understood"] - types.total()
    yield Gap("values_not_understood", "types not recorded", UNKNOWN_TYPE, rest)


def not_understood(trace: Trace) -> Counter[str]:
    """Type name of the values that were not understood, and how many there are of each."""
    found: Counter[str] = Counter()
    threads = {id(lane.values): lane for _, lane in trace.lanes()}  # the lanes of tasks share the values of theirs
    for lane in threads.values():
        unknown = lane.values[(lane.values["kind"] == Kind.OBJECT) & (lane.values["data"] == 1)]
        types, counts = np.unique(unknown["extra"], return_counts=True)
        for row, count in zip(types.tolist(), counts.tolist(), strict=True):
            found[lane.names.get(row) or "unknown type"] += count
        lane.drop_pages()
    return found


def _marked(trace: Trace) -> Iterator[Gap]:
    flags = [lane.calls["flags"] for _, lane in trace.lanes()]
    for event, why, flag in (
        ("calls_cut", CUT, CallFlag.INPUTS_CUT | CallFlag.OUTPUTS_CUT),
        ("generators", ITERATION, CallFlag.GENERATOR),
    ):
        yield Gap(event, "", why, sum(int(np.count_nonzero(each & flag)) for each in flags))
    for _, lane in trace.lanes():
        lane.drop_pages()
