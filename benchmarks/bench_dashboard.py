"""The dashboard on large results: how long a reader waits, how much travels, and what the server takes.

Writes results of 100,000 and of 1,000,000 calls, three values each, opens each three times in a headless Chromium, and
prints median and range of what was measured, and whether the median is what is wanted: start of the server to the
first page, bytes of the first page, selecting the function that has half of the calls, zooming into a tenth of what the
timeline, the calls over time and an array of a million elements show, and the memory of the server.

    python benchmarks/bench_dashboard.py [CALLS ...]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tools"))

import browser
from large_result import BIGGEST, write_result
from selenium.webdriver import Chrome

SIZES = (100_000, 1_000_000)
ROUNDS = 3
SECONDS = 30
SETTLED = 1.0
"""A chart that was not drawn again for so many seconds will not be."""
WANTED = {
    "start to first page, s": 3.0,
    "first page, MB": 1.0,
    "selecting a function, s": 1.0,
    "zoom, timeline, s": 0.5,
    "zoom, calls over time, s": 0.5,
    "zoom, array, s": 0.5,
    "server memory, MB": 400.0,
}

COUNT_PLOTS = """
    window.plots = 0;
    document.querySelector("#CHART .js-plotly-plot").on("plotly_afterplot", () => { window.plots += 1; });
"""
ZOOM = """
    window.plots = 0;
    const chart = document.querySelector("#CHART .js-plotly-plot"), [a, b] = chart.layout.xaxis.range;
    Plotly.relayout(chart, {"xaxis.range": [a + 0.5 * (b - a), a + 0.6 * (b - a)]});
"""
ZOOMED = {
    "timeline": "document.querySelector('#timeline-note a.view')",
    "gantt": "location.search.includes('time_range')",
    "heatmap": "document.querySelector('#heatmap-note a.view')",
}
"""Chart -> what the page says when it shows a part."""


def main(sizes: list[int]) -> None:
    """Measure each size and print it."""
    with tempfile.TemporaryDirectory() as name:
        for calls in sizes:
            path = write_result(Path(name) / f"{calls}.h5", calls)
            print(f"{calls} calls, {path.stat().st_size / 1e6:.0f} MB")
            rounds = [measure(path, calls) for _ in range(ROUNDS)]
            for what in rounds[0]:
                print(line(what, [each[what] for each in rounds]), flush=True)
            path.unlink()


def line(what: str, measured: list[float]) -> str:
    """Median, range, and whether the median is what is wanted."""
    median = statistics.median(measured)
    text = f"  {what:<28}{median:>8.2f}  ({min(measured):.2f} to {max(measured):.2f})"
    if what not in WANTED:
        return text
    return f"{text:<60}{'holds' if median <= WANTED[what] else 'FAILS'}, bound <= {WANTED[what]:g}"


def measure(path: Path, calls: int) -> dict[str, float]:
    """What a reader of the result at `path`, of so many calls, sees."""
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as profile, browser.chromium(Path(profile)) as driver:
        started = time.perf_counter()
        with server(path) as (address, pid):
            driver.get(address)
            until(driver, "document.querySelectorAll('#overview tbody tr').length > 5")
            found["start to first page, s"] = time.perf_counter() - started
            found |= travelled(driver)
            driver.get(f"{address}timeline?function=numpy.f4")
            until(driver, "document.querySelectorAll('#timeline .point').length > 0")
            list_of_functions = "dash_ag_grid.getApi('functions')"
            until(driver, list_of_functions)
            driver.execute_script(COUNT_PLOTS.replace("CHART", "timeline"))
            select = f"{list_of_functions}.getRowNode('{BIGGEST}').setSelected(true, true)"
            title = f"document.getElementById('timeline-title').textContent === '{BIGGEST}'"
            found["selecting a function, s"] = timed(driver, select, f"{title} && window.plots > 0")
            found["zoom, timeline, s"] = zoomed(driver, "timeline")
            driver.get(f"{address}callgraph")
            until(driver, "document.querySelectorAll('#gantt .point').length > 500")
            until(driver, "document.querySelectorAll('#callgraph .bartext').length > 1")
            found["zoom, calls over time, s"] = zoomed(driver, "gantt")
            driver.get(f"{address}zoom?call={calls}")
            until(driver, "document.querySelectorAll('#heatmap image').length > 0")
            until(driver, "document.querySelectorAll('#profile .js-line').length > 0")
            found["zoom, array, s"] = zoomed(driver, "heatmap")
            driver.get(f"{address}source?function={BIGGEST}")
            until(driver, "document.querySelectorAll('#source-lines tbody tr').length > 10")
            found["server memory, MB"] = peak(pid)
    return found


@contextmanager
def server(path: Path) -> Iterator[tuple[str, int]]:
    """Address and process of a dashboard."""
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", "--filename", str(path), "--port"]
    process = subprocess.Popen([*command, str(browser.free_port())], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().split()[-1], process.pid
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


def until(driver: Chrome, condition: str) -> None:
    """Wait for a condition in the page."""
    deadline = time.monotonic() + SECONDS
    while not driver.execute_script(f"return Boolean({condition})"):
        if time.monotonic() > deadline:
            raise SystemExit(f"never: {condition}")
        time.sleep(0.01)


def timed(driver: Chrome, action: str, condition: str) -> float:
    """Seconds from an action until a condition holds and the page is painted, by the clock of the page."""
    script = """
        const [action, condition, done] = arguments;
        const holds = new Function("return Boolean(" + condition + ")");
        const started = performance.now();
        const look = () => holds() ? requestAnimationFrame(() => done((performance.now() - started) / 1000))
                                   : setTimeout(look, 5);
        new Function(action)();
        look();
    """
    driver.set_script_timeout(SECONDS)
    return float(driver.execute_async_script(script, action, condition))


def zoomed(driver: Chrome, chart: str) -> float:
    """Seconds of a zoom: the chart follows the mouse at once; then the server gives what was left out."""
    driver.execute_script(COUNT_PLOTS.replace("CHART", chart))
    plots = -1
    while plots != (plots := driver.execute_script("return window.plots")):
        time.sleep(SETTLED)
    return timed(driver, ZOOM.replace("CHART", chart), f"{ZOOMED[chart]} && window.plots > 1")


def travelled(driver: Chrome) -> dict[str, float]:
    """Megabytes of the first page as they travelled, with the programs of the libraries and without."""
    entries: list[dict[str, Any]] = driver.execute_script(
        "return [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
        ".map(e => ({name: e.name, size: e.transferSize}))"
    )
    libraries = sum(entry["size"] for entry in entries if "_dash-component-suites" in entry["name"])
    every = sum(entry["size"] for entry in entries)
    return {"first page, MB": every / 1e6, "... without libraries, MB": (every - libraries) / 1e6}


def peak(pid: int) -> float:
    """The most memory that a process had, MB."""
    [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main([int(word) for word in sys.argv[1:]] or list(SIZES))
