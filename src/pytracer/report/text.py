"""The report for people: the verdict first, then the ranking, and what the measurement did not see."""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from pytracer.parse.store import Result
from pytracer.report.coverage import lines
from pytracer.report.divergence import divergence_lines, finding_lines, findings
from pytracer.report.plain import counted, printable
from pytracer.report.ranking import Bits, Row, Worst, ranking
from pytracer.report.settings import explanations, never_repeated
from pytracer.report.summary import NOISE_COUNTERS, absolute, coverage, divergences, noise, rows, samples

if TYPE_CHECKING:
    from rich.console import Console

TOP = 20
PIPED_WIDTH = 100
SMALL = 1e-3
"""An element is small when it is below this share of the largest one of its value."""
FEW = 8
"""Perturbed samples, below which chance makes equal values often enough to be said."""
INSTALLED = re.compile(r".*/(?:site-packages|dist-packages|lib(?:64)?/python3\.\d+t?)/")
LISTED = 10
"""Divergences, events, notes and seeds shown before the rest is only counted."""


def write_text(result: Result, stream: TextIO | None = None, *, top: int = TOP) -> None:
    """Write the report of `result` to `stream` (default: standard output), with the `top` worst functions."""
    from rich.console import Console

    stream = stream or sys.stdout
    piped = not stream.isatty() and "COLUMNS" not in os.environ
    console = Console(file=stream, width=PIPED_WIDTH if piped else None, highlight=False, markup=False, emoji=False)
    found, table = samples(result), ranking(result)
    _say(console, verdict_text(result, table), style="bold")
    if result.perturbed:
        _ranking(console, result, table, top)
    functions = counted(len({row.function for row in table}), "function")
    calls = (
        f"{counted(len(result.calls), 'call')} of {functions} {'was' if len(result.calls) == 1 else 'were'} recorded."
    )
    _say(console, calls if not result.perturbed else _measured(table, calls))
    _explanations(console, result, found)
    _divergences(console, result, found)
    _coverage(console, result)
    _left_out(console, found, ("failed", "repeated", *(["unperturbed"] if result.perturbed else [])))
    _noise(console, result, found)


def verdict_text(result: Result, table: Sequence[Row]) -> str:
    """The verdict in a sentence; `table` is the ranking."""
    if not result.perturbed:
        reason = result.verdict.partition(": ")[2]
        fact = "Not measured" if noise(samples(result)).perturbing else "Not perturbed"
        return f"{fact}: {reason}. Nothing can be said about its digits."
    worst = next((row for row in table if row.bits_lost is not None), None)
    how = f"({result.attribute('samples')} perturbed samples)"
    if worst is None and any(sample["settings"] for sample in samples(result)):
        return f"No floating-point result of the traced functions differs between the samples {how}."
    if worst is None or worst.bits_lost is None:
        return f"No floating-point result of the traced functions was perturbed {how}."
    if worst.bits_lost < 0.05:
        return f"No perturbed call loses bits {how}."
    place = f" called at {place_text(result, worst.place.file, worst.place.line)}" if worst.place.file else ""
    left = _left(worst.worst) if worst.worst else "? bits are left"
    return f"{_function(worst)}{place} loses {_number(worst.bits_lost)} bits: {left} {how}."


def _left(worst: Worst) -> str:
    beside = _scale(worst)
    return f"{_number(worst.bits)} bits are left{f' in {worst.mean:.3g}{beside}' if beside else ''}"


def _measured(table: Sequence[Row], calls: str) -> str:
    perturbed, every = (sum(getattr(row, name) for row in table) for name in ("measurable", "calls"))
    others = "" if perturbed == every else "; the others are not perturbed"
    return f"{calls} {_were(perturbed, 'call')} perturbed or had inputs that were{others}."


def _were(count: int, noun: str) -> str:
    return f"{counted(count, noun)} {'was' if count == 1 else 'were'}"


def _ranking(console: "Console", result: Result, table: Sequence[Row], top: int) -> None:
    from rich.table import Table

    shown = [row for row in table if _has_something(row)]
    view = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), title=None)
    for heading in ("bits\nlost", "inputs\nmin median", "outputs\nmin median", "\ncalls"):
        view.add_column(heading, justify="right", no_wrap=True)
    view.add_column("function, call site,\nits worst output", overflow="fold")
    for row in shown[:top]:
        cells = (_number(row.bits_lost), _pair(row.input_bits), _pair(row.output_bits), str(row.calls))
        caller = "" if row.place.caller in ("", "<module>") else f" in {row.place.caller}"
        place = f"at {place_text(result, row.place.file, row.place.line)}{caller}"
        view.add_row(*cells, printable("\n".join([_function(row), place, *_worst(row)]), keep="\n"))
    _heading(console, "Functions by bits lost (significant bits, base 2; minimum and median over the calls)")
    console.print(view)
    if len(shown) > top:
        _say(console, f"... and {len(shown) - top} more: --json and the dashboard show all.")
    hidden = len(table) - len(shown)
    if hidden:
        sites = f"{counted(hidden, 'more call site')} {'has' if hidden == 1 else 'have'}"
        _say(console, f"{sites} nothing to measure (not perturbed, or no floating-point values).")
    _all_the_same(console, result, shown[:top])


def _all_the_same(console: "Console", result: Result, shown: Sequence[Row]) -> None:
    """What full bits mean, and how often chance makes them."""
    number = int(result.attribute("samples"))
    by_chance = number < FEW and noise(samples(result)).rounding
    if any(row.worst is not None and row.worst.same for row in shown):
        chance = " the same by chance," if by_chance else ""
        where = "Not observed" if _has_ledger(result) else "How it was perturbed"
        _say(
            console,
            "Outputs with all bits of their type (53.0; float32: 24.0) are the same in all samples: exact,"
            f"{chance} or computed where no noise reaches (see {where}).",
        )
    if by_chance:
        _say(
            console,
            f"With {number} perturbed samples a value which one rounding decides is the same in all of them by chance "
            f"once in {2 ** (number - 1)} times; take more.",
        )


def _has_ledger(result: Result) -> bool:
    return len(result.coverage) > 0 or len(result.notes) > 0


def _has_something(row: Row) -> bool:
    return row.output_bits.min is not None or row.input_bits.min is not None or row.disagreements > 0


def _function(row: Row) -> str:
    return row.function.removeprefix("__main__.")


def _worst(row: Row) -> list[str]:
    lines = []
    if row.worst is not None:
        worst = row.worst
        index = "" if worst.element is None else f"[{', '.join(map(str, worst.element))}]"
        name, after, _ = worst.value.partition(" (after)")
        lines = [f"worst: {name}{index}{after} = {worst.mean:.6g}{_scale(worst)}: {_number(worst.bits)} bits"]
    if row.disagreements:
        lines.append(f"{counted(row.disagreements, 'output')} of other value, type or shape in some samples")
    return lines


def _scale(worst: Worst) -> str:
    """Beside much larger numbers a value near 0 is often what a cancellation rightly leaves.

    The real and the imaginary part stand beside each other, too; a part that is 0 is left out.
    """
    mean = complex(worst.mean)
    parts = [abs(part) for part in (mean.real, mean.imag) if part != 0]
    return f", beside {worst.largest:.3g}" if min(parts, default=0.0) < SMALL * worst.largest else ""


def _divergences(console: "Console", result: Result, samples_found: list[dict[str, Any]]) -> None:
    found, others = divergences(result), findings(result)
    if found:
        _heading(console, f"Control flow: samples took other ways at {counted(len(found), 'place')}")
    for entry in found[:LISTED]:
        place = place_text(result, entry["file"], entry["line"]) if entry["file"] else "an unknown place"
        for line in divergence_lines(entry, place, samples_found):
            _say(console, line)
    _more(console, len(found))
    if others:
        _heading(console, "Values of other type, shape or special numbers in some samples")
    for line in finding_lines(others[:LISTED]):
        _say(console, line)
    _more(console, len(others))


def _explanations(console: "Console", result: Result, found: list[dict[str, Any]]) -> None:
    entries = explanations(result, found)
    alone = never_repeated(found) if result.perturbed and not noise(found).rounding else []
    if not entries and not (alone and result.calls["measurable"].any()):
        return
    _heading(console, "Which setting changes what (calls with the same inputs and other outputs)")
    remedy = "more samples are needed: -n" if alone else "vary fewer at a time"
    if alone:
        _say(console, f"Nothing can be laid to {', '.join(alone)}: no two samples had the same level ({remedy}).")
    by_settings: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for entry in entries:
        by_settings.setdefault(tuple(entry["settings"]), []).append(entry)
    for settings, changed in by_settings.items():
        _say(
            console,
            f"{' or '.join(settings)} changes" if settings else f"No single setting explains ({remedy})",
        )
        for entry in changed[:LISTED]:
            place = place_text(result, entry["file"] or "", entry["line"] or 0)
            times = f", {entry['calls']} calls" if entry["calls"] > 1 else ""
            _say(console, f"    {entry['function'].removeprefix('__main__.')} at {place}{times}{_levels(entry)}")
        _more(console, len(changed))


def _levels(entry: dict[str, Any]) -> str:
    """Levels of the first explaining setting: those with equal outputs between bars."""
    if not entry["settings"]:
        return ""
    groups = entry["levels"][entry["settings"][0]]
    return ": " + " | ".join(", ".join(level or "(nothing)" for level in group) for group in groups)


def _coverage(console: "Console", result: Result) -> None:
    entries, notes = coverage(result), list(rows(result.notes))
    if not entries and not notes:
        return
    _heading(console, "Not observed")
    for line in lines(entries, LISTED):
        _say(console, line)
    for note in notes[:LISTED]:
        _say(console, f"sample {note['sample']}: {note['text']}")
    _more(console, len(notes))


def _left_out(console: "Console", found: Sequence[dict[str, Any]], statuses: Sequence[str]) -> None:
    left_out = [sample for sample in found if sample["status"] in statuses]
    if not left_out:
        return
    _heading(console, "Samples left out")
    for sample in left_out[:LISTED]:
        name = f"sample {sample['sample']}" if sample["sample"] >= 0 else sample["trace"]
        if sample["status"] == "repeated":
            name = Path(sample["trace"]).name
        _say(console, f"{name} ({sample['status']}): {sample['reason']}")
    _more(console, len(left_out))


def _noise(console: "Console", result: Result, found: list[dict[str, Any]]) -> None:
    how = noise(found)
    _heading(console, "How it was perturbed")
    if not how.perturbing:
        _say(console, "not at all")
        return
    seeds = ", ".join(map(str, how.seeds[:LISTED])) + (", ..." if len(how.seeds) > LISTED else "")
    _say(console, f"noise model {', '.join(how.models)}, seed {seeds or 'none'}")
    _say(console, f"perturbed: {'; '.join(how.layers) or 'nothing'}")
    if how.missing:
        _say(console, f"not perturbed: {'; '.join(how.missing)}")
    for name, levels in how.settings.items():
        more = f", ... ({len(levels)} in all)" if len(levels) > LISTED else ""
        _say(console, f"varied: {name}: {', '.join(level or '(nothing)' for level in levels[:LISTED])}{more}")
    if "BLAS threads" not in how.settings:
        _say(console, f"threads of BLAS in the perturbed samples: {'; '.join(how.blas_threads)}")
    counts = [f"{how.counts[name]} {text}" for name, text in NOISE_COUNTERS.items() if how.counts[name]]
    if counts:
        _say(console, f"over the samples: {', '.join(counts)}")
    if result.perturbed:
        probability, confidence = result.attribute("probability"), result.attribute("confidence")
        _say(console, f"significant bits with probability {probability:g} at confidence {confidence:g}")


def _more(console: "Console", count: int) -> None:
    if count > LISTED:
        _say(console, f"... and {count - LISTED} more")


def _heading(console: "Console", text: str) -> None:
    console.print()
    _say(console, text, style="bold")


def _say(console: "Console", text: str, *, style: str | None = None) -> None:
    console.print(printable(text), style=style)


def place_text(result: Result, file: str, line: int) -> str:
    """For the reader: relative to the working directory, the installed packages or the standard library."""
    if not file:
        return "unknown place"
    path = absolute(result, file)
    if installed := INSTALLED.match(path):
        return f"{path[installed.end() :]}:{line}"
    with suppress(ValueError, OSError):
        path = str(Path(path).relative_to(Path.cwd()))
    return f"{path}:{line}"


def _number(bits: float | None) -> str:
    return "-" if bits is None else f"{bits + 0.0:.1f}"


def _pair(bits: Bits) -> str:
    return f"{_number(bits.min):>4} {_number(bits.median):>6}"
