"""The order of the ranking; where the worst element of a value is, also in a result that was damaged."""

from pathlib import Path

import numpy as np
import pytest
from made import Made

from pytracer.parse import Result
from pytracer.report.ranking import _index, ranking
from pytracer.visualize.queries.contents import Contents


def test_bits_that_differ_by_rounding_are_ranked_by_the_first_call(tmp_path: Path) -> None:
    made = Made()
    made.sample(0)
    for name, lost in (("caller", 39.04078736363689), ("callee", 39.04078736363792), ("worst", 39.042)):
        made.call(made.function(name), output_bits_min=9.5, bits_lost=lost, measurable=1)
    with Result.open(made.write(tmp_path / "ties.h5")) as result:
        names = [row.function.rpartition(".")[2] for row in ranking(result)]
        assert names == ["worst", "caller", "callee"]
        assert [function.name.rpartition(".")[2] for function in Contents.of(result).functions] == names


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
