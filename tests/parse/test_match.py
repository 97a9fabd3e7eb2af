"""The native matching of trees: equal to its slow reference, bounded, and right about what was not touched."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from slow_match import SlowMatch, Tree

from pytracer import _native
from pytracer.parse.match import Matches, match, unsuspicious
from pytracer.parse.tokens import BITS, SURE

CHOICES = 4


@st.composite
def trees(draw: st.DrawFn, size: int = 14) -> Tree:
    """Small trees with few keys and few inputs, so that calls are often alike, at some levels or at all."""
    n = draw(st.integers(0, size))
    parent = [draw(st.integers(-1, min(i - 1, 1))) for i in range(n)]
    key = [draw(st.integers(0, 2)) for _ in range(n)]
    content = [[draw(st.integers(0, CHOICES)) for _ in BITS] for _ in range(n)]
    return tree(parent, key, content)


def tree(parent: list[int], key: list[int], content: list[list[int]]) -> Tree:
    """Tokens of a level depend on the content of all coarser ones, as those of calls do."""
    tokens = np.zeros((len(BITS), len(key)), np.uint64)
    for i, own in enumerate(content):
        tokens[:, i] = [hash(tuple(own[: level + 1])) % 2**64 if any(own) else 0 for level in range(len(BITS))]
    return Tree(np.array(parent, np.int32), np.array(key, np.int64), tokens)


def matched(a: Tree, b: Tree) -> Matches:
    return match(*a, *b)


@given(a=trees(), b=trees())
@settings(max_examples=200, deadline=None)
def test_equals_the_slow_reference(a: Tree, b: Tree) -> None:
    slow, found = SlowMatch(a, b), matched(a, b)
    assert found.rows.tolist() == slow.rows
    assert found.moved.astype(bool).tolist() == slow.moved


def sound(a: Tree, b: Tree, found: Matches) -> None:
    """Equal keys, matched parents, each call once."""
    mine = np.flatnonzero(found.rows >= 0)
    other = found.rows[mine]
    assert len(set(other.tolist())) == len(other)
    assert np.array_equal(a.key[mine], b.key[other])
    parents = np.append(found.rows, -1)[a.parent[mine]]
    assert np.array_equal(parents, b.parent[other])


@given(a=trees(60), b=trees(60))
@settings(max_examples=100, deadline=None)
def test_matches_are_sound(a: Tree, b: Tree) -> None:
    sound(a, b, matched(a, b))


def flat(labels: NDArray[np.int64], keys: int = 7, inputs: bool = True) -> Tree:
    """A list of calls whose key and inputs are told by their labels."""
    tokens = labels.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(1)
    rows = np.stack([tokens] * len(BITS)) if inputs else np.zeros((len(BITS), len(labels)), np.uint64)
    return Tree(np.full(len(labels), -1, np.int32), labels % keys, rows)


@given(st.integers(0, 2**32), st.integers(10, 3000), st.integers(0, 40), st.integers(0, 40), st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_what_was_not_touched_matches(seed: int, n: int, deleted: int, inserted: int, moved: int) -> None:
    """Random deletions, insertions and moves in a list of calls whose inputs tell them."""
    random = np.random.default_rng(seed)
    first = np.arange(n)
    second = np.delete(first, random.integers(0, n, min(deleted, n // 3)))
    second = np.insert(second, random.integers(0, len(second), inserted), n + np.arange(inserted))
    for _ in range(moved):
        at, to = random.integers(0, len(second), 2)
        second = np.insert(np.delete(second, at), min(to, len(second) - 1), second[at])
    a, b = flat(first), flat(second)
    b.key[second >= n] = 7
    found = matched(a, b)
    sound(a, b, found)
    common = np.isin(first, second)
    assert np.array_equal(found.rows >= 0, common)
    assert np.array_equal(second[found.rows[common]], first[common])
    assert found.moved.sum() <= moved
    assert found.capped == 0


def test_long_lists_without_inputs_are_aligned_with_the_fewest_edits() -> None:
    random = np.random.default_rng(1)
    first = random.integers(0, 7, 5000)
    second = np.insert(np.delete(first, random.integers(0, 5000, 100)), random.integers(0, 4000, 100), 8)
    a, b = flat(first, 9, inputs=False), flat(second, 9, inputs=False)
    found = matched(a, b)
    sound(a, b, found)
    assert np.count_nonzero(found.rows >= 0) >= 4900
    assert found.capped == 0


def test_lists_that_are_too_different_are_cut_into_windows_and_counted() -> None:
    random = np.random.default_rng(2)
    first, second = random.integers(0, 300, 20000), random.integers(0, 300, 20000)
    a, b = flat(first, 300, inputs=False), flat(second, 300, inputs=False)
    found = matched(a, b)
    sound(a, b, found)
    assert found.capped == 1
    assert np.count_nonzero(found.rows >= 0) > 1000


def test_floats_moved_by_noise_are_unsuspicious_and_swapped_ones_are_not() -> None:
    parent, key = np.full(4, -1, np.int32), np.zeros(4, np.int64)
    tokens = np.array([1, 2, 3, 4], np.uint64)
    assert unsuspicious(parent, key, tokens, np.array([1, 9, 3, 4], np.uint64))
    assert not unsuspicious(parent, key, tokens, np.array([1, 3, 2, 4], np.uint64))


@pytest.mark.parametrize("wrong", ["parent", "tokens", "sure", "cells"])
def test_columns_that_do_not_fit_are_refused(wrong: str) -> None:
    one = flat(np.arange(3))
    parent = np.array([1, -1, -1], np.int32) if wrong == "parent" else one.parent
    tokens = one.tokens[:2] if wrong == "tokens" else one.tokens
    sure = 99 if wrong == "sure" else SURE
    cells = 0 if wrong == "cells" else 100
    rows, moved = np.empty(3, np.int32), np.empty(3, np.uint8)
    with pytest.raises(ValueError, match="do not fit"):
        _native.match_trees(parent, one.key, tokens, *one, np.array(BITS, np.int32), rows, moved, sure, cells, 5)
