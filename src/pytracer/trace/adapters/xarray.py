"""Variable, DataArray and Dataset: what is in memory. Data yet to be loaded or computed is not understood."""

from collections.abc import Iterator
from typing import Any

from pytracer.trace.adapters import Adapter


def variable(obj: Any) -> Iterator[tuple[str, Any]]:
    """The data; of an index that of the pandas index."""
    data = obj._data
    yield "", getattr(data, "array", data) if type(data).__name__ == "PandasIndexingAdapter" else data


def data_array(obj: Any) -> Iterator[tuple[str, Any]]:
    """The values and the coordinates."""
    yield ".values", obj._variable
    yield from ((f".coords[{name!r}]", coordinate) for name, coordinate in obj._coords.items())


def dataset(obj: Any) -> Iterator[tuple[str, Any]]:
    """Every variable, coordinates too."""
    return ((f"[{name!r}]", each) for name, each in obj._variables.items())


ADAPTERS: dict[str, Adapter] = {"Variable": variable, "DataArray": data_array, "Dataset": dataset}
