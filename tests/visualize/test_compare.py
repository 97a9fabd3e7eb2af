"""Two results side by side."""

from pathlib import Path

import pytest
from made import Made

from pytracer.parse import Result
from pytracer.visualize.figures.compare import DRAWN, compare, drawn
from pytracer.visualize.figures.theme import LIGHT
from pytracer.visualize.pages import compare as page
from pytracer.visualize.queries.compare import changes, circumstances
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import ALL, State


def contents(
    path: Path, bits: dict[str, float], *, upper: float = 2.0, other: Contents | None = None, **attributes: object
) -> Contents:
    """Functions with the bits of their worst output; each loses what is left to 53."""
    made = Made()
    made.sample(0)
    made.sample(1)
    made.add("confidence", samples=3, to_estimate=1.0, to_upper=upper)
    for name, left in bits.items():
        made.call(made.function(name), output_bits_min=left, bits_lost=53 - left, measurable=1)
    result = Result.open(made.write(path, **attributes))
    return Contents.of(result, other.result if other is not None else None)


@pytest.fixture
def pair(tmp_path: Path) -> Contents:
    there = contents(tmp_path / "there.h5", {"worse": 40, "same": 30, "better": 10, "gone": 5, "little": 20})
    here = {"worse": 12, "same": 30.01, "better": 22, "new": 7, "little": 19}
    return contents(tmp_path / "here.h5", here, other=there, samples=3, method="general")


def test_changes_are_worst_first(pair: Contents) -> None:
    assert pair.other is not None
    found = changes(pair, pair.other)
    assert [(each.name, each.bits) for each in found] == [
        ("mod.worse", -28),
        ("mod.little", -1),
        ("mod.same", pytest.approx(0.01)),
        ("mod.better", 12),
        ("mod.gone", None),
        ("mod.new", None),
    ]
    assert [each.changed() for each in found] == [True, True, False, True, True, True]
    assert found[0].lost == 28


def test_chance_is_told_from_change(pair: Contents) -> None:
    assert pair.other is not None
    chance = {each.name: each.beyond_chance for each in changes(pair, pair.other)}
    assert chance == {
        "mod.worse": True,
        "mod.little": False,  # within the two bits of the interval
        "mod.same": False,
        "mod.better": True,
        "mod.gone": None,
        "mod.new": None,
    }


def test_without_an_interval_nothing_is_said_about_chance(tmp_path: Path) -> None:
    there = contents(tmp_path / "there.h5", {"f": 40}, upper=float("nan"))
    here = contents(tmp_path / "here.h5", {"f": 10}, other=there)
    [change] = changes(here, there)
    assert change.beyond_chance is None


def test_unmeasured_here_is_a_change(tmp_path: Path) -> None:
    there = contents(tmp_path / "there.h5", {"f": 40})
    here = contents(tmp_path / "here.h5", {"f": float("nan")}, other=there)
    [change] = changes(here, there)
    assert (change.bits, change.changed()) == (None, True)


def test_circumstances_name_what_differs(pair: Contents) -> None:
    assert pair.other is not None
    assert circumstances(pair, pair.other) == [("method", "general", "cnh")]


def test_circumstances_name_seeds_layers_and_sources(tmp_path: Path) -> None:
    def made(name: str, seed: str, text: str, layers: str) -> Contents:
        made = Made()
        made.sample(0)
        made.sample(1, seed=seed, layers=layers, settings='{"threads": "2"}')
        made.add("sources", file="/project/script.py", text=text)
        made.add("sources", file="/project/same.py", text="b = 2")
        made.add("sources", file=f"/project/{name}.py", text=name)  # of one result only
        made.add("sources", file="/project/unread.py", text=text if name == "here" else "")
        return Contents.of(Result.open(made.write(tmp_path / f"{name}.h5", elements_omitted=len(name))))

    here, there = made("here", "7", "a = 1", '["numpy"]'), made("there", "8", "a = 2", '["numpy", "blas"]')
    found = {name: sides for name, *sides in circumstances(here, there)}
    assert set(found) == {"seeds", "perturbed", "elements not stored", "source script.py"}
    assert found["seeds"] == ["7", "8"]
    assert found["perturbed"] == ["numpy", "numpy; blas"]
    assert found["elements not stored"] == ["4", "5"]
    assert found["source script.py"][0] != found["source script.py"][1]
    assert circumstances(here, here) == []


@pytest.mark.parametrize(("unit", "changed"), [("bits", ["mod.more"]), ("digits", ["mod.less", "mod.more"])])
def test_what_rounds_to_nothing_is_no_change(tmp_path: Path, unit: str, changed: list[str]) -> None:
    there = contents(tmp_path / "there.h5", {"none": 30, "less": 30, "more": 30})
    here = contents(tmp_path / "here.h5", {"none": 29.99, "less": 29.96, "more": 30.06}, other=there)
    found = changes(here, there)
    assert [each.name for each in found if each.changed(unit)] == changed
    everything = str(page.drawing(here, State(unit=unit, changes=ALL), LIGHT)[3])
    assert "-0.0'" not in everything
    assert "-0.00'" not in everything


def test_chart_shows_the_largest_changes(pair: Contents, tmp_path: Path) -> None:
    assert pair.other is not None
    found = changes(pair, pair.other)
    assert [each.name for each in drawn(found)] == ["mod.worse", "mod.better", "mod.little", "mod.same"]
    figure = compare(found, "bits", LIGHT)
    assert [list(trace.x) for trace in figure.data[1:]] == [[40, 10, 20, 30], [12, 22, 19, 30.01]]
    many = {f"f{i}": 20.0 + i % 30 for i in range(DRAWN + 4)}
    there = contents(tmp_path / "a.h5", many)
    here = contents(tmp_path / "b.h5", many, other=there)
    assert len(drawn(changes(here, there))) == DRAWN
    assert "4 functions that changed less" in page.drawing(here, State(), LIGHT)[2]


def test_list_shows_changes_or_all(pair: Contents) -> None:
    def names(state: State) -> list[str]:
        table = page.drawing(pair, state, LIGHT)[3][0].children
        return [
            getattr(row.children[0].children, "children", row.children[0].children)
            for row in table.children[1].children
        ]

    assert names(State()) == ["mod.worse", "mod.little", "mod.better", "mod.gone", "mod.new"]
    assert "mod.same" in names(State(changes=ALL))


def test_click_selects_the_worst_call(pair: Contents) -> None:
    state = page.followed(State(), pair, {"points": [{"customdata": "mod.better"}]})
    assert (state.function, state.call) == ("mod.better", 2)
    assert page.followed(State(), pair, {"points": [{"customdata": "mod.gone"}]}) == State()
    assert page.followed(State(), pair, None) == State()


def test_nothing_in_common_is_a_message(tmp_path: Path) -> None:
    there = contents(tmp_path / "there.h5", {"f": 40})
    here = contents(tmp_path / "here.h5", {"g": 40}, other=there)
    assert "No function was measured in both" in page.drawing(here, State(), LIGHT)[0].layout.annotations[0].text


def test_without_a_second_result_the_page_says_how(tmp_path: Path) -> None:
    alone = contents(tmp_path / "alone.h5", {"f": 40})
    assert "--compare OTHER" in page.layout(alone, State()).children[1].children[0]
    assert list(page.rows(alone, State())) == [page.HEADINGS]


def test_table(pair: Contents) -> None:
    rows = list(page.rows(pair, State()))
    assert rows[1] == ["mod.worse", 12, 40, 41, 13, 1, 1, True]
    assert rows[-1] == ["mod.new", 7, None, 46, None, 1, None, None]
