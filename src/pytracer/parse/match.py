"""Matches the calls of two trees (native/trees.c, native/lists.c).

Roots are matched as a list, then the calls made by matched calls. In a list, calls of equal key match where their
inputs agree, from either end and wherever the same inputs stand once on both sides; between those the pairs whose
inputs are closest, and in large gaps the fewest insertions and deletions (Myers 1986), with equal keys.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytracer import _native
from pytracer.parse.tokens import BITS, SURE, Tokens

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]

CELLS: Final = 2**16
"""Gaps with at most so many pairs of calls are aligned by closeness: their product is time and memory."""

EDITS: Final = 2**11
"""Insertions and deletions up to which larger gaps are aligned as a whole; beyond, window by window."""


class Matches(NamedTuple):
    """For each call of the first tree (n,): the row of its partner, -1 for none; whether it was made in other order."""

    rows: Rows
    moved: NDArray[np.uint8]
    capped: int  # gaps that were aligned window by window


def match(
    parent: Rows, key: Ints, tokens: Tokens, other_parent: Rows, other_key: Ints, other_tokens: Tokens
) -> Matches:
    """Match two trees: parents (n,) come before their calls, keys (n,) of calls that can match are equal."""
    rows, moved = np.empty(len(key), np.int32), np.empty(len(key), np.uint8)
    bits = np.array(BITS, np.int32)
    first = (np.ascontiguousarray(parent), np.ascontiguousarray(key), np.ascontiguousarray(tokens))
    other = (np.ascontiguousarray(other_parent), np.ascontiguousarray(other_key), np.ascontiguousarray(other_tokens))
    capped = _native.match_trees(*first, *other, bits, rows, moved, SURE, CELLS, EDITS)
    return Matches(rows, moved, capped)


def unsuspicious(parent: Rows, key: Ints, tokens: Tokens, other: Tokens) -> bool:
    """Whether calls that stand in the same tree with the same keys match one by one.

    They do when no inputs that differ stand at another place of the same list on the other side: then noise moved them.
    """
    differ = np.flatnonzero(tokens != other)
    where = key[differ].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    where ^= parent[differ].astype(np.uint64) * np.uint64(0xD1342543DE82EF95)
    return not np.isin(tokens[differ] ^ where, other[differ] ^ where).any()
