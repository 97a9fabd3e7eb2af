"""Series, DataFrame and Index: their columns as they are stored, without the caches that pandas keeps."""

from collections.abc import Iterator
from typing import Any

from pytracer.trace.adapters import Adapter, Parts, attributes

COLUMNS = 64
"""A frame of more columns is recorded by its blocks: the columns of one type together."""

NAMES = (str, int, float, bool)
"""Types of column names that are shown as they are; others by their number."""


def stored(values: Any) -> Any:
    """The NumPy array that an array of pandas stands for, where its content is that array, or can be made one."""
    if type(values).__name__ == "Categorical":
        return values
    arrow = getattr(values, "_pa_array", None)  # what pandas stores texts in where pyarrow is installed
    return getattr(values, "_ndarray", values) if arrow is None else arrow.to_numpy()


def frame(obj: Any) -> Iterator[tuple[str, Any]]:
    """The index, and each column."""
    manager = attributes(obj).get("_mgr")
    if manager is None:  # not made yet
        return
    columns, index = manager.axes
    yield ".index", index
    if len(columns) > COLUMNS:
        yield ".columns", columns
        yield from ((f".blocks[{i}]", block.values) for i, block in enumerate(manager.blocks))
        return
    for i, name in enumerate(columns):
        yield f"[{name!r}]" if type(name) in NAMES else f"[#{i}]", stored(manager.iget_values(i))


def series(obj: Any) -> Iterator[tuple[str, Any]]:
    """The index and the values."""
    manager = attributes(obj).get("_mgr")
    if manager is not None:
        yield ".index", manager.axes[0]
        yield ".values", stored(manager.blocks[0].values)


def index(obj: Any) -> Iterator[tuple[str, Any]]:
    """The labels; of a range its ends and step."""
    own = attributes(obj)
    if "_range" in own:
        yield "", own["_range"]
    elif "_data" in own:
        yield "", stored(own["_data"])


def multi_index(obj: Any) -> Iterator[tuple[str, Any]]:
    """The levels, and for each row its place in them."""
    own = attributes(obj)
    yield ".levels", tuple(own.get("_levels", ()))
    yield ".codes", tuple(own.get("_codes", ()))


def extension_array(obj: Any) -> Parts:
    """An array with a mask, or one that stands for a NumPy array."""
    own = attributes(obj)
    if "_mask" in own:
        return [(".data", own["_data"]), (".mask", own["_mask"])]
    values = stored(obj)
    return None if values is obj else [("", values)]


def categorical(obj: Any) -> Iterator[tuple[str, Any]]:
    """The codes and what they stand for."""
    yield ".codes", obj._ndarray
    yield ".categories", stored(attributes(obj.dtype.categories).get("_data"))


ADAPTERS: dict[str, Adapter] = {
    "DataFrame": frame,
    "Series": series,
    "Index": index,
    "MultiIndex": multi_index,
    "ExtensionArray": extension_array,
    "Categorical": categorical,
}
