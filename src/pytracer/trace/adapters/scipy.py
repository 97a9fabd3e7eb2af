"""Sparse arrays and matrices: what they store. Splines: their coefficients."""

from collections.abc import Iterator
from typing import Any

from pytracer.trace.adapters import Adapter, attributes

STORED = ("data", "indices", "indptr", "coords", "offsets", "rows")


def sparse(obj: Any) -> Iterator[tuple[str, Any]]:
    """The stored elements and their places, and the shape; a dictionary of keys as such."""
    own = attributes(obj)
    yield ".shape", own.get("_shape")
    yield from ((f".{name}", own[name]) for name in STORED if name in own)
    if "_dict" in own:
        yield ".items", own["_dict"]


def spline(obj: Any) -> Iterator[tuple[str, Any]]:
    """Coefficients, breakpoints, knots and degree, those that it has."""
    for name in ("c", "x", "t", "k"):
        value = getattr(obj, name, None)
        if value is not None:
            yield f".{name}", value


ADAPTERS: dict[str, Adapter] = {"_spbase": sparse, "_PPolyBase": spline, "PPoly": spline, "BSpline": spline}
