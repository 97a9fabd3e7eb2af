"""Where samples took other ways: each place, what each side called, and the values that differed before."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from dash import Dash, Input, Output, html

from pytracer.parse.store import ResultError
from pytracer.visualize import paths
from pytracer.visualize.agreement import marked
from pytracer.visualize.components import address, bits_chip, empty, exports, link, number_cell, problem, table
from pytracer.visualize.queries import divergences
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.divergences import Calls, Divergence, Evidence, Side
from pytracer.visualize.state import State
from pytracer.visualize.units import count, text

PATH = paths.DIVERGENCES
TITLE = "Divergences"

LISTED = 200
"""Places that are listed; the CSV has all."""
OPEN = 3
"""Values whose samples are shown at once; those of the others unfold."""
SHOWN_SAMPLES = 6
"""Samples of one side whose values stand under each other."""


def layout(contents: Contents, state: State) -> html.Div:
    """The list above, the chosen one below."""
    return html.Div([address("divergences"), html.Div(cards(contents, state), id="divergences", className="stack")])


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""

    @app.callback(Output("divergences", "children"), Input("divergences-view", "search"), prevent_initial_call=True)
    def show(search: str | None) -> list[Any]:
        return cards(contents, State.parse(search))


def cards(contents: Contents, state: State) -> list[Any]:
    """The list and the chosen divergence; a message where there is none."""
    number = divergences.count(contents)
    if not number:
        text = "All samples made the same calls: the control flow does not depend on the noise."
        measured = contents.result.perturbed
        return [empty(text if measured else "All samples made the same calls; they were not perturbed.")]
    try:
        listed = divergences.divergences(contents, LISTED)
        chosen = divergences.divergence(contents, state.divergence) if state.divergence is not None else listed[0]
        below = details(contents, state, chosen) if chosen is not None else [_gone(state)]
    except ResultError as error:
        return [problem(error)]
    return [html.Section(_list(listed, number, state, chosen), className="card"), html.Section(below, className="card")]


def _gone(state: State) -> html.P:
    return problem(f"This result has no divergence {state.divergence}: choose one in the list.")


def _list(listed: Sequence[Divergence], number: int, state: State, chosen: Divergence | None) -> list[Any]:
    title = (
        "Samples took other ways at 1 place" if number == 1 else f"Samples took other ways at {count(number)} places"
    )
    rows = [_line(each, state) for each in listed]
    view = table(("where", "inside", "what differs", "times", "samples that differ", "lane"), rows, className="wide")
    for row, each in zip(view.children[1].children, listed, strict=True):
        if chosen is not None and each.row == chosen.row:
            setattr(row, "aria-current", "true")
    more = f"and {count(number - len(listed))} more: the CSV has all" if number > len(listed) else ""
    heading = html.Div([html.H2(title), exports(csv="divergences/divergences")], className="bar")
    return [heading, html.Div(view, className="scroll"), html.P(more, className="note")]


def _line(each: Divergence, state: State) -> list[Any]:
    different = sorted(number for side in each.sides[1:] for number in side.samples)
    place = link(each.place, PATH, state.with_fields(divergence=each.row))
    return [
        place,
        each.inside or "the program",
        each.kind,
        number_cell(count(each.times)),
        _numbers(different),
        each.lane,
    ]


def _numbers(samples: Sequence[int]) -> str:
    return ", ".join(map(str, samples)) or "none"


def details(contents: Contents, state: State, chosen: Divergence) -> list[Any]:
    """One divergence: the ways to its calls, its sides, and the values that differed before."""
    sides = [_side(side, number == 0) for number, side in enumerate(chosen.sides)]
    found = divergences.evidence(contents, chosen)
    omitted = len(chosen.evidence) - len(found)
    return [
        html.H2([f"{chosen.place} ", html.Span(f"in {chosen.inside or 'the program'}", className="note")]),
        html.Div(_ways(contents, chosen, state), className="ways"),
        html.Div(sides, className="sides"),
        html.H2(["Values that differed before ", html.Span("worst first", className="note")]) if found else None,
        html.Div(_evidence(found, chosen, state), className="evidence") if found else _no_evidence(),
        html.P(f"and {omitted} more", className="note") if omitted else None,
    ]


def _no_evidence() -> html.P:
    return html.P("No recorded value differed before: what the branch depends on was not traced.", className="note")


def _ways(contents: Contents, chosen: Divergence, state: State) -> list[Any]:
    calls = {
        "the call around": chosen.parent,
        "the last call of all": chosen.before,
        "the first of some only": chosen.first,
    }
    ways = []
    for title, row in calls.items():
        if row is not None and row < len(contents.result.calls):
            function = contents.by_row[int(contents.result.calls.read("function", row))]
            there = state.with_fields(divergence=chosen.row).at_call(function.key, row)
            ways.append(link(f"{title}: {function.name}", PATH, there))
    return ways


def _side(side: Side, is_reference: bool) -> html.Div:
    title = f"samples {_numbers(side.samples)}" if len(side.samples) != 1 else f"sample {side.samples[0]}"
    if is_reference:
        title = f"the reference, {title}" if side.samples else "the reference"
    calls = [html.Li(_calls(each)) for each in side.calls] or [html.Li("no call")]
    return html.Div([html.H3(title), html.Ul(calls)], className="side")


def _calls(calls: Calls) -> str:
    outcome = {"returned": "", "raised": ", which raised", "running": ", which did not return"}
    return f"{count(calls.calls)} x {calls.function}{outcome.get(calls.outcome, calls.outcome)}"


def _evidence(found: Sequence[Evidence], chosen: Divergence, state: State) -> list[html.Details]:
    """For each value a table: what the samples of each side had, the digits that all share told from the others."""
    return [
        html.Details([_summary(each, chosen, state), _by_side(each, chosen)], open=number < OPEN)
        for number, each in enumerate(found)
    ]


def _summary(each: Evidence, chosen: Divergence, state: State) -> html.Summary:
    cells = each.value.cells
    there = state.with_fields(divergence=chosen.row).with_call(each.value.call, each.value.row, each.value.worst)
    bits = bits_chip(None if np.isnan(cells["bits_min"]) else cells["bits_min"], state.unit)
    name = link(each.element, paths.ZOOM, there, title="zoom")
    return html.Summary([bits, " ", name, html.Span(f" of {each.function} at {each.place}", className="note")])


def _by_side(each: Evidence, chosen: Divergence) -> Any:
    if not each.observed:
        mean, std = (None if np.isnan(each.value.cells[name]) else each.value.cells[name] for name in ("mean", "std"))
        return html.P(
            f"mean {text(mean)}, std {text(std, '.3g')}; what each sample had is not stored", className="note"
        )
    imaginary = any(value.imag for value in each.observed.values())
    texts = marked(list(each.observed.values()), imaginary=imaginary)
    by_sample = dict(zip(each.observed, texts, strict=True))
    lines = []
    for number, side in enumerate(chosen.sides):
        mine = [sample for sample in side.samples if sample in by_sample]
        for sample in mine[:SHOWN_SAMPLES]:
            name = str(sample) if number or sample else "unperturbed"
            lines.append([_what(side) if sample == mine[0] else "", name, by_sample[sample]])
        if len(mine) > SHOWN_SAMPLES:
            lines.append(["", html.Td(f"and {len(mine) - SHOWN_SAMPLES} more", className="note"), ""])
    return table(("then called", "sample", "value"), lines)


def _what(side: Side) -> str:
    return "; ".join(map(_calls, side.calls)) or "no call"


def rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All divergences, one row for each side."""
    yield ("divergence", "place", "inside", "kind", "times", "lane", "samples", "calls", "evidence")
    for number in range(divergences.count(contents)):
        each = divergences.divergence(contents, number)
        assert each is not None
        place = (each.place, each.inside, each.kind, each.times, each.lane)
        evidence = " ".join(map(str, each.evidence))
        for side in each.sides:
            yield [number, *place, _numbers(side.samples), _what(side), evidence]


CSV = {"divergences": rows}
