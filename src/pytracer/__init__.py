"""Pytracer finds where a Python program loses its digits.

Importing this package imports nothing else: the traced process starts here too.
"""

__version__ = "0.1.0"
