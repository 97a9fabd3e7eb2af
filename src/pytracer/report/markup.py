"""HTML and SVG as text, in which nothing that a trace says becomes markup."""

from html import escape

VOID = frozenset(("br", "meta", "line", "rect", "circle", "path", "polyline"))
"""Elements that hold nothing."""


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: str | None, **attributes: str | float | None) -> Markup:
    """One element; of its content only Markup stays as it is. `class_` is the attribute class, `x_y` is x-y.

    None among the content and the attributes is left out.
    """
    keys = {key: key.removesuffix("_").replace("_", "-") for key in attributes}
    written = "".join(
        f' {keys[key]}="{escape(_text(value))}"' for key, value in attributes.items() if value is not None
    )
    if name in VOID and not content:
        return Markup(f"<{name}{written}/>")
    return Markup(f"<{name}{written}>{join(*content)}</{name}>")


def join(*content: str | None) -> Markup:
    """One after the other."""
    return Markup("".join(part if isinstance(part, Markup) else escape(_plain(part)) for part in content if part))


def _text(value: str | float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else _plain(str(value))


def _plain(text: str) -> str:
    """Control characters, which no document may hold, escaped."""
    return "".join(c if c.isprintable() or c in "\n\t" else f"\\x{ord(c):02x}" for c in text)
