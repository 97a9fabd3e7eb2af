"""The executions: how each was perturbed, how it ended, how long it ran, what it counted, what was varied around it."""

from collections.abc import Iterator, Sequence
from typing import Any

from dash import Dash, Input, Output, html
from plotly.graph_objects import Figure

from pytracer.parse.store import ResultError
from pytracer.visualize import controls, paths
from pytracer.visualize.components import address, chart, empty, exports, number_cell, problem, table
from pytracer.visualize.figures.samples import counters as draw_counters
from pytracer.visualize.figures.theme import Theme, message, theme
from pytracer.visualize.queries import samples
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.samples import COUNTERS, LOSSES, Sample, Samples
from pytracer.visualize.state import State
from pytracer.visualize.units import count, seconds

PATH = paths.SAMPLES
TITLE = "Samples"
LISTED = 500
"""Samples that are listed; the CSV has all."""
RAN_FOR = (
    "ran for: wall time of the whole process, with tracing and noise; not what the program takes alone. Samples that "
    "run side by side (--jobs) slow each other down."
)


def layout(contents: Contents, state: State) -> html.Div:
    """All of it: nothing here depends on what is selected, but the counter that is drawn."""
    try:
        found = samples.samples(contents.result)
    except ResultError as error:
        return html.Div([address("samples"), problem(error)])
    if not found.all:
        return html.Div([address("samples"), empty("This result has no samples.")])
    names = found.drawable
    drawn = state.counter if state.counter in names else next(iter(names), None)
    return html.Div(
        [
            address("samples"),
            html.Section(_executions(found), className="card"),
            html.Section(
                [
                    html.Div(
                        [
                            controls.choice("samples-counter", "show", names, drawn),
                            exports(chart="counters", csv="samples/counters"),
                        ],
                        className="controls",
                    ),
                    html.Div(chart("counters"), className="frame"),
                    html.Div(_counters(found), className="scroll"),
                ],
                className="card",
            ),
            html.Section(_how(found), className="card"),
            html.Section(_environment(found, contents), className="card"),
        ],
        className="stack",
    )


def register(app: Dash, contents: Contents) -> None:
    """Register the callbacks."""
    try:
        first = next(iter(samples.samples(contents.result).drawable), "")
    except ResultError:
        return  # `layout` shows why
    controls.bind(app, "samples", {"samples-counter": "counter"}, {"counter": first})

    @app.callback(Output("counters", "figure"), Input("samples-view", "search"), Input("theme", "data"))
    def draw(search: str | None, name: str | None) -> Figure:
        return drawing(contents, State.parse(search), theme(name))


def drawing(contents: Contents, state: State, colours: Theme) -> Figure:
    """The chosen counter of each sample, or its time."""
    found = samples.samples(contents.result)
    names = found.drawable
    name = state.counter if state.counter in names else next(iter(names), None)
    if name is None:
        return message("Nothing was counted.", colours)
    return draw_counters([sample.number for sample in found.all], found.drawn(name), names[name], colours)


def _executions(found: Samples) -> list[Any]:
    headings = ("sample", "status", "exit code", "remarks", "ran for", "started", "noise", "seed", *found.varied)
    rows = [_execution(sample, found.varied) for sample in found.all[:LISTED]]
    more = len(found.all) - LISTED
    return [
        html.Div([html.H2(f"{len(found.all)} samples"), exports(csv="samples/samples")], className="bar"),
        html.Div(table(headings, rows, className="wide"), className="scroll"),
        *([html.P(f"and {more} more: the CSV has all", className="note")] if more > 0 else []),
        html.P(RAN_FOR, className="note"),
    ]


def _execution(sample: Sample, varied: Sequence[str]) -> list[Any]:
    bad = sample.status == "failed" or sample.exit_code not in (0, None)
    remarks = [sample.reason, "" if sample.complete else "its trace ends early", *sample.notes]
    code = "unknown" if sample.exit_code is None else str(sample.exit_code)
    return [
        number_cell(str(sample.number)),
        html.Td(sample.status, className="problem" if bad else None),
        html.Td(code, className="number problem" if bad else "number"),
        html.Td("; ".join(filter(None, remarks)), className="remark"),
        number_cell(seconds(sample.duration_ns)),
        number_cell(sample.started.replace("T", " ") or "unknown"),
        sample.model,
        number_cell(sample.seed),
        *(_setting(sample, name) for name in varied),
    ]


def _setting(sample: Sample, name: str) -> str:
    return sample.settings.get(name, sample.environment.get(name, "(unset)")) or "(nothing)"


def _counters(found: Samples) -> html.Table:
    names = found.counters
    rows = [
        [number_cell(str(sample.number)), *(_count(sample, name) for name in names)] for sample in found.all[:LISTED]
    ]
    return table(("sample", *(COUNTERS[name] for name in names)), rows, className="wide")


def _count(sample: Sample, name: str) -> html.Td:
    """A counter that says that something is missing stands out."""
    number = sample.counters[name]
    return html.Td(count(number), className="number problem" if number and name in LOSSES else "number")


def _how(found: Samples) -> list[Any]:
    layers = list(dict.fromkeys(layer for sample in found.all for layer in sample.layers))
    missing = list(dict.fromkeys(layer for sample in found.all for layer in sample.missing))
    return [
        html.H2("What was perturbed"),
        html.Ul([html.Li(layer) for layer in layers] or [html.Li("nothing")]),
        html.H2("What was not"),
        html.Ul([html.Li(layer) for layer in missing] or [html.Li("nothing known")]),
    ]


def _environment(found: Samples, contents: Contents) -> list[Any]:
    provenance = contents.result.provenance
    facts = [
        (title, str(provenance.get(name, "")))
        for name, title in (("python", "Python"), ("platform", "platform"))
        if provenance.get(name)
    ]
    packages = provenance.get("packages")
    versions = sorted(packages.items()) if isinstance(packages, dict) else []
    return [
        html.H2("Around them"),
        html.Dl([html.Div([html.Dt(name), html.Dd(fact)]) for name, fact in (*facts, *versions)], className="facts"),
        html.P("Environment variables that can change results, the same in all samples:", className="note"),
        table(("variable", "value"), [list(pair) for pair in found.common.items()]) if found.common else html.P("none"),
    ]


def rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All samples, as a table."""
    found = samples.samples(contents.result)
    yield (
        *("sample", "status", "reason", "exit_code", "complete", "started", "duration_ns", "model", "seed", "trace"),
        *found.varied,
    )
    for each in found.all:
        ended = (each.number, each.status, each.reason, each.exit_code, each.complete, each.started, each.duration_ns)
        yield [*ended, each.model, each.seed, each.trace, *(_setting(each, name) for name in found.varied)]


def counter_rows(contents: Contents, _: State) -> Iterator[Sequence[Any]]:
    """All counters and the time, as a table."""
    yield ("sample", *COUNTERS, "duration_ns")
    for each in samples.samples(contents.result).all:
        yield [each.number, *each.counters.values(), each.duration_ns]


CSV = {"samples": rows, "counters": counter_rows}
