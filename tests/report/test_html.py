"""The page: what it says, that nothing in it becomes markup, and that a browser needs nothing else."""

import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))  # for `browser`

import browser  # noqa: E402
from made import Made  # noqa: E402

from pytracer.errors import PytracerError  # noqa: E402
from pytracer.parse import Result  # noqa: E402
from pytracer.report.html import LISTED, to_html, write_html  # noqa: E402
from pytracer.report.markup import Markup, element, join  # noqa: E402
from pytracer.report.plots import CELLS, POINTS, bars, curve, heatmap, least, strip  # noqa: E402

EVIL = "<script>alert(1)</script>"


def made() -> Made:
    """`bad` loses 40 bits in element [1, 2] of its result, three samples measured."""
    result = Made()
    for number in range(4):
        result.sample(number, started=f"2026-01-31T23:59:0{number}+01:00", duration_ns=number * 10**9 + 5 * 10**8)
    result.sample(4, status="failed", reason=f"exit code 1 {EVIL}", exit_code=1)
    bits = np.array([[50.0, 49, 48], [47, 46, 10]])
    columns = {name: np.full((2, 3), 1.5) for name in ("mean", "std")} | {"bits": bits}
    columns |= {name: np.full((2, 3), np.nan) for name in ("mean_imag", "std_imag", "bits_imag")}
    observed = np.arange(24.0).reshape(4, 2, 3)
    output = {
        "label": "return",
        "shape": (2, 3),
        "bits_min": 10.0,
        "mean": 1.5,
        "std": 0.25,
        "worst_element": 5,
        "worst_mean": 1.5,
        "largest": 2.0,
        "element_columns": columns,
        "observed": observed,
    }
    bad, good = result.function("bad", file="/project/mod.py"), result.function(f"good{EVIL}")
    site = result.site(7, text="y = bad(x)")
    for _ in range(2):
        call = result.call(
            bad, site=site, outputs=[output], input_bits_min=50.0, output_bits_min=10.0, bits_lost=40.0, measurable=1
        )
        result.rows["calls"][call]["worst_value"] = result.rows["calls"][call]["first_value"]
    result.call(good, site=site, output_bits_min=51.0, bits_lost=0.0, measurable=1, samples=3)
    side = {"samples": [2, 3], "calls": [{"function": "mod.late", "outcome": "returned", "calls": 2}]}
    result.divergence(
        function=bad,
        site=site,
        parent=0,
        samples=[2, 3],
        reference=[],
        sides=[side],
        evidence=[0],
        kind="branch",
        times=4,
    )
    return result


@pytest.fixture
def result(tmp_path: Path) -> Result:
    return Result.open(made().write(tmp_path / "made.h5"))


class Text(HTMLParser):
    """The text of a page by section, and the names of its elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.texts: dict[str, str] = {"": ""}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        if tag == "section":
            self.texts[str(dict(attrs)["id"])] = ""

    def handle_data(self, data: str) -> None:
        self.texts[list(self.texts)[-1]] += f"{data} "


def test_page_has_what_the_reader_came_for(result: Result) -> None:
    page = Text(to_html(result))
    assert "mod.bad called at script.py:7 loses 40.0 bits" in page.texts[""].replace("/project/", "")
    assert list(page.texts)[1:] == [
        "overview",
        "ranking",
        "worst-values",
        "divergences",
        "how-it-was-perturbed",
        "samples",
    ]
    assert "3 calls of 2 functions were recorded" in page.texts["overview"]
    assert re.search(r"40\.0\s+50\.0", page.texts["ranking"])
    assert "return[1, 2] of mod.bad: 10.0 bits are left, 40.0 lost" in page.texts["worst-values"]
    assert "unperturbed 5.0 sample 1 11.0 sample 2 17.0 sample 3 23.0" in page.texts["worst-values"]
    assert "(branch), 4 times" in page.texts["divergences"]
    assert "2 x mod.late" in page.texts["divergences"]
    assert re.search(r"10\.0\s+1\.5\s+-\s+return of mod\.bad", page.texts["divergences"])
    assert "exit code 1" in page.texts["samples"]
    assert re.search(r"2\s+0\s+0\s+2\.50 s\s+2026-01-31 23:59:02\+01:00\s+measured", page.texts["samples"])
    assert re.search(r"4\s+1\s+0\s+unknown\s+unknown\s+failed", page.texts["samples"])
    assert "wall time of the whole process, with tracing" in page.texts["samples"]
    assert "8 to 12: 2" in page.texts["overview"]
    assert page.names.count("svg") == 1 + 3  # distribution; calls, elements and samples of the worst value


def test_worst_value_without_elements_says_why(tmp_path: Path) -> None:
    bare = made()
    for value in bare.rows["values"]:
        value |= {"elements": -1, "observations": -1, "precision": 53, "size": 2**19}
    bare.rows["elements"].clear()
    bare.rows["observations"].clear()
    texts = Text(to_html(Result.open(bare.write(tmp_path / "bare.h5", elements_omitted=2**19)))).texts
    assert "above the limit of 262144; parse again with `pytracer parse --elements all`" in texts["worst-values"]
    assert "What each sample had is not stored: it has 524288 elements" in texts["worst-values"]


def test_text_of_a_trace_is_no_markup(result: Result) -> None:
    page = to_html(result)
    assert EVIL not in page
    assert page.count("&lt;script&gt;alert(1)") == 2
    assert Text(page).names.count("script") == 1


def test_elements_escape_what_is_not_markup() -> None:
    assert element("td", "<b>", Markup("<i>"), class_='"x"') == '<td class="&quot;x&quot;">&lt;b&gt;<i></td>'
    assert element("rect", x=1 / 3, fill_opacity=None) == '<rect x="0.333333"/>'
    assert join("a\x1b", None, "\ud800") == "a\\x1b\\xd800"


def test_unperturbed_page_shows_no_bits(tmp_path: Path) -> None:
    path = made().write(tmp_path / "made.h5", perturbed=False, verdict="not perturbed: no noise was asked for")
    page = Text(to_html(Result.open(path)))
    assert "Not measured: no noise was asked for" in page.texts[""]
    assert "functions" in page.texts
    assert "worst-values" not in page.texts
    assert "bits" not in page.texts["overview"] + page.texts["functions"]


def test_empty_result_has_a_page(tmp_path: Path) -> None:
    page = Text(to_html(Result.open(Made().write(tmp_path / "made.h5", samples=0))))
    assert "0 calls of 0 functions were recorded" in page.texts["overview"]


def test_long_tables_are_counted(tmp_path: Path) -> None:
    result = Made()
    for number in range(LISTED + 7):
        result.call(result.function(f"f{number}"), output_bits_min=20.0, bits_lost=1.0)
    assert "and 7 more" in Text(to_html(Result.open(result.write(tmp_path / "made.h5")))).texts["ranking"]


def test_folder_that_is_gone_is_an_error(result: Result, tmp_path: Path) -> None:
    with pytest.raises(PytracerError, match="cannot write the report"):
        write_html(result, tmp_path / "gone" / "page.html")


def test_least_of_neighbours() -> None:
    np.testing.assert_array_equal(least(np.array([3.0, np.nan, 2, 1, np.nan]), 2), [3, 1, np.nan])


def drawn(plot: Markup, name: str) -> int:
    return Text(plot).names.count(name)


def test_large_plots_keep_the_least() -> None:
    y = np.full(POINTS * 10, 50.0)
    y[1234] = 3.25
    plot = curve(y, "call", "bits", top=53, label="many")
    assert drawn(plot, "circle") <= POINTS
    assert "3.2" in plot
    assert "least of each 10" in plot
    matrix = np.full((CELLS * 3, 5), 50.0)
    matrix[77, 2] = 1.5
    plot = heatmap(matrix, "column", "row", top=53, label="large")
    assert drawn(plot, "rect") == CELLS * 5
    assert "[75, 2]: 1.5" in plot


def test_numbers_that_no_plot_can_show() -> None:
    nothing = np.full(3, np.nan)
    assert drawn(curve(nothing, "call", "bits", top=53, label=""), "circle") == 0
    assert drawn(heatmap(nothing[:, None], "column", "row", top=53, label=""), "rect") == 0
    assert drawn(strip([np.nan, np.inf, 1.0], ["a", "b", "c"], "x", label=""), "circle") == 1
    assert drawn(strip([np.nan], ["a"], "x", label=""), "circle") == 0
    assert drawn(bars([0, 2], [0.0, 1.0, 2.0], "bits", "calls", label=""), "rect") == 1


@pytest.mark.parametrize("numbers", [(0.1, 0.1 + 1e-16), (1e300, 1.0000001e300), (-1e-300, 1e-300), (5.0, 5.0)])
def test_strip_of_numbers_that_hardly_differ(numbers: tuple[float, float]) -> None:
    plot = strip(numbers, ("a", "b"), "x", label="")
    places = [float(x) for x in re.findall(r'cx="([^"]+)"', plot)]
    assert len(places) == 2
    assert all(60 <= place <= 410 for place in places)


def test_browser_needs_nothing_else(result: Result, tmp_path: Path) -> None:
    missing = browser.missing()
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    path = tmp_path / "page.html"
    write_html(result, path)
    with browser.chromium(tmp_path / "profile") as driver:
        driver.get(path.as_uri())
        first = "return document.querySelector('#ranking tbody tr td:nth-child(7)').textContent"
        assert driver.execute_script(first) == "mod.bad"
        driver.execute_script("document.querySelector('#ranking th button').click()")
        driver.execute_script("document.querySelector('#ranking th button').click()")
        assert driver.execute_script(first) != "mod.bad"
        assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
        assert driver.get_log("browser") == []
