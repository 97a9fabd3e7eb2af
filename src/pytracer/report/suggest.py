"""Targets worth adding, from the trace of a survey: what is given floats outside the default targets."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.records.reader import Lane, Process, Trace
from pytracer.records.schema import Kind
from pytracer.records.sums import Sums
from pytracer.records.tables import Function, Site

FLOATS = (Kind.FLOAT64, Kind.FLOAT32, Kind.FLOAT16, Kind.COMPLEX128, Kind.COMPLEX64)

NATIVE_KINDS = frozenset({"ufunc", "builtin", "method", "cython", "callable"})

NARROWER = 5
"""Modules, and functions, named below each package."""

IsUser = Callable[[str], bool]


@dataclass
class Tally:
    """What was counted for one name; times in nanoseconds."""

    name: str
    calls: int = 0
    direct_calls: int = 0  # made by the user's own code
    float_calls: int = 0  # with a float or an array of floats among the arguments or results
    native_calls: int = 0
    native_ns: int = 0  # inside native functions, without what they call that was recorded itself

    def add(self, other: "Tally") -> None:
        """Count what the other counted, too."""
        for name in ("calls", "direct_calls", "float_calls", "native_calls", "native_ns"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass
class Suggestion:
    """A package to add as a target, and narrower choices within it, those with most calls with floats first."""

    package: Tally
    modules: list[Tally] = field(default_factory=list)
    functions: list[Tally] = field(default_factory=list)
    called: int = 0  # functions of it that the user's code calls
    native: int = 0  # native functions of it that were called


@dataclass(frozen=True)
class Suggestions:
    """All suggestions, those with most calls with floats first, and what shares of time are relative to."""

    packages: list[Suggestion]
    native_ns: int  # inside all recorded native functions, those of the default targets too
    dropped: int  # calls that were not recorded
    not_hookable: dict[str, int]  # package -> callables whose calls were not seen, the most first

    def share(self, tally: Tally) -> float:
        """Share of the native time, 0 to 1."""
        return tally.native_ns / self.native_ns if self.native_ns else 0.0


def suggest(trace: Trace, default_packages: Iterable[str], is_user: IsUser) -> Suggestions:
    """What to add, from a trace of `trace.targets.Survey`. `is_user` says whether a source file is the user's own."""
    tallies: dict[Function, Tally] = {}
    floats = Sums(_floats)
    for process, lane in trace.lanes():
        for function, tally in _of_lane(process, lane, floats, is_user):
            tallies.setdefault(function, Tally(function.full_name)).add(tally)
    left_out = {*default_packages, ""}
    groups: defaultdict[str, dict[Function, Tally]] = defaultdict(dict)
    for function, tally in tallies.items():
        package = function.module.partition(".")[0]
        if package not in left_out and not (function.file and is_user(function.file)):
            groups[package][function] = tally
    found = [_suggestion(package, group) for package, group in groups.items()]
    found = sorted((each for each in found if each.package.float_calls), key=lambda each: _order(each.package))
    native = sum(tally.native_ns for tally in tallies.values())
    return Suggestions(found, native, trace.counters()["calls_dropped"], _not_hookable(trace, left_out))


def _not_hookable(trace: Trace, left_out: set[str]) -> dict[str, int]:
    events = {event for process in trace.processes for event in process.coverage if event.event == "not_hookable"}
    counts = Counter(event.name.partition(".")[0] for event in events)
    return {package: count for package, count in counts.most_common() if package not in left_out}


def _suggestion(package: str, group: dict[Function, Tally]) -> Suggestion:
    found = Suggestion(Tally(package))
    modules: dict[str, Tally] = {}
    for function, tally in group.items():
        found.package.add(tally)
        modules.setdefault(function.module, Tally(function.module)).add(tally)
        found.called += tally.direct_calls > 0
        found.native += tally.native_calls > 0
    found.modules = _best(tally for name, tally in modules.items() if name != package)
    found.functions = _best(group.values())
    return found


def _best(tallies: Iterable[Tally]) -> list[Tally]:
    # A name such as `outer.<locals>.inner` cannot be given to --trace.
    usable = (t for t in tallies if t.float_calls and all(part.isidentifier() for part in t.name.split(".")))
    return sorted(usable, key=_order)[:NARROWER]


def _order(tally: Tally) -> tuple[int, int, str]:
    return -tally.float_calls, -tally.native_ns, tally.name


def _of_lane(process: Process, lane: Lane, floats: Sums, is_user: IsUser) -> Iterator[tuple[Function, Tally]]:
    functions, calls = process.functions.rows, lane.calls
    if not len(calls):
        return
    row, count = process.functions.find(calls["function"]), len(functions)
    native = np.array([function.kind in NATIVE_KINDS for function in functions])[row]
    of_user = np.array([_is_of_user(site, is_user) for site in process.sites.rows] + [False])
    direct = of_user[process.sites.find(calls["site"])]
    columns: list[NDArray[Any]] = [
        np.bincount(row, minlength=count),
        np.bincount(row, direct, count),
        np.bincount(row, floats.inputs(lane) + floats.outputs(lane) > 0, count),
        np.bincount(row, native, count),
        np.bincount(row, np.where(native, own_time(calls), 0), count),
    ]
    for i in np.flatnonzero(columns[0]).tolist():
        yield functions[i], Tally(functions[i].full_name, *(int(column[i]) for column in columns))


def _is_of_user(site: Site, is_user: IsUser) -> bool:
    return bool(site.file) and is_user(site.file)


def _floats(lane: Lane) -> NDArray[np.int64]:
    """1 for each value that is a float, a complex number or an array of them."""
    found = np.isin(lane.values["kind"], FLOATS).astype(np.int64)
    dtypes = np.array([dtype.kind in "fc" for dtype in lane.arrays.dtypes], bool)
    found[lane.arrays.rows] = dtypes[lane.arrays.dtype] if len(dtypes) else 0
    return found


def own_time(calls: NDArray[np.void]) -> NDArray[np.int64]:
    """Nanoseconds of each call without the recorded calls that it made; 0 for one that did not return."""
    ended = calls["exit_ns"] > calls["enter_ns"]
    time = np.where(ended, calls["exit_ns"] - calls["enter_ns"], 0).astype(np.int64)
    inside = np.zeros(len(calls) + 1, np.int64)
    np.add.at(inside, calls["parent"], time)  # the last element takes the roots, whose parent is -1
    own: NDArray[np.int64] = np.maximum(time - inside[:-1], 0)
    return own
