"""Traces to a result: align the samples, measure significant bits, store them in one HDF5 file."""

from pytracer.parse.pipeline import parse
from pytracer.parse.store import Result, ResultError

__all__ = ["Result", "ResultError", "parse"]
