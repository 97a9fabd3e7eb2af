"""What a reader of the dashboard does and sees, in a browser of `browser.chromium`."""

import json
import time
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

SECONDS = 60
POLL_SECONDS = 0.05
STILL_SECONDS = 0.2
"""For so long must something stand still before it is clicked."""


class Reader:
    """Looks at one dashboard."""

    def __init__(self, driver: Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(self, path: str) -> None:
        """Go to a path of the dashboard, as if its address was sent."""
        self.driver.get(self.address + path)

    def texts(self, selector: str) -> list[str]:
        """The texts of the elements that the selector finds."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)"
        return [str(text) for text in self.driver.execute_script(script, selector)]

    def until(self, what: str, reached: Callable[[], Any]) -> Any:
        """Wait until it is true, and return it."""
        return WebDriverWait(self.driver, SECONDS, POLL_SECONDS).until(lambda _: reached(), what)

    def sees(self, selector: str, text: str) -> None:
        """Wait until the elements found say `text` somewhere."""
        found = [""]

        def reached() -> bool:
            found[0] = " | ".join(self.texts(selector))
            return text in found[0]

        WebDriverWait(self.driver, SECONDS, POLL_SECONDS).until(lambda _: reached(), f"{selector} never said {text!r}")

    def count(self, selector: str, number: int) -> None:
        """Wait until there are so many elements."""
        self.until(f"{selector}: not {number}", lambda: len(self.texts(selector)) == number)

    def at(self, part: str) -> None:
        """Wait until the address holds `part`."""
        self.until(f"{self.driver.current_url} does not hold {part}", lambda: part in self.driver.current_url)

    def find(self, selector: str, text: str = "") -> WebElement:
        """The first element with this text in it."""

        def first() -> WebElement | None:
            found = self.driver.find_elements(By.CSS_SELECTOR, selector)
            return next((element for element in found if text in element.text), None)

        element: WebElement = self.until(f"no {selector} with {text!r}", first)
        return element

    def click(self, selector: str, text: str = "") -> None:
        """Click on the first element with this text in it."""

        def clicked() -> bool:
            try:
                element = self.find(selector, text)
                self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
                before = element.rect
                time.sleep(STILL_SECONDS)
                if element.rect != before:
                    return False
                ActionChains(self.driver).move_to_element(element).click().perform()
            except StaleElementReferenceException:
                return False  # the page was drawn anew
            return True

        self.until(f"{selector} with {text!r} never stood still", clicked)

    def drawn(self, chart: str) -> None:
        """Wait until a chart has its final figure, with marks or a message in it."""
        script = """
            const plot = document.querySelector('#' + arguments[0] + ' .js-plotly-plot');
            return plot && plot.data && (plot.data.length > 0 || (plot.layout.annotations || []).length > 0)
        """
        self.until(f"{chart} is not drawn", lambda: self.driver.execute_script(script, chart))

    def press(self, key: str) -> None:
        """Type a key on the page."""
        ActionChains(self.driver).send_keys(key).perform()

    def problems(self) -> list[Any]:
        """What the console complained of, and requests to other hosts, since the last time."""
        complaints = [entry for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
        messages = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        urls = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
        return complaints + [url for url in urls if not url.startswith((self.address, "data:", "blob:", "about:"))]
