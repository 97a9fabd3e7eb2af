"""Where samples went different ways: told from the merged trees, once at each cause.

A place is a call whose calls differ. What follows from a difference is not reported: what is inside calls that only
some samples made, what a call that raised did not come to, what its caller did about it, what a sample that ended early
did not reach. Equal places (kind, calling function, call site) are one divergence, of the first time it was found.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.align import AlignedLane
from pytracer.parse.tree import depths, subtree_ends
from pytracer.records.schema import Outcome

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

Place = tuple[str, int, int]
"""Kind, function of the calling call, site of the first call that differs: equal for the same at another time."""

REFERENCE = 0
"""Index of the sample that the others are told from."""


class DivergenceKind(StrEnum):
    """What differs between samples."""

    CALLS = "calls"  # some samples made calls that others did not
    OUTCOME = "outcome"  # a call returned in some samples and raised in others
    ORDER = "order"  # the same calls in another order
    ENDED = "ended"  # a sample ended otherwise than the reference: killed, or another exit code
    LANE = "lane"  # some samples have no such thread, task or process


class CallCount(NamedTuple):
    """So many calls of a function that ended in one way."""

    function: int  # number in the catalog
    outcome: Outcome
    calls: int


class Way(NamedTuple):
    """What some samples called where the reference called something else."""

    samples: tuple[int, ...]  # indices of the aligned traces
    calls: tuple[CallCount, ...]


@dataclass(frozen=True)
class Divergence:
    """A place where samples differ. Calls are those of the merged lane, -1 for none."""

    kind: DivergenceKind
    lane: int
    parent: int  # the call whose calls differ; -1 for the roots of the lane
    function: int  # number in the catalog of the function of that call, -1 for the roots
    site: int  # number in the catalog of the site of the first call that differs; -1 when not known
    before: int  # last call before it, of the same list, that all made
    first: int  # first call that differs
    reference: tuple[CallCount, ...]
    ways: tuple[Way, ...]
    times: int = 1


def find_divergences(lanes: Sequence[AlignedLane], ended: Sequence[bool]) -> list[Divergence]:
    """All divergences, in order of lanes and of time; `ended` says of each sample whether it ended unlike the first."""
    found: dict[Place, Divergence] = {}
    waiting = [sample for sample, early in enumerate(ended) if early]
    rows: list[Divergence] = []
    for number, lane in enumerate(lanes):
        view = _Lane.of(number, lane, ended)
        ends = [sample for sample in waiting if lane.rows[sample] is not None]
        rows += [view.end(sample) for sample in ends]
        waiting = [sample for sample in waiting if sample not in ends]
        for place, describe in view.divergences():
            known = found.get(place)
            found[place] = replace(known, times=known.times + 1) if known else describe()
    return sorted([*rows, *found.values()], key=lambda one: (one.lane, max(one.first, one.before)))


@dataclass
class _Lane:
    """One lane, its calls as lists of children, and which samples differ where."""

    number: int
    lane: AlignedLane
    ended: Sequence[bool]
    present: list[Bools | None]  # of each sample: the calls that it made
    silent: list[Bools | None]  # calls that it did not make because of something before
    order: Ints = field(default_factory=lambda: np.zeros(0, np.int64))  # calls, list after list
    agreed: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))  # made by all who came there
    split: list[tuple[int, Ints]] = field(default_factory=list)  # sample, calls that ended otherwise than in the source
    excused: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))  # what calls did about an exception

    @classmethod
    def of(cls, number: int, lane: AlignedLane, ended: Sequence[bool]) -> "_Lane":
        seen: dict[int, Bools] = {}
        present = [None if rows is None else seen.setdefault(id(rows), rows >= 0) for rows in lane.rows]
        self = cls(number, lane, ended, present, [None for _ in present])
        self.order = np.argsort(lane.parent, kind="stable")
        self.excused = np.zeros(len(lane), np.bool_)
        self._outcomes()
        self._silence_ended()
        self._silence_raised()
        self.agreed = np.ones(len(lane), np.bool_)
        for made, silent in {(id(m), id(s)): (m, s) for m, s in zip(present, self.silent, strict=True)}.values():
            if made is not None:
                self.agreed &= made if silent is None else made | silent
        return self

    def _outcomes(self) -> None:
        source = self.lane.column("outcome")
        for sample, (lane, rows) in enumerate(zip(self.lane.lanes, self.lane.rows, strict=True)):
            if lane is None or rows is None:
                continue
            made = self.present[sample]
            outcome = np.append(lane.calls["outcome"], np.uint8(Outcome.RUNNING))[rows]
            differs = (outcome != source) & (outcome != Outcome.RUNNING) & (source != Outcome.RUNNING) & made
            lane.drop_pages()
            if differs.any():
                self.split.append((sample, np.flatnonzero(differs)))

    def _silence_ended(self) -> None:
        for sample, made in enumerate(self.present):
            if made is not None and self.ended[sample]:
                silent = ~made
                silent[: self._last(sample) + 1] = False
                self.silent[sample] = silent

    def _last(self, sample: int) -> int:
        present = self.present[sample]
        made = [] if present is None else np.flatnonzero(present).tolist()
        return made[-1] if made else -1

    def _silence_raised(self) -> None:
        """A sample in which a call raised did not come to what others did in it then."""
        if not self.split:
            return
        ends = subtree_ends(self.lane.parent, depths(self.lane.parent))
        position = np.empty(len(self.order), np.int64)
        position[self.order] = np.arange(len(self.order))
        for call in np.unique(np.concatenate([calls for _, calls in self.split])).tolist():
            for sample in self._who(call, Outcome.RAISED):
                made = self.present[sample]
                assert made is not None  # it raised
                inside = made[call : ends[call]]
                last = call + int(np.flatnonzero(inside)[-1]) + 1
                silent = self.silent[sample]
                if silent is None:
                    silent = self.silent[sample] = np.zeros(len(self.lane), np.bool_)
                silent[last : ends[call]] = True
            self._excuse(int(position[call]) + 1, int(self.lane.parent[call]))

    def _excuse(self, at: int, parent: int) -> None:
        """The siblings after a call that raised in some samples, up to the next that all made."""
        while at < len(self.order) and self.lane.parent[self.order[at]] == parent:
            call = int(self.order[at])
            if all(made is None or made[call] for made in self.present):
                return
            self.excused[call] = True
            at += 1

    def _who(self, call: int, outcome: Outcome) -> list[int]:
        return [sample for sample in range(len(self.present)) if self._outcome(sample, call) == outcome]

    def _outcome(self, sample: int, call: int) -> Outcome | None:
        rows, lane = self.lane.rows[sample], self.lane.lanes[sample]
        if rows is None or lane is None or rows[call] < 0:
            return None
        return Outcome(int(lane.calls["outcome"][rows[call]]))

    # What is found

    def divergences(self) -> Iterator[tuple[Place, Callable[[], Divergence]]]:
        """Everything but the ends of samples, in order of time but for kinds: the place, and what describes it."""
        if len(self.lane) == 0:
            return
        yield from self._missing_lane()
        parent = self.lane.parent
        reached = np.append(self.agreed, True)[parent]
        apart = ~self.agreed & reached & ~self.excused
        for calls in self._runs(apart):
            yield self._place(DivergenceKind.CALLS, calls), partial(self._calls, calls)
        yield from self._split_outcomes(np.unique(parent[apart]))
        yield from self._orders(reached)

    def _runs(self, apart: Bools) -> list[Ints]:
        """Calls that stand beside each other in one list."""
        places = np.flatnonzero(apart[self.order])
        calls = self.order[places]
        parents = self.lane.parent[calls]
        cuts = np.flatnonzero((np.diff(places) != 1) | (np.diff(parents) != 0)) + 1
        runs = np.split(calls, cuts) if len(calls) else []
        return sorted(runs, key=lambda run: int(run[0]))

    def _place(self, kind: DivergenceKind, calls: Ints) -> Place:
        return kind, self._function(int(self.lane.parent[calls[0]])), int(self.lane.sites(calls[:1])[0])

    def _missing_lane(self) -> Iterator[tuple[Place, Callable[[], Divergence]]]:
        lacking = [s for s, made in enumerate(self.present) if made is None and not self.ended[s]]
        if lacking:
            roots = np.flatnonzero(self.lane.parent < 0)
            having = [s for s, made in enumerate(self.present) if made is not None]
            describe = partial(self._divergence, DivergenceKind.LANE, roots, having, lacking)
            yield self._place(DivergenceKind.LANE, roots), describe

    def _calls(self, calls: Ints) -> Divergence:
        took_part = [
            sample
            for sample, made in enumerate(self.present)
            if made is not None and not self._is_silent(sample, calls)
        ]
        return self._divergence(DivergenceKind.CALLS, calls, took_part, [])

    def _is_silent(self, sample: int, calls: Ints) -> bool:
        made, silent = self.present[sample], self.silent[sample]
        return made is not None and silent is not None and bool((silent[calls] & ~made[calls]).any())

    def _split_outcomes(self, parents_apart: Ints) -> Iterator[tuple[Place, Callable[[], Divergence]]]:
        """Calls that ended in different ways, but not because of a call in them."""
        who: dict[int, set[int]] = {}
        for sample, calls in self.split:
            for call in calls.tolist():
                who.setdefault(call, set()).add(sample)
        caused = set(parents_apart.tolist())
        for call, samples in who.items():
            above = int(self.lane.parent[call])
            if above >= 0 and samples & who.get(above, set()):
                caused.add(above)
        for call in sorted(who):
            if call not in caused and self.agreed[call]:
                calls = np.array([call])
                yield self._place(DivergenceKind.OUTCOME, calls), partial(self._split_outcome, calls)

    def _split_outcome(self, calls: Ints) -> Divergence:
        samples = range(len(self.present))
        took_part = [s for s in samples if self._outcome(s, int(calls[0])) not in (None, Outcome.RUNNING)]
        return self._divergence(DivergenceKind.OUTCOME, calls, took_part, [])

    def _orders(self, reached: Bools) -> Iterator[tuple[Place, Callable[[], Divergence]]]:
        who: dict[int, list[tuple[int, Ints]]] = {}
        for sample, moved in enumerate(self.lane.moved):
            calls = moved[reached[moved]].astype(np.int64)
            parents = self.lane.parent[calls]
            order = np.argsort(parents, kind="stable")
            cuts = np.flatnonzero(np.diff(parents[order])) + 1
            for part in np.split(calls[order], cuts) if len(calls) else []:
                who.setdefault(int(self.lane.parent[part[0]]), []).append((sample, part))
        for found in who.values():
            yield self._place(DivergenceKind.ORDER, found[0][1]), partial(self._order, found)

    def _order(self, found: Sequence[tuple[int, Ints]]) -> Divergence:
        one = self._divergence(DivergenceKind.ORDER, found[0][1], [REFERENCE], [])
        ways = tuple(Way((sample,), self._count(sample, calls)) for sample, calls in found)
        return replace(one, ways=_merged(ways))

    def end(self, sample: int) -> Divergence:
        """Where the calls of a sample end that ended unlike the first."""
        last = self._last(sample)
        silent = self.silent[sample]
        expected = self.present[REFERENCE]
        rest = np.zeros(0, np.bool_) if silent is None else silent if expected is None else silent & expected
        following = np.flatnonzero(rest)[:1]
        parent = int(self.lane.parent[last]) if last >= 0 else -1
        site = int(self.lane.sites(np.array([last]))[0]) if last >= 0 else -1
        first = int(following[0]) if len(following) else -1
        reference = self._count(REFERENCE, following)
        ways = (Way((sample,), ()),)
        function = self._function(parent)
        return Divergence(DivergenceKind.ENDED, self.number, parent, function, site, last, first, reference, ways)

    def _divergence(
        self, kind: DivergenceKind, calls: Ints, took_part: Sequence[int], without: Sequence[int]
    ) -> Divergence:
        """`took_part`: samples that can have made the calls; `without`: samples that made none of them."""
        first, parent = int(calls[0]), int(self.lane.parent[calls[0]])
        made = {sample: self._count(sample, calls) for sample in took_part} | dict.fromkeys(without, ())
        expected = made.get(REFERENCE, ())
        ways = tuple(Way((sample,), counts) for sample, counts in sorted(made.items()))
        others = tuple(way for way in _merged(ways) if REFERENCE not in way.samples)
        if kind == DivergenceKind.CALLS:
            others = self._told_apart(calls, made)
        site = int(self.lane.sites(calls[:1])[0])
        before = self._before(first, parent)
        return Divergence(kind, self.number, parent, self._function(parent), site, before, first, expected, others)

    def _told_apart(self, calls: Ints, made: dict[int, tuple[CallCount, ...]]) -> tuple[Way, ...]:
        """Samples that made the same of the calls are one way, also where others made as many."""
        ways: dict[bytes, list[int]] = {}
        for sample in sorted(made):
            own = self.present[sample]
            ways.setdefault(b"" if own is None else own[calls].tobytes(), []).append(sample)
        return tuple(Way(tuple(who), made[who[0]]) for who in ways.values() if REFERENCE not in who)

    def _before(self, first: int, parent: int) -> int:
        """The last sibling before `first` that all made."""
        siblings = np.flatnonzero((self.lane.parent[:first] == parent) & self.agreed[:first])
        return int(siblings[-1]) if len(siblings) else -1

    def _function(self, call: int) -> int:
        return int(self.lane.functions(np.array([call]))[0]) if call >= 0 else -1

    def _count(self, sample: int, calls: Ints) -> tuple[CallCount, ...]:
        """Calls of a sample per function and outcome, in order of first appearance."""
        rows, lane = self.lane.rows[sample], self.lane.lanes[sample]
        if rows is None or lane is None:
            return ()
        own = calls[rows[calls] >= 0]
        kinds = (self.lane.functions(own) << 2) | lane.calls["outcome"][rows[own]]
        unique, first, counts = np.unique(kinds, return_index=True, return_counts=True)
        order = np.argsort(first)
        return tuple(CallCount(int(unique[i]) >> 2, Outcome(int(unique[i]) & 3), int(counts[i])) for i in order)


def _merged(ways: Sequence[Way]) -> tuple[Way, ...]:
    """Samples that called the same as one."""
    by_calls: dict[tuple[CallCount, ...], list[int]] = {}
    for way in ways:
        by_calls.setdefault(way.calls, []).extend(way.samples)
    return tuple(Way(tuple(samples), calls) for calls, samples in by_calls.items())
