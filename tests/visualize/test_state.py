"""The address bar holds the whole state, and nothing in it can break the page."""

import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytracer.visualize.state import CHOICES, LISTS, NUMBERS, RANGES, ROWS, State

NUMBER = st.floats(allow_nan=False, allow_infinity=False)


def values(name: str) -> st.SearchStrategy[Any]:
    """What a field can hold beside its default."""
    if name in CHOICES:
        return st.sampled_from(CHOICES[name])
    if name in ROWS:
        return st.integers(0, 2**59)
    if name in RANGES:
        return st.tuples(NUMBER, NUMBER).filter(lambda ends: ends[0] < ends[1])
    if name in NUMBERS:
        return NUMBER
    return st.lists(st.text(min_size=1), min_size=1).map(tuple) if name in LISTS else st.text()


@given(st.fixed_dictionaries({}, optional={field.name: values(field.name) for field in fields(State)}))
def test_address_holds_the_whole_state(given: dict[str, Any]) -> None:
    state = replace(State(), **given)
    assert State.parse(state.search) == state


def test_defaults_are_left_out() -> None:
    assert State().search == ""
    assert State(function="math.sin", call=0).search == "?function=math.sin&call=0"
    assert State(others=("f", "g"), x_range=(1.0, 2.5)).search == "?others=f&others=g&x_range=1.0..2.5"


@pytest.mark.parametrize(
    "search",
    [
        *(None, "", "?", "?y=nonsense&x=1&y_scale=", "?call=-1", "?call=1e9", "?call=", "?a&b=c"),
        *("?x_range=2..1", "?x_range=1", "?x_range=nan..1", "?x_range=0..inf", "?x_range=a..b"),
    ],
)
def test_nonsense_is_ignored(search: str | None) -> None:
    assert State.parse(search) == State()


@given(st.text())
def test_any_address_is_read(search: str) -> None:
    State.parse(search)


def test_another_function_keeps_the_axes_only() -> None:
    state = State(function="f", others=("g",), argument="x", y="std", x="time", y_scale="log", call=3, x_range=(1, 2))
    assert state.with_function("g") == State(function="g", y="std", x="time", y_scale="log")
    assert state.with_function("f") is state


def test_a_call_of_a_drawn_function_changes_nothing_else() -> None:
    state = State(function="f", others=("g",), x_range=(1.0, 2.0))
    assert state.at_call("g", 5) == replace(state, call=5)
    assert state.at_call("h", 5) == State(function="h", call=5)


def test_another_call_has_other_values_and_another_line() -> None:
    state = State(function="f", call=1, value=2, element=3, file="a.py", line=4)
    assert state.with_call(7) == State(function="f", call=7)
    assert state.with_call(1, 5) == State(function="f", call=1, value=5)


def test_a_range_goes_with_its_axis() -> None:
    state = State(x_range=(1.0, 2.0), y_range=(3.0, 4.0))
    assert state.with_fields(x="time") == State(x="time", y_range=(3.0, 4.0))
    assert state.with_fields(unit="digits") == State(unit="digits", x_range=(1.0, 2.0))
    assert state.with_fields(role="inputs") == replace(state, role="inputs")


def test_no_range_is_written_that_is_not_read() -> None:
    assert not math.isfinite(float("1e999"))
    assert State.parse("?x_range=0..1e999") == State()
