"""A kernel: a small computation, as users write it and as plain arithmetic."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Function = Callable[..., Any]


@dataclass(frozen=True)
class Kernel:
    """The program and the reference compute the same from the same inputs.

    The reference gets each float of the inputs as a Rounded (arrays become arrays of objects) and must perform the
    operations of the program in an order with the same rounding errors. Where the program is plain arithmetic itself,
    there is nothing to write: it is run over Rounded numbers.
    """

    name: str
    program: Function
    inputs: Callable[[], tuple[Any, ...]]
    reference: Function | None = None
    note: str = ""  # what the reference does otherwise than the program, and why that does not matter
    explanation: str = ""  # when the two differ by more than the goal: why

    def emulate(self, inputs: tuple[Any, ...]) -> Any:
        """The result of the reference."""
        return (self.reference or self.program)(*inputs)


def numbers_in(result: Any) -> NDArray[np.float64]:
    """The floats of a result, one after the other: of numbers, arrays, and tuples and lists of them; shape (M,)."""
    if isinstance(result, (tuple, list)):
        return np.concatenate([numbers_in(each) for each in result])
    array = np.asarray(result)
    if array.dtype.kind == "c":
        return np.ascontiguousarray(array).reshape(-1).view(np.float64)
    return array.astype(np.float64).ravel()


def random(seed: int) -> np.random.Generator:
    """Where a kernel's fixed inputs come from."""
    return np.random.default_rng(seed)
