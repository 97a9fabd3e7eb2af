"""One number in several samples, with the digits they agree in told from those that differ."""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from dash import html

AGREE, DIFFER = "agree", "differ"
NUMBER = "number"
"""No line breaks within it: those of complex numbers break between the parts where a page is narrow."""


def marked(values: Sequence[complex], *, imaginary: bool) -> list[html.Span]:
    """Each float64 number with all its digits: leading ones that all have in common are marked, and so is the rest.

    Digits agree only where sign and exponent do: else all of a number differs. `imaginary`: print both parts, each
    marked by itself. One value alone is not marked.
    """
    real = [html.Span(each, className=NUMBER) for each in _part([value.real for value in values])]
    if not imaginary:
        return real
    imag = [html.Span([*each, "i"], className=NUMBER) for each in _part([value.imag for value in values])]
    return [html.Span([first, " ", second]) for first, second in zip(real, imag, strict=True)]


def _part(numbers: Sequence[float]) -> list[list[Any]]:
    texts = [f"{number:+.16e}" for number in numbers]
    if len(texts) < 2:
        return [[text] for text in texts]
    if len(set(texts)) == 1:
        return [[html.Span(text, className=AGREE)] for text in texts]
    if len({_scale(text) for text in texts}) > 1:
        return [[html.Span(text, className=DIFFER)] for text in texts]
    end, same = texts[0].index("e"), _same(texts)
    return [
        [
            html.Span(text[:same], className=AGREE),
            html.Span(text[same:end], className=DIFFER),
            html.Span(text[end:], className=AGREE),
        ]
        for text in texts
    ]


def _scale(text: str) -> tuple[str, str]:
    """Sign and exponent; NaN and infinities have none, and are like themselves only."""
    mantissa, _, exponent = text.partition("e")
    return mantissa[0], exponent or mantissa


def _same(texts: Sequence[str]) -> int:
    """How many characters they begin with in common."""
    return sum(1 for _ in takewhile(lambda column: len(set(column)) == 1, zip(*texts, strict=False)))
