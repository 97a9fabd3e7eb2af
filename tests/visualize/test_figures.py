"""Charts say what they show."""

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from pytracer.visualize import figures
from pytracer.visualize.figures import DARK, LIGHT, OWN_COLOURS, UNMEASURED
from pytracer.visualize.queries import Argument, Contents, Timeline, timeline
from pytracer.visualize.sampling import select
from pytracer.visualize.state import LOG, MEAN, STD, TIME, State


def draw(contents: Contents, name: str, state: State, theme: figures.Theme = LIGHT) -> tuple[Timeline, go.Figure]:
    points = timeline(contents.result, contents.by_key[name])
    return points, figures.timeline(points, select(points, state), state, contents.places, theme)


def test_one_mark_for_each_value(contents: Contents) -> None:
    points, figure = draw(contents, "mod.alpha", State())
    assert [(trace.name, trace.marker.symbol) for trace in figure.data] == [
        ("x", "triangle-up"),
        ("y", "triangle-up"),
        ("return", "triangle-down"),
    ]
    for i, trace in enumerate(figure.data):
        np.testing.assert_array_equal(trace.y, points.bits[points.argument == i])
        np.testing.assert_array_equal(trace.x, range(1, 8))
        assert [cells[0] for cells in trace.customdata] == points.call[points.argument == i].tolist()


def test_hover_tells_place_value_bits_mean_and_spread(contents: Contents) -> None:
    points, figure = draw(contents, "mod.zeta", State())
    trace = figure.data[1]
    assert (trace.name, trace.text[1]) == ("return", "script.py:30")
    numbers = [f"{points.bits[3]:.1f}", f"{points.mean[3]:.6g}", f"{points.std[3]:.3g}"]
    assert list(trace.customdata[1]) == [points.call[3], 2, *numbers]


@pytest.mark.parametrize(("y", "title"), [(MEAN, "mean"), (STD, "standard deviation")])
def test_axes_follow_the_state(contents: Contents, y: str, title: str) -> None:
    points, figure = draw(contents, "mod.alpha", State(y=y, x=TIME, scale=LOG))
    assert figure.layout.yaxis.title.text == title
    assert figure.layout.yaxis.type == "log"
    assert "ms" in figure.layout.xaxis.title.text
    assert set(figure.data[0].x) <= set(points.time_ms)


def test_unmeasured_values_have_no_bits_in_their_text(unperturbed: Contents) -> None:
    _, figure = draw(unperturbed, "mod.zeta", State(y=MEAN))
    cells = [cells for trace in figure.data for cells in trace.customdata]
    assert len(cells) == 4
    assert all(bits == std == UNMEASURED and float(mean) == 1 for _, _, bits, mean, std in cells)


def test_selected_call_is_marked(contents: Contents) -> None:
    points, figure = draw(contents, "mod.zeta", State())
    assert len(figure.layout.shapes) == 0
    _, figure = draw(contents, "mod.zeta", State(call=int(points.call[-1])))
    assert [shape.x0 for shape in figure.layout.shapes] == [2]


def test_arguments_beyond_the_colours_share_a_curve() -> None:
    number = OWN_COLOURS + 10
    arguments = [Argument(f"x[{i}]", False) for i in range(number - 1)] + [Argument("return", True)]
    index = np.arange(number)
    bits = index.astype(float)
    points = Timeline(arguments, index, index * 0 + 1, index / 1e3, index, index * 0 - 1, bits, bits, bits)
    figure = figures.timeline(points, select(points, State()), State(), ["unknown place"], LIGHT)
    assert [trace.name for trace in figure.data][OWN_COLOURS:] == ["other inputs", "other outputs"]
    assert sum(len(trace.y) for trace in figure.data) == number


def test_names_from_a_trace_are_no_markup() -> None:
    index = np.zeros(1, int)
    one = np.ones(1)
    points = Timeline([Argument("<a href='x'>", False)], index, index + 1, one, index, index, one, one, one)
    figure = figures.timeline(points, select(points, State()), State(), ["<b>.py:1", "unknown"], LIGHT)
    assert "<a" not in figure.to_json()
    assert "<b>.py" not in figures.message("<b>.py", LIGHT).to_json()


def test_dark_and_light_differ_in_ink(contents: Contents) -> None:
    inks = {draw(contents, "mod.zeta", State(), theme)[1].layout.font.color for theme in (DARK, LIGHT)}
    assert inks == {DARK.ink, LIGHT.ink}


def test_full_chart_is_small() -> None:
    index = np.arange(100_000)
    y = np.random.default_rng(2).uniform(0, 53, len(index))
    points = Timeline([Argument("x", False)], index, index + 1, index / 1e3, index * 0, index * 0, y, y, y)
    figure = figures.timeline(points, select(points, State()), State(), ["script.py:10", ""], LIGHT)
    assert len(figure.to_json()) < 600_000
    assert json.loads(figure.to_json())["data"][0]["type"] == "scatter"
