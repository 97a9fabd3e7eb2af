"""Every chart is saved as the PNG and the SVG of what the reader sees, in light and in dark, or it is said why not."""

import json
import re
import struct
import urllib.request
import xml.etree.ElementTree as ET
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import browser
import pytest
from made import rich
from reader import Reader
from selenium.common.exceptions import TimeoutException
from selenium.webdriver import Chrome

from pytracer.visualize import pages
from pytracer.visualize.figures.theme import DARK, LIGHT

HEIGHT = 1500  # of the window: pages of several charts
INKS = {"light": LIGHT.ink, "dark": DARK.ink}
READABLE = 4.5
"""Contrast of a text and what is behind it (WCAG 2, AA)."""
ON_MARKS = {"bartext", "heatmap-label"}
"""Classes of texts that may stand on a mark, in the ink of its colour."""


@dataclass(frozen=True)
class Button:
    """What a page saves: its chart of the id `source`, or the figure 'page/name' of what is no chart there."""

    page: str
    source: str

    @property
    def name(self) -> str:
        return self.source.rpartition("/")[2]


def asked() -> list[Button]:
    """All that the programs of the pages ask for; a test compares it with what the pages have."""
    call = re.compile(r'\b(?:exports|_heading)\([^)\n]*?\b(?:chart|figure)="([^"]+)"')
    files = sorted(Path(pages.__file__).parent.glob("[!_]*.py"))
    return [Button(path.stem, source) for path in files for source in call.findall(path.read_text())]


BUTTONS = asked()
each_picture = pytest.mark.parametrize("theme", INKS)
each_chart = pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.name)

DRAWN = """
    const [ink, sources] = arguments;
    const buttons = [...document.querySelectorAll("#page button[data-image]")].map(button => button.dataset);
    const found = new Set(buttons.map(data => data.chart || data.figure));
    return sources.every(source => found.has(source)) && buttons.every(data => {
        if (data.figure) return true;
        const chart = document.querySelector(`#${data.chart} .js-plotly-plot`), drawn = chart && chart._fullLayout;
        return drawn && chart.data.length && chart.layout.font.color === ink
            && Math.abs(drawn.width - chart.clientWidth) < 1 && Math.abs(drawn.height - chart.clientHeight) < 1;
    });
"""
SAVE = """
    const seen = {};
    for (const button of document.querySelectorAll("#page button[data-image]")) {
        const chart = document.querySelector(`#${button.dataset.chart} .js-plotly-plot`);
        seen[button.dataset.chart || button.dataset.figure] = chart && {
            size: [chart.clientWidth, chart.clientHeight],
            texts: [...chart.querySelectorAll(".main-svg text")].map(text => text.textContent).filter(Boolean)};
        button.click();
    }
    return seen;
"""
CARD = "return getComputedStyle(document.querySelector('.card')).backgroundColor"
THEME = "return document.documentElement.dataset.theme"
HAS_PLOTLY = (
    "return [typeof window.Plotly, performance.getEntriesByType('resource').filter(e => /plotly/.test(e.name))]"
)


@dataclass(frozen=True)
class Saved:
    """What the buttons of all pages saved in one theme, and what the reader saw there."""

    folder: Path
    card: tuple[int, ...]  # red, green and blue behind the charts
    seen: dict[str, Any]  # by source: size and texts of a chart, None for a figure


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("results")
    here, there = (rich().write(folder / f"{name}.h5") for name in ("here", "there"))
    with browser.dashboard(here, "--compare", str(there)) as found:
        yield found


@pytest.fixture(scope="module")
def reader(chromium: Chrome, address: str) -> Reader:
    chromium.get("about:blank")
    reader = Reader(chromium, address)
    reader.problems()
    return reader


@pytest.fixture(scope="module")
def saved(reader: Reader, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Saved]:
    reader.open("")
    reader.sees("#overview", "Distribution")
    assert reader.driver.execute_script(HAS_PLOTLY) == ["undefined", []]
    found = {}
    for theme in INKS:
        if reader.driver.execute_script(THEME) != theme:
            reader.press("d")
            reader.until(theme, lambda theme=theme: reader.driver.execute_script(THEME) == theme)
        found[theme] = save_all(reader, theme, tmp_path_factory.mktemp(theme))
    assert reader.problems() == []
    return found


def save_all(reader: Reader, theme: str, folder: Path) -> Saved:
    """Click all buttons of all pages that have one."""
    behaviour = {"behavior": "allow", "downloadPath": str(folder)}
    reader.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
    seen: dict[str, Any] = {}
    for number, page in enumerate(pages.PAGES, 1):
        sources = [button.source for button in BUTTONS if button.page == module(page)]
        if sources:
            reader.press(str(number))
            ready = lambda sources=sources: reader.driver.execute_script(DRAWN, INKS[theme], sources)  # noqa: E731
            reader.until(f"{sources} are not drawn in {theme}", ready)
            seen |= reader.driver.execute_script(SAVE)
    wanted = {f"{button.name}.{form}" for button in BUTTONS for form in ("png", "svg")}
    missing = lambda: wanted - {file.name for file in folder.iterdir()}  # noqa: E731
    try:
        reader.until("all are saved", lambda: not missing())
    except TimeoutException:
        pytest.fail(f"not saved in {theme}: {missing()} {reader.texts('#problem')}")
    return Saved(folder, rgb(reader.driver.execute_script(CARD)), seen)


def module(page: object) -> str:
    return str(page.__name__).rpartition(".")[2]  # type: ignore[attr-defined]


def rgb(colour: str) -> tuple[int, ...]:
    """Of 'rgb(1, 2, 3)'."""
    return tuple(int(part) for part in re.findall(r"\d+", colour)[:3])


def contrast(one: Sequence[int], other: Sequence[int]) -> float:
    """Of two colours (WCAG 2)."""
    lights = []
    for colour in (one, other):
        linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        lights.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(lights) / min(lights)


def drawn(saved: Saved, button: Button, address: str) -> tuple[list[int], list[str]]:
    """Size and texts that a picture must have: those on the page, or those of the served figure."""
    if chart := saved.seen[button.source]:
        return chart["size"], chart["texts"]
    with urllib.request.urlopen(f"{address}figure/{button.source}.json") as response:
        figure = json.load(response)
    layout, [bars] = figure["layout"], figure["data"]
    titles = [layout[axis]["title"]["text"].replace("<br>", "") for axis in ("xaxis", "yaxis")]
    return [layout["width"], layout["height"]], [*titles, *bars["y"], *bars["text"]]


def first_pixel(png: bytes) -> tuple[int, ...]:
    """Red, green and blue in the upper left corner: nothing stands before it that a filter could refer to."""
    data, position = b"", 8
    while position < len(png):
        length, kind = struct.unpack(">I4s", png[position : position + 8])
        data += png[position + 8 : position + 8 + length] if kind == b"IDAT" else b""
        position += length + 12
    return tuple(zlib.decompress(data)[1:4])


@each_chart
@each_picture
def test_png_is_the_chart_on_the_colour_of_its_card(
    saved: dict[str, Saved], button: Button, theme: str, address: str
) -> None:
    png = (saved[theme].folder / f"{button.name}.png").read_bytes()
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert [*struct.unpack(">II", png[16:24])] == drawn(saved[theme], button, address)[0]
    assert first_pixel(png) == saved[theme].card


@each_chart
@each_picture
def test_svg_has_the_texts_of_the_chart_and_they_can_be_read(
    saved: dict[str, Saved], button: Button, theme: str, address: str
) -> None:
    root = ET.fromstring((saved[theme].folder / f"{button.name}.svg").read_text())
    size, texts = drawn(saved[theme], button, address)
    assert [int(root.attrib[side]) for side in ("width", "height")] == size
    assert fill(root[0]) == saved[theme].card
    written = list(texts_of(root))
    assert Counter(texts) - Counter(text for text, _, _ in written) == Counter()
    beside = [(text, colour) for text, colour, classes in written if not ON_MARKS & classes]
    assert beside
    assert [text for text, colour in beside if contrast(colour, saved[theme].card) < READABLE] == []


def texts_of(element: ET.Element, classes: frozenset[str] = frozenset()) -> Iterator[tuple[str, tuple[int, ...], Any]]:
    """Each text, its colour, and the classes of what it is in."""
    classes |= frozenset(element.get("class", "").split())
    if element.tag.endswith("}text"):
        text = "".join(element.itertext())
        if text:
            yield text, fill(element), classes
        return
    for child in element:
        yield from texts_of(child, classes)


def fill(element: ET.Element) -> tuple[int, ...]:
    found = re.search(r"\bfill: (rgb\([^)]*\))", element.get("style", ""))
    return rgb(found[1]) if found else ()


def test_themes_are_two_colours(saved: dict[str, Saved]) -> None:
    assert contrast(saved["light"].card, saved["dark"].card) > READABLE


def test_pages_have_these_buttons(saved: dict[str, Saved]) -> None:
    assert len({button.name for button in BUTTONS}) == len(BUTTONS) > 0
    assert all(found.seen.keys() == {button.source for button in BUTTONS} for found in saved.values())


def press(reader: Reader, source: str) -> None:
    reader.driver.execute_script(f"document.querySelector(`#page [data-figure='{source}']`).click()")


def told(reader: Reader) -> str:
    """The line that says what went wrong, which is then clicked away."""
    line = reader.find("#problem", "was not saved")
    text = line.text
    line.click()
    reader.until("hidden", lambda: not line.is_displayed())
    return str(text)


def test_what_cannot_be_saved_is_said_each_time(reader: Reader) -> None:
    """Nothing is saved here: Chromium does not reach the dashboard, or Plotly cannot make the picture."""
    source = "overview/distribution"
    reader.open("")
    reader.sees("#overview", "Distribution")
    for blocked, why in (
        ("*plotly.min.js", "what draws it cannot be loaded; is the dashboard still running?"),
        ("*/figure/*", "the dashboard does not answer; is it still running?"),
    ):
        reader.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": [blocked]})
        for _ in range(2):
            press(reader, source)
            assert told(reader) == f'The chart "distribution" was not saved as PNG: {why}'
    reader.driver.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    reader.driver.execute_script("Plotly.downloadImage = () => Promise.reject(new Error('too large'))")
    press(reader, source)
    assert told(reader) == 'The chart "distribution" was not saved as PNG: too large'
    reader.driver.execute_script(f"document.querySelector(`[data-figure='{source}']`).dataset.figure = 'overview/none'")
    press(reader, "overview/none")
    assert told(reader) == 'The chart "none" was not saved as PNG: the dashboard answers 404 NOT FOUND'
    reader.problems()  # of these requests


def test_chart_that_is_not_drawn_is_said(reader: Reader) -> None:
    reader.open("samples")
    reader.drawn("counters")
    reader.driver.execute_script("document.querySelector('#counters .js-plotly-plot').remove()")
    reader.driver.execute_script("document.querySelector('#page [data-image=svg]').click()")
    assert told(reader) == 'The chart "counters" was not saved as SVG: it is not drawn yet; try again in a moment'
