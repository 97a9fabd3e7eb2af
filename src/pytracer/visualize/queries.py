"""What the pages ask of a result. Plain functions: they read and select, and compute no statistics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pytracer.parse.store import Columns, Result, ResultError
from pytracer.records.schema import Outcome
from pytracer.shared import NO_NOISE

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

UNKNOWN_PLACE = "unknown place"
DETAILED_VALUES = 100
"""Values of one call that are listed."""


@dataclass(frozen=True)
class Function:
    """A function that was called. Bits are significant bits (base 2), over its calls; None: not measured."""

    row: int  # in functions
    key: str  # its name in addresses: unique in the result
    name: str  # module and qualified name; without the module for the program itself
    calls: int
    bits_lost: float | None  # maximum
    input_bits: float | None  # minimum
    output_bits: float | None  # minimum
    bits_left: float | None  # output bits of the call that loses most
    place: str  # from where that call was made

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

    @classmethod
    def of(cls, result: Result) -> Self:
        """Read what every page needs."""
        return cls(result, functions(result))

    @cached_property
    def places(self) -> list[str]:
        """The call sites as texts; see `places`."""
        return places(self.result)

    @cached_property
    def by_key(self) -> dict[str, Function]:
        """The functions by their names in addresses."""
        return {function.key: function for function in self.functions}


def functions(result: Result) -> list[Function]:
    """The functions that were called, most bits lost first; what has no bits comes last, in order of call."""
    calls = result.calls
    function, lost, outputs = calls["function"], calls["bits_lost"], calls["output_bits_min"]
    if not len(function):
        return []
    # For each function the call that loses most comes first; NaN sorts last.
    order = np.lexsort((outputs, -lost, function))
    rows, first, count = np.unique(function[order], return_index=True, return_counts=True)
    worst = order[first]
    least_in = np.fmin.reduceat(calls["input_bits_min"][order], first)
    least_out = np.fmin.reduceat(outputs[order], first)
    names = _names(result)
    shared = Counter(names[row] for row in rows)
    where = places(result)
    sites = calls["site"][worst]
    ranked = np.lexsort((worst, least_out, -lost[worst]))
    return [
        Function(
            row=int(rows[i]),
            key=names[rows[i]] if shared[names[rows[i]]] == 1 else f"{names[rows[i]]}#{rows[i]}",
            name=names[rows[i]],
            calls=int(count[i]),
            bits_lost=_known(lost[worst[i]]),
            input_bits=_known(least_in[i]),
            output_bits=_known(least_out[i]),
            bits_left=_known(outputs[worst[i]]),
            place=where[sites[i]],
        )
        for i in ranked.tolist()
    ]


def verdict(contents: Contents) -> Verdict:
    """The one sentence the reader came for. An unperturbed result gets no digits."""
    result = contents.result
    if not result.perturbed:
        reason = result.verdict.partition(": ")[2]
        noisy = set(result.samples["model"].tolist()) - {NO_NOISE, ""}
        return Verdict(
            "Not measured" if noisy else "Not perturbed",
            f"{reason or 'nothing was measured'}. Nothing can be said about its digits.",
            False,
        )
    how = _how(result)
    worst = contents.functions[0] if contents.functions else None
    if worst is None or worst.bits_lost is None:
        return Verdict("No floating-point result of the traced functions was perturbed", how, False)
    if worst.bits_lost < 0.05:
        return Verdict("No perturbed call loses bits", how, True)
    headline = f"{worst.name} loses {worst.bits_lost:.1f} of {worst.bits_before:.1f} bits"
    return Verdict(headline, f"called at {worst.place}; {how}", True)


def _how(result: Result) -> str:
    columns = (result.samples[name] for name in ("status", "model"))
    models = dict.fromkeys(model for status, model in zip(*columns, strict=True) if status == "measured")
    samples, probability, confidence = (result.attribute(name) for name in ("samples", "probability", "confidence"))
    return (
        f"{samples} perturbed samples, noise model {', '.join(models)}; "
        f"significant bits with probability {probability:g} at confidence {confidence:g}"
    )


@dataclass(frozen=True)
class Argument:
    """An argument or result of a function, or a part of one."""

    label: str  # such as 'x', 'return[0]', 'a (after)'
    output: bool


@dataclass(frozen=True)
class Timeline:
    """Values of the calls of one function: columns of equal length, a row is one value in one call, in order of call.

    Bits are significant bits (base 2), minima over the elements; NaN where not measured.
    """

    arguments: list[Argument]  # of all its calls, inputs first
    call: Rows  # row in calls
    number: Ints  # of the call among those of this function, from 1
    time_ms: Floats  # of entry, after the first call of the program
    argument: Ints  # index in arguments
    site: Ints  # row in sites, -1 when unknown
    bits: Floats
    mean: Floats
    std: Floats

    def __len__(self) -> int:
        return len(self.call)


def timeline(result: Result, function: Function) -> Timeline:
    """The values of all calls of `function`."""
    calls, values = result.calls, result.values
    call = np.flatnonzero(calls["function"] == function.row)
    inputs, outputs = (_at(calls, name, call).astype(np.int64) for name in ("n_inputs", "n_outputs"))
    count = inputs + outputs
    owner = np.repeat(np.arange(len(call)), count)  # index in `call` of each value
    rank = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    rows = _at(calls, "first_value", call)[owner] + rank
    arguments, argument = _arguments(_at(values, "label", rows), rank >= inputs[owner], result)
    return Timeline(
        arguments=arguments,
        call=call[owner],
        number=owner + 1,
        time_ms=_at(calls, "enter_ns", call)[owner] / 1e6,
        argument=argument,
        site=_at(calls, "site", call)[owner].astype(np.int64),
        bits=_at(values, "bits_min", rows),
        mean=_at(values, "mean", rows),
        std=_at(values, "std", rows),
    )


def _arguments(label: Ints, output: NDArray[np.bool_], result: Result) -> tuple[list[Argument], Ints]:
    """The different arguments, inputs first, then in order of label; and for each value the index of its own."""
    texts = result.labels["text"]
    found, index = np.unique(output * np.int64(len(texts)) + label, return_inverse=True)
    arguments = [Argument(texts[key % len(texts)], key >= len(texts)) for key in found.tolist()]
    return arguments, index.astype(np.int64)


@dataclass(frozen=True)
class Value:
    """One value of a call. Bits are significant bits (base 2), over its elements; None: not measured."""

    label: str
    output: bool
    type: str  # dtype and shape
    bits_min: float | None
    bits_median: float | None
    mean: float | complex | None
    std: float | None
    agreement: float  # share of the samples that have the same content, or type and shape


@dataclass(frozen=True)
class Call:
    """One call, as the reader sees it."""

    row: int
    function: int  # row in functions
    name: str
    place: str
    caller: str  # qualified name; empty when unknown
    source: str  # the line of the call; empty when unknown
    parent: str  # the recorded call around it; empty for none
    time_ms: float
    duration_ms: float | None  # None when it did not return
    outcome: str
    samples: int  # perturbed samples that made this call too
    bits_lost: float | None
    values: list[Value]  # at most DETAILED_VALUES
    n_values: int


def call(result: Result, row: int) -> Call | None:
    """The call in row `row` of calls; None when there is none."""
    if not 0 <= row < len(result.calls):
        return None
    names, cells = _names(result), result.calls.row(row)
    site = result.sites.row(cells["site"]) if cells["site"] >= 0 else {"function": "", "text": ""}
    parent = result.calls.row(cells["parent"]) if cells["parent"] >= 0 else None
    return Call(
        row=row,
        function=cells["function"],
        name=names[cells["function"]],
        place=places(result)[cells["site"]],
        caller=site["function"],
        source=site["text"],
        parent=names[parent["function"]] if parent else "",
        time_ms=cells["enter_ns"] / 1e6,
        duration_ms=cells["duration_ns"] / 1e6 if cells["duration_ns"] >= 0 else None,
        outcome=Outcome(cells["outcome"]).name.lower(),
        samples=cells["samples"],
        bits_lost=_known(cells["bits_lost"]),
        values=_values(result, cells),
        n_values=cells["n_inputs"] + cells["n_outputs"],
    )


def _values(result: Result, cells: dict[str, Any]) -> list[Value]:
    labels, dtypes, shapes = result.labels["text"], result.types["dtype"], result.types["shape"]
    number = min(cells["n_inputs"] + cells["n_outputs"], DETAILED_VALUES)
    rows = [result.values.row(cells["first_value"] + rank) for rank in range(number)]
    return [
        Value(
            label=labels[value["label"]],
            output=rank >= cells["n_inputs"],
            type=f"{dtypes[value['type']]} {shapes[value['type']]}".strip(),
            bits_min=_known(value["bits_min"]),
            bits_median=_known(value["bits_median"]),
            mean=_complex(_known(value["mean"]), _known(value["mean_imag"])),
            std=_known(value["std"]),
            agreement=value["agreement"],
        )
        for rank, value in enumerate(rows)
    ]


def places(result: Result) -> list[str]:
    """The call sites as 'file:line', relative to the folder of the program; the last (index -1) is the unknown one."""
    folder = PurePath(str(result.provenance.get("directory") or "."))
    files, lines = result.sites["file"].tolist(), result.sites["line"].tolist()
    return [*(_place(file, line, folder) for file, line in zip(files, lines, strict=True)), UNKNOWN_PLACE]


def _place(file: str, line: int, folder: PurePath) -> str:
    if not file:
        return UNKNOWN_PLACE
    path = PurePath(file)
    return f"{path.relative_to(folder) if path.is_relative_to(folder) else path}:{line}"


def _names(result: Result) -> list[str]:
    pairs = zip(result.functions["module"], result.functions["name"], strict=True)
    return [f"{module}.{name}" if module not in ("", "__main__") else name for module, name in pairs]


def _at(table: Columns, column: str, rows: Rows) -> NDArray[Any]:
    """The column at `rows`, read as one slice: HDF5 needs seconds to pick many single rows."""
    if not len(rows):
        return np.zeros(0)
    first, last = int(rows.min()), int(rows.max())
    if first < 0 or last >= len(table):
        raise ResultError(f"the result is corrupt: it refers to a row that {table.name} does not have; parse again")
    cells: NDArray[Any] = table.read(column, slice(first, last + 1))
    return cells[rows - first]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _complex(real: float | None, imag: float | None) -> float | complex | None:
    return real if real is None or imag is None else complex(real, imag)


def labels(arguments: Sequence[Argument]) -> list[str]:
    """Their labels, each once."""
    return list(dict.fromkeys(argument.label for argument in arguments))
