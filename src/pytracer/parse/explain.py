"""Says which setting changed what, when samples differ by settings around the program (noise models platform and env).

A difference begins in a call that got the same inputs in all samples and gave different outputs, in which no other
recorded call did. A setting explains it when all samples of each of its levels gave the same outputs. Settings whose
levels are all different, or all the same, can explain nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.blocks import MeasuredCalls
from pytracer.parse.values import ValueRows, View
from pytracer.records.schema import Kind

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Tokens = NDArray[np.uint64]

BATCH_CALLS = 2**12
"""Calls that are compared at once: bounds the memory."""

_FLOATS = (Kind.FLOAT64, Kind.FLOAT32, Kind.FLOAT16, Kind.COMPLEX128, Kind.COMPLEX64)
_ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))


class Differences:
    """The calls of one lane whose inputs differ between samples, and whose outputs do."""

    def __init__(self, calls: int) -> None:
        self._inputs = np.zeros(calls, np.bool_)
        self._outputs = np.zeros(calls, np.bool_)

    def add(self, calls: Ints, part: MeasuredCalls) -> None:
        """Learn from measured calls, given by their rows."""
        values = part.values
        of, output = values.rows.call, values.rows.output
        counts = values.rows.counts_differ
        self._inputs[calls] = (np.bincount(of[values.differs & ~output], minlength=len(calls)) > 0) | counts[0]
        self._outputs[calls] = (np.bincount(of[values.differs & output], minlength=len(calls)) > 0) | counts[1]

    def begin(self, parent: NDArray[np.int32]) -> Ints:
        """Rows of the calls in which differences begin, ascending; `parent` (calls,) is -1 for a root."""
        inside = np.zeros(len(parent), np.bool_)  # some call in it is one of them
        found = []
        for row in np.flatnonzero(self._outputs & ~self._inputs)[::-1].tolist():
            if not inside[row]:
                found.append(row)
            above = int(parent[row])
            while above >= 0 and not inside[above]:
                inside[above] = True
                above = int(parent[above])
        return np.array(found[::-1], np.int64)


@dataclass
class Explanation:
    """What explains the differences that begin in a function called from one place."""

    settings: tuple[str, ...]  # any of them would; empty when none does alone
    groups: list[list[int]]  # numbers of the samples with equal outputs, of the first of its calls
    calls: int = 0


@dataclass
class Explainer:
    """Collects the explanations of all lanes. `settings` are those of each measured sample, in their order."""

    samples: Sequence[int]  # their numbers
    settings: Sequence[Mapping[str, str]]
    found: dict[tuple[int, int, tuple[str, ...]], Explanation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        names = dict.fromkeys(name for each in self.settings for name in each)
        levels = {name: [each.get(name) for each in self.settings] for name in names}
        self._levels = {name: level for name, level in levels.items() if 1 < len(set(level)) < len(level)}

    @property
    def is_possible(self) -> bool:
        """Whether there is a setting with several levels, one of which several samples have."""
        return bool(self._levels)

    def lane(
        self, reference: View, calls: Ints, views: Sequence[View], rows: Ints, functions: Ints, sites: Ints
    ) -> None:
        """Explain `calls` (C,) of the sample that shows them, found at `rows` (N, C) of the samples, -1 for not found.

        `functions` and `sites` (C,) are their catalog numbers.
        """
        if len(views) != len(self.samples):
            return
        everywhere = np.flatnonzero((rows >= 0).all(axis=0))
        for first in range(0, len(everywhere), BATCH_CALLS):
            some = everywhere[first : first + BATCH_CALLS]
            tokens = _outputs(reference, calls[some], views, rows[:, some])
            explained = [(name, _agrees(tokens, level)) for name, level in self._levels.items()]
            for i, call in enumerate(some.tolist()):
                names = tuple(name for name, agrees in explained if agrees[i])
                self._add(int(functions[call]), int(sites[call]), names, tokens[:, i])

    def _add(self, function: int, site: int, names: tuple[str, ...], tokens: Tokens) -> None:
        key = (function, site, names)
        if key not in self.found:
            alike = [[s for s, t in zip(self.samples, tokens, strict=True) if t == one] for one in np.unique(tokens)]
            self.found[key] = Explanation(names, sorted(alike))
        self.found[key].calls += 1

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows of the table `explanations`."""
        for (function, site, _), one in self.found.items():
            yield function, site, json.dumps(one.settings), json.dumps(one.groups), one.calls


def _agrees(tokens: Tokens, levels: Sequence[str | None]) -> Bools:
    """For each call whether samples of the same level have the same token; `tokens` (N, C)."""
    agrees = np.ones(tokens.shape[1], np.bool_)
    first: dict[str | None, int] = {}
    for sample, level in enumerate(levels):
        agrees &= tokens[sample] == tokens[first.setdefault(level, sample)]
    return agrees


def _outputs(reference: View, calls: Ints, views: Sequence[View], rows: Ints) -> Tokens:
    """Tokens (N, C) of what each call gave in each sample: equal for the same bits."""
    values = ValueRows.of(reference, calls, views, rows)
    chosen = np.flatnonzero(values.output)
    result = np.zeros((len(views), len(calls)), np.uint64)
    factors = 2 * np.arange(len(chosen), dtype=np.uint64) + np.uint64(1)
    for token, view, places in zip(result, views, values.samples[:, chosen], strict=True):
        np.add.at(token, values.call[chosen], _contents(view, places) * factors)
    return result


def _contents(view: View, rows: Ints) -> Tokens:
    """Tokens of values with all their bits."""
    tokens = view.contents(rows)
    kinds = view.kinds(rows)
    floats = np.flatnonzero(np.isin(kinds, _FLOATS))
    for name, factor in zip(("data", "extra"), _ODD, strict=True):
        tokens[floats] += view.lane.values[name][rows[floats]].astype(np.uint64) * factor
    arrays = np.flatnonzero(kinds == Kind.ARRAY)
    blocks = view.elements(rows[arrays])
    tokens[arrays] += np.array([hash(block.tobytes()) % 2**64 for block in blocks], np.uint64)
    return tokens
