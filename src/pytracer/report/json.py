"""The report as one JSON object, strictly valid: what is not known or not finite is null.

verdict       'measured', or 'not perturbed: ' and the reason why nothing was measured
perturbed     whether anything was measured; when false all bits are null
units         'bits': every count of digits is in significant bits (base 2)
samples_measured
              number of perturbed samples that were measured
method        'cnh' (centered normality hypothesis) or 'general' (Bernoulli trials)
reference     what bits are relative to: 'mean' of the samples, or 'ieee', the unperturbed sample
probability, confidence
              of the significant bits
bounds        bits are lower bounds at this confidence; by number of samples that observed a value, what to add to them
              for the estimate and for the upper bound, before a cut to 0..precision: [{samples, to_estimate, to_upper}]
functions     worst first, one per function and call site:
              {function, file, line, caller, source, calls, measurable, input_bits: {min, median},
               output_bits: {min, median}, bits_lost, disagreements, worst}
              worst: {value, element, bits, mean, largest, same} of the worst output, or null; a complex mean is
              {real, imag}; largest is the largest magnitude in the same value; same: it is so in all samples
aggregates    the same over all call sites, one per function, most bits lost first:
              {function, kind, file, line, signature, calls, measurable, input_bits: {min}, output_bits: {min, median},
               bits_lost: {max, median}, worst_call}; the median of output bits is over the minima of the calls
              worst_call: row of the call that loses most in the table calls of the result, or null
samples       {sample, trace, status, reason, model, seed, layers, missing, settings, environment, exit_code, complete,
              started, duration_ns, calls, ...counters}; started: ISO 8601; duration_ns: wall time, with tracing
noise         {models, seeds, layers, missing, counts, settings, blas_threads}; settings, varied ones: {name: levels}
explanations  where differences begin, and which settings explain them (none does alone when settings is empty):
              {function, file, line, caller, settings, levels: {setting: [levels with equal outputs]}, samples, calls}
divergences   {process, lane, file, line, caller, inside, samples, reference, sides: [{samples, calls}], kind, times,
              evidence}; calls and reference: [{function, outcome, calls}]; kind: calls | outcome | order | ended | lane
              evidence: [{function, value, bits, mean, agreement, call, row}], what already differed, worst first
coverage      {ledger: [{event, count, why, names: [{name, count}], samples}], notes: [{sample, text}]}
              what was not seen, the most important first; docs/coverage.md explains each event
provenance    {pytracer, python, packages, platform, processor, blas, command, directory, started, parse}: versions,
              machine and options; parse: {args, pytracer, python, packages, measurement}
result        path of the result file
"""

import json
import math
from dataclasses import asdict
from typing import Any, TextIO

import numpy as np

from pytracer.parse.groups import rank_key
from pytracer.parse.store import Result
from pytracer.report.ranking import Row, ranking
from pytracer.report.settings import explanations
from pytracer.report.summary import absolute, coverage, divergences, noise, rows, samples

PROVENANCE = (
    "pytracer", "python", "packages", "platform", "processor", "blas", "command", "directory", "started", "parse",
)  # fmt: skip


def to_json(result: Result) -> dict[str, Any]:
    """The report of `result` as plain Python values."""
    found = samples(result)
    diverged = [entry | {"file": entry["file"] and absolute(result, entry["file"])} for entry in divergences(result)]
    report = {
        "verdict": result.verdict,
        "perturbed": result.perturbed,
        "units": "bits",
        "samples_measured": result.attribute("samples"),
        **{name: result.attribute(name) for name in ("method", "reference", "probability", "confidence")},
        "bounds": list(rows(result.confidence)),
        "functions": [_function(result, row) for row in ranking(result)],
        "aggregates": aggregates(result),
        "samples": found,
        "noise": asdict(noise(found)),
        "explanations": [
            entry | {"file": entry["file"] and absolute(result, entry["file"])} for entry in explanations(result, found)
        ],
        "divergences": diverged,
        "coverage": {
            "ledger": [entry.fields() for entry in coverage(result)],
            "notes": list(rows(result.notes)),
        },
        "provenance": {name: result.provenance.get(name) for name in PROVENANCE},
        "result": str(result.path),
    }
    plain: dict[str, Any] = _plain(report)
    return plain


def write_json(result: Result, stream: TextIO) -> None:
    """Write the report as one JSON object and a newline."""
    json.dump(to_json(result), stream, indent=2, allow_nan=False)
    stream.write("\n")


def _function(result: Result, row: Row) -> dict[str, Any]:
    fields = asdict(row)
    place = fields.pop("place")
    where = {"file": absolute(result, place.file) or None, "line": place.line or None}
    head = {"function": fields.pop("function")} | where | {"caller": place.caller, "source": place.source}
    return head | fields


def aggregates(result: Result) -> list[dict[str, Any]]:
    """The functions of `result`, most bits lost first; those without bits come last, in order of first call."""
    order = np.argsort(-rank_key(result.functions["bits_lost_max"]), kind="stable")  # NaN comes last
    found = [_aggregate(result, row) for row in rows(result.functions)]
    return [found[i] for i in order]


def _aggregate(result: Result, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "function": f"{row['module']}.{row['name']}".lstrip("."),
        "kind": row["kind"],
        "file": absolute(result, row["file"]) or None,
        "line": row["line"] or None,
        "signature": row["signature"] or None,
        "calls": row["calls"],
        "measurable": row["measurable"],
        "input_bits": {"min": row["input_bits_min"]},
        "output_bits": {"min": row["output_bits_min"], "median": row["output_bits_median"]},
        "bits_lost": {"max": row["bits_lost_max"], "median": row["bits_lost_median"]},
        "worst_call": row["worst_call"] if row["worst_call"] >= 0 else None,
    }


def _plain(value: Any) -> Any:
    """What JSON can hold: null for what is not finite, an object for a complex number."""
    match value:
        case dict():
            return {name: _plain(item) for name, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case complex():
            return {"real": _plain(value.real), "imag": _plain(value.imag)}
        case float():
            return value if math.isfinite(value) else None
    return value
