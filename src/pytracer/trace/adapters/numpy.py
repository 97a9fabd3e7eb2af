"""Polynomials: their coefficients, and the domain and window of the newer classes."""

from pytracer.trace.adapters import Adapter, attributes

ADAPTERS: dict[str, Adapter] = {"poly1d": attributes, "ABCPolyBase": attributes}
