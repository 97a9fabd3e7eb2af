"""One value from near: planes, lines, histograms, samples, and the page around them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array
from made import SHAPE, WORST, Made, columns_of, rich
from plotly.utils import PlotlyJSONEncoder

from pytracer.parse import Result, ResultError
from pytracer.visualize import zoom_charts, zoom_view
from pytracer.visualize.agreement import AGREE, DIFFER, marked
from pytracer.visualize.figures import zoom as figures
from pytracer.visualize.figures.theme import LIGHT
from pytracer.visualize.figures.zoom import Shown
from pytracer.visualize.pages import zoom as page
from pytracer.visualize.queries import arrays
from pytracer.visualize.queries.arrays import SIDE, Elements, Window, coarse
from pytracer.visualize.queries.contents import CallIndex, Contents
from pytracer.visualize.state import BITS, IMAG, LOG, MEAN, STD, State
from pytracer.visualize.zoom_facts import description, facts

ARRAY, SCALAR, WAVE = 1, 0, 2
"""Rows in values of `rich`."""
SOLVE, PHASE = 1, 52
"""Rows in calls."""
FLAT = int(np.ravel_multi_index(WORST, SHAPE))


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents.of(Result.open(rich().write(tmp_path / "rich.h5")))


def elements(contents: Contents, row: int) -> Elements:
    value = arrays.value(contents.result, row)
    assert value is not None
    found = Elements.of(contents, value)
    assert found is not None
    return found


def drawn(contents: Contents, state: State) -> tuple[Any, ...]:
    """Heatmap, class of its frame, what it leaves out, line, histogram."""
    heatmap, *others = (
        page.drawn(contents, state, LIGHT, draw)
        for draw in (zoom_charts.heatmap, zoom_charts.profile, zoom_charts.histogram)
    )
    return heatmap, *page.frame(contents, state), *others


def seen(contents: Contents, **fields: Any) -> zoom_view.View:
    found = zoom_view.view(contents, State(**fields))
    assert found is not None
    return found


def test_value_knows_its_array(contents: Contents) -> None:
    value = arrays.value(contents.result, ARRAY)
    assert value is not None
    assert (value.label, value.dtype, value.shape, value.size) == ("return", "float64", SHAPE, 60)
    assert value.index(value.worst) == WORST
    assert value.findings == ["elements are NaN in some samples only"]
    assert not value.is_complex
    assert arrays.value(contents.result, 99) is None


def test_plane_and_line_go_through_the_element(contents: Contents) -> None:
    found = elements(contents, ARRAY)
    mean = np.arange(60.0).reshape(SHAPE)
    np.testing.assert_array_equal(found.plane(found.quantity(MEAN), (1, 2), FLAT), mean[1])
    np.testing.assert_array_equal(found.plane(found.quantity(MEAN), (2, 0), FLAT), mean[:, 2].T)
    np.testing.assert_array_equal(found.line(1, FLAT), np.arange(60).reshape(SHAPE)[1, :, 3])


def test_parts_of_complex_elements_are_apart(contents: Contents) -> None:
    found = elements(contents, WAVE)
    assert found.is_complex
    np.testing.assert_array_equal(found.quantity(MEAN, IMAG), np.sin(np.arange(6.0)))
    np.testing.assert_array_equal(found.quantity(BITS, IMAG), np.full(6, 29.0))


def test_observations_of_one_element(contents: Contents) -> None:
    value = arrays.value(contents.result, ARRAY)
    assert value is not None
    found = arrays.observations(contents.result, value, FLAT)
    assert found is not None
    np.testing.assert_array_equal(found.real, FLAT + np.arange(4) * 2.0**-10)
    assert found.by_sample[3] == FLAT + 3 * 2.0**-10
    assert found.status[0] == "reference"
    assert arrays.observations(contents.result, value, 60) is None


def test_result_that_refers_beyond_its_end_is_corrupt(tmp_path: Path) -> None:
    made = Made()
    made.sample(0)
    array = {"shape": (5,), "elements": 3, "observations": 7}
    made.call(made.function("f"), inputs=[array])
    result = Result.open(made.write(tmp_path / "bad.h5"))
    value = arrays.value(result, 0)
    assert value is not None
    with pytest.raises(ResultError, match="elements that are not there"):
        Elements.of(Contents(result, [], CallIndex(np.zeros(0, np.int64), 0)), value)
    with pytest.raises(ResultError, match="observations that are not there"):
        arrays.observations(result, value, 0)
    with pytest.raises(ResultError, match="leads out of the table"):
        Contents.of(result)


FINITE = st.floats(allow_nan=True, allow_infinity=True)


@given(any_array(float, st.integers(0, 50), elements=FINITE), st.integers(1, 20), st.booleans())
def test_histogram_counts_every_number_once(numbers: np.ndarray, bins: int, log: bool) -> None:
    shown = numbers[np.isfinite(numbers) & ((numbers > 0) | (not log))]
    heights, edges = arrays.histogram(numbers, bins, "count", log=log)
    assert heights.sum() == len(shown)
    assert len(edges) == len(heights) + 1
    assert len(heights) <= bins


def test_histogram_is_normalised() -> None:
    numbers = np.array([1.0, 1, 2, 10, np.nan, -1])
    heights, edges = arrays.histogram(numbers, 3, "share", log=True)
    assert heights.tolist() == [0.75, 0, 0.25]
    np.testing.assert_allclose(edges, 10 ** (np.arange(4) / 3))
    heights, edges = arrays.histogram(numbers, 4, "density")
    assert (heights * np.diff(edges)).sum() == pytest.approx(1)
    assert len(arrays.histogram(np.array([np.nan]), 3, "count")[0]) == 0


def test_coarse_planes_keep_what_matters() -> None:
    plane = np.arange(35.0).reshape(5, 7)
    plane[4, 6] = np.nan
    assert coarse(plane, (2, 3), BITS).tolist() == [
        [0, 3, 6],
        [14, 17, 20],
        [28, 31, pytest.approx(np.nan, nan_ok=True)],
    ]
    assert coarse(plane, (2, 3), STD)[:2].tolist() == [[9, 12, 13], [23, 26, 27]]
    assert coarse(plane, (2, 3), MEAN)[1].tolist() == [14, 17, 20]


def windows(plane: np.ndarray, *ranges: tuple[float, float]) -> tuple[Window, Window]:
    down, across = ranges or (None, None)
    return Window.of(down, plane.shape[0]), Window.of(across, plane.shape[1])


@pytest.mark.parametrize(
    ("wanted", "first", "stop"),
    [
        (None, 0, 10),
        ((2.5, 4.5), 3, 5),  # the edges of cells 3 and 4
        ((2.4, 4.6), 2, 6),
        ((3.1, 3.2), 3, 4),
        ((-5.0, 1.0), 0, 2),
        ((8.0, 99.0), 8, 10),
    ],
)
def test_window_holds_the_cells_in_the_range(wanted: tuple[float, float] | None, first: int, stop: int) -> None:
    assert Window.of(wanted, 10) == Window(slice(first, stop), wanted)


@pytest.mark.parametrize("wanted", [(-9.0, -1.0), (10.0, 12.0)])
def test_window_beside_the_axis_is_all_of_it(wanted: tuple[float, float]) -> None:
    assert Window.of(wanted, 10) == Window(slice(0, 10), None)


def test_zoomed_heatmap_shows_each_element() -> None:
    plane = np.arange(3.0 * SIDE * 4).reshape(SIDE * 4, 3)
    both = windows(plane, (1000.5, 1003.5), (0.5, 2.5))
    figure = figures.heatmap(plane, ("row", "column"), both, Shown(MEAN, "bits"), LIGHT, mark=(1002, 2))
    assert list(figure.data[0].y) == [1000.5, 1001.5, 1002.5, 1003.5]
    assert list(figure.data[0].x) == [0.5, 1.5, 2.5]
    np.testing.assert_array_equal(figure.data[0].customdata, plane[1001:1004, 1:3])
    assert (figure.layout.yaxis.range, figure.layout.xaxis.range) == ((1003.5, 1000.5), (0.5, 2.5))
    [frame] = figure.layout.shapes
    assert (frame.y0, frame.y1, frame.x0, frame.x1) == (1001.5, 1002.5, 1.5, 2.5)
    assert figure.layout.meta == {"ranges": {"xaxis": "across_range", "yaxis": "down_range"}}


def test_cell_of_several_elements_is_where_they_are() -> None:
    plane = np.full((SIDE * 10 - 3, 3), 50.0)
    plane[1009, 1] = 3
    figure = figures.heatmap(plane, ("row", "column"), windows(plane), Shown(BITS, "bits"), LIGHT, mark=(1009, 1))
    edges = list(figure.data[0].y)
    assert (len(edges), edges[:2], edges[-2:]) == (SIDE + 1, [-0.5, 9.5], [5109.5, 5116.5])
    [frame] = figure.layout.shapes
    assert (frame.y0, frame.y1) == (999.5, 1009.5)
    inside = windows(plane, (frame.y0, frame.y1), (frame.x0, frame.x1))
    assert (
        figures.heatmap(plane, ("row", "column"), inside, Shown(BITS, "bits"), LIGHT, mark=(1009, 1)).data[0].z.min()
        == 3
    )


def test_point_leads_to_the_element_that_its_cell_shows(tmp_path: Path) -> None:
    shape = (SIDE * 3, 2)
    bits, std = np.full(shape, 50.0), np.full(shape, 1.0)
    bits[700, 1], std[701, 0] = 3.0, 9.0
    made = Made()
    made.sample(0)
    array = {"label": "return", "shape": shape, "bits_min": 3.0, "element_columns": columns_of(bits, bits, std)}
    made.call(made.function("f"), outputs=[array], output_bits_min=3.0)
    contents = Contents.of(Result.open(made.write(tmp_path / "large.h5")))

    def at(quantity: str, y: float, x: float) -> tuple[int, ...]:
        found = seen(contents, quantity=quantity)
        return found.value.index(zoom_view.pointed_at(found, {"points": [{"x": x, "y": y}]}))

    assert at(BITS, 700, 1) == at(BITS, 699.6, 1.4) == at(BITS, 701.4, 0.6) == (700, 1)
    assert at(STD, 700, 0) == (701, 0)
    assert at(MEAN, 700, 1) == (699, 1)
    assert at(BITS, 702, 1) == (702, 1)


def test_large_heatmap_is_small_and_says_so() -> None:
    plane = np.full((SIDE * 2, 3), 50.0)
    plane[777, 1] = 3
    figure = figures.heatmap(plane, ("row", "column"), windows(plane), Shown(BITS, "bits"), LIGHT, mark=(777, 1))
    assert figure.data[0].z.shape == (SIDE, 3)
    assert figure.data[0].z.min() == 3
    assert "2 x 1 elements: the fewest bits" in figures.coarse_note(windows(plane), BITS)
    assert figures.coarse_note((Window.of(None, SIDE),) * 2, BITS) == ""


def test_heatmap_prints_numbers_in_the_unit() -> None:
    plane = np.array([[10.0, np.nan], [53, 0]])
    figure = figures.heatmap(plane, ("row", "column"), windows(plane), Shown(BITS, "digits"), LIGHT, mark=(1, 1))
    assert figure.data[0].text[0] == ["3.01", ""]
    assert figure.layout.coloraxis.cmax == pytest.approx(15.95, abs=0.01)
    [frame] = figure.layout.shapes
    assert (frame.x0, frame.y0) == (0.5, 0.5)


def test_colour_range_and_logarithm() -> None:
    plane = np.array([[0.0, -100.0], [1e-3, np.nan]])
    shown = Shown(MEAN, "bits", log=True, range=(1e-3, 1e2))
    figure = figures.heatmap(plane, ("", ""), windows(plane), shown, LIGHT, mark=(0, 0))
    np.testing.assert_array_equal(figure.data[0].z, np.array([[np.nan, 2], [-3, np.nan]], np.float32))
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (-3, 2)


def test_profile_has_a_band() -> None:
    figure = figures.profile(
        np.arange(3),
        np.array([1.0, 2, 3]),
        np.full(3, 0.5),
        ("axis 0", "down_range", (0.5, 2.5)),
        Shown(MEAN, "bits"),
        LIGHT,
        mark=1,
    )
    assert figure.layout.xaxis.range == (0.5, 2.5)
    assert list(figure.data[0].y) == [1.5, 2.5, 3.5, 2.5, 1.5, 0.5]
    assert figure.layout.shapes[0].x0 == 1


def test_samples_are_shown_by_their_distance(contents: Contents) -> None:
    value = arrays.value(contents.result, SCALAR)
    assert value is not None
    found = arrays.observations(contents.result, value, 0)
    assert found is not None
    figure = figures.observed(found, LIGHT)
    assert [list(trace.x) for trace in figure.data] == [[0], [0.25, -0.25, 0]]
    assert figure.data[1].customdata[0] == "2.25"
    table = page.samples_table(found)
    assert [row.children[0].children for row in table.children[1].children] == ["unperturbed", "1", "2", "3"]


def test_address_decides_what_is_seen(contents: Contents) -> None:
    assert (seen(contents).value.row, seen(contents).element, seen(contents).axes) == (ARRAY, FLAT, (1, 2))
    assert seen(contents, call=PHASE).value.row == WAVE
    assert seen(contents, value=SCALAR).call.row == SOLVE
    assert seen(contents, element=7).element == 7
    assert seen(contents, element=999).element == FLAT
    assert seen(contents, across=0).axes == (1, 0)
    assert seen(contents, across=1, down=1).axes == (0, 1)
    assert seen(contents, across=9, down=9).axes == (1, 2)
    assert seen(contents, call=PHASE, part=IMAG).part == IMAG
    assert seen(contents, part=IMAG).part == "real"
    assert zoom_view.view(contents, State(call=999)) is None
    assert zoom_view.view(contents, State(function="gone")) is None


OTHER: dict[str, Any] = {
    "across_range": (1.5, 4.5),
    "down_range": (0.5, 2.5),
    "bins": 7,
    "normalisation": "share",
    "colour_low": 1.0,
    "colour_high": 9.0,
    "quantity": MEAN,
    "part": IMAG,
    "colour_scale": LOG,
    "element": 3,
    "along": "down",
    "across": 0,
    "down": 0,
}
"""Another value of each field of the page."""


def outputs(contents: Contents, state: State) -> dict[str, Any]:
    """What stands in each part of the page."""
    heatmap, _, _, profile, histogram = drawn(contents, state)
    facts, observed = description(contents, state), page.element(contents, state, None, LIGHT)
    found = {"heatmap": heatmap, "profile": profile, "histogram": histogram, "zoom-facts": facts, "observed": observed}
    return {name: json.loads(json.dumps(each, cls=PlotlyJSONEncoder)) for name, each in found.items()}


@pytest.mark.parametrize("field", OTHER)
def test_part_follows_what_changes_it_and_nothing_else(contents: Contents, field: str) -> None:
    for call, known in ((SOLVE, {"value": ARRAY}), (PHASE, {})):
        before = State(call=call, element=FLAT if call == SOLVE else 2, **known)  # type: ignore[arg-type]
        one, other = (outputs(contents, state) for state in (before, replace(before, **{field: OTHER[field]})))
        for name, without in page.WITHOUT.items():
            assert field not in without or one[name] == other[name], name
    assert {name for name in page.WITHOUT if field not in page.WITHOUT[name]} >= FOLLOWS[field]


FOLLOWS = {
    "across_range": {"heatmap", "profile"},
    "down_range": {"heatmap", "profile"},
    "bins": {"histogram"},
    "normalisation": {"histogram"},
    "colour_low": {"heatmap"},
    "colour_high": {"heatmap"},
    "quantity": {"heatmap", "profile", "histogram"},
    "part": {"heatmap", "profile", "histogram", "observed"},
    "colour_scale": {"heatmap", "profile", "histogram"},
    "element": {"heatmap", "profile", "observed"},
    "along": {"profile"},
    "across": {"heatmap", "profile", "zoom-facts", "observed"},
    "down": {"heatmap", "profile", "zoom-facts", "observed"},
}
"""Field -> parts of the page that it changes."""


def test_zoom_stays_with_the_value(contents: Contents) -> None:
    state = State(across_range=(1.5, 4.5), down_range=(0.5, 2.5))
    found = seen(contents, across_range=(1.5, 4.5), down_range=(0.5, 2.5))
    assert [window.indices for window in found.windows] == [slice(1, 3), slice(2, 5)]
    clicked = page.followed(state, contents, "heatmap", {"heatmap": {"points": [{"x": 4, "y": 1}]}})
    assert (clicked.across_range, clicked.down_range) == ((1.5, 4.5), (0.5, 2.5))
    other = page.followed(clicked, contents, "zoom-value", {"zoom-value": SCALAR})
    assert (other.across_range, other.down_range) == (None, None)
    assert state.with_fields(across=0) == State(across=0)
    figure, _, note, profile, _ = drawn(contents, state)
    assert (figure.data[0].z.shape, figure.layout.xaxis.range) == ((2, 3), (1.5, 4.5))
    assert (list(profile.data[0].x), profile.layout.xaxis.range) == ([2, 3, 4], (1.5, 4.5))
    assert note[-1].children == "show all"


def test_zoom_of_an_array_with_one_axis(contents: Contents) -> None:
    figure, _, _, profile, _ = drawn(contents, State(call=PHASE, across_range=(1.5, 3.5), along="down"))
    assert (list(figure.data[0].x), list(profile.data[0].x)) == ([1.5, 2.5, 3.5], [2, 3])
    assert profile.layout.meta == {"ranges": {"xaxis": "across_range"}}


def test_pointer_and_clicks_reach_elements(contents: Contents) -> None:
    point = {"points": [{"x": 4, "y": 0}]}
    index = int(np.ravel_multi_index((1, 0, 4), SHAPE))
    assert zoom_view.pointed_at(seen(contents), point) == index
    state = page.followed(State(), contents, "heatmap", {"heatmap": point})
    assert state == State(function="mod.solve", call=SOLVE, value=ARRAY, element=index)
    state = page.followed(State(), contents, "profile", {"profile": point})
    assert state.element == int(np.ravel_multi_index((1, 2, 4), SHAPE))
    state = page.followed(State(along="down"), contents, "profile", {"profile": {"points": [{"x": 3}]}})
    assert state.element == int(np.ravel_multi_index((1, 3, 3), SHAPE))
    assert zoom_view.pointed_at(seen(contents, call=PHASE), {"points": [{"x": 5, "y": 0}]}) == 5
    assert page.followed(State(), contents, "zoom-value", {"zoom-value": SCALAR}).value == SCALAR
    assert page.followed(State(), contents, "zoom-value", {"zoom-value": ARRAY}) == State()


def test_facts_of_an_array(contents: Contents) -> None:
    shown = {div.children[0].children: div.children[1].children for div in facts(seen(contents))}
    assert shown["shape"] == "3x4x5"
    assert (shown["norm (2, Frobenius)"], shown["condition number"], shown["NaN"]) == ("265", "1e+09", "1")
    assert shown["differs"] == "elements are NaN in some samples only"
    assert "bits, median" not in shown  # not measured, so not shown


def test_page_draws_all_of_an_array(contents: Contents) -> None:
    heatmap, frame, note, line, histogram = drawn(contents, State())
    assert heatmap.data[0].z.shape == (4, 5)
    assert heatmap.data[0].z.min() == 5
    assert (frame, note) == ("frame tall", ["axis 0 at 1"])
    assert list(line.data[0].y) == [40, 40, 40, 5, 40]
    assert sum(histogram.data[0].y) == 60
    title, figure, table = page.element(contents, State(), None, LIGHT)
    assert title[0] == "return[1, 2, 3] in each sample "
    assert len(figure.data) == 2
    assert table is not None
    title, *_ = page.element(contents, State(), {"points": [{"x": 0, "y": 0}]}, LIGHT)
    assert title[0] == "return[1, 0, 0] in each sample "


def test_page_of_a_scalar_points_to_its_samples(contents: Contents) -> None:
    heatmap, *_ = drawn(contents, State(value=SCALAR))
    assert "A single number" in heatmap.layout.annotations[0].text
    title, figure, _ = page.element(contents, State(value=SCALAR), None, LIGHT)
    assert title[0] == "x in each sample "
    assert len(figure.data) == 2


def test_vector_is_one_line(contents: Contents) -> None:
    heatmap, frame, *_ = drawn(contents, State(call=PHASE, part=IMAG))
    assert heatmap.data[0].z.shape == (1, 6)
    assert frame == "frame flat"
    assert description(contents, State(call=PHASE))[4:6] == [False, True]


def test_logarithm_of_nothing_positive_is_a_message(tmp_path: Path) -> None:
    zeros = columns_of(np.zeros(2), np.zeros(2), np.zeros(2))
    made = Made()
    made.sample(0)
    made.call(made.function("f"), outputs=[{"shape": (2,), "element_columns": zeros}])
    contents = Contents.of(Result.open(made.write(tmp_path / "zeros.h5")))
    *_, histogram = drawn(contents, State(quantity=STD, colour_scale=LOG))
    assert "No finite number" in histogram.layout.annotations[0].text


def test_value_without_elements_says_why(tmp_path: Path) -> None:
    made = Made()
    made.sample(0)
    made.call(made.function("f"), outputs=[{"label": "return", "shape": (2, 2)}])
    made.call(made.function("g"))
    contents = Contents.of(Result.open(made.write(tmp_path / "bare.h5")))
    figure = drawn(contents, State())[0]
    assert "not stored" in figure.layout.annotations[0].text
    _, figure, table = page.element(contents, State(), None, LIGHT)
    assert "not stored" in figure.layout.annotations[0].text
    assert table is None
    assert description(contents, State(function="mod.g"))[0].className == "empty"


def test_unperturbed_value_has_no_bits(tmp_path: Path) -> None:
    path = rich().write(tmp_path / "plain.h5", perturbed=False, verdict="not perturbed: no noise")
    contents = Contents.of(Result.open(path))
    heatmap, *_ = drawn(contents, State(call=SOLVE, value=ARRAY))
    assert heatmap.data[0].z.max() == 39  # means of the plane
    shown = [div.children[0].children for div in facts(seen(contents, value=ARRAY))]
    assert not any("bits" in name for name in shown)


def test_element_that_is_none_is_said(contents: Contents) -> None:
    def said(pointed: Any = None, **fields: Any) -> str:
        title, *_ = page.element(contents, State(**fields), pointed, LIGHT)
        return " ".join(span.children for span in title[1:] if span.className == "note problem")

    assert said(element=59) == said() == ""
    assert said(element=60).strip() == "no element 60: it has 60 elements, numbered from 0; the worst one is shown"
    assert "no element 7: it has 1 element," in said(value=SCALAR, element=7)
    assert seen(contents, element=-1).element == FLAT
    assert said({"points": [{"x": 0, "y": 0}]}, element=60) == ""  # the one under the pointer is shown


def test_tables_hold_what_is_drawn(contents: Contents) -> None:
    rows = list(page.CSV["elements"](contents, State()))
    assert rows[0][:4] == ("index_0", "index_1", "index_2", "mean")
    assert rows[1 + FLAT][:6] == (*WORST, float(FLAT), 0.5, 5.0)
    assert [row[2] for row in list(page.CSV["samples"](contents, State(value=SCALAR)))[1:]] == [2.0, 2.25, 1.75, 2.0]
    assert len(list(page.CSV["line"](contents, State()))) == 1 + 5
    assert sum(row[2] for row in list(page.CSV["histogram"](contents, State(bins=3)))[1:]) == 60
    for name in page.CSV:
        assert len(list(page.CSV[name](contents, State(call=999)))) == 1


def parts(*values: complex, imaginary: bool = False) -> list[list[tuple[str, str]]]:
    """Of each part of each number the pieces it is printed in, and how each is marked."""
    return [
        [(getattr(piece, "children", piece), getattr(piece, "className", "")) for piece in number.children]
        for span in marked(values, imaginary=imaginary)
        for number in (span.children[::2] if imaginary else [span])
    ]


def test_digits_that_agree_are_marked() -> None:
    assert parts(1.25, 1.5) == [
        [("+1.", AGREE), ("2500000000000000", DIFFER), ("e+00", AGREE)],
        [("+1.", AGREE), ("5000000000000000", DIFFER), ("e+00", AGREE)],
    ]
    assert parts(1, 1) == [[("+1.0000000000000000e+00", AGREE)]] * 2
    assert parts(1) == [[("+1.0000000000000000e+00", "")]]
    assert parts(1, 2)[0] == [("+", AGREE), ("1.0000000000000000", DIFFER), ("e+00", AGREE)]


@pytest.mark.parametrize("others", [(1.25e8,), (-1.25e-8,), (1.25e-8, -1.25e-8), (0.0,), (np.nan,), (-np.inf,)])
def test_no_digit_agrees_where_sign_or_exponent_differs(others: tuple[float, ...]) -> None:
    numbers = (1.25e-8, *others)
    assert parts(*numbers) == [[(f"{number:+.16e}", DIFFER)] for number in numbers]


def test_infinity_agrees_with_itself_only() -> None:
    assert parts(np.inf, np.inf) == [[("+inf", AGREE)]] * 2
    assert parts(np.inf, np.nan) == [[("+inf", DIFFER)], [("+nan", DIFFER)]]


def test_parts_of_complex_numbers_agree_apart() -> None:
    one, two = "1.0000000000000000e+00", "2.0000000000000000e+00"
    real, imag, *_ = parts(1 - 2j, 1 + 2j, imaginary=True)
    assert (real, imag) == ([(f"+{one}", AGREE)], [(f"-{two}", DIFFER), ("i", "")])
