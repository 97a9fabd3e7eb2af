"""Take the pictures of the dashboard that the documents show, of the demo's real result.

Run it from an environment in which Pytracer and its tests' requirements are installed:

    python tools/screenshots.py [RESULT OTHER]

Without results it runs the demo twice, with two seeds.
"""

import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from browser import chromium, dashboard
from reader import Reader

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
WIDTH = 1280

CULPRIT = "spread_by_covariance_unstable"
"""The function of the demo that loses most."""


def overview(reader: Reader) -> None:
    """What the reader sees first."""
    reader.open("")
    reader.sees("#verdict h1", CULPRIT)
    reader.sees("#page table", "PCA.fit")


def timeline(reader: Reader) -> None:
    """The worst call is selected, as the link of the overview does it."""
    overview(reader)
    reader.click("#page a", CULPRIT)
    reader.drawn("timeline")
    reader.sees("#call h2", CULPRIT)


def callgraph(reader: Reader) -> None:
    """The calls inside the selected one, and the graph around it."""
    reader.open(f"callgraph?function={CULPRIT}&call={worst_call(reader)}&graph=around&colour=lost")
    reader.drawn("gantt")
    reader.drawn("callgraph")
    reader.sees("#callgraph-neighbours table", "PCA")


def source(reader: Reader) -> None:
    """The line that calls it."""
    reader.open(f"source?function={CULPRIT}&call={worst_call(reader)}")
    reader.sees("#page", "spread_by_svd_stable")


def zoom(reader: Reader) -> None:
    """Its result, element by element."""
    reader.open(f"zoom?function={CULPRIT}&call={worst_call(reader)}")
    reader.sees("#zoom-samples tbody", "unperturbed")
    for chart in ("heatmap", "observed", "profile", "histogram"):
        reader.drawn(chart)


def divergences(reader: Reader) -> None:
    """The search for a minimum that went different ways."""
    reader.open("divergences")
    reader.sees("#divergences", "minus_log_likelihood")


def samples(reader: Reader) -> None:
    """The executions."""
    reader.open("samples")
    reader.drawn("counters")


def compare(reader: Reader) -> None:
    """Two seeds."""
    reader.open("compare")
    reader.drawn("compared")
    reader.sees("#compare-list table", "numpy")


def dark(reader: Reader) -> None:
    """The timeline in the dark."""
    timeline(reader)
    reader.press("d")
    reader.until(
        "it is dark", lambda: reader.driver.execute_script("return document.documentElement.dataset.theme === 'dark'")
    )
    reader.drawn("timeline")


PICTURES: dict[str, tuple[Callable[[Reader], None], int]] = {
    "overview": (overview, 1000),
    "timeline": (timeline, 1050),
    "source": (source, 1000),
    "callgraph": (callgraph, 1200),
    "zoom": (zoom, 1200),
    "divergences": (divergences, 1000),
    "samples": (samples, 1000),
    "compare": (compare, 1100),
    "dark": (dark, 1050),
}
"""Name of the picture -> what leads to it, and its height."""


def worst_call(reader: Reader) -> str:
    """The row of the call that loses most, from the link of the overview."""
    overview(reader)
    script = "return [...document.querySelectorAll('#page a')].find(a => a.textContent.includes(arguments[0])).href"
    link = str(reader.driver.execute_script(script, CULPRIT))
    return link.partition("call=")[2].partition("&")[0]


def take(reader: Reader, name: str) -> None:
    """One picture, once everything in it stands still."""
    steps, height = PICTURES[name]
    size = {"width": WIDTH, "height": height, "deviceScaleFactor": 1, "mobile": False}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    steps(reader)
    quiet = "return document.querySelectorAll('[data-dash-is-loading=true], ._dash-loading').length === 0"
    reader.until("the page is quiet", lambda: reader.driver.execute_script(quiet))
    reader.driver.execute_script("window.scrollTo(0, 0); document.activeElement.blur()")
    before = b""
    while (picture := reader.driver.get_screenshot_as_png()) != before:
        before = picture
    (IMAGES / f"{name}.png").write_bytes(picture)
    reader.driver.execute_script("localStorage.clear()")


def report(result: Path, reader: Reader, page: Path) -> None:
    """The report as a page."""
    command = [sys.executable, "-m", "pytracer", "report", str(result), "--html", str(page)]
    subprocess.run(command, cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    size = {"width": WIDTH, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    reader.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    reader.driver.get(page.as_uri())
    reader.driver.save_screenshot(str(IMAGES / "report.png"))


def demo(result: Path, seed: int) -> Path:
    """Run the demo."""
    command = [
        sys.executable,
        "-m",
        "pytracer",
        "run",
        "-q",
        "--seed",
        str(seed),
        "-o",
        str(result),
        "examples/demo.py",
    ]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return result


def main() -> None:
    """Take all pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = [Path(word).absolute() for word in sys.argv[1:3]]
        result, other = given if len(given) == 2 else [demo(folder / f"demo-{seed}.h5", seed) for seed in (0, 1)]
        with dashboard(result, "--compare", str(other)) as address, chromium(folder / "profile", WIDTH, 1000) as driver:
            reader = Reader(driver, address)
            for picture in PICTURES:
                take(reader, picture)
            report(result, reader, folder / "report.html")


if __name__ == "__main__":
    main()
