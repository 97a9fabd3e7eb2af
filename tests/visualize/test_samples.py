"""The executions."""

from pathlib import Path

import pytest
from made import Made, rich

from pytracer.parse import Result, ResultError
from pytracer.parse.schema import UNKNOWN_EXIT
from pytracer.visualize.figures.theme import LIGHT
from pytracer.visualize.pages import samples as page
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.samples import samples
from pytracer.visualize.state import State
from pytracer.visualize.units import seconds


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents.of(Result.open(rich().write(tmp_path / "rich.h5")))


def test_samples_as_they_ran(contents: Contents) -> None:
    found = samples(contents.result)
    assert [sample.number for sample in found.all] == [0, 1, 2, 3, 4]
    failed = found.all[4]
    assert (failed.status, failed.exit_code, failed.complete, failed.notes) == ("failed", 3, False, ("1 call was cut",))
    assert (found.all[1].started, found.all[1].duration_ns) == ("2026-01-31T23:59:01.250+01:00", 2_500_000_000)
    assert (failed.started, failed.duration_ns) == ("", None)
    assert found.all[1].layers == ("NumPy loops",)
    assert found.counters == ["calls", "calls_dropped", "noisy_loops"]


def test_environment_is_common_or_varied(contents: Contents) -> None:
    found = samples(contents.result)
    assert found.common == {}  # the failed sample has none
    assert found.varied == ["OMP_NUM_THREADS", "LANG"]


def test_unknown_exit_code(tmp_path: Path) -> None:
    made = Made()
    made.sample(0, exit_code=UNKNOWN_EXIT)
    contents = Contents.of(Result.open(made.write(tmp_path / "r.h5")))
    assert samples(contents.result).all[0].exit_code is None
    assert list(page.rows(contents, State()))[1][3] is None


def test_broken_texts_are_corrupt(tmp_path: Path) -> None:
    made = Made()
    made.sample(0, environment="[1]")
    result = Result.open(made.write(tmp_path / "r.h5"))
    with pytest.raises(ResultError, match="its samples hold no JSON"):
        samples(result)


def test_counter_of_the_address_is_drawn(contents: Contents) -> None:
    assert list(page.drawing(contents, State(), LIGHT).data[0].y) == [10, 11, 12, 13, 0]
    assert list(page.drawing(contents, State(counter="noisy_loops"), LIGHT).data[0].y) == [0, 100, 200, 300, 0]
    assert list(page.drawing(contents, State(counter="gone"), LIGHT).data[0].y) == [10, 11, 12, 13, 0]


def test_seconds_are_drawn_where_they_are_known(contents: Contents, tmp_path: Path) -> None:
    drawn = page.drawing(contents, State(counter="seconds"), LIGHT)
    assert list(drawn.data[0].y) == [1.5, 2.5, 3.5, 4.5, None]
    assert list(drawn.data[0].text) == ["1.50", "2.50", "3.50", "4.50", ""]
    assert drawn.layout.yaxis.title.text == "seconds of wall time"
    made = Made()
    made.sample(0, calls=7)
    untimed = Contents.of(Result.open(made.write(tmp_path / "untimed.h5")))
    assert list(samples(untimed.result).drawable) == ["calls"]
    assert list(page.drawing(untimed, State(counter="seconds"), LIGHT).data[0].y) == [7]


def test_seconds_are_texts() -> None:
    assert [seconds(time) for time in (None, 0, 12_345_678_901, 3_600 * 10**9)] == [
        "unknown",
        "0.00 s",
        "12.35 s",
        "3\N{NO-BREAK SPACE}600.00 s",
    ]


def test_nothing_counted_and_no_samples(tmp_path: Path) -> None:
    made = Made()
    empty = Contents.of(Result.open(made.write(tmp_path / "empty.h5")))
    assert page.layout(empty, State()).children[1].className == "empty"
    made.sample(0)
    quiet = Contents.of(Result.open(made.write(tmp_path / "quiet.h5")))
    assert page.drawing(quiet, State(), LIGHT).layout.annotations[0].text == "Nothing was counted."


def test_tables(contents: Contents) -> None:
    rows = list(page.rows(contents, State()))
    assert rows[0][-2:] == ("OMP_NUM_THREADS", "LANG")
    assert rows[2][-2:] == ["1", "1"]
    assert rows[0][5:7] == ("started", "duration_ns")
    assert [row[5:7] for row in rows[4:]] == [["2026-01-31T23:59:03.250+01:00", 4_500_000_000], ["", None]]
    assert list(page.counter_rows(contents, State()))[4][:2] == [3, 13]
    assert [row[-1] for row in page.counter_rows(contents, State())] == [
        "duration_ns",
        *(n * 10**8 for n in (15, 25, 35, 45)),
        None,
    ]
