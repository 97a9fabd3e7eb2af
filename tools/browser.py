"""The dashboard in a headless Chromium, for its tests and its pictures."""

import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver

OPTIONS = """
    --headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
    --disable-component-update --disable-sync --force-device-scale-factor=1 --hide-scrollbars
"""
START_SECONDS = 60


def missing() -> list[str]:
    """The programs that are not installed."""
    return [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]


@contextmanager
def chromium(profile: Path, width: int = 1280, height: int = 860) -> Iterator[webdriver.Chrome]:
    """A browser that starts empty and logs its console and its requests."""
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for option in OPTIONS.split():
        options.add_argument(option)
    options.add_argument(f"--user-data-dir={profile}")
    options.add_argument(f"--window-size={width},{height}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(shutil.which("chromedriver")))
    try:
        # Without it the bar of the window, which is not drawn, takes its share of the height.
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        yield driver
    finally:
        driver.quit()


@contextmanager
def dashboard(result: Path, *words: str) -> Iterator[str]:
    """The address of a real `pytracer visualize` of `result`, on a free port."""
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", "--filename", str(result), *words]
    if "--port" not in words:
        command += ["--port", str(free_port())]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield _address(server)
    finally:
        server.terminate()
        server.communicate(timeout=START_SECONDS)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _address(server: "subprocess.Popen[str]") -> str:
    printed = ""
    deadline = time.monotonic() + START_SECONDS
    assert server.stdout is not None
    while time.monotonic() < deadline:
        line = server.stdout.readline()
        printed += line
        if found := re.search(r"running on (http://\S+)", line):
            return found[1]
        if not line:
            break
    raise RuntimeError(f"the dashboard did not start: {printed}")
