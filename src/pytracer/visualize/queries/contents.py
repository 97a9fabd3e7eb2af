"""An open result and what every page needs of it: the functions, the call sites, and the verdict."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Self

import numpy as np

from pytracer.parse.groups import rank_key
from pytracer.parse.store import Result
from pytracer.shared import NO_NOISE
from pytracer.visualize.queries.callgraph import Graph
from pytracer.visualize.queries.cells import Floats, Ints, known, pick, row_type
from pytracer.visualize.queries.kept import Kept
from pytracer.visualize.queries.nesting import Nesting
from pytracer.visualize.state import BITS
from pytracer.visualize.units import UNITS, in_unit

UNKNOWN_PLACE = "unknown place"
ELEMENTS = 2**22
"""Kept of arrays, eight bytes each."""
INSTALLED = re.compile(r"^.*/(?:site-packages|dist-packages|lib(?:64)?/python3\.\d+t?)/")
"""Where installed packages and the standard library are: their files are known by the rest of their paths."""


@dataclass(frozen=True)
class Function:
    """A function that was called. Bits are significant bits (base 2), over its calls; None: not measured."""

    row: int  # in functions
    key: str  # its name in addresses: unique in the result
    name: str  # module and qualified name; without the module for the program itself
    module: str
    kind: str
    calls: int
    measurable: int  # calls that were perturbed or whose inputs differed
    bits_lost: float | None  # maximum
    input_bits: float | None  # minimum
    output_bits: float | None  # minimum
    bits_left: float | None  # output bits of the call that loses most
    worst_call: int  # row in calls of the one that loses most, else has the fewest bits, else its first
    site: int  # row in sites from which that call was made; -1 when unknown
    place: str  # that site

    @property
    def bits_before(self) -> float | None:
        """Bits that the call that loses most had to lose."""
        return None if self.bits_lost is None or self.bits_left is None else self.bits_lost + self.bits_left


@dataclass(frozen=True)
class Verdict:
    """What the result says, in words."""

    headline: str
    detail: str
    measured: bool


@dataclass(frozen=True)
class Contents:
    """An open result and what every page needs of it.

    Like everything here it raises ResultError when the result is corrupt.
    """

    result: Result
    functions: list[Function]  # most bits lost first
    calls_of: "CallIndex"  # the rows in calls of each function
    other: "Contents | None" = None  # a second result, to compare with

    @classmethod
    def of(cls, result: Result, other: Result | None = None) -> Self:
        """Read what every page needs, after a look whether all that refers to rows finds them."""
        result.verify()
        calls_of = CallIndex(result.calls["function"], len(result.functions))
        return cls(result, functions(result, calls_of), calls_of, cls.of(other) if other is not None else None)

    @cached_property
    def places(self) -> list[str]:
        """The call sites as texts; see `places`."""
        return places(self.result)

    @cached_property
    def names(self) -> list[str]:
        """The functions as texts, by row in functions."""
        return names(self.result)

    @cached_property
    def labels(self) -> list[str]:
        """The names of values, by row in labels."""
        texts: list[str] = self.result.labels["text"].tolist()
        return texts

    @cached_property
    def types(self) -> list[str]:
        """The types of values as texts such as 'float64 (3, 4)', by row in types."""
        pairs = zip(self.result.types["dtype"], self.result.types["shape"], strict=True)
        return [f"{dtype} {shape}".strip() for dtype, shape in pairs]

    @cached_property
    def by_key(self) -> dict[str, Function]:
        """The functions by their names in addresses."""
        return {function.key: function for function in self.functions}

    @cached_property
    def by_row(self) -> dict[int, Function]:
        """The functions by their rows."""
        return {function.row: function for function in self.functions}

    @cached_property
    def columns(self) -> Kept[Floats]:
        """Columns of the elements of arrays that were read last."""
        return Kept(ELEMENTS, len)

    @cached_property
    def nesting(self) -> Nesting:
        """The calls as bars over time."""
        return Nesting.of(self.result)

    @cached_property
    def graph(self) -> Graph:
        """Who called whom."""
        return Graph.of(self.result)


class CallIndex:
    """The calls of each function: four bytes a call, read and sorted once."""

    def __init__(self, function: Ints, functions: int) -> None:
        order = np.argsort(function, kind="stable")
        self._order = order.astype(row_type(len(function)), copy=False)
        self._first = np.searchsorted(function, np.arange(functions + 1), sorter=self._order)

    @property
    def functions(self) -> Ints:
        """Rows of the functions that have calls, ascending."""
        return np.flatnonzero(np.diff(self._first))

    def first(self, function: int) -> int:
        """Its first call; -1 when it has none."""
        start, end = self._first[function : function + 2].tolist()
        return int(self._order[start]) if start < end else -1

    def __getitem__(self, function: int) -> Ints:
        """Rows in calls of the function in that row, ascending."""
        return self._order[self._first[function] : self._first[function + 1]].astype(np.int64)


def functions(result: Result, calls_of: CallIndex) -> list[Function]:
    """The functions that were called, most bits lost first; what has no bits comes last, in order of call."""
    table = result.functions
    texts, where = names(result), places(result)
    called = calls_of.functions
    firsts = [calls_of.first(row) for row in called.tolist()]
    worst = np.where(table["worst_call"][called] >= 0, table["worst_call"][called], firsts)
    left, sites = pick(result.calls, "output_bits_min", worst), pick(result.calls, "site", worst)
    columns = {name: table[name][called] for name in ("bits_lost_max", "input_bits_min", "output_bits_min")}
    whole = {name: table[name] for name in ("module", "kind", "measurable")}
    shared = Counter(texts[row] for row in called)
    lost, output = rank_key(columns["bits_lost_max"]), rank_key(columns["output_bits_min"])
    ranked = np.lexsort((worst, output, -lost))  # NaN comes last
    return [
        Function(
            row=(row := int(called[i])),
            key=texts[row] if shared[texts[row]] == 1 else f"{texts[row]}#{row}",
            name=texts[row],
            module=whole["module"][row],
            kind=whole["kind"][row],
            calls=len(calls_of[row]),
            measurable=int(whole["measurable"][row]),
            bits_lost=known(columns["bits_lost_max"][i]),
            input_bits=known(columns["input_bits_min"][i]),
            output_bits=known(columns["output_bits_min"][i]),
            bits_left=known(left[i]),
            worst_call=int(worst[i]),
            site=int(sites[i]),
            place=where[sites[i]],
        )
        for i in ranked.tolist()
    ]


def verdict(contents: Contents, unit: str = BITS) -> Verdict:
    """The one sentence the reader came for, counted in `unit`. An unperturbed result gets no digits."""
    result = contents.result
    if not result.perturbed:
        reason = result.verdict.partition(": ")[2]
        noisy = set(result.samples["model"].tolist()) - {NO_NOISE, ""}
        return Verdict(
            "Not measured" if noisy else "Not perturbed",
            f"{reason or 'nothing was measured'}. Nothing can be said about its digits.",
            False,
        )
    how = _how(result, unit)
    worst = contents.functions[0] if contents.functions else None
    if worst is None or worst.bits_lost is None:
        return Verdict("No floating-point result of the traced functions was perturbed", how, False)
    if worst.bits_lost < 0.05:
        return Verdict(f"No perturbed call loses {unit}", how, True)
    headline = f"{worst.name} loses {in_unit(worst.bits_lost, unit)} of {in_unit(worst.bits_before, unit)} {unit}"
    return Verdict(headline, f"called at {worst.place}; {how}", True)


def _how(result: Result, unit: str) -> str:
    columns = (result.samples[name] for name in ("status", "model"))
    models = dict.fromkeys(model for status, model in zip(*columns, strict=True) if status == "measured")
    samples, probability, confidence = (result.attribute(name) for name in ("samples", "probability", "confidence"))
    return (
        f"{samples} perturbed samples, noise model {', '.join(models)}; "
        f"{UNITS[unit]} with probability {probability:g} at confidence {confidence:g}"
    )


def places(result: Result) -> list[str]:
    """The call sites as 'file:line', files relative to the program or to their package; index -1 is the unknown one."""
    folder = PurePath(str(result.provenance.get("directory") or "."))
    files, lines = result.sites["file"].tolist(), result.sites["line"].tolist()
    return [*(_place(file, line, folder) for file, line in zip(files, lines, strict=True)), UNKNOWN_PLACE]


def _place(file: str, line: int, folder: PurePath) -> str:
    if not file:
        return UNKNOWN_PLACE
    path = PurePath(file)
    shown = str(path.relative_to(folder) if path.is_relative_to(folder) else path)
    return f"{INSTALLED.sub('', shown)}:{line}"


def names(result: Result) -> list[str]:
    """The functions as 'module.name', by row; those of the program itself without the module."""
    pairs = zip(result.functions["module"], result.functions["name"], strict=True)
    return [f"{module}.{name}" if module not in ("", "__main__") else name for module, name in pairs]
