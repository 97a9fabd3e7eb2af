"""Fingerprints of what calls were given, by which calls of equal key are told apart (native/fingerprints.c).

A token hashes the inputs of a call: which arguments there are, their types, dtypes and shapes, whole numbers, texts,
up to 8 elements of each array, and floats rounded to some bits. Equal tokens of a level mean inputs that agree to its
bits.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pytracer import _native
from pytracer.parse.catalog import Catalog
from pytracer.records.reader import Lane

Tokens = NDArray[np.uint64]

BITS: Final = (0, 5, 14, 28, 44)
"""Bits of the significand of floats that count at each level: from none (discrete content alone) to almost all."""

SURE: Final = 2
"""Index of the level at which calls of equal key that follow one another are held to be the same."""

MAX_NAMES = 2**22
"""Name ids from there on have no content: an id is no reason to take memory for all below it."""


def tokens_of(lane: Lane, catalog: Catalog, bits: tuple[int, ...] = BITS) -> Tokens:
    """Tokens (levels, calls) of the calls of a lane; 0 for a call without inputs. One pass over calls and values."""
    result = np.empty((len(bits), len(lane.calls)), np.uint64)
    calls, values, payload = (np.ascontiguousarray(table) for table in (lane.calls, lane.values, lane.payload))
    levels = np.array(bits, np.int32)
    _native.fingerprint_calls(calls, values, payload, _names(lane, catalog), levels, result, len(calls))
    return result


def _names(lane: Lane, catalog: Catalog) -> NDArray[np.uint32]:
    """Catalog number of each name id."""
    known = lane.names.ids < MAX_NAMES
    ids = lane.names.ids[known]
    result = np.zeros(int(ids[-1]) + 1 if len(ids) else 0, np.uint32)
    result[ids] = catalog.names_of(lane)[:-1][known]
    return result
