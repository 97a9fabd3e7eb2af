"""Call graph, zoom, divergences, samples and comparison in a real Chromium: what is drawn, selected and linked."""

import urllib.request
from collections.abc import Iterator

import browser
import pytest
from made import Made, rich
from reader import Reader
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pytracer.visualize.state import State

HEIGHT = 1500  # of the window: pages of several charts


def second() -> Made:
    """Another result: `solve` keeps 20 bits more, `phase` is gone."""
    made = Made()
    for number in range(4):
        made.sample(number)
    made.call(made.function("solve"), site=made.site(10), output_bits_min=25.0, bits_lost=20.0)
    made.call(made.function("dot"), site=made.site(20), output_bits_min=44.0, bits_lost=6.0)
    return made


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("results")
    there = second().write(folder / "there.h5")
    with browser.dashboard(rich().write(folder / "here.h5"), "--compare", str(there)) as found:
        yield found


@pytest.fixture
def reader(chromium: Chrome, address: str) -> Iterator[Reader]:
    chromium.get("about:blank")
    reader = Reader(chromium, address)
    reader.problems()
    yield reader
    assert reader.problems() == []


def turn_wheel(reader: Reader, chart: str, *, across: float = 0.5) -> None:
    """Zoom into a chart at a share of its width."""
    place = reader.find(f"#{chart} .nsewdrag").rect
    point = {"x": place["x"] + place["width"] * across, "y": place["y"] + place["height"] / 2}
    for _ in range(6):
        wheel = {"type": "mouseWheel", "deltaX": 0, "deltaY": -300}
        reader.driver.execute_cdp_cmd("Input.dispatchMouseEvent", wheel | point)


def test_bars_are_nested_and_select_calls(reader: Reader) -> None:
    reader.open("callgraph")
    reader.sees("#gantt .bartext", "5.0  mod.solve")
    reader.sees("#gantt-note", "50 short calls share 1 bar,")
    reader.click("#gantt .bartext", "mod.solve")
    reader.at("function=mod.solve&call=1")
    reader.sees("#call h2", "mod.solve called at script.py:10")
    reader.count("#gantt .shapelayer path", 2)  # the frame, and the line between two lanes
    reader.press("u")  # the call around
    reader.sees("#call h2", "mod.main called at script.py:1")
    reader.driver.back()
    reader.sees("#call h2", "mod.solve called at script.py:10")
    reader.driver.refresh()
    reader.sees("#call h2", "mod.solve called at script.py:10")


def test_wheel_asks_for_more_bars(reader: Reader) -> None:
    reader.open("callgraph?time_range=0.0..0.0016")
    reader.count("#gantt .point path", 2 + 50)
    reader.press("0")
    reader.sees("#gantt-note", "50 short calls share 1 bar,")
    assert "time_range" not in reader.driver.current_url
    turn_wheel(reader, "gantt", across=0.005)
    reader.at("time_range=")
    shown = "return document.querySelector('#gantt .js-plotly-plot').layout.xaxis.range"

    def time_range() -> list[float]:
        return list(State.parse(reader.driver.current_url.partition("?")[2]).time_range or ())

    reader.until("the range of the address", lambda: reader.driver.execute_script(shown) == time_range())
    low, high = time_range()
    assert high - low < 0.99
    reader.driver.back()
    reader.sees("#gantt-note", "50 short calls share 1 bar,")


def test_graph_is_clicked_and_listed(reader: Reader) -> None:
    reader.open("callgraph")
    reader.sees("#callgraph .bartext", "5.0 left, 40.0 lost")
    reader.count("#callgraph .bartext", 6)
    reader.click("#callgraph .bartext", "mod.dot")
    reader.at("function=mod.dot")
    reader.sees("#callgraph-neighbours table", "called by")
    reader.click("#callgraph-neighbours a", "mod.solve")
    reader.sees("#callgraph-function", "chosen: mod.solve")
    reader.click("#callgraph-shown label", "around")
    reader.at("graph=around")
    reader.click("#callgraph-colour label", "lost")
    reader.at("colour=lost")
    reader.sees("#gantt .bartext", "40.0  mod.solve")


def test_lane_is_in_the_address(reader: Reader) -> None:
    reader.open("callgraph?lane=1")
    reader.count("#gantt .point path", 1)
    reader.sees("#callgraph-lane", "process-0 lane-0.0")


def test_zoom_shows_the_worst_element(reader: Reader) -> None:
    reader.open("zoom")
    reader.sees("#zoom-title", "return of mod.solve")
    reader.sees("#zoom-facts", "condition number1e+09")
    reader.sees("#heatmap .heatmap-label", "5.0")
    reader.sees("#zoom-element", "return[1, 2, 3] in each sample mean 33, std 0.5, 5.0 bits")
    reader.count("#zoom-samples tbody tr", 4)
    assert set(reader.texts("#zoom-samples .agree")) == {"+3.300", "e+01"}


def click_cell(reader: Reader, row: float, column: float, *, click: bool) -> None:
    """The pointer goes to a cell of a heatmap of 4 x 5."""
    plot = reader.find("#heatmap .nsewdrag")
    x = (column + 0.5) / 5 - 0.5
    y = (row + 0.5) / 4 - 0.5
    offset = (round(x * plot.size["width"]), round(y * plot.size["height"]))
    chain = ActionChains(reader.driver).move_to_element_with_offset(plot, *offset)
    (chain.click() if click else chain).perform()


def test_pointer_shows_samples_and_click_selects(reader: Reader) -> None:
    reader.open("zoom")
    reader.sees("#heatmap .heatmap-label", "5.0")
    reader.sees("#zoom-element", "return[1, 2, 3]")
    click_cell(reader, 0, 4, click=False)
    reader.sees("#zoom-element", "return[1, 0, 4]")
    assert "element" not in reader.driver.current_url
    click_cell(reader, 0, 4, click=True)
    reader.at("element=24")
    reader.driver.refresh()
    reader.sees("#zoom-element", "return[1, 0, 4]")


def test_zoom_controls_are_in_the_address(reader: Reader) -> None:
    reader.open("zoom")
    reader.drawn("heatmap")
    for label, part in (("std", "quantity=std"), ("log", "colour_scale=log")):
        reader.click("#zoom-quantity label, #zoom-scale label", label)
        reader.at(part)
    reader.click("#zoom-along label", "down")
    reader.at("along=down")
    reader.click("#zoom-normalisation label", "density")
    reader.sees("#histogram .ytitle", "share per decade")
    bins = reader.find("#zoom-bins")
    bins.send_keys("7", Keys.ENTER)
    reader.at("bins=7")
    reader.driver.back()
    reader.until("bins are back", lambda: reader.find("#zoom-bins").get_attribute("value") == "")


def test_wheel_zooms_into_an_array(reader: Reader) -> None:
    reader.open("zoom")
    reader.sees("#heatmap .heatmap-label", "5.0")
    labels = len(reader.texts("#heatmap .heatmap-label"))
    turn_wheel(reader, "heatmap")
    reader.at("across_range=")
    reader.at("down_range=")
    reader.sees("#heatmap-note", "show all")
    reader.until("fewer cells", lambda: 0 < len(reader.texts("#heatmap .heatmap-label")) < labels)
    zoomed = reader.driver.current_url
    reader.driver.refresh()
    reader.sees("#heatmap-note", "show all")
    assert reader.driver.current_url == zoomed
    reader.press("0")
    reader.count("#heatmap .heatmap-label", labels)
    reader.driver.back()
    reader.sees("#heatmap-note", "show all")


def test_ways_out_keep_everything_else(reader: Reader) -> None:
    reader.open("zoom?bins=9&along=down&normalisation=share&across_range=0.5..3.5")
    reader.sees("#heatmap-note", "show all")
    reader.press("0")
    reader.until("no range", lambda: "range" not in reader.driver.current_url)
    for part in ("bins=9", "along=down", "normalisation=share"):
        reader.at(part)
    reader.open("callgraph?function=mod.solve&lane=0&time_range=0.1..0.5")
    reader.click("#callgraph-neighbours a", "mod.dot")
    reader.at("function=mod.dot")
    reader.at("lane=0")
    reader.at("time_range=0.1..0.5")


def test_wheel_on_the_line_zooms_the_array_too(reader: Reader) -> None:
    reader.open("zoom")
    reader.drawn("profile")
    turn_wheel(reader, "profile")
    reader.at("across_range=")
    assert "down_range" not in reader.driver.current_url
    reader.sees("#heatmap-note", "show all")


def test_complex_parts_are_apart(reader: Reader) -> None:
    reader.open("zoom?function=mod.phase")
    reader.sees("#zoom-element", "29.0 bits of the imaginary part".replace("bits of", "of"))
    reader.sees("#heatmap .heatmap-label", "30.0")
    reader.click("#zoom-part label", "imaginary")
    reader.sees("#heatmap .heatmap-label", "29.0")


def test_axes_are_chosen(reader: Reader) -> None:
    reader.open("zoom?across=0&down=1")
    reader.sees("#heatmap .xtitle", "axis 0")
    reader.sees("#heatmap .ytitle", "axis 1")
    reader.sees("#heatmap-note", "axis 2 at 3")


def test_divergence_leads_to_its_evidence(reader: Reader) -> None:
    reader.open("divergences")
    reader.sees("#divergences h2", "Samples took other ways at 2 places")
    reader.count("#divergences .side", 3)
    reader.click("#divergences a", "the last call of all: mod.solve")
    reader.sees("#call h2", "mod.solve called at script.py:10")
    reader.at("divergence=0")
    reader.click("#divergences a", "return[1, 2, 3]")
    reader.sees("#zoom-element", "return[1, 2, 3] in each sample")
    reader.driver.back()
    reader.click("#divergences a", "unknown place")
    reader.sees("#divergences", "No recorded value differed before")


def test_samples_are_listed_and_counted(reader: Reader) -> None:
    reader.open("samples?counter=noisy_loops")
    reader.sees("#page table", "failed")
    reader.sees("#counters .bartext", "300")
    reader.sees("#samples-counter", "NumPy loops with noise")
    assert "1 call was cut" in reader.driver.find_element(By.ID, "page").text


def test_samples_have_a_time(reader: Reader) -> None:
    reader.open("samples")
    reader.sees("#page td", "reference | 0 |  | 1.50 s | 2026-01-31 23:59:00.250+01:00")
    reader.sees("#page td", "failed | 3 | exit code 3; its trace ends early; 1 call was cut | unknown | unknown")
    reader.sees("#page .note", "wall time of the whole process, with tracing and noise")
    reader.open("samples?counter=seconds")
    reader.sees("#samples-counter", "seconds of wall time")
    reader.sees("#counters .ytitle", "seconds of wall time")
    reader.count("#counters .bartext", 4)
    reader.sees("#counters .bartext", "4.50")


def test_changed_functions_lead_to_their_calls(reader: Reader) -> None:
    reader.open("compare")
    reader.sees("#compared .legendtext", "the other result")
    reader.sees("#compare-list", "mod.phase")
    reader.sees("#compare-list .worse", "-20.0")
    assert "mod.dot" not in reader.driver.find_element(By.ID, "compare-list").text
    reader.click("#compare-changes label", "all")
    reader.sees("#compare-list", "mod.dot")
    reader.click("#unit label", "digits")
    reader.sees("#compare-verdicts", " digits")
    reader.sees("#compare-note", "digits are estimates")
    reader.click("#unit label", "bits")
    reader.sees("#compare-verdicts", " bits")
    reader.click("#compare-list a", "mod.solve")
    reader.sees("#call h2", "mod.solve called at script.py:10")


def test_pages_follow_the_theme_and_the_unit(reader: Reader) -> None:
    reader.open("callgraph")
    reader.sees("#gantt .bartext", "5.0  mod.solve")
    ink = "return getComputedStyle(document.querySelector('#gantt .xtitle')).fill"
    before = reader.driver.execute_script(ink)
    reader.press("d")
    reader.until("the ink changes", lambda: reader.driver.execute_script(ink) != before)
    reader.click("#unit label", "digits")
    reader.sees("#gantt .bartext", "1.51  mod.solve")
    reader.sees("#callgraph-colour", "digits lost")
    reader.press("d")
    reader.until("the ink is back", lambda: reader.driver.execute_script(ink) == before)


@pytest.mark.parametrize(
    ("path", "lines"),
    [
        ("callgraph/bars", 1 + 6),
        ("callgraph/edges", 1 + 6),
        ("zoom/elements", 1 + 60),
        ("zoom/samples", 1 + 4),
        ("zoom/line", 1 + 5),
        ("zoom/histogram", 1 + 40),
        ("divergences/divergences", 1 + 5),
        ("samples/samples", 1 + 5),
        ("samples/counters", 1 + 5),
        ("compare/functions", 1 + 5),
    ],
)
def test_every_chart_has_a_table(address: str, path: str, lines: int) -> None:
    with urllib.request.urlopen(f"{address}csv/{path}.csv") as response:
        assert response.headers["Content-Type"].startswith("text/csv")
        assert len(response.read().decode().splitlines()) == lines
