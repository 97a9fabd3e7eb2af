"""Options of noise models: what each is called, which texts it takes, and what they mean."""

from collections.abc import Callable
from typing import Any, NamedTuple


class Kind(NamedTuple):
    """Reads the text of an option."""

    accepted: str  # in words
    parse: Callable[[str], Any]
    """The value. Raises ValueError for a text that is not accepted."""
    words: tuple[str, ...] = ()  # the texts it takes, where they can be listed


class Option(NamedTuple):
    """One option of a model."""

    name: str
    kind: Kind
    default: Any  # a value, as `kind.parse` returns it
    help: str


def choice(*words: str) -> Kind:
    """One of some words; its value is that word."""

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return Kind(", ".join(map(repr, words)), parse, words)


def some_of(*words: str) -> Kind:
    """Words of a list; the value is the tuple of those named, in the order of the list."""

    def parse(text: str) -> tuple[str, ...]:
        named = set(text.split(","))
        if not named <= set(words):
            raise ValueError(text)
        return tuple(word for word in words if word in named)

    return Kind(f"words of {','.join(words)} with commas between them", parse, words)


def integer(minimum: int, maximum: int) -> Kind:
    """An integer in a range."""

    def parse(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not minimum <= int(text[:20]) <= maximum:
            raise ValueError(text)
        return int(text)

    return Kind(f"an integer from {minimum} to {maximum}", parse)


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(names):
        raise ValueError(text)
    return names


def _text(text: str) -> str:
    if not text or "\0" in text:
        raise ValueError(text)
    return text


NAMES = Kind("names or patterns with commas between them", _names)
"""The value is a tuple of texts."""

TEXT = Kind("any text but an empty one", _text)
