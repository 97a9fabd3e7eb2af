"""Controls follow the address, and the address follows them."""

import pytest

from pytracer.visualize.controls import changed
from pytracer.visualize.state import State

FIELDS = {"a-quantity": "quantity", "a-bins": "bins", "a-low": "colour_low"}


@pytest.mark.parametrize(
    ("values", "triggered", "expected"),
    [
        (("std", None, None), "a-quantity", State(quantity="std")),
        (("bits", 12, None), "a-bins", State(bins=12)),
        (("bits", None, 0.5), "a-low", State(colour_low=0.5)),
        (("bits", "", 0.5), "a-bins", State()),
        (("std", 3, 1), "a-view", State()),
    ],
)
def test_one_control_changes_one_field(values: tuple[object, ...], triggered: str, expected: State) -> None:
    assert changed(State(), FIELDS, values, triggered) == expected


@pytest.mark.parametrize(
    "state", [State(colour_low=-1e-300, bins=7), State(time_range=(0.5, 2e9), divergence=0, across=2)]
)
def test_fields_are_in_the_address(state: State) -> None:
    assert State.parse(state.search) == state


@pytest.mark.parametrize("search", ["?colour_low=nan", "?colour_high=x", "?bins=-1", "?time_range=2..1", "?quantity=x"])
def test_nonsense_is_ignored(search: str) -> None:
    assert State.parse(search) == State()
