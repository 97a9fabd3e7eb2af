"""The dashboard in a real Chromium: what is selected, drawn and linked."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import browser
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 60


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    missing = browser.missing()
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing, f"not installed: {', '.join(missing)}"
    with browser.chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def address(result_file: Path) -> Iterator[str]:
    with browser.dashboard(result_file) as found:
        yield found


class Page:
    """What a reader does and sees."""

    def __init__(self, driver: Chrome, address: str) -> None:
        self.driver = driver
        self.address = address
        self.open("")

    def open(self, path: str) -> None:
        self.driver.get(self.address + path)
        self.driver.execute_script("localStorage.clear()")

    def texts(self, selector: str) -> list[str]:
        found = self.driver.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return [str(text) for text in found]

    def wait(self, what: str, selector: str, expected: object) -> None:
        """Until the elements' texts are `expected`, a list, or as many as `expected`, a number."""

        def reached(_: Chrome) -> bool:
            texts = self.texts(selector)
            return (len(texts) if isinstance(expected, int) else texts) == expected

        WebDriverWait(self.driver, SECONDS).until(reached, f"{what}: {self.texts(selector)}")

    def shows(self, function: str, points: int) -> None:
        self.wait("title", "#function", [function])
        self.wait("points", "#timeline .point", points)
        self.wait("selected row", "#functions .ag-row-selected [col-id=name]", [function])

    def click(self, selector: str, text: str | None = None) -> None:
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        [element] = [element for element in found if text is None or element.text == text]
        ActionChains(self.driver).move_to_element(element).click().perform()

    def url(self, ending: str) -> None:
        WebDriverWait(self.driver, SECONDS).until(
            lambda driver: driver.current_url.endswith(ending), f"{self.driver.current_url} does not end with {ending}"
        )

    def checked(self) -> list[str]:
        return [
            str(v)
            for v in self.driver.execute_script(
                "return [...document.querySelectorAll('.switch input:checked')].map(e => e.value)"
            )
        ]


@pytest.fixture
def page(chromium: Chrome, address: str) -> Iterator[Page]:
    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    page = Page(chromium, address)
    yield page
    assert [entry for entry in chromium.get_log("browser") if entry["level"] == "SEVERE"] == []
    assert [url for url in requests(chromium) if not url.startswith((address, "data:", "blob:", "about:"))] == []


def requests(driver: Chrome) -> list[str]:
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


def test_opens_with_the_verdict_and_the_worst_function(page: Page) -> None:
    page.shows("mod.zeta", 4)
    [headline] = page.texts("#verdict h1")
    assert headline.startswith("mod.zeta loses ")
    assert page.texts("#timeline .legendtext") == ["x", "return"]


def test_row_clicked_after_sorting_opens_its_function(page: Page) -> None:
    page.shows("mod.zeta", 4)
    page.click(".ag-header-cell[col-id=name] .ag-header-cell-text")
    in_order = [f"mod.{name}" for name in ("alpha", "fails", "middle", "silent", "zeta")]
    rows = """
        return [...document.querySelectorAll('.ag-row')]
            .sort((a, b) => a.getAttribute('row-index') - b.getAttribute('row-index'))
            .map(row => row.querySelector('[col-id=name]').textContent)
    """
    WebDriverWait(page.driver, SECONDS).until(lambda driver: driver.execute_script(rows) == in_order)
    page.click(".ag-row[row-index='0'] [col-id=name]")
    page.shows("mod.alpha", 21)
    page.url("?function=mod.alpha")
    page.click(".ag-row[row-index='2'] [col-id=name]")
    page.shows("mod.middle", 4)


def test_deep_link_is_the_whole_view(page: Page) -> None:
    page.open("timeline?function=mod.alpha&argument=y&y=std&x=time&scale=log")
    for _ in range(2):
        page.shows("mod.alpha", 7)
        assert page.checked() == ["std", "time", "log"]
        assert page.texts("#timeline .ytitle") == ["standard deviation"]
        page.driver.refresh()


def test_back_button_goes_back(page: Page) -> None:
    page.shows("mod.zeta", 4)
    page.click(".ag-row [col-id=name]", "mod.alpha")
    page.shows("mod.alpha", 21)
    page.click(".switch label", "mean")
    page.wait("axis", "#timeline .ytitle", ["mean"])
    page.url("?function=mod.alpha&y=mean")
    page.driver.back()
    page.wait("axis", "#timeline .ytitle", ["significant bits (minimum over the elements)"])
    assert page.checked()[0] == "bits"
    page.driver.back()
    page.shows("mod.zeta", 4)
    page.driver.forward()
    page.shows("mod.alpha", 21)


def test_point_tells_its_call(page: Page) -> None:
    page.shows("mod.zeta", 4)
    point = page.driver.find_elements(By.CSS_SELECTOR, "#timeline .point")[3]
    ActionChains(page.driver).move_to_element(point).perform()
    page.wait("hover", "#timeline .hovertext", 1)
    assert "return at script.py:30" in page.texts("#timeline .hovertext")[0]
    ActionChains(page.driver).move_to_element(point).click().perform()
    page.wait("call", "#call h2", ["mod.zeta called at script.py:30"])
    assert page.texts("#call tbody td:nth-child(2)") == ["x", "return"]
    page.driver.refresh()
    page.wait("call", "#call h2", ["mod.zeta called at script.py:30"])
    page.wait("mark", "#timeline .shapelayer path", 1)


def test_dark_mode_stays(page: Page) -> None:
    page.shows("mod.zeta", 4)
    colours = (
        "return [getComputedStyle(document.body).backgroundColor, "
        "getComputedStyle(document.querySelector('#timeline .xtick text')).fill, "
        "getComputedStyle(document.querySelector('.ag-root-wrapper')).backgroundColor]"
    )
    light = page.driver.execute_script(colours)
    page.click("#theme-switch")
    differs = lambda driver: all(a != b for a, b in zip(light, driver.execute_script(colours), strict=True))  # noqa: E731
    WebDriverWait(page.driver, SECONDS).until(differs)
    page.driver.refresh()
    page.shows("mod.zeta", 4)
    WebDriverWait(page.driver, SECONDS).until(differs)


def test_unknown_function_and_page_are_messages(page: Page) -> None:
    page.open("timeline?function=gone")
    page.wait("message", "#timeline .annotation-text", ["This result has no function 'gone': choose one in the list."])
    page.open("nowhere")
    page.wait("message", "#page", ["There is no page here. Go to the timeline"])


def test_unperturbed_result_shows_no_bits(chromium: Chrome, unperturbed_file: Path) -> None:
    with browser.dashboard(unperturbed_file) as address:
        page = Page(chromium, address)
        page.wait("verdict", "#verdict h1", ["Not perturbed"])
        page.wait("axis", "#timeline .ytitle", ["mean"])
        size = "return parseFloat(getComputedStyle(document.querySelector('#verdict h1')).fontSize)"
        assert chromium.execute_script(size) >= 40
        assert "bits" not in chromium.find_element(By.TAG_NAME, "body").text


def test_result_without_calls_says_what_to_do(chromium: Chrome, empty_file: Path) -> None:
    with browser.dashboard(empty_file) as address:
        page = Page(chromium, address)
        page.wait(
            "message",
            "#page",
            ["No call was recorded. Name what to record with `pytracer run --trace NAME script.py`."],
        )
