"""Fingerprints of calls: what they tell apart, what noise may do, and that nothing in a trace can break them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import Program, write_trace

from pytracer.parse.catalog import Catalog
from pytracer.parse.tokens import BITS, Tokens, tokens_of
from pytracer.records.reader import Lane, Trace
from pytracer.records.schema import Kind

NOISE = 1 + 2.0**-33


def lane_of(folder: Path, body: Callable[[Program], None]) -> Lane:
    [(_, lane)] = Trace.open(write_trace(folder, body, 0)).lanes()
    return lane


def tokens(folder: Path, *inputs: Any) -> Tokens:
    """Tokens (levels, calls) of calls with these single inputs."""
    return tokens_of(lane_of(folder, lambda program: [program.call("f", x) for x in inputs] and None), Catalog())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 2),
        ("a", "b"),
        (2**70, 2**70 + 1),
        (True, 1),
        (1.0, 1),
        (np.zeros(3), np.zeros(4)),
        (np.zeros(3), np.zeros((3, 1))),
        (np.zeros(3), np.zeros(3, "f4")),
        (np.arange(3), np.arange(1, 4)),
        (np.array(["ab"]), np.array(["cb"])),
        (None, False),
        ([1.0, 2.0], [1.0]),
        ({"a": 1.0}, {"b": 1.0}),
    ],
)
def test_discrete_content_tells_calls_apart(tmp_path: Path, one: Any, other: Any) -> None:
    found = tokens(tmp_path / "t", one, other, one)
    assert np.all(found[:, 0] != found[:, 1])
    assert np.array_equal(found[:, 0], found[:, 2])


@pytest.mark.parametrize("x", [1.0, -0.1, 1e300, 3 + 4j, np.float64(7.0), np.array([1.0, 2.0, 3.0]), np.array([1j])])
def test_levels_are_the_bits_that_agree(tmp_path: Path, x: Any) -> None:
    """A float that noise moved at bit 33 has the same tokens up to 28 bits."""
    found = tokens(tmp_path / "t", x, x * NOISE)
    assert (found[:, 0] == found[:, 1]).tolist() == [bits < 33 for bits in BITS]


def test_round_numbers_may_move_either_way(tmp_path: Path) -> None:
    found = tokens(tmp_path / "t", 1.0, np.nextafter(1, 0).item(), np.nextafter(1, 2).item())
    assert np.array_equal(found[:, 0], found[:, 1])
    assert np.array_equal(found[:, 0], found[:, 2])


def test_zeros_and_what_is_no_number(tmp_path: Path) -> None:
    found = tokens(tmp_path / "t", 0.0, -0.0, float("nan"), -float("nan"), float("inf"), -float("inf"))[-1]
    assert found[0] == found[1]
    assert found[2] == found[3]
    assert len(set(found.tolist())) == 4


def test_no_inputs_have_the_token_0(tmp_path: Path) -> None:
    found = tokens_of(lane_of(tmp_path / "t", lambda program: program.call("f", result=3.0)), Catalog())
    assert not found.any()


def test_names_count_and_not_their_ids(tmp_path: Path) -> None:
    def other_ids(program: Program) -> None:
        for name in ("z", "y", "b"):
            program.process.name(name)
        program.call("f", b=1)

    catalog = Catalog()
    first = tokens_of(lane_of(tmp_path / "1", lambda program: program.call("f", b=1)), catalog)
    second = tokens_of(lane_of(tmp_path / "2", other_ids), catalog)
    third = tokens_of(lane_of(tmp_path / "3", lambda program: program.call("f", c=1)), catalog)
    assert np.array_equal(first, second)
    assert np.all(first != third)


@given(seed=st.integers(0, 2**32))
@settings(deadline=None)
def test_values_that_lead_anywhere_are_read_safely(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Offsets, lengths and headers that no recorder writes."""
    random = np.random.default_rng(seed)

    def body(program: Program) -> None:
        for _ in range(4):
            program.call("f", np.arange(5.0), 2**80, "text")

    lane = lane_of(tmp_path_factory.mktemp("t") / "t", body)
    values, payload = lane.values.copy(), lane.payload.copy()
    values["kind"] = random.integers(0, max(Kind) + 1, len(values))
    for name in ("data", "extra"):
        values[name] = random.choice(
            np.array([0, 8, 40, len(payload), 2**31, 2**63, 2**64 - 1], np.uint64), len(values)
        )
    payload[random.integers(0, len(payload), 20)] = random.integers(0, 256, 20)
    assert tokens_of(replace(lane, values=values, payload=payload), Catalog()).shape == (len(BITS), 4)
