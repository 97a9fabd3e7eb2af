"""Words of other programs' commands: how they are written in an option, and what each sample puts in."""

import shlex

from pytracer.noise.options import Kind
from pytracer.noise.seeds import seed_of_sample

PLACES = ("{sample}", "{seed}")


def _words(text: str) -> tuple[str, ...]:
    """As a shell splits them. Raises ValueError for a quotation mark that is not closed, and for no word at all."""
    words = tuple(shlex.split(text))
    if not words or "\0" in text:
        raise ValueError(text)
    return words


COMMAND = Kind("a command with its words quoted as in a shell", _words)
"""The value is the tuple of the words."""


def short_seed(seed: int, sample: int) -> int:
    """A seed of one sample that other programs take: from 1 to 2**31 - 1."""
    return seed_of_sample(seed, sample) % (2**31 - 1) + 1


def fill(text: str, seed: int, sample: int) -> str:
    """The text with its `{sample}` and `{seed}` replaced; other braces stay."""
    return text.replace("{sample}", str(sample)).replace("{seed}", str(short_seed(seed, sample)))
