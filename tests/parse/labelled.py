"""Programs whose calls have labels, so that every match can be checked: equal labels are what a person would match."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from synthetic import Program, write_trace

from pytracer.parse.align import AlignedLane, align
from pytracer.parse.catalog import Catalog
from pytracer.parse.divergence import Divergence, find_divergences
from pytracer.records.reader import Trace


@dataclass
class Script:
    """Makes calls in one sample and keeps their labels, in order of entry."""

    program: Program
    sample: int
    noise: np.random.Generator
    labels: list[str] = field(default_factory=list)

    def call(self, label: str, name: str, *args: Any, **options: Any) -> None:
        """Call `name`; `label` must be another one for each call that a person tells apart."""
        self.labels.append(label)
        self.program.call(name, *args, **options)

    def noisy(self, value: float, bits: float = 45) -> float:
        """`value`, moved in perturbed samples so that about so many bits stay."""
        return value if self.sample == 0 else value * (1 + 2.0**-bits * float(self.noise.normal()))


@dataclass(frozen=True)
class Checked:
    """How the matches of one lane compare with the labels."""

    lane: AlignedLane
    divergences: list[Divergence]
    labels: list[list[str]]
    catalog: Catalog
    common: int  # pairs of samples' calls with the same label
    missed: list[tuple[int, str]]  # those that are not matched
    wrong: list[tuple[int, str, str]]  # matched calls with other labels

    def names(self, divergence: Divergence) -> list[Any]:
        """Kind, inside of what, what the reference called, and what the others did."""
        functions = [function.name for function in self.catalog.functions.rows]
        inside = functions[divergence.function] if divergence.function >= 0 else None
        texts = [[f"{c.calls} {functions[c.function]}" for c in way] for way in self._ways(divergence)]
        return [
            divergence.kind.value,
            inside,
            texts[0],
            *zip([w.samples for w in divergence.ways], texts[1:], strict=True),
        ]

    @staticmethod
    def _ways(divergence: Divergence) -> list[Sequence[Any]]:
        return [divergence.reference, *(way.calls for way in divergence.ways)]

    @property
    def summary(self) -> list[list[Any]]:
        """`names` of all divergences."""
        return [self.names(one) for one in self.divergences]


def check(
    folder: Path, body: Callable[[Script], None], samples: int = 4, *, ended: Sequence[int] = (), seed: int = 1
) -> Checked:
    """Trace `body` in so many samples, align, and compare the matches of all pairs of samples with the labels."""
    labels: list[list[str]] = []
    traces = []
    for sample in range(samples):
        scripts: list[Script] = []

        def play(program: Program, sample: int = sample, scripts: list[Script] = scripts) -> None:
            scripts.append(Script(program, sample, np.random.default_rng([seed, sample])))
            body(scripts[0])

        traces.append(Trace.open(write_trace(folder / f"{sample}", play, sample)))
        labels.append(scripts[0].labels)
    catalog = Catalog()
    [lane] = align(traces, catalog)
    found = find_divergences([lane], [i in ended for i in range(samples)])
    return compare(lane, found, labels, catalog)


def compare(lane: AlignedLane, divergences: list[Divergence], labels: list[list[str]], catalog: Catalog) -> Checked:
    """Check the matches of `lane` against the labels of the calls of each sample."""
    in_order_of_time(lane)
    merged = []  # label -> merged call, of each sample
    for rows, own in zip(lane.rows, labels, strict=True):
        assert rows is not None
        assert sorted(rows[rows >= 0].tolist()) == list(range(len(own)))  # each call stands once in the merged tree
        assert len(set(own)) == len(own)
        merged.append({own[row]: call for call, row in enumerate(rows.tolist()) if row >= 0})
    common, missed, wrong = 0, [], []
    for i in range(1, len(labels)):
        for j in range(i):
            shared = merged[i].keys() & merged[j].keys()
            common += len(shared)
            missed += [(i, label) for label in shared if merged[i][label] != merged[j][label]]
            back = {call: label for label, call in merged[j].items()}
            wrong += [(i, x, back[call]) for x, call in merged[i].items() if call in back and back[call] != x]
    return Checked(lane, divergences, labels, catalog, common, missed, wrong)


def in_order_of_time(lane: AlignedLane) -> None:
    """A call stands before those that it made, these stand together, and each is of the same function everywhere."""
    open_calls: list[int] = [-1]
    for call, parent in enumerate(lane.parent.tolist()):
        while open_calls[-1] != parent:
            open_calls.pop()  # raises IndexError when the parent has ended
        open_calls.append(call)
    for side, rows in zip(lane.lanes, lane.rows, strict=True):
        assert side is not None
        assert rows is not None
        made = np.flatnonzero(rows >= 0)
        assert np.array_equal(np.append(rows, -1)[lane.parent[made]], side.calls["parent"][rows[made]])
