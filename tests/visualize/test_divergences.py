"""Where samples took other ways, and what they had before."""

from pathlib import Path

import pytest
from made import Made, rich

from pytracer.parse import Result, ResultError
from pytracer.visualize.pages import divergences as page
from pytracer.visualize.queries import divergences
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.divergences import Calls, Side
from pytracer.visualize.state import State


@pytest.fixture
def contents(tmp_path: Path) -> Contents:
    return Contents.of(Result.open(rich().write(tmp_path / "rich.h5")))


def test_sides_and_samples(contents: Contents) -> None:
    found = divergences.divergence(contents, 0)
    assert found is not None
    assert (found.kind, found.times, found.place, found.inside) == ("branch", 3, "script.py:40", "mod.main")
    assert found.sides == (
        Side((0, 1), (Calls("mod.branch", "returned", 1),)),
        Side((2,), (Calls("mod.late", "raised", 2),)),
        Side((3,), ()),
    )
    assert (found.parent, found.before, found.first) == (0, 1, 53)
    assert divergences.divergence(contents, 2) is None
    assert len(divergences.divergences(contents, 1)) == 1


def test_roots_of_a_lane_have_no_calls_around(contents: Contents) -> None:
    found = divergences.divergence(contents, 1)
    assert found is not None
    assert (found.inside, found.parent, found.before, found.place) == ("", None, None, "unknown place")
    assert found.lane == "process-0 lane-0.0"


def test_evidence_is_at_the_worst_element(contents: Contents) -> None:
    found = divergences.divergence(contents, 0)
    assert found is not None
    array, scalar = divergences.evidence(contents, found)
    assert (array.element, array.function, array.place) == ("return[1, 2, 3]", "mod.solve", "script.py:10")
    assert array.observed == {number: 33 + number * 2.0**-10 for number in range(4)}
    assert scalar.observed[2] == 1.75


def test_broken_lists_are_corrupt(tmp_path: Path) -> None:
    made = Made()
    made.divergence(function=-1, samples=[1], reference="[", sides=[])
    with pytest.raises(ResultError, match="divergences/reference is not JSON"):
        Contents.of(Result.open(made.write(tmp_path / "bad.h5")))


def text(component: object) -> str:
    """All text of a component."""
    if component is None or isinstance(component, (int, float)):
        return ""
    if isinstance(component, str):
        return component
    if isinstance(component, (list, tuple)):
        return " ".join(filter(None, map(text, component)))
    return text(getattr(component, "children", None))


def test_page_shows_the_sides_beside_each_other(contents: Contents) -> None:
    shown = text(page.cards(contents, State()))
    assert "Samples took other ways at 2 places" in shown
    assert "the reference, samples 0, 1 1 x mod.branch" in shown
    assert "sample 2 2 x mod.late, which raised" in shown
    assert "sample 3 no call" in shown
    assert "the last call of all: mod.solve" in shown
    assert "Values that differed before" in shown


def test_digits_of_the_sides_stand_under_each_other(contents: Contents) -> None:
    found = divergences.divergence(contents, 0)
    assert found is not None
    _, scalar = page._evidence(divergences.evidence(contents, found), found, State())
    assert [
        [text(cell).replace(" ", "") for cell in row.children] for row in scalar.children[1].children[1].children
    ] == [
        ["1xmod.branch", "unperturbed", "+2.0000000000000000e+00"],
        ["", "1", "+2.2500000000000000e+00"],
        ["2xmod.late,whichraised", "2", "+1.7500000000000000e+00"],
        ["nocall", "3", "+2.0000000000000000e+00"],
    ]


def test_page_without_divergences_says_so(tmp_path: Path) -> None:
    contents = Contents.of(Result.open(Made().write(tmp_path / "same.h5")))
    assert "All samples made the same calls" in text(page.cards(contents, State()))
    quiet = Made().write(tmp_path / "quiet.h5", perturbed=False, verdict="not perturbed: no noise")
    assert "they were not perturbed" in text(page.cards(Contents.of(Result.open(quiet)), State()))


def test_divergence_that_is_not_there(contents: Contents) -> None:
    assert "no divergence 7" in text(page.cards(contents, State(divergence=7)))


def test_without_evidence_the_page_says_why(contents: Contents) -> None:
    assert "No recorded value differed before" in text(page.cards(contents, State(divergence=1)))


def test_many_divergences_are_counted(tmp_path: Path) -> None:
    made = Made()
    for _ in range(page.LISTED + 3):
        made.divergence(function=-1, samples=[1], reference=[], sides=[])
    contents = Contents.of(Result.open(made.write(tmp_path / "many.h5")))
    assert "and 3 more" in text(page.cards(contents, State()))
    assert len(list(page.rows(contents, State()))) == 1 + page.LISTED + 3


def test_table_has_a_row_for_each_side(contents: Contents) -> None:
    rows = list(page.rows(contents, State()))
    assert [row[6] for row in rows[1:]] == ["0, 1", "2", "3", "0, 2, 3", "1"]
