"""Traces to a result: align the samples, measure significant bits, store them in one HDF5 file."""
