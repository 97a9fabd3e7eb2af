"""The timeline: which values it has, which are drawn, and how."""

import dataclasses
import json
import re
from collections.abc import Sequence
from pathlib import Path

import h5py
import numpy as np
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made import rich
from plotly.utils import PlotlyJSONEncoder

from pytracer.parse import Result
from pytracer.visualize.figures.theme import DARK, LIGHT, Theme, bits_colour, message
from pytracer.visualize.figures.timeline import OWN_COLOURS, UNMEASURED, series
from pytracer.visualize.figures.timeline import timeline as draw_timeline
from pytracer.visualize.function_grid import drawn, follow, inside, modules
from pytracer.visualize.pages.timeline import drawing, rows
from pytracer.visualize.pages.timeline_controls import CONTROLS, EVERYTHING, controls, values
from pytracer.visualize.pages.timeline_controls import follow as follow_controls
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.kept import Kept
from pytracer.visualize.queries.timeline import Curve, Divergence, Timeline, divergences, timeline
from pytracer.visualize.sampling import select, thin
from pytracer.visualize.state import IMAG, LOG, MEAN, STD, TIME, State

CALLS = 7


def of(contents: Contents, *names: str) -> Timeline:
    return timeline(contents, [contents.by_key[name] for name in names])


def draw(
    contents: Contents, state: State, *names: str, found: Sequence[Divergence] = (), look: Theme = LIGHT
) -> go.Figure:
    points = of(contents, *names)
    return draw_timeline(points, select(points, state), state, contents.places, found, look)


@pytest.fixture
def complex_contents(tmp_path: Path) -> Contents:
    """Of `rich`, whose `phase` is complex; its standard deviations are stored, too."""
    made = rich()
    [value] = [value for value in made.rows["values"] if not np.isnan(value["mean_imag"])]
    value |= {"std": 0.125, "std_imag": 0.25}
    return Contents.of(Result.open(made.write(tmp_path / "complex.h5")))


class TestValues:
    """What is read."""

    def test_each_value_of_each_call(self, contents: Contents) -> None:
        alpha, found = contents.by_key["mod.alpha"], of(contents, "mod.alpha")
        assert found.curves == [Curve(alpha, "x", False), Curve(alpha, "y", False), Curve(alpha, "return", True)]
        assert found.call.tolist() == [n for n in range(CALLS) for _ in range(3)]
        assert found.curve.tolist() == [0, 1, 2] * CALLS
        assert found.sizes.tolist() == [CALLS] * 3
        everything = np.arange(len(found))
        assert {contents.places[site] for site in found.site(everything)} == {"script.py:10"}
        assert (np.diff(found.time_ms) >= 0).all()
        first = contents.result.calls["first_value"][found.calls[0]]
        for name in ("bits_min", "mean", "std"):
            own = contents.result.values.read(name, slice(first, first + 3 * CALLS))
            np.testing.assert_array_equal(found.column(name, everything), own)

    def test_calls_of_others_are_skipped(self, contents: Contents) -> None:
        """The calls of `middle` lie around those of `alpha` and `zeta`."""
        found = of(contents, "mod.middle")
        assert len(found.calls) == 1
        assert [curve.label for curve in found.curves] == ["x", "y", "return[0]", "return[1]"]

    def test_several_functions_stand_in_order_of_call(self, contents: Contents) -> None:
        found = of(contents, "mod.zeta", "mod.alpha")
        assert found.calls.tolist() == sorted(found.calls.tolist())
        assert len(found.calls) == CALLS + 2
        assert {curve.function.name for curve in found.curves} == {"mod.alpha", "mod.zeta"}

    def test_lane(self, contents: Contents) -> None:
        functions = [contents.by_key["mod.alpha"]]
        assert len(timeline(contents, functions, 0)) == 3 * CALLS
        assert len(timeline(contents, functions, 99)) == 0

    def test_raised_calls(self, contents: Contents) -> None:
        assert of(contents, "mod.fails").raised.tolist() == [0]
        assert of(contents, "mod.alpha").raised.tolist() == []

    def test_no_function(self, contents: Contents) -> None:
        assert len(timeline(contents, [])) == 0

    def test_divergence_is_at_the_call_that_the_timeline_has(self, result_file: Path, tmp_path: Path) -> None:
        path = tmp_path / "diverged.h5"
        path.write_bytes(result_file.read_bytes())
        names = {"first_call": -1, "before": 3, "parent": 1, "samples": "[2, 3]", "kind": "calls"}
        names |= dict.fromkeys(("reference", "sides", "evidence"), "[]")
        with h5py.File(path, "a") as file:
            for name, dataset in file["divergences"].items():
                dataset.resize((1,))
                if name in names:
                    dataset[0] = names[name]
        contents = Contents.of(Result.open(path))
        calls = contents.result.calls["function"]
        before, parent = (contents.names[calls[row]] for row in (3, 1))
        [found] = divergences(of(contents, before))
        assert (int(of(contents, before).calls[found.call]), found.samples, found.kind) == (3, "[2, 3]", "calls")
        [found] = divergences(of(contents, parent))
        assert int(of(contents, parent).calls[found.call]) == 1
        assert list(divergences(of(contents, "mod.fails"))) == []


class TestSelection:
    """What of it is drawn."""

    def test_short_timeline_is_whole(self, contents: Contents) -> None:
        points = of(contents, "mod.alpha")
        found = select(points, State())
        assert found.rows.tolist() == list(range(len(points)))
        assert found.note == ""

    @pytest.mark.parametrize("limit", [9, 12])
    def test_long_timeline_is_thinned_and_says_so(self, contents: Contents, limit: int) -> None:
        points = of(contents, "mod.alpha")
        found = select(points, State(y=MEAN), limit=limit)
        assert found.thinned
        assert limit - 3 <= len(found.rows) <= limit + 6
        assert found.note.startswith(f"{len(found.rows)} of {len(points)} points are drawn")

    def test_range_selects_calls_and_counts_the_others(self, contents: Contents) -> None:
        points = of(contents, "mod.alpha")
        found = select(points, State(x_range=(2.0, 3.5)))
        assert sorted(set(found.x.tolist())) == [2.0, 3.0]
        assert found.outside == 3 * (CALLS - 2)
        assert f"{found.outside} values lie outside" in found.note
        assert len(select(points, State(x_range=(100.0, 200.0))).rows) == 0

    def test_range_of_the_other_axis_too(self, contents: Contents) -> None:
        points = of(contents, "mod.zeta")
        everything = select(points, State())
        low, high = float(np.min(everything.y)), float(np.max(everything.y))
        found = select(points, State(y_range=((low + high) / 2, high + 1)))
        assert found.rows.tolist() == everything.rows[everything.y > (low + high) / 2].tolist()
        assert 0 < found.outside == len(everything.rows) - len(found.rows)
        both = select(points, State(x_range=(1.5, 2.5), y_range=((low + high) / 2, high + 1)))
        assert both.outside + len(both.rows) == len(points)
        assert select(points, State(y_scale=LOG, y_range=(0.0, 1e-9))).outside == 0

    def test_range_of_time(self, contents: Contents) -> None:
        points = of(contents, "mod.alpha")
        ends = (float(points.time_ms[1]), float(points.time_ms[4]))
        found = select(points, State(x=TIME, x_range=ends))
        assert found.x.min() == ends[0]
        assert found.x.max() == ends[1]
        assert found.outside == 3 * (CALLS - 4)

    def test_unmeasured_values_are_counted(self, contents: Contents) -> None:
        found = select(of(contents, "mod.silent"), State())
        assert (len(found.rows), found.unmeasured) == (0, 3)
        assert "3 of 3 values were not measured" in found.note

    def test_argument_and_role(self, contents: Contents) -> None:
        points = of(contents, "mod.alpha")
        assert set(points.curve[select(points, State(argument="return")).rows]) == {2}
        assert set(points.curve[select(points, State(role="inputs")).rows]) == {0, 1}
        assert set(points.curve[select(points, State(role="outputs")).rows]) == {2}
        assert len(select(points, State(argument="nothing")).rows) == 0

    def test_logarithmic_axis_leaves_out_what_it_cannot_show(self, contents: Contents) -> None:
        found = select(of(contents, "mod.alpha"), State(argument="return", y=MEAN, y_scale=LOG))
        assert (len(found.rows), found.hidden) == (0, CALLS)
        assert f"{CALLS} values are not positive" in found.note

    def test_decimal_digits(self, contents: Contents) -> None:
        points = of(contents, "mod.zeta")
        bits, digits = (select(points, State(unit=unit)).y for unit in ("bits", "digits"))
        np.testing.assert_allclose(digits, bits * np.log10(2))
        mean = select(points, State(y=MEAN, unit="digits")).y
        np.testing.assert_array_equal(mean, select(points, State(y=MEAN)).y)

    @given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=300), st.integers(1, 5), st.integers(3, 100))
    def test_extremes_of_each_curve_stay(self, numbers: list[float], curves: int, limit: int) -> None:
        y = np.array(numbers)
        curve = np.arange(len(y)) % curves
        kept = thin(y, curve, limit)
        assert (np.diff(kept) > 0).all()
        assert len(kept) <= max(limit, 3 * curves) + 2 * curves
        for number in set(curve.tolist()):
            assert y[curve == number].min() == y[kept][curve[kept] == number].min()
            assert y[curve == number].max() == y[kept][curve[kept] == number].max()


class TestChart:
    """How it is drawn."""

    def test_one_mark_for_each_value(self, contents: Contents) -> None:
        points, figure = of(contents, "mod.alpha"), draw(contents, State(), "mod.alpha")
        assert [(trace.name, trace.marker.symbol) for trace in figure.data] == [
            ("x", "triangle-up"),
            ("y", "triangle-up"),
            ("return", "triangle-down"),
        ]
        for i, trace in enumerate(figure.data):
            mine = np.flatnonzero(points.curve == i)
            np.testing.assert_array_equal(trace.y, points.column("bits_min", mine))
            np.testing.assert_array_equal(trace.x, range(1, CALLS + 1))
            assert [cells[0] for cells in trace.customdata] == points.calls[points.call[mine]].tolist()
            assert [cells[1] for cells in trace.customdata] == points.value[mine].tolist()

    def test_colour_is_that_of_the_function_when_there_are_several(self, contents: Contents) -> None:
        figure = draw(contents, State(), "mod.zeta", "mod.alpha")
        looks = {(trace.name, trace.marker.symbol): trace.marker.color for trace in figure.data}
        symbols = ("triangle-up", "triangle-down")
        names = (("mod.alpha", LIGHT.series[0]), ("mod.zeta", LIGHT.series[1]))
        assert looks == {(name, symbol): colour for name, colour in names for symbol in symbols}
        assert [trace.name for trace in figure.data if trace.showlegend] == ["mod.alpha", "mod.zeta"]

    def test_hover_tells_place_value_bits_mean_and_spread(self, contents: Contents) -> None:
        points, trace = of(contents, "mod.zeta"), draw(contents, State(), "mod.zeta").data[1]
        last = np.array([3])
        bits, mean, std = (points.column(name, last)[0] for name in ("bits_min", "mean", "std"))
        assert (trace.name, trace.text[1]) == ("return", "<b>return</b> at script.py:30")
        assert list(trace.customdata[1])[2:] == [2, f"{bits:.1f}", f"{mean:.6g}", f"{std:.3g}"]

    def test_thinned_points_tell_as_much_unless_they_lie_far_apart(
        self, contents: Contents, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        points, state = of(contents, "mod.alpha"), State()
        thinned = select(points, state, limit=9)
        assert thinned.thinned
        for span, lengths, hover in ((points.span(thinned.rows), {6}, "std"), (1, {3}, "zoom in or click")):
            monkeypatch.setattr("pytracer.visualize.figures.timeline.SPAN", span)
            figure = draw_timeline(points, thinned, state, contents.places, [], LIGHT)
            assert {len(cells) for trace in figure.data for cells in trace.customdata} == lengths
            assert all(hover in trace.hovertemplate for trace in figure.data)

    def test_hover_of_a_thinned_curve_is_of_its_own_points(self, contents: Contents) -> None:
        points, state = of(contents, "mod.alpha"), State()
        thinned = select(points, state, limit=9)
        for i, trace in enumerate(draw_timeline(points, thinned, state, contents.places, [], LIGHT).data):
            mine = thinned.rows[points.curve[thinned.rows] == i]
            assert [cells[1] for cells in trace.customdata] == points.value[mine].tolist()
            assert [cells[4] for cells in trace.customdata] == [f"{m:.6g}" for m in points.column("mean", mine)]

    @pytest.mark.parametrize(("y", "title"), [(MEAN, "mean"), (STD, "standard deviation")])
    def test_axes_follow_the_state(self, contents: Contents, y: str, title: str) -> None:
        state = State(y=y, x=TIME, y_scale=LOG, x_scale=LOG, y_format="scientific", x_format="SI")
        figure = draw(contents, state, "mod.alpha")
        axes = figure.layout.yaxis, figure.layout.xaxis
        assert axes[0].title.text.startswith(title)
        assert [axis.type for axis in axes] == ["log", "log"]
        assert [axis.tickformat for axis in axes] == [".3~e", ".4~s"]
        assert "ms" in axes[1].title.text

    def test_digits_name_themselves(self, contents: Contents) -> None:
        figure = draw(contents, State(unit="digits", summary="median"), "mod.alpha")
        assert figure.layout.yaxis.title.text == "significant digits (median over the elements)"
        assert 15 < figure.layout.yaxis.range[1] < 18

    def test_zoomed_range_is_that_of_the_state(self, contents: Contents) -> None:
        state = State(x_range=(2.0, 3.0), y_range=(10.0, 100.0), y_scale=LOG)
        figure = draw(contents, state, "mod.alpha")
        assert tuple(figure.layout.xaxis.range) == (2.0, 3.0)
        assert tuple(figure.layout.yaxis.range) == (1.0, 2.0)

    def test_exceptions_and_divergences_are_marked(self, contents: Contents) -> None:
        state = State(y=MEAN)
        marks = {trace.name: trace for trace in draw(contents, state, "mod.fails").data}
        assert [cells[0] for cells in marks["raised"].customdata] == of(contents, "mod.fails").calls.tolist()
        figure = draw(contents, state, "mod.alpha", found=[Divergence(2, "[1]", "order")])
        mark = next(trace for trace in figure.data if trace.name == "divergence")
        assert (list(mark.x), mark.text[0]) == ([3.0], "samples [1] go another way here: order")

    def test_unmeasured_values_have_no_bits_in_their_text(self, unperturbed: Contents) -> None:
        cells = [cells for trace in draw(unperturbed, State(y=MEAN), "mod.zeta").data for cells in trace.customdata]
        assert len(cells) == 4
        assert all(bits == std == UNMEASURED and float(mean) == 1 for _, _, _, bits, mean, std in cells)

    def test_selected_call_is_marked(self, contents: Contents) -> None:
        assert len(draw(contents, State(), "mod.zeta").layout.shapes) == 0
        last = int(of(contents, "mod.zeta").calls[-1])
        assert [shape.x0 for shape in draw(contents, State(call=last), "mod.zeta").layout.shapes] == [2]

    def test_arguments_beyond_the_colours_share_a_curve(self, contents: Contents) -> None:
        alpha, number = contents.by_key["mod.alpha"], OWN_COLOURS + 10
        curves = [*(Curve(alpha, f"x[{i}]", False) for i in range(number - 1)), Curve(alpha, "return", True)]
        found = list(series(curves, DARK))
        assert [each.name for each in found][OWN_COLOURS:] == ["other inputs", "other outputs"]
        assert sorted(i for each in found for i in each.curves) == list(range(number))

    def test_names_from_a_trace_are_no_markup(self, contents: Contents) -> None:
        [found] = series([Curve(contents.by_key["mod.alpha"], "<a href='x'>", False)], LIGHT)
        assert "<a" not in found.name
        assert "<b>" not in message("<b>x", LIGHT).layout.annotations[0].text

    @pytest.mark.parametrize("bits", [0.0, 10.0, 23.5, 40.0, 53.0, 60.0, -1.0])
    def test_ink_on_a_colour_can_be_read(self, bits: float) -> None:
        background, ink = bits_colour(bits)
        channels = [int(part) / 255 for part in background.removeprefix("rgb(").removesuffix(")").split(",")]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        luminance = float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
        other = 0.0 if ink == "#000000" else 1.0
        assert (max(luminance, other) + 0.05) / (min(luminance, other) + 0.05) >= 4.5


class TestPage:
    """Controls, list and chart follow the address, and the address follows them."""

    @staticmethod
    def given(**changes: object) -> list[object]:
        shown = dict(zip(CONTROLS, values(State()), strict=True)) | {"click": None} | changes
        return list(shown.values())

    def test_controls_change_the_state(self) -> None:
        state = State(function="f")
        for name, value in {"y": STD, "argument": "x", "lane": 0, "y_scale": LOG, "role": "inputs"}.items():
            wanted = dataclasses.replace(state, **{name: value})
            assert follow_controls(state, name, self.given(**{name: value})) == wanted
        assert follow_controls(State(argument="x"), "argument", self.given(argument=EVERYTHING)) == State()
        module = follow_controls(State(function="f", others=("g",), call=3), "module", self.given(module="numpy"))
        assert module == State(module="numpy")

    def test_click_selects_call_and_value(self) -> None:
        click = {"points": [{"customdata": [4, 9, 1]}]}
        assert follow_controls(State("f"), "timeline", self.given(click=click)) == State("f", call=4, value=9)
        click = {"points": [{"customdata": [4, -1]}]}
        assert follow_controls(State("f"), "timeline", self.given(click=click)) == State("f", call=4)

    def test_what_says_nothing_new_changes_nothing(self) -> None:
        state = State(call=3, y=STD, lane=1, argument="x")
        shown = dict(zip(CONTROLS, values(state), strict=True))
        for name in (*CONTROLS, "view", "timeline"):
            assert follow_controls(state, name, self.given(**shown)) is state

    def test_rows_of_the_list(self, contents: Contents) -> None:
        state = State(function="mod.zeta")
        assert follow(state, contents, ["mod.alpha"]) == State("mod.alpha")
        assert follow(state, contents, ["mod.alpha", "mod.zeta"]) == State("mod.zeta", others=("mod.alpha",))
        assert follow(state, contents, []) is state
        # The list selects what the page shows without being asked: the worst function.
        assert follow(State(call=None), contents, ["mod.zeta"]) == State()

    def test_drawn_functions(self, contents: Contents) -> None:
        names = [function.name for function in drawn(State("mod.alpha", others=("mod.zeta", "gone")), contents)]
        assert names == ["mod.alpha", "mod.zeta"]
        assert [function.name for function in drawn(State(), contents)] == ["mod.zeta"]
        call = int(contents.calls_of[contents.by_key["mod.fails"].row][0])
        assert [function.name for function in drawn(State(call=call), contents)] == ["mod.fails"]
        assert len(drawn(State(module="mod"), contents)) == 5
        assert drawn(State(function="gone"), contents) == []
        assert drawn(State(module="gone"), contents) == []

    def test_modules_have_packages_around_them(self, contents: Contents) -> None:
        assert modules(contents) == ["mod"]
        assert inside("mo", contents) == []
        assert len(inside("", contents)) == len(inside("mod", contents)) == 5

    def test_unknown_function_is_a_message(self, contents: Contents) -> None:
        title, figure, _, _ = drawing(contents, State("gone"), Kept(1, len), LIGHT)
        assert title == "gone"
        assert "no function 'gone'" in figure.layout.annotations[0].text

    def test_nothing_measured_is_a_message(self, contents: Contents) -> None:
        _, figure, note, _ = drawing(contents, State("mod.silent"), Kept(1, len), LIGHT)
        assert "Nothing to draw" in figure.layout.annotations[0].text
        assert "not measured" in str(note)

    def test_menu_has_all_values_of_the_functions(self, contents: Contents) -> None:
        options = drawing(contents, State("mod.alpha", argument="x"), Kept(1, len), LIGHT)[3]
        assert [option["value"] for option in options] == [EVERYTHING, "x", "y", "return"]

    def test_unperturbed_result_draws_values_only(self, unperturbed: Contents) -> None:
        figure = drawing(unperturbed, State(y="bits"), Kept(1, len), LIGHT)[1]
        assert figure.layout.yaxis.title.text.startswith("mean")
        assert "bits" not in " ".join(next(iter(rows(unperturbed, State()))))

    def test_table_has_what_the_filters_let_through(self, contents: Contents) -> None:
        state = State("mod.alpha", argument="return", x_range=(2.0, 3.0))
        header, *lines = rows(contents, state)
        assert [dict(zip(header, line, strict=True))["argument"] for line in lines] == ["return"] * 2
        column = header.index("bits_min")
        points = of(contents, "mod.alpha")
        assert [line[column] for line in lines] == points.column("bits_min", select(points, state).rows).tolist()

    def test_part_of_complex_values_is_chosen(self, complex_contents: Contents) -> None:
        for state, title, y in (
            (State("mod.phase", y=MEAN), "mean (mean over the elements, real part)", 1.0),
            (State("mod.phase", y=MEAN, part=IMAG), "mean (mean over the elements, imaginary part)", 0.5),
            (State("mod.phase", y=STD, part=IMAG), "standard deviation (mean over the elements, imaginary part)", 0.25),
            (State("mod.phase", part=IMAG), "significant bits (minimum over the elements)", 29.0),
        ):
            figure = drawing(complex_contents, state, Kept(1, len), LIGHT)[1]
            assert figure.layout.yaxis.title.text == title
            [trace] = figure.data
            assert list(trace.y) == [y]
            assert trace.customdata[0][4:] == ["1+0.5j", "0.125 and 0.25 of the imaginary part"]

    def test_real_values_have_no_imaginary_part_and_that_is_said(self, complex_contents: Contents) -> None:
        state = State("mod.solve", y=MEAN, part=IMAG)
        _, figure, note, _ = drawing(complex_contents, state, Kept(1, len), LIGHT)
        assert figure.layout.annotations[0].text == "Nothing drawn has an imaginary part: choose the real one."
        assert "2 of 2 values have no imaginary part" in str(note)

    def test_part_is_asked_for_where_a_value_is_complex(self, contents: Contents, complex_contents: Contents) -> None:
        def hidden(contents: Contents, state: State) -> bool:
            parts = json.dumps(controls(contents, state), cls=PlotlyJSONEncoder).partition('"timeline-part"')
            return bool(json.loads(re.findall(r'"hidden": (true|false)', parts[2])[0]))

        assert not hidden(complex_contents, State())
        assert hidden(contents, State())
        assert not hidden(contents, State(part=IMAG))  # else nobody could choose the real part again

    def test_damage_is_a_message(self, damaged_file: Path) -> None:
        contents = Contents.of(Result.open(damaged_file))
        _, figure, _, options = drawing(contents, State(), Kept(1, len), LIGHT)
        assert "is corrupt" in figure.layout.annotations[0].text
        assert options == []
