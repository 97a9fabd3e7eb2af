"""Patterns that choose functions by name, one a line of an include or exclude file.

`module` covers a module, package or function and all below it; `module function` the functions of exactly that module
and all below them. `*` stands for any characters, dots too, and `?` for one.
"""

from typing import NamedTuple


class Pattern(NamedTuple):
    """One pattern and where it was written, for the user: "file:line" or the name of an option."""

    text: str
    origin: str
