"""The report as one HTML page that needs no server, no network and no other file; `assets` has its style and script."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pytracer.errors import PytracerError
from pytracer.parse.groups import distribution
from pytracer.parse.schema import UNKNOWN_EXIT
from pytracer.parse.store import Result
from pytracer.report import html_values
from pytracer.report.divergence import calls_text, finding_lines, findings, samples_text
from pytracer.report.markup import Markup, element, join
from pytracer.report.plain import counted
from pytracer.report.plots import bars
from pytracer.report.ranking import Row, ranking
from pytracer.report.settings import explanations
from pytracer.report.summary import NOISE_COUNTERS, coverage, divergences, noise, rows, samples
from pytracer.report.text import place_text, verdict_text

ASSETS = Path(__file__).parent / "assets"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""The page asks nobody for anything, whatever a name in it would like."""

LISTED = 300
"""Rows of a table; the rest is counted."""
EVIDENCE = 10
"""Values that differed before a divergence."""
WORST = 6
"""Values that are drawn."""


def write_html(result: Result, path: Path) -> None:
    """Write the page to `path`.

    Raises:
        PytracerError: the file cannot be written.
    """
    page = to_html(result)
    try:
        path.write_text(page, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise PytracerError(f"cannot write the report {str(path)!r}: {error.strerror}; choose another file") from None


def to_html(result: Result) -> str:
    """The page."""
    table = ranking(result)
    command = " ".join(map(str, result.provenance.get("command") or [])) or result.path.name
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{command} - Pytracer"),
        element("style", Markup((ASSETS / "report.css").read_text(encoding="utf-8"))),
    ]
    body = [
        element("header", element("b", "Pytracer"), " ", command, title=str(result.path)),
        element("h1", verdict_text(result, table), class_=None if result.perturbed else "unmeasured"),
        _overview(result, table),
        _ranking(result, table),
        html_values.section(result, WORST) if result.perturbed else None,
        _divergences(result),
        _settings(result),
        _not_observed(result),
        _how(result),
        _all_samples(result),
        element("script", Markup((ASSETS / "report.js").read_text(encoding="utf-8"))),
    ]
    return "<!DOCTYPE html>\n" + element("html", element("head", *head), element("body", *body), lang="en") + "\n"


def section(title: str, *content: str | None) -> Markup:
    """A part of the page under its title."""
    name = title.lower().replace(" ", "-")
    return element("section", element("h2", title), *content, id=name)


def table_of(headings: Sequence[str], lines: Iterable[Sequence[str | Markup]], numbers: int = 0) -> Markup:
    """A table that a click on a heading sorts; its first `numbers` columns are numbers."""
    found = list(lines)
    kinds = ["number" if i < numbers else None for i in range(len(headings))]
    head = element("tr", *(element("th", text, class_=kind) for text, kind in zip(headings, kinds, strict=True)))
    body = (
        element("tr", *(element("td", cell, class_=kind) for cell, kind in zip(line, kinds, strict=True)))
        for line in found[:LISTED]
    )
    more = len(found) - LISTED
    return join(
        element("div", element("table", element("thead", head), element("tbody", *body)), class_="scroll"),
        element("p", f"and {more} more: --json lists all", class_="note") if more > 0 else None,
    )


def _number(bits: float | None) -> str:
    return "-" if bits is None else f"{bits + 0.0:.1f}"


def _overview(result: Result, table: Sequence[Row]) -> Markup:
    functions = len({row.function for row in table})
    measurable = sum(row.measurable for row in table)
    facts = [
        f"{counted(len(result.calls), 'call')} of {counted(functions, 'function')} "
        f"{'was' if len(result.calls) == 1 else 'were'} recorded",
        f"{measurable} of them perturbed or with perturbed inputs" if result.perturbed else "",
        f"{counted(int(result.attribute('samples')), 'perturbed sample')}",
        f"significant bits with probability {result.attribute('probability'):g} at confidence "
        f"{result.attribute('confidence'):g}"
        if result.perturbed
        else "",
        f"{counted(len(result.divergences), 'place')} where samples took other ways" if len(result.divergences) else "",
    ]
    return section("Overview", element("p", "; ".join(filter(None, facts)) + "."), _distribution(result))


def _distribution(result: Result) -> Markup | None:
    bits = result.calls["output_bits_min"]
    known = bits[~np.isnan(bits)]
    if not result.perturbed or not len(known):
        return None
    counts, ends = distribution(known)
    label = (
        f"{len(known)} calls by the significant bits of their worst output, from {known.min():.1f} to {known.max():.1f}"
    )
    plot = bars(counts, ends, "significant bits of the worst output", "calls", label=label)
    return element("figure", plot, element("figcaption", label))


def _ranking(result: Result, table: Sequence[Row]) -> Markup:
    if not result.perturbed:
        plain = [(str(row.calls), row.function, _site(result, row)) for row in table]
        return section("Functions", table_of(("calls", "function", "called at"), plain, 1))
    headings = (
        "bits lost",
        "in, min",
        "in, median",
        "out, min",
        "out, median",
        "calls",
        "function",
        "called at",
        "worst output",
    )
    lines = [
        (
            _number(row.bits_lost),
            *map(_number, (row.input_bits.min, row.input_bits.median, row.output_bits.min, row.output_bits.median)),
            str(row.calls),
            element("b", row.function.removeprefix("__main__.")),
            _site(result, row),
            _worst(row),
        )
        for row in table
    ]
    note = (
        "Significant bits (base 2). A row is a function called from one place; - is not measured. Bits lost are those "
        "of its call that loses most; in and out are minima and medians over all its calls."
    )
    return section("Ranking", element("p", note, class_="note"), table_of(headings, lines, 6))


def _site(result: Result, row: Row) -> Markup:
    place = place_text(result, row.place.file, row.place.line)
    source = element("code", row.place.source) if row.place.source else None
    return join(place, element("br") if source else None, source)


def _worst(row: Row) -> str:
    if row.worst is None:
        return f"{row.disagreements} outputs differ otherwise" if row.disagreements else "-"
    index = "" if row.worst.element is None else f"[{', '.join(map(str, row.worst.element))}]"
    return f"{row.worst.value}{index} = {row.worst.mean:.6g}, largest {row.worst.largest:.3g}"


def _divergences(result: Result) -> Markup | None:
    found = divergences(result)
    differing = list(finding_lines(findings(result)))
    if not found and not differing:
        return None
    blocks = [
        element(
            "div",
            element("h3", _where(result, entry)),
            _sides(entry),
            _evidence(entry["evidence"]),
            class_="divergence",
        )
        for entry in found[:LISTED]
    ]
    more = len(found) - LISTED
    return section(
        "Divergences",
        *blocks,
        element("p", f"and {more} more: --json lists all", class_="note") if more > 0 else None,
        element("h3", "Values of other type, shape or special numbers") if differing else None,
        element("ul", *(element("li", line) for line in differing[:LISTED])) if differing else None,
    )


def _where(result: Result, entry: dict[str, Any]) -> str:
    place = place_text(result, entry["file"], entry["line"]) if entry["file"] else f"{entry['process']}/{entry['lane']}"
    inside = f" in {entry['inside']}" if entry["inside"] else ""
    kind = f" ({entry['kind']})" if entry["kind"] else ""
    return f"{place}{inside}{kind}" + (f", {entry['times']} times" if entry["times"] > 1 else "")


def _sides(entry: dict[str, Any]) -> Markup:
    lines = [("the reference", calls_text(entry["reference"]))]
    lines += [(samples_text(side["samples"]), calls_text(side["calls"])) for side in entry["sides"]]
    return table_of(("samples", "what they called"), lines)


def _evidence(values: Sequence[dict[str, Any]]) -> Markup | None:
    """The values that already differed before, worst first."""
    if not values:
        return element("p", "No recorded value differed before.", class_="note")
    lines = [
        (
            _number(value["bits"]),
            "-" if value["mean"] is None else f"{value['mean']:.10g}",
            "-" if value["agreement"] in (None, 1) else f"{value['agreement']:.0%}",
            f"{value['value']} of {value['function'].removeprefix('__main__.')}",
        )
        for value in values[:EVIDENCE]
    ]
    headings = ("bits", "mean", "same value, or type and shape, in", "value")
    more = len(values) - EVIDENCE
    return join(
        element("p", "Differed before:"),
        table_of(headings, lines, 3),
        element("p", f"and {more} more: --json lists all", class_="note") if more > 0 else None,
    )


def _settings(result: Result) -> Markup | None:
    found = explanations(result, samples(result))
    if not found:
        return None
    lines = [
        (
            " or ".join(entry["settings"]) or "no single setting explains",
            entry["function"],
            place_text(result, entry["file"] or "", entry["line"] or 0),
            str(entry["calls"]),
        )
        for entry in found
    ]
    return section("Settings", table_of(("setting", "changes", "called at", "calls"), lines))


def _not_observed(result: Result) -> Markup | None:
    lines = [entry.line() for entry in coverage(result)]
    lines += [f"sample {note['sample']}: {note['text']}" for note in rows(result.notes)]
    if not lines:
        return None
    return section("Not observed", element("ul", *(element("li", line) for line in lines[:LISTED])))


def _how(result: Result) -> Markup:
    how = noise(samples(result))
    if not how.perturbing:
        return section("How it was perturbed", element("p", "not at all"))
    facts = [
        f"noise model {', '.join(how.models)}, seed {', '.join(map(str, how.seeds)) or 'none'}",
        f"perturbed: {'; '.join(how.layers) or 'nothing'}",
        f"not perturbed: {'; '.join(how.missing)}" if how.missing else None,
        *(
            f"varied: {name}: {', '.join(level or '(nothing)' for level in levels)}"
            for name, levels in how.settings.items()
        ),
        *(f"{how.counts[name]} {text}" for name, text in NOISE_COUNTERS.items() if how.counts[name]),
    ]
    return section("How it was perturbed", element("ul", *(element("li", fact) for fact in facts if fact)))


def _all_samples(result: Result) -> Markup:
    headings = ("sample", "exit code", "calls", "ran for", "started", "status", "noise", "seed", "remark")
    lines = []
    for row in rows(result.samples):
        code = "unknown" if row["exit_code"] == UNKNOWN_EXIT else str(row["exit_code"])
        ran = "unknown" if row["duration_ns"] < 0 else f"{row['duration_ns'] / 1e9:.2f} s"
        started = row["started"].replace("T", " ") or "unknown"
        remark = "; ".join(filter(None, (row["reason"], "" if row["complete"] else "its trace ends early")))
        head = (str(row["sample"]), code, str(row["calls"]), ran, started)
        lines.append((*head, row["status"], row["model"], row["seed"], remark))
    note = element("p", "ran for: wall time of the whole process, with tracing and noise", class_="note")
    return section("Samples", note, table_of(headings, lines, 4))
