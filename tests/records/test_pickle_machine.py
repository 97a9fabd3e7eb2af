"""The machine reads what the standard library pickles, and takes any bytes without another error than its own."""

import contextlib
import io
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pytracer.records.pickle_machine import BrokenError, CutError, Machine, Pairs, RefusedError
from pytracer.records.pickle_names import NAMES, PickledArray

ATOMS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.integers(2**63, 2**3000)
)  # fmt: skip
DATA = st.recursive(
    ATOMS,
    lambda inner: (
        st.lists(inner) | st.tuples(inner) | st.tuples(inner, inner, inner, inner) | st.dictionaries(ATOMS, inner)
        | st.frozensets(st.text()) | st.sets(st.integers()) | st.builds(lambda x: [x, x], inner)
    ),
)  # fmt: skip


def machine(content: bytes) -> Machine:
    return Machine(io.BytesIO(content), len(content), NAMES)


def plain(value: Any) -> Any:
    """What the machine made, as what was pickled; sets cannot be told from lists."""
    if isinstance(value, Pairs):
        return [(plain(key), plain(item)) for key, item in value]
    if isinstance(value, list | tuple):
        return type(value)(map(plain, value))
    return value


def expected(value: Any) -> Any:
    if isinstance(value, dict):
        return [(expected(key), expected(item)) for key, item in value.items()]
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, list | tuple):
        return type(value)(map(expected, value))
    return value


@given(value=DATA, protocol=st.integers(3, 5), fast=st.booleans())
@settings(max_examples=100, deadline=None)
def test_data_are_read_as_the_standard_library_wrote_them(value: Any, protocol: int, fast: bool) -> None:
    stream = io.BytesIO()
    pickler = pickle.Pickler(stream, protocol)
    pickler.fast = fast
    pickler.dump(value)
    pickler = pickle.Pickler(stream, protocol)
    pickler.dump([value])
    reader = machine(stream.getvalue())
    assert repr(plain(reader.load())) == repr(expected(value))
    assert repr(plain(reader.load())) == repr([expected(value)])
    assert reader.ended()
    with pytest.raises(EOFError):
        reader.load()


DTYPES = st.sampled_from(["<f8", ">f4", "<f2", "<c16", "<i4", "|u1", "|b1", "<U3", "|S2", "<M8[ns]", "<m8[25s]", ">i8"])


@given(
    array=hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, min_side=0)),
    protocol=st.integers(3, 5),
    kind=st.integers(0, 2),
)
@settings(max_examples=100, deadline=None)
def test_arrays_are_those_that_numpy_pickled(array: np.ndarray[Any, Any], protocol: int, kind: int) -> None:
    array = (array, np.asfortranarray(array), array[..., ::2] if array.ndim else array)[kind]
    found = machine(pickle.dumps(array, protocol)).load()
    assert isinstance(found, PickledArray)
    read = found.array()
    assert isinstance(read, np.ndarray)
    assert (read.dtype, read.shape, read.tobytes()) == (array.dtype, array.shape, array.tobytes())
    assert not read.flags.writeable


@pytest.mark.parametrize("dtype", ["O", "i4,f8", "V3"])
def test_arrays_of_other_types_have_a_shape_only(dtype: str) -> None:
    array = np.zeros((2, 3), dtype)
    found = machine(pickle.dumps(array)).load()
    assert found.array() == array.shape


CODES = [bytes([code]) for code in b"N\x88\x89K\x05])}\x8f(tlde\x85\x86\x87aus\x90\x91\x94q\x00h\x00h\x01Rb\x81\x93.0"]
NAMED = [
    b"\x8c" + bytes([len(part)]) + part.encode() for name in NAMES for part in name.rpartition(".")[::2]
]  # fmt: skip
WHOLE = [first + last + b"\x93" for first, last in zip(NAMED[::2], NAMED[1::2], strict=True)]
SOUP = st.lists(st.sampled_from(CODES) | st.sampled_from(WHOLE) | st.binary(max_size=3), max_size=40).map(b"".join)


@given(content=SOUP | st.binary(max_size=200))
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_taken(content: bytes) -> None:
    reader = machine(b"\x80\x04" + content + b".")
    try:
        value = reader.load()
    except (BrokenError, CutError, RefusedError):
        return
    if isinstance(value, PickledArray):
        with contextlib.suppress(ValueError):
            value.array()
