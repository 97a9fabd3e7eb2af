"""Pairs the lanes of the samples: by the names of process and lane, and where these fail, by what was called in them.

Names say who started a thread, a task or a process, so they agree where the program starts them in the same order
(docs/decisions/005). A lane whose namesake did other things is paired with the one that did the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.catalog import Catalog
from pytracer.parse.tokens import BITS, SURE, tokens_of
from pytracer.records.reader import Lane, Process, Trace

Place = tuple[Process, Lane]

ALIKE: Final = 0.5
"""Share of calls of the same functions from which on two lanes can be the same one."""
CLEARLY: Final = 0.75
"""Likeness from which on namesakes are not compared with others."""
NAMESAKE: Final = 0.125
"""What an equal name counts for among lanes that are as much alike."""
FIRST_CALLS: Final = 256
"""Calls whose inputs are compared."""


class LaneGroup(NamedTuple):
    """One lane in all samples; None where a sample has none."""

    process: str
    name: str
    places: tuple[Place | None, ...]


@dataclass(frozen=True)
class Habit:
    """What is called in a lane."""

    functions: NDArray[np.int64]  # number of calls of each function of the catalog
    inputs: frozenset[int]  # tokens of the first calls

    @classmethod
    def of(cls, place: Place, catalog: Catalog) -> "Habit":
        counts = np.bincount(catalog.functions_of(*place))
        inputs = tokens_of(_beginning(place[1]), catalog, BITS[SURE : SURE + 1])[0]
        return cls(counts, frozenset(inputs.tolist()))

    def shares(self, other: "Habit") -> float:
        """Share of calls of the same functions, 0 to 1."""
        common = min(len(self.functions), len(other.functions))
        same = int(np.minimum(self.functions[:common], other.functions[:common]).sum())
        return same / max(int(self.functions.sum()), int(other.functions.sum()), 1)

    def likeness(self, other: "Habit") -> float:
        """Likewise, and half of it of the same inputs, 0 to 1."""
        inputs = len(self.inputs & other.inputs) / max(len(self.inputs | other.inputs), 1)
        return (self.shares(other) + inputs) / 2


def _beginning(lane: Lane) -> Lane:
    return replace(lane, calls=lane.calls[:FIRST_CALLS])


def pair_lanes(traces: Sequence[Trace], catalog: Catalog) -> list[LaneGroup]:
    """The lanes of all traces, in the order of the first that has them."""
    named = [{(process.name, lane.name): (process, lane) for process, lane in trace.lanes()} for trace in traces]
    names = list(dict.fromkeys(name for sample in named for name in sample))
    groups: dict[tuple[str, str], list[Place | None]] = {name: [None] * len(traces) for name in names}
    for i, sample in enumerate(named):
        for name, wanted in _renamed(groups, i, sample, catalog).items():
            groups.setdefault(wanted, [None] * len(traces))[i] = sample[name]
    return [LaneGroup(*name, tuple(places)) for name, places in groups.items() if any(places)]


def _renamed(
    groups: dict[tuple[str, str], list[Place | None]],
    sample: int,
    lanes: dict[tuple[str, str], Place],
    catalog: Catalog,
) -> dict[tuple[str, str], tuple[str, str]]:
    """For each lane of a sample the group that it belongs to, from the samples before it."""
    result = {name: name for name in lanes}
    firsts = {name: next((place for place in places[:sample] if place), None) for name, places in groups.items()}
    if len(lanes) < 2 or not any(firsts.values()):
        return result
    habits = {name: Habit.of(place, catalog) for name, place in lanes.items()}
    models = {name: Habit.of(place, catalog) for name, place in firsts.items() if place}
    unlike = [n for n in lanes if n not in models or habits[n].likeness(models[n]) < CLEARLY]
    free = [n for n in models if n not in lanes or n in unlike]
    pairs = [
        (_score(n, habits[n], m, models[m]), n, m) for n in unlike for m in free if habits[n].shares(models[m]) >= ALIKE
    ]
    used: set[tuple[str, str]] = set()
    left = set(unlike)
    for _, name, model in sorted(pairs, key=lambda pair: -pair[0]):
        if name in left and model not in used:
            result[name] = model
            left.discard(name)
            used.add(model)
    taken = {result[name] for name in lanes if name not in left}
    for name in sorted(left):  # it is a lane of its own, or does other things under its name
        while result[name] in taken:
            result[name] = (name[0], f"{result[name][1]}-other")
        taken.add(result[name])
    return result


def _score(name: tuple[str, str], habit: Habit, model_name: tuple[str, str], model: Habit) -> float:
    return habit.likeness(model) + NAMESAKE * (name == model_name)
