"""One number in several samples, with what they agree in told from what differs."""

from collections.abc import Sequence
from itertools import takewhile

from dash import html


def decimal(value: complex, *, imaginary: bool) -> str:
    """All digits of a float64 number, so that those of several stand under each other."""
    if not imaginary:
        return f"{value.real:+.16e}"
    return f"{value.real:+.16e} {value.imag:+.16e}i"


def marked(texts: Sequence[str]) -> list[html.Span]:
    """Each text with the beginning that all have in common marked as such, and the rest."""
    same = _same(texts) if len(texts) > 1 else 0
    return [
        html.Span(
            [html.Span(text[:same], className="agree"), html.Span(text[same:], className="differ" if same else "")]
        )
        for text in texts
    ]


def _same(texts: Sequence[str]) -> int:
    """How many characters they begin with in common."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))
