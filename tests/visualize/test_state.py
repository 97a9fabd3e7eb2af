"""The address bar holds the whole state, and nothing in it can break the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracer.visualize.state import CHOICES, State

STATES = st.builds(
    State,
    function=st.text(),
    argument=st.text(),
    y=st.sampled_from(CHOICES["y"]),
    x=st.sampled_from(CHOICES["x"]),
    scale=st.sampled_from(CHOICES["scale"]),
    call=st.none() | st.integers(0, 2**59),
)


@given(STATES)
def test_address_holds_the_whole_state(state: State) -> None:
    assert State.parse(state.search) == state


def test_defaults_are_left_out() -> None:
    assert State().search == ""
    assert State(function="math.sin", call=0).search == "?function=math.sin&call=0"


@pytest.mark.parametrize(
    "search", [None, "", "?", "?y=nonsense&x=1&scale=", "?call=-1", "?call=1e9", "?call=", "?a&b=c"]
)
def test_nonsense_is_ignored(search: str | None) -> None:
    assert State.parse(search) == State()


@given(st.text())
def test_any_address_is_read(search: str) -> None:
    State.parse(search)


def test_another_function_keeps_the_axes_only() -> None:
    state = State(function="f", argument="x", y="std", x="time", scale="log", call=3)
    assert state.with_function("g") == State(function="g", y="std", x="time", scale="log")
    assert state.with_function("f") is state
