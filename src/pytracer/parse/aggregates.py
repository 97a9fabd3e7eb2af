"""The tables that sum up the calls: functions and edges, made when all calls are stored.

They read whole columns of the calls back, one after the other: some 65 bytes of memory a call.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytracer.parse.groups import Groups

Ints = NDArray[np.int64]
ReadColumn = Callable[[str], NDArray[Any]]
"""Gives a column of the calls by its name."""


def of_functions(calls: ReadColumn, count: int) -> Mapping[str, ArrayLike]:
    """The columns of `functions` that sum up the calls of each of `count` functions."""
    groups = Groups(calls("function").astype(np.int64), count)
    lost, output = calls("bits_lost"), calls("output_bits_min")
    return {
        "calls": groups.sizes(),
        "measurable": groups.sums(calls("measurable")),
        "input_bits_min": groups.minima(calls("input_bits_min")),
        "output_bits_min": groups.minima(output),
        "output_bits_median": groups.medians(output),
        "bits_lost_max": groups.maxima(lost),
        "bits_lost_median": groups.medians(lost),
        "worst_call": groups.worst_rows(lost, output),
    }


def of_edges(calls: ReadColumn) -> Mapping[str, ArrayLike]:
    """The table `edges`, by caller, then callee."""
    caller, callee = ends(calls)
    width = int(np.max(callee, initial=0)) + 1
    pairs, group = np.unique((caller + 1) * width + callee, return_inverse=True)
    groups = Groups(group, len(pairs))
    return {
        "caller": pairs // width - 1,
        "callee": pairs % width,
        "calls": groups.sizes(),
        "duration_ns": groups.sums(np.maximum(calls("duration_ns"), 0)),
        "bits_lost_max": groups.maxima(calls("bits_lost")),
        "output_bits_min": groups.minima(calls("output_bits_min")),
    }


def ends(calls: ReadColumn) -> tuple[Ints, Ints]:
    """Caller and callee of each call: rows in functions, -1 where the program itself calls."""
    callee, parent = calls("function").astype(np.int64), calls("parent")
    return np.where(parent < 0, -1, np.append(callee, -1)[parent]), callee
