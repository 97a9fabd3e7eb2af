"""The dashboard in a real Chromium: what is selected, drawn and linked."""

import csv
import io
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
from reader import SECONDS, Reader
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from pytracer.visualize.state import State


@pytest.fixture(scope="module")
def address(sourced_file: Path) -> Iterator[str]:
    with browser.dashboard(sourced_file) as found:
        yield found


class Timeline(Reader):
    """A reader of the timeline."""

    def shows(self, function: str, points: int) -> None:
        self.until(f"title {function}", lambda: self.texts("#timeline-title") == [function])
        self.count("#timeline .scatterlayer .point", points)
        self.until("selected row", lambda: self.selected() == sorted(function.split(", ")))

    def selected(self) -> list[str]:
        return sorted(self.texts("#functions .ag-row-selected [col-id=name]"))

    def checked(self, *names: str) -> list[str]:
        script = "return document.querySelector(`#${arguments[0]} input:checked`).value"
        return [str(self.driver.execute_script(script, f"timeline-{name}")) for name in names]

    def style(self, selector: str, name: str) -> str:
        script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        return str(self.driver.execute_script(script, selector, name))


@pytest.fixture
def page(chromium: Chrome, address: str) -> Iterator[Timeline]:
    chromium.get("about:blank")
    reader = Timeline(chromium, address)
    reader.problems()
    yield reader
    reader.driver.execute_script("localStorage.clear()")
    assert reader.problems() == []


def test_opens_with_the_verdict_and_leads_to_the_worst_call(page: Timeline) -> None:
    page.open("")
    page.sees("#verdict h1", "mod.zeta loses ")
    page.sees("#overview", "1 reference, 4 measured")
    page.click("#overview a.view", "mod.zeta")
    page.shows("mod.zeta", 4)
    page.sees("#call h2", "mod.zeta called at script.py:30")
    page.count("#timeline .shapelayer path", 1)
    page.driver.back()
    page.sees("#overview", "Distribution")
    page.until("no card", lambda: page.texts("#call h2") == [])


def test_row_clicked_after_sorting_opens_its_function(page: Timeline) -> None:
    page.open("timeline")
    page.shows("mod.zeta", 4)
    page.click(".ag-header-cell[col-id=name] .ag-header-cell-text")
    in_order = [f"mod.{name}" for name in ("alpha", "fails", "middle", "silent", "zeta")]
    rows = """
        return [...document.querySelectorAll('.ag-row')]
            .sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))
            .map(row => row.querySelector('[col-id=name]').textContent)
    """
    page.until("sorted", lambda: page.driver.execute_script(rows) == in_order)
    page.click(".ag-row[row-index='0'] [col-id=name]")
    page.shows("mod.alpha", 21)
    page.at("?function=mod.alpha")
    page.click(".ag-row[row-index='2'] [col-id=name]")
    page.shows("mod.middle", 4)


def test_list_of_functions_is_searched_and_drives_the_timeline(page: Timeline) -> None:
    page.open("functions")
    page.count("#functions .ag-center-cols-container .ag-row", 5)
    page.press("/")
    page.press("alp")
    page.count("#functions .ag-center-cols-container .ag-row", 1)
    page.click(".ag-row [col-id=name]", "mod.alpha")
    page.at("function=mod.alpha")
    page.sees("#function-ways", "mod.alpha")
    page.click("nav a", "Timeline")
    page.shows("mod.alpha", 21)


def test_several_functions_are_drawn_together(page: Timeline) -> None:
    page.open("timeline")
    page.shows("mod.zeta", 4)
    row = page.find(".ag-row [col-id=name]", "mod.alpha")
    ActionChains(page.driver).key_down(Keys.CONTROL).click(row).key_up(Keys.CONTROL).perform()
    page.shows("mod.zeta, mod.alpha", 25)
    page.at("function=mod.zeta&others=mod.alpha")
    assert page.texts("#timeline .legendtext") == ["mod.alpha", "mod.zeta"]
    page.click(".ag-row [col-id=name]", "mod.middle")
    page.shows("mod.middle", 4)


def test_deep_link_is_the_whole_view(page: Timeline) -> None:
    page.open("timeline?function=mod.alpha&argument=y&y=std&x=time&y_scale=log&role=inputs")
    for _ in range(2):
        page.shows("mod.alpha", 7)
        assert page.checked("y", "x", "y_scale", "role") == ["std", "time", "log", "inputs"]
        page.sees("#timeline .ytitle", "standard deviation")
        page.sees("#timeline-argument", "y")
        page.driver.refresh()


def test_back_button_goes_back(page: Timeline) -> None:
    page.open("timeline")
    page.shows("mod.zeta", 4)
    page.click(".ag-row [col-id=name]", "mod.alpha")
    page.shows("mod.alpha", 21)
    page.click("#timeline-y label", "mean")
    page.sees("#timeline .ytitle", "mean (")
    page.at("?function=mod.alpha&y=mean")
    page.driver.back()
    page.sees("#timeline .ytitle", "significant bits (minimum over the elements)")
    page.until("control", lambda: page.checked("y") == ["bits"])
    page.driver.back()
    page.shows("mod.zeta", 4)
    page.driver.forward()
    page.shows("mod.alpha", 21)


def test_zoom_asks_the_server_and_back_shows_all(page: Timeline) -> None:
    page.open("timeline?function=mod.alpha")
    page.shows("mod.alpha", 21)
    plot = page.find("#timeline .nsewdrag")
    width, height = plot.size["width"], plot.size["height"]
    drag = ActionChains(page.driver).move_to_element_with_offset(plot, -width // 4, -height // 2 + 5)
    drag.click_and_hold().move_by_offset(width // 4, height - 10).release().perform()
    page.at("x_range=")
    page.sees("#timeline-note", "lie outside the range shown")
    page.until("fewer points", lambda: 0 < len(page.texts("#timeline .scatterlayer .point")) < 21)
    zoomed = page.driver.current_url
    page.driver.refresh()
    page.sees("#timeline-note", "lie outside the range shown")
    assert page.driver.current_url == zoomed
    page.press("0")
    page.shows("mod.alpha", 21)
    page.driver.back()
    page.sees("#timeline-note", "lie outside the range shown")


def test_zoom_of_a_logarithmic_axis_is_in_its_units(page: Timeline) -> None:
    page.open("timeline?function=mod.alpha&x_scale=log")
    page.count("#timeline .scatterlayer .point", 21)
    plot = page.find("#timeline .nsewdrag")
    width = plot.size["width"]
    drag = ActionChains(page.driver).move_to_element_with_offset(plot, 0, 0)
    drag.click_and_hold().move_by_offset(width // 2 - 5, 0).release().perform()
    page.at("x_range=")
    low, high = State.parse(page.driver.current_url.partition("?")[2]).x_range or (0, 0)
    assert 1 < low < 4 < high < 10  # calls 1 to 7: the middle of their logarithms lies at 2.6
    page.until("later calls", lambda: 0 < len(page.texts("#timeline .scatterlayer .point")) < 21)
    ActionChains(page.driver).move_to_element_with_offset(plot, 0, 0).double_click().perform()
    page.count("#timeline .scatterlayer .point", 21)
    assert "x_range" not in page.driver.current_url


def axis_range(page: Timeline, axis: str) -> list[float]:
    script = "return document.querySelector('#timeline .js-plotly-plot')._fullLayout[arguments[0]].range"
    return [float(end) for end in page.driver.execute_script(script, axis)]


def test_double_click_shows_what_the_address_says(page: Timeline) -> None:
    page.open("timeline?function=mod.alpha")
    page.shows("mod.alpha", 21)
    before = axis_range(page, "xaxis"), axis_range(page, "yaxis")
    moves = """
        window.moves = 0;
        document.querySelector("#timeline .js-plotly-plot").on("plotly_relayout", () => { window.moves += 1; });
    """
    page.driver.execute_script(moves)
    plot = page.find("#timeline .nsewdrag")
    ActionChains(page.driver).move_to_element_with_offset(plot, 30, 30).double_click().perform()
    page.until("it moves there and back", lambda: page.driver.execute_script("return window.moves > 1"))
    assert (axis_range(page, "xaxis"), axis_range(page, "yaxis")) == before
    assert "range" not in page.driver.current_url


def test_one_end_of_an_axis_is_a_zoom(page: Timeline) -> None:
    page.open("timeline?function=mod.alpha")
    page.shows("mod.alpha", 21)
    low = axis_range(page, "xaxis")[0]
    change = "Plotly.relayout(document.querySelector('#timeline .js-plotly-plot'), {'xaxis.range[1]': 3.5})"
    page.driver.execute_script(change)
    page.at("x_range=")
    assert State.parse(page.driver.current_url.partition("?")[2]).x_range == (low, 3.5)
    page.count("#timeline .scatterlayer .point", 9)


def test_back_after_a_zoom_undoes_that_zoom_alone(page: Timeline) -> None:
    page.open("timeline")
    page.shows("mod.zeta", 4)
    page.driver.execute_script("go('?function=mod.alpha')")
    page.shows("mod.alpha", 21)
    zoom = "Plotly.relayout(document.querySelector('#timeline .js-plotly-plot'), {'xaxis.range': [0.5, arguments[0]]})"
    page.driver.execute_script(zoom, 5.5)
    page.count("#timeline .scatterlayer .point", 15)
    page.driver.back()
    page.shows("mod.alpha", 21)
    page.driver.execute_script("lastMove.when = performance.now();" + zoom, 3.5)  # as if all that took no time
    page.count("#timeline .scatterlayer .point", 9)
    page.driver.back()
    page.shows("mod.alpha", 21)
    page.driver.back()
    page.shows("mod.zeta", 4)


def test_list_follows_the_module_of_the_address(page: Timeline) -> None:
    page.open("timeline?module=gone")
    page.sees("#timeline .annotation-text", "choose one in the list")
    assert page.texts("#functions .ag-row") == []
    page.driver.execute_script("go('?')")
    page.shows("mod.zeta", 4)
    page.until("all functions", lambda: len(page.texts("#functions .ag-row")) > 1)


def test_point_tells_its_call_which_all_pages_select(page: Timeline) -> None:
    page.open("timeline")
    page.shows("mod.zeta", 4)
    point = page.driver.find_elements(By.CSS_SELECTOR, "#timeline .point")[3]
    ActionChains(page.driver).move_to_element(point).perform()
    page.sees("#timeline .hovertext", "return at script.py:30")
    ActionChains(page.driver).move_to_element(point).click().perform()
    page.sees("#call h2", "mod.zeta called at script.py:30")
    assert page.texts("#call tbody td:nth-child(2)") == ["x", "return"]
    page.driver.refresh()
    page.sees("#call h2", "mod.zeta called at script.py:30")
    page.count("#timeline .shapelayer path", 1)
    page.press("s")
    page.sees("#source-lines .current .line-text", "line_30 = <30>")
    page.press("p")
    page.sees("#source-lines .current .line-text", "line_20 = <20>")
    page.sees("#call h2", "mod.zeta called at script.py:20")
    page.press("u")
    page.sees("#call h2", "mod.middle called at script.py:1")
    page.press("x")
    page.until("no card", lambda: page.texts("#call h2") == [])


def test_line_of_the_source_selects_its_worst_call(page: Timeline) -> None:
    page.open("source")
    page.sees("#source-lines .current .line-text", "line_30 = <30>")
    page.until(
        "centred", lambda: page.driver.execute_script("return document.getElementById('source-lines').scrollTop")
    )
    page.click("#source-lines .line-text a", "line_10 = <10>")
    page.sees("#call h2", "mod.alpha called at script.py:10")
    page.sees("#source-calls h2", "line 10 ")
    page.click("#source-lines .line-number a", "31")
    page.sees("#source-calls", "No recorded call was made from this line")
    page.at("line=31")
    page.driver.back()
    page.sees("#source-calls h2", "line 10 ")


@pytest.mark.parametrize("width", [1000, 1400])
def test_header_cuts_nothing(page: Timeline, width: int) -> None:
    """A text that is cut and told by a mouse alone is lost to who has none."""
    cut = """return [...document.querySelectorAll('header *, #verdict *')]
        .filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== 'inline')
        .map(e => e.textContent)"""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    try:
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        page.open("")
        page.sees("#verdict .note", "sourced.h5")
        page.sees("#overview .facts code", "script.py")
        page.sees("nav", "Compare")
        assert page.driver.execute_script(cut) == []
        assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size | {"width": 1400, "height": 1000})


def test_decimal_digits_everywhere(page: Timeline) -> None:
    page.open("timeline?function=mod.zeta")
    page.shows("mod.zeta", 4)
    page.click("#unit label", "decimal digits")
    page.at("unit=digits")
    page.sees("#timeline .ytitle", "significant digits")
    page.sees("#functions .ag-header", "significant digits")
    page.sees("#timeline-y", "significant digits")
    page.sees("#headline", " digits")
    page.sees("#verdict-detail", "significant digits")
    page.click("nav a", "Overview")
    page.sees("#overview h2", "significant digits lost")
    page.driver.refresh()
    page.sees("#overview h2", "significant digits lost")
    page.until(
        "switch",
        lambda: page.driver.execute_script("return document.querySelector('#unit input:checked').value") == "digits",
    )


def test_navigation_keeps_the_state(page: Timeline) -> None:
    page.open("timeline/?function=mod.alpha")
    page.shows("mod.alpha", 21)
    page.sees("nav a[aria-current]", "Timeline")
    page.count("nav a[aria-current]", 1)
    script = "return [...document.querySelectorAll('nav a')].map(a => a.search)"
    assert set(page.driver.execute_script(script)) == {"?function=mod.alpha"}
    page.click("nav a", "Source")
    page.sees("nav a[aria-current]", "Source")
    page.count("nav a[aria-current]", 1)
    page.at("source?function=mod.alpha")


def test_keys_lead_through_the_pages(page: Timeline) -> None:
    page.open("?function=mod.alpha")
    page.sees("nav a[aria-current]", "Overview")
    page.press("3")
    page.sees("nav a[aria-current]", "Functions")
    page.press("2")
    page.shows("mod.alpha", 21)
    page.press("?")
    page.until("help", lambda: page.find("#help").is_displayed())
    page.press(Keys.ESCAPE)
    page.until("no help", lambda: not page.driver.find_element(By.ID, "help").is_displayed())


def test_dark_mode_stays(page: Timeline) -> None:
    looks = (("body", "backgroundColor"), ("#timeline .xtick text", "fill"), (".ag-root-wrapper", "backgroundColor"))
    page.open("")
    page.sees("#overview", "Distribution")
    page.click("nav a", "Timeline")
    page.shows("mod.zeta", 4)
    light = [page.style(*look) for look in looks]
    differs = lambda: all(a != page.style(*look) for a, look in zip(light, looks, strict=True))  # noqa: E731
    page.click("#theme-switch")
    page.until("dark", differs)
    page.driver.refresh()
    page.shows("mod.zeta", 4)
    page.until("dark", differs)
    page.click("nav a", "Source")
    page.sees("#source-lines .current", "line_30")
    page.press("d")
    page.until("light", lambda: page.style("body", "backgroundColor") == light[0])


def test_numbers_and_pictures_are_saved(page: Timeline, tmp_path: Path) -> None:
    behaviour = {"behavior": "allow", "downloadPath": str(tmp_path)}
    page.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    page.open("timeline?function=mod.alpha&argument=return")
    page.shows("mod.alpha", 7)
    for form in ("SVG", "PNG", "CSV"):
        page.click(".chart .exports > *", form)
    names = ("timeline.svg", "timeline.png", "timeline-values.csv")
    WebDriverWait(page.driver, SECONDS).until(lambda _: all((tmp_path / name).exists() for name in names))
    assert "<svg" in (tmp_path / "timeline.svg").read_text()
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(csv.DictReader(io.StringIO((tmp_path / "timeline-values.csv").read_text())))) == 7


def test_unknown_function_call_and_page_are_messages(page: Timeline) -> None:
    page.open("timeline?function=gone")
    page.sees("#timeline .annotation-text", "This result has no function 'gone': choose one in the list.")
    page.open("source?call=999999")
    page.sees("#call", "This result has no call 999999")
    page.open("nowhere")
    page.sees("#page", "There is no page here. Go to the overview")


def test_unperturbed_result_shows_no_bits(chromium: Chrome, unperturbed_file: Path) -> None:
    with browser.dashboard(unperturbed_file) as address:
        page = Timeline(chromium, address)
        for path in ("", "timeline", "functions", "source?function=mod.zeta"):
            page.open(path)
            page.sees("#verdict h1", "Not perturbed")
            page.sees("#page", "zeta")
            assert float(page.style("#verdict h1", "fontSize").removesuffix("px")) >= 40
            assert "bits" not in chromium.find_element(By.TAG_NAME, "body").text
        page.open("timeline?y_range=0.5..1.5")
        page.sees("#timeline .ytitle", "mean")
        page.until("zoomed", lambda: axis_range(page, "yaxis") == [0.5, 1.5])
        page.sees("#timeline-note", "show all")


def test_result_without_calls_says_what_to_do(chromium: Chrome, empty_file: Path) -> None:
    with browser.dashboard(empty_file) as address:
        page = Timeline(chromium, address)
        page.open("")
        page.sees("#page", "No call was recorded. Name what to record with `pytracer run --trace NAME script.py`.")


def test_token_is_shown_once(chromium: Chrome, sourced_file: Path) -> None:
    with browser.dashboard(sourced_file, "--token") as address:
        page = Timeline(chromium, address)
        page.open("")
        page.sees("#overview", "Distribution")
        assert "token" not in chromium.current_url
        plain = address.partition("?")[0]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            urllib.request.urlopen(plain)
