"""What the names in a pickle trace stand for: numbers, containers, NumPy arrays and the records of the original.

Nothing here runs code that a file chose: arrays are kept as their parts, and checked when they are asked for.
"""

import math
import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracer.records.arrays import MAX_NDIM, plain_dtype
from pytracer.records.pickle_machine import Constructor, Pairs

_LETTERS = re.compile(r"[biufcSUmMVO][0-9]{1,9}")
_UNIT = re.compile(rb"[a-zA-Z]{1,2}")


class PickledType:
    """A NumPy dtype: `text` such as "<f8"; the empty text when its elements are no plain data."""

    def __init__(self, letters: str, *_: Any) -> None:
        if not _LETTERS.fullmatch(letters):
            raise ValueError("no dtype")
        self._letters = letters
        self.text = ""  # a state follows

    def build(self, state: Any) -> None:
        """NumPy's state of a dtype: version, byte order, sub-array, names, fields, size, alignment, flags, metadata."""
        if not isinstance(state, tuple):
            raise ValueError("no state of a dtype")
        order, parts, names = state[1:4]
        if not isinstance(order, str) or order not in ("<", ">", "|", "="):
            raise ValueError("no byte order")
        plain = parts is None and names is None and self._letters[0] not in "VO"
        unit = _unit(state[8]) if len(state) > 8 and self._letters[0] in "mM" else ""
        self.text = order + self._letters + unit if plain else ""

    def dtype(self) -> np.dtype[Any] | None:
        """The dtype; None when its elements are no plain data."""
        dtype = plain_dtype(self.text.encode())
        return dtype if dtype.kind not in "VO" else None


def _unit(metadata: Any) -> str:
    unit, count = metadata[1][:2]
    if not _UNIT.fullmatch(unit) or not isinstance(count, int) or not 0 < count < 10**5:
        raise ValueError("no unit of time")
    return f"[{count}{unit.decode()}]" if count > 1 else f"[{unit.decode()}]"


class PickledArray:
    """A NumPy array: shape, dtype, order and the bytes of its elements."""

    def __init__(self, shape: Any = (0,), dtype: Any = None, content: Any = b"", fortran: Any = False) -> None:
        self._parts = shape, dtype, content, bool(fortran)

    @classmethod
    def of(cls, shape: Any, text: Any, content: Any) -> "PickledArray":
        """As our writer names arrays: `numpy.ndarray(shape, "<f8", content)`."""
        dtype = PickledType(re.split(r"[<>|]|\[", text)[1])
        dtype.text = text
        return cls(shape, dtype, content)

    @classmethod
    def empty(cls, *_: Any) -> "PickledArray":
        """An array whose state follows."""
        return cls()

    @classmethod
    def from_buffer(cls, content: Any, dtype: Any, shape: Any, order: Any = "C") -> "PickledArray":
        """As protocol 5 names contiguous arrays."""
        return cls(shape, dtype, content, order == "F")

    def build(self, state: Any) -> None:
        """NumPy's state of an array: version, shape, dtype, whether the order is Fortran's, elements."""
        _, shape, dtype, fortran, content = state
        self._parts = shape, dtype, content, bool(fortran)

    def array(self) -> NDArray[Any] | tuple[int, ...]:
        """The array, read-only, of which nothing was copied; its shape when the elements are no plain data.

        Raises ValueError when the parts do not fit.
        """
        shape, pickled, content, fortran = self._parts
        lengths = [shape] if isinstance(shape, int) else list(shape)
        if len(lengths) > MAX_NDIM or not all(type(n) is int and 0 <= n < 2**63 for n in lengths):
            raise ValueError("no shape")
        dtype = pickled.dtype() if isinstance(pickled, PickledType) else None
        if dtype is None or not isinstance(content, bytes):
            return tuple(lengths)
        if math.prod(lengths) * dtype.itemsize != len(content):
            raise ValueError("its elements do not fill it")
        return np.ndarray(lengths, dtype, content, order="F" if fortran else "C")


class PickledScalar(PickledArray):
    """A NumPy scalar: an array without dimensions."""

    @classmethod
    def of_type(cls, dtype: Any, content: Any = b"") -> "PickledScalar":
        """As NumPy names its scalars."""
        return cls((), dtype, content)


class Frame:
    """A place in a source file, as `traceback.FrameSummary`."""

    def __init__(self, filename: Any = "", lineno: Any = 0, name: Any = "", *_: Any) -> None:
        self.filename, self.lineno, self.name = filename, lineno, name

    def build(self, state: Any) -> None:
        """The state that pickle gives to an object with slots: None and the slots."""
        _, slots = state
        if not isinstance(slots, Pairs) or len(slots) > 32:
            raise ValueError("no slots of a frame")
        fields = slots.fields()
        self.filename, self.lineno, self.name = (fields.get(name) for name in ("filename", "lineno", "name"))


def _complex(real: Any, imag: Any) -> complex:
    if not isinstance(real, float) or not isinstance(imag, float):
        raise ValueError("no complex number")
    return complex(real, imag)


def _list(items: Any) -> list[Any]:
    if type(items) is not list:
        raise ValueError("no items")
    return items


def _content(content: Any = b"") -> bytes:
    if not isinstance(content, bytes):
        raise ValueError("no bytes")
    return content


def _dictionary() -> Pairs:
    return Pairs()


_SCALAR_TYPES = (
    "bool bool_ int8 int16 int32 int64 intc intp longlong uint8 uint16 uint32 uint64 uintc uintp ulonglong "
    "float16 float32 float64 longdouble complex64 complex128 clongdouble str_ bytes_ datetime64 timedelta64"
)
_BUILTIN_TYPES = "bool int float str list tuple dict"

NAMES: dict[str, Constructor | None] = {
    "builtins.complex": _complex,
    "builtins.set": _list,
    "builtins.frozenset": _list,
    "builtins.bytearray": _content,
    "collections.OrderedDict": _dictionary,
    "numpy.ndarray": PickledArray.of,
    "numpy.dtype": PickledType,
    "traceback.FrameSummary": Frame,
    # The record type of the original.
    "pytracer.core.inout.writer._pickle.PytracerPickleTrace": _dictionary,
    # Types that are arguments, such as dtype=float: known by name only.
    **{f"numpy.{name}": None for name in _SCALAR_TYPES.split()},
    **{f"builtins.{name}": None for name in _BUILTIN_TYPES.split()},
}
for _core in ("numpy.core", "numpy._core"):
    NAMES[f"{_core}.multiarray._reconstruct"] = PickledArray.empty
    NAMES[f"{_core}.multiarray.scalar"] = PickledScalar.of_type
    NAMES[f"{_core}.numeric._frombuffer"] = PickledArray.from_buffer
