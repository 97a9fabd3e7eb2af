"""Where the worst element of a value is, also in a result that was damaged."""

import numpy as np
import pytest

from pytracer.report.ranking import _index


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 1, 5)])
def test_index_of_each_element(shape: tuple[int, ...]) -> None:
    for element in range(int(np.prod(shape))):
        assert _index(element, str(shape)) == tuple(int(i) for i in np.unravel_index(element, shape))


@pytest.mark.parametrize(
    ("element", "shape"),
    [(0, ""), (0, "()"), (-1, "(3,)"), (3, "(3,)"), (6, "(2, 3)"), (0, "(0,)"), (0, "(2, 0)"), (0, "(-1,)"), (0, "(x,)"),
     (0, "(" + "9" * 5000 + ",)"), (2**62, "(9223372036854775807, 9223372036854775807, 0)")],
)  # fmt: skip
def test_no_index(element: int, shape: str) -> None:
    assert _index(element, shape) is None
