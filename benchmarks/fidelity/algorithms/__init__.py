"""Algorithms written out for the reference: arithmetic on Rounded numbers and arrays of them, nothing of a library."""
