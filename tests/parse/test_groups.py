"""Calls are counted by their bits."""

import numpy as np

from pytracer.parse.groups import distribution


def test_all_bits_are_in_the_last_bar_and_unknown_ones_in_none() -> None:
    counts, ends = distribution(np.array([0, 3.9, 4, 47.9, 48, 52, 53, np.nan]))
    assert (ends[0], ends[1], ends[-2], ends[-1]) == (0, 4, 48, 53)
    assert (counts[:2], counts[-2:], sum(counts)) == ([2, 1], [1, 3], 7)
