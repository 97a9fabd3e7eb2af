"""The overview: which functions lose most, how many digits are left, and what the measurement did not see."""

import shlex
from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, html
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import paths
from pytracer.visualize.components import (
    address,
    bits_cell,
    bits_mark,
    exports,
    link,
    lost_cell,
    number_cell,
    problem,
    table,
)
from pytracer.visualize.figures import overview as overview_figure
from pytracer.visualize.figures.theme import Theme
from pytracer.visualize.function_grid import FIELDS
from pytracer.visualize.queries import overview
from pytracer.visualize.queries.contents import Contents, Function
from pytracer.visualize.state import State
from pytracer.visualize.units import UNITS, count

PATH = paths.OVERVIEW
TITLE = "Overview"
TOP = 15
"""Functions listed."""
LISTED = 8
"""Entries of the other lists."""
NAMED = 3
"""Names shown of an entry."""

OF_CALLS = "lost: of the call that loses most; in and out: the fewest of any input and of any output, over all calls"


def layout(contents: Contents, state: State) -> html.Div:
    """All of it."""
    cards = html.Div(sections(contents, state), id="overview", className="overview-page")
    return html.Div([address("overview"), cards])


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""

    @app.callback(Output("overview", "children"), Input("overview-view", "search"), prevent_initial_call=True)
    def show(search: str | None) -> list[Any]:
        try:
            return sections(contents, State.parse(search))
        except ResultError as error:
            return [problem(error)]


def sections(contents: Contents, state: State) -> list[Any]:
    """The cards of the page; those with nothing to say are left out."""
    measured = contents.result.perturbed
    cards = [
        ranking(contents, state),
        distribution(contents, state) if measured else [],
        divergences(contents, state),
        explanations(contents, state),
        perturbation(contents),
        unseen(contents),
    ]
    first, *rest = (html.Section(card, className="card") for card in cards if card)
    return [first, html.Div(rest, className="stack")]


def ranking(contents: Contents, state: State) -> list[Any]:
    """The functions that lose most; each line selects the call that does."""
    measured = contents.result.perturbed
    bits = ("lost", "min in", "min out") if measured else ()
    rows = [_row(function, state, measured=measured) for function in contents.functions[:TOP]]
    every = f"all {count(len(contents.functions))} functions"
    return [
        _heading(f"Functions by {UNITS[state.unit]} lost" if measured else "Functions", csv="overview/ranking"),
        table(("function", *bits, "calls", "called at"), rows, className="wide"),
        html.P(OF_CALLS, className="note") if measured else None,
        html.P(link(every, paths.FUNCTIONS, state)) if len(contents.functions) > TOP else None,
    ]


def _heading(text: str, *, csv: str = "", figure: str = "") -> html.Div:
    return html.Div([html.H2(text), exports(csv=csv, figure=figure)] if csv else [html.H2(text)], className="bar")


def _row(function: Function, state: State, *, measured: bool) -> list[Any]:
    worst = state.at_call(function.key, function.worst_call)
    sides = [bits_cell(bits, state.unit) for bits in (function.input_bits, function.output_bits)]
    cells = [lost_cell(function.bits_lost, state.unit), *sides] if measured else []
    return [
        link(function.name, paths.TIMELINE, worst),
        *cells,
        number_cell(count(function.calls)),
        link(function.place.rpartition("/")[2], paths.SOURCE, worst, title=function.place),
    ]


def distribution(contents: Contents, state: State) -> list[Any]:
    """How many calls have outputs of so many bits. A table: the program that draws charts is larger than this page."""
    bars = overview.distribution(contents)
    most = max((bar.calls for bar in bars), default=0) or 1
    rows = [
        html.Tr(
            [
                html.Td(overview_figure.ends(bar, state.unit), className="number"),
                html.Td(bits_mark(bar.low, f"{bar.calls / most:.2%}"), className="share"),
                number_cell(count(bar.calls)),
            ]
        )
        for bar in bars
    ]
    return [
        _heading("Distribution", csv="overview/distribution", figure="overview/distribution"),
        html.P("; ".join(_counted(contents, bars, state.unit)), className="note"),
        html.Table(html.Tbody(rows), className="bars"),
    ]


def _counted(contents: Contents, bars: Sequence[overview.Bar], unit: str) -> list[str]:
    """Which calls are in the distribution, and which are not."""
    every = sum(bar.calls for bar in bars)
    said = [f"{count(every)} calls by the {UNITS[unit]} of their worst output"]
    if unmeasured := len(contents.result.calls) - every:
        said.append(f"{count(unmeasured)} more have none: not perturbed, or no floating-point output")
    return said


def divergences(contents: Contents, state: State) -> list[Any]:
    """Where samples went different ways."""
    found = overview.divergences(contents)
    if not found:
        return []
    rows = []
    for each in found[:LISTED]:
        there = state
        if each.call >= 0:
            key = contents.by_row[int(contents.result.calls.read("function", each.call))].key
            there = state.at_call(key, each.call)
        inside = f" in {each.inside}" if each.inside else ""
        times = f", {count(each.times)} times" if each.times > 1 else ""
        samples = ", ".join(map(str, each.samples))
        rows.append((link(f"{each.place}{inside}", paths.DIVERGENCES, there), f"{each.kind}{times}", samples))
    heading = f"Control flow: samples took other ways at {count(len(found))} place{'s' if len(found) > 1 else ''}"
    return [_heading(heading), table(("at", "", "samples"), rows), *_more(len(found), state, paths.DIVERGENCES)]


def explanations(contents: Contents, state: State) -> list[Any]:
    """Which settings of the samples change what."""
    found = overview.explanations(contents)
    if not found:
        return []
    rows = [
        (
            link(each.function.name, paths.TIMELINE, state.at_call(each.function.key, each.function.worst_call)),
            each.place,
            " or ".join(each.settings) or "no single setting",
            count(each.calls),
        )
        for each in found[:LISTED]
    ]
    title = "Which setting changes what (same inputs, other outputs)"
    return [_heading(title), table(("function", "at", "changed by", "calls"), rows), *_more(len(found), state, "")]


def perturbation(contents: Contents) -> list[Any]:
    """Which program it was, how many samples, under which noise, and what the bits mean."""
    result, found = contents.result, overview.samples(contents.result)
    statuses = ", ".join(f"{number} {status}" for status, number in found.statuses.items())
    failed = f"; {found.failed} ended with an error" if found.failed else ""
    early = f"; of {found.incomplete} the trace ends early" if found.incomplete else ""
    facts: list[tuple[str, Any]] = [("program", each) for each in _program(contents)]
    facts.append(("samples", f"{statuses}{failed}{early}"))
    if result.perturbed:
        measure, reference = (str(result.attribute(name)) for name in ("method", "reference"))
        probability, confidence = (result.attribute(name) for name in ("probability", "confidence"))
        facts.append(("noise", f"{', '.join(found.models)}, seeds {_some(found.seeds)}"))
        facts.append(
            ("bits", f"probability {probability:g} at confidence {confidence:g}, {_method(measure, reference)}")
        )
    facts += [(name, "; ".join(texts)) for name, texts in _layers(found) if texts]
    if omitted := int(result.attribute("elements_omitted")):
        facts.append(("not stored", f"statistics of {count(omitted)} elements of arrays: too many"))
    return [_heading("How it was perturbed"), table(("", ""), facts, className="facts")]


def _program(contents: Contents) -> Iterator[html.Code]:
    """The command line, if it is known: whole, lines broken between its words, and fit to be copied into a shell."""
    command = contents.result.provenance.get("command")
    if isinstance(command, list) and command:
        parts: list[Any] = []
        for word in command:
            parts += [html.Span(shlex.quote(str(word))), " "]
        yield html.Code(parts[:-1])


def _layers(found: overview.Samples) -> Sequence[tuple[str, Sequence[str]]]:
    return (("perturbed", found.layers), ("not perturbed", found.missing), ("left out", found.reasons))


def _method(method: str, reference: str) -> str:
    how = {"cnh": "Centered Normality Hypothesis", "general": "Bernoulli trials"}.get(method, method)
    against = {"mean": "the mean of the samples", "ieee": "the unperturbed sample"}.get(reference, reference)
    return f"{how}, relative to {against}"


def unseen(contents: Contents) -> list[Any]:
    """The coverage ledger."""
    found, notes = overview.coverage(contents.result), overview.notes(contents.result)
    if not found and not notes:
        return []
    rows = [(each.event, count(each.number), _some(each.names), each.why) for each in found]
    rest = [html.P(f"sample {sample}: {text}", className="note") for sample, text in notes[:LISTED]]
    more = [html.P(f"and {len(notes) - LISTED} more notes", className="note")] if len(notes) > LISTED else []
    return [
        _heading("Not observed", csv="overview/coverage"),
        table(("what", "how many", "such as", "why"), rows) if rows else None,
        *rest,
        *more,
    ]


def _some(names: Sequence[str]) -> str:
    return ", ".join([*names[:NAMED], *(["..."] if len(names) > NAMED else [])])


def _more(number: int, state: State, path: str) -> list[Any]:
    if number <= LISTED:
        return []
    text = f"and {count(number - LISTED)} more"
    return [html.P(link(text, path, state) if path else text, className="note")]


def ranking_rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All functions, most bits lost first; bits in base 2."""
    yield FIELDS
    for function in contents.functions:
        yield [getattr(function, name) for name in FIELDS]


def distribution_rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """The distribution of bits (base 2)."""
    yield ("low_bits", "high_bits", "calls")
    yield from overview.distribution(contents)


def coverage_rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """The coverage ledger."""
    yield ("event", "why", "count", "names", "samples")
    for each in overview.coverage(contents.result):
        yield (each.event, each.why, each.number, " ".join(each.names), each.samples)


CSV = {"ranking": ranking_rows, "distribution": distribution_rows, "coverage": coverage_rows}


def distribution_figure(contents: Contents, state: State, colours: Theme) -> Figure:
    """The distribution, as a picture."""
    bars = overview.distribution(contents)
    return overview_figure.distribution(bars, _counted(contents, bars, state.unit), state.unit, colours)


FIGURES = {"distribution": distribution_figure}
