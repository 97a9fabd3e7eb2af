"""Traces to a result: align the samples, measure significant bits, store them in one HDF5 file."""

from typing import TYPE_CHECKING, Any

from pytracer.parse.store import Result, ResultError

if TYPE_CHECKING:
    from pytracer.parse.pipeline import parse

__all__ = ["Result", "ResultError", "parse"]


def __getattr__(name: str) -> Any:
    """Who only reads results does not wait for what writes them."""
    if name != "parse":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from pytracer.parse.pipeline import parse

    return parse
