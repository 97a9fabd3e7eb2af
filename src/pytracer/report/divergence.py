"""What the report says about places where samples went different ways, and about values of other type or shape."""

import json
import math
import signal
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from pytracer.parse.schema import Finding
from pytracer.parse.store import Result
from pytracer.report.plain import counted

LISTED = 10
"""Functions and samples named in one line before the rest is left out."""
SHOWN = 3
"""Values shown that already differed."""

FINDINGS = {
    Finding.MISSING: "is missing in some samples",
    Finding.KIND: "is of another type in some samples",
    Finding.DTYPE: "has another dtype in some samples",
    Finding.SHAPE: "has another shape in some samples",
    Finding.NAN: "has NaN in some samples only",
    Finding.INF: "has infinities in some samples only, or of both signs",
}


def evidence(result: Result, values: str) -> list[dict[str, Any]]:
    """The values (JSON list of their rows) that already differed: {function, value, bits, mean, agreement, call, row}.

    `bits` and `mean` are null where they were not measured.
    """
    return [_value(result, row) for row in json.loads(values or "[]")]


def _value(result: Result, row: int) -> dict[str, Any]:
    value = {name: result.values.read(name, row) for name in ("call", "label", "bits_min", "mean", "agreement")}
    call = int(value["call"])
    function = int(result.calls.read("function", call))
    module, name = (str(result.functions.read(part, function)) for part in ("module", "name"))
    return {
        "function": f"{module}.{name}".lstrip("."),
        "value": str(result.labels.read("text", int(value["label"]))),
        "bits": _finite(value["bits_min"]),
        "mean": _finite(value["mean"]),
        "agreement": _finite(value["agreement"]),
        "call": call,
        "row": row,
    }


def _finite(number: Any) -> float | None:
    return float(number) if math.isfinite(number) else None


def divergence_lines(entry: Mapping[str, Any], place: str, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The lines about one divergence of `summary.divergences`; `found` are the samples of `summary.samples`."""
    inside = f" in {entry['inside']}" if entry["inside"] else ""
    times = f" ({entry['times']} times; here the first)" if entry["times"] > 1 else ""
    reference = "the reference" if found[0]["status"] == "reference" else f"sample {found[0]['sample']}"
    if entry["kind"] == "ended":
        yield from _ended(entry, place + inside, found)
    elif entry["kind"] == "lane":
        yield f"{entry['process']}/{entry['lane']}{times}: {calls_text(entry['reference'])} in {reference}"
    elif entry["kind"] == "order":
        yield f"{place}{inside}{times}: calls were made in another order, among them"
    else:
        yield f"{place}{inside}{times}: {calls_text(entry['reference'])} in {reference}"
    if entry["kind"] != "ended":
        for side in entry["sides"]:
            yield f"    {calls_text(side['calls'])} in {samples_text(side['samples'])}"
    if entry["evidence"]:
        yield f"    differed before: {'; '.join(_shown(value) for value in entry['evidence'][:SHOWN])}"


def _ended(entry: Mapping[str, Any], place: str, found: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    numbers = [number for side in entry["sides"] for number in side["samples"]]
    for sample in (sample for sample in found if sample["sample"] in numbers):
        rest = f"; the reference went on with {calls_text(entry['reference'])}" if entry["reference"] else ""
        at = f" after the call at {place}" if entry["file"] else ""
        yield f"sample {sample['sample']} {_how(sample['exit_code'])}{at}{rest}"


def _how(code: int | None) -> str:
    if code is None:
        return "ended early"
    try:
        return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    except ValueError:
        return f"ended by signal {-code}"


def _shown(value: Mapping[str, Any]) -> str:
    bits = ""
    if value["bits"] is not None:
        bits = f" ({value['bits']:.1f} bits)"
    elif value["agreement"] is not None and value["agreement"] < 1:
        bits = " (not the same in all)"
    return f"{value['value']} of {value['function'].removeprefix('__main__.')}{bits}"


def calls_text(calls: Sequence[Mapping[str, Any]]) -> str:
    texts = []
    for call in calls:
        outcome = {"returned": "", "raised": " (raised)", "running": " (did not return)"}[call["outcome"]]
        texts.append(f"{call['calls']} x {call['function']}{outcome}")
    return ", ".join(texts[:LISTED] + ["..."] * (len(texts) > LISTED)) or "no call"


def samples_text(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:LISTED])) + (", ..." if len(numbers) > LISTED else "")
    return f"sample{'s' if len(numbers) > 1 else ''} {shown}"


def findings(result: Result) -> list[dict[str, Any]]:
    """Values whose type, shape or special numbers differ: {function, value, finding, call, row, times}.

    One for each function, value and finding, of the first time, in order of calls.
    """
    flags = result.values["findings"]
    rows = np.flatnonzero(flags)
    found: dict[tuple[int, int, Finding], dict[str, Any]] = {}
    labels, calls = result.values.read("label", rows), result.values.read("call", rows)
    functions = result.calls["function"][calls] if len(rows) else calls
    for row, label, call, function in zip(
        rows.tolist(), labels.tolist(), calls.tolist(), functions.tolist(), strict=True
    ):
        for finding in Finding:
            if not flags[row] & finding:
                continue
            key = function, label, finding
            if key not in found:
                found[key] = {"call": call, "row": row, "times": 0}
            found[key]["times"] += 1
    names = [f"{m}.{n}".lstrip(".") for m, n in zip(result.functions["module"], result.functions["name"], strict=True)]
    texts = result.labels["text"]
    return [
        {"function": names[function], "value": str(texts[label]), "finding": str(finding.name).lower()} | entry
        for (function, label, finding), entry in found.items()
    ]


def finding_lines(entries: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line about each of `findings`."""
    for entry in entries:
        times = f" ({counted(entry['times'], 'time')})" if entry["times"] > 1 else ""
        what = FINDINGS[Finding[entry["finding"].upper()]]
        yield f"{entry['value']} of {entry['function'].removeprefix('__main__.')} {what}{times}"
