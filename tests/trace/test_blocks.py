"""Array contents are written once, and what differs in a single bit is told apart."""

import numpy as np
import pytest
from tracing import Run

PROGRAM = """
import sys
import numpy as np
def f(x): pass
size, times = map(int, sys.argv[1:])
base = np.random.default_rng(0).random(size)
for i in range(times):
    f(base.copy())
for i in range(times):
    base[i * (size // times)] += 1.0
    f(base.copy())
f(base.reshape(2, -1))
"""

SIZES = (
    4,
    20,
    1000,
    10_000,
    300_000,
)  # elements: inline sample, small blocks, with copies, read back, larger than the buffer


@pytest.mark.parametrize("size", SIZES)
def test_equal_contents_are_written_once(traced: Run, size: int) -> None:
    times = min(size, 30)
    ran = traced(PROGRAM, str(size), str(times), targets=("__main__.f",))
    ((_, lane),) = ran.read().lanes()
    arrays = [lane.value(int(call["inputs"])) for call in lane.calls]
    expected = np.random.default_rng(0).random(size)
    for array in arrays[:times]:
        assert array.tobytes() == expected.tobytes()
    for i, array in enumerate(arrays[times : 2 * times]):
        expected[i * (size // times)] += 1.0
        assert array.tobytes() == expected.tobytes()
    assert arrays[-1].shape == (2, size // 2)
    different = 1 + times + 1
    assert len(lane.payload) < different * (size * 8 + 64)
