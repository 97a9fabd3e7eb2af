"""Take the pictures of the dashboard that the documents show, of the demo's real result.

Run it from an environment in which Pytracer and its tests' requirements are installed:

    python tools/screenshot.py
"""

import subprocess
import sys
import tempfile
from pathlib import Path

from browser import chromium, dashboard
from selenium.webdriver import Chrome
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH, HEIGHT = 1100, 800
SECONDS = 60

FUNCTION = "numpy.log"
"""One with many calls, of which the first loses most."""


def take(driver: Chrome, address: str) -> None:
    """The timeline with one call selected."""
    driver.get(f"{address}timeline?function={FUNCTION}")
    wait = WebDriverWait(driver, SECONDS)
    points = wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#timeline .trace:last-child .point"))
    ActionChains(driver).move_to_element(points[0]).click().perform()
    wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#timeline .shapelayer path"))
    wait.until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#call tbody tr"))
    ActionChains(driver).move_to_element(driver.find_element(By.ID, "verdict")).perform()
    driver.save_screenshot(str(IMAGES / "timeline.png"))


def main() -> None:
    """Run the demo, show it, take the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "demo.h5"
        command = [sys.executable, "-m", "pytracer", "run", "-q", "-o", str(result), "examples/demo.py"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        with dashboard(result) as address, chromium(Path(folder) / "profile", WIDTH, HEIGHT) as driver:
            take(driver, address)


if __name__ == "__main__":
    main()
