"""Which calls were made from which lines of the program, and their bits."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from pytracer.parse.groups import Groups
from pytracer.visualize.queries.cells import known
from pytracer.visualize.queries.contents import Contents, Function


class LineCalls(NamedTuple):
    """The calls of one function from one line. Bits are significant bits (base 2); None: not measured."""

    function: Function
    calls: int
    bits_lost: float | None  # maximum
    input_bits: float | None  # minimum
    output_bits: float | None  # minimum
    worst_call: int  # row in calls of the one that loses most, else with the fewest output bits, else the first


@dataclass(frozen=True)
class Line:
    """A line of a file and what was called there, most bits lost first."""

    number: int  # from 1
    text: str | None  # None when not known
    calls: Sequence[LineCalls]

    @property
    def bits_lost(self) -> float | None:
        """Maximum over the calls."""
        return max((c.bits_lost for c in self.calls if c.bits_lost is not None), default=None)

    @property
    def output_bits(self) -> float | None:
        """Minimum over the calls."""
        return min((c.output_bits for c in self.calls if c.output_bits is not None), default=None)

    @property
    def number_of_calls(self) -> int:
        """Of all functions."""
        return sum(c.calls for c in self.calls)


class Sources:
    """The source files of a result. The calls are sorted by line once, when the first file is asked for."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents

    @cached_property
    def files(self) -> list[str]:
        """Those from which calls were made, the one of the worst call first."""
        sites = self._contents.result.sites["file"]
        first = next((sites[f.site] for f in self._contents.functions if f.site >= 0), "")
        return sorted({file for file in sites if file}, key=lambda file: (file != first, file))

    @cached_property
    def _groups(self) -> "_Groups":
        return _Groups(self._contents)

    @cached_property
    def _sites(self) -> dict[str, list[tuple[int, int]]]:
        """(line, row in sites) by file."""
        table = self._contents.result.sites
        found: dict[str, list[tuple[int, int]]] = {}
        for row, (file, line) in enumerate(zip(table["file"], table["line"].tolist(), strict=True)):
            found.setdefault(file, []).append((line, row))
        return found

    def text(self, file: str) -> list[str]:
        """The lines of a file; none when the result does not hold it."""
        table = self._contents.result.sources
        rows = np.flatnonzero(table["file"] == file)
        return str(table.read("text", int(rows[0]))).splitlines() if len(rows) else []

    def lines(self, file: str, first: int, last: int) -> list[Line]:
        """The lines `first` to `last` of a file; of one without text those from which calls were made."""
        texts, calls = self.text(file), self._calls(file, first, last)
        if texts:
            inside = list(range(max(first, 1), min(last, len(texts)) + 1))
            return [Line(number, texts[number - 1], calls.get(number, ())) for number in inside]
        stripped = self._contents.result.sites["text"]
        known_texts = {line: stripped[row] or None for line, row in self._sites.get(file, ())}
        inside = [number for number in sorted(known_texts) if first <= number <= last]
        return [Line(number, known_texts[number], calls.get(number, ())) for number in inside]

    def length(self, file: str) -> int:
        """Number of lines; 0 when the text is not in the result."""
        return len(self.text(file))

    def _calls(self, file: str, first: int, last: int) -> dict[int, list[LineCalls]]:
        found: dict[int, list[LineCalls]] = {}
        for line, site in self._sites.get(file, ()):
            if not first <= line <= last:
                continue
            found.setdefault(line, []).extend(self._groups.of(site))
        for calls in found.values():
            calls.sort(key=lambda c: (-(c.bits_lost if c.bits_lost is not None else -np.inf), c.function.name))
        return found


class _Groups:
    """The calls of each function from each site."""

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        calls, functions = contents.result.calls, max(len(contents.result.functions), 1)
        key = calls["site"].astype(np.int64) * functions + calls["function"]
        pairs, group = np.unique(key, return_inverse=True)
        self.site, self.function = np.divmod(pairs, functions)
        groups, lost, outputs = Groups(group, len(pairs)), calls["bits_lost"], calls["output_bits_min"]
        self.count = groups.sizes()
        self.lost, self.outputs = groups.maxima(lost), groups.minima(outputs)
        self.worst = groups.worst_rows(lost, outputs)
        self.inputs = groups.minima(calls["input_bits_min"])
        first = np.full(len(pairs), -1)
        first[group[::-1]] = np.arange(len(group))[::-1]  # the last assignment to an index wins
        self.worst = np.where(self.worst >= 0, self.worst, first)

    def of(self, site: int) -> list[LineCalls]:
        """Those of one row of sites."""
        low, high = np.searchsorted(self.site, (site, site + 1)).tolist()
        return [
            LineCalls(
                function=self._contents.by_row[int(self.function[i])],
                calls=int(self.count[i]),
                bits_lost=known(self.lost[i]),
                input_bits=known(self.inputs[i]),
                output_bits=known(self.outputs[i]),
                worst_call=int(self.worst[i]),
            )
            for i in range(low, high)
        ]
