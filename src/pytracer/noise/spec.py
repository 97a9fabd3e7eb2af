"""The text that chooses noise: NAME[:option=value,...][+NAME[:...]].

What stands after a comma without an equals sign belongs to the value before it: `platform:only=blas,threads`. A value
in double quotes may hold anything; a quotation mark in it is written twice: `env:LABEL="a+b, ""c"", d"`.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from pytracer.errors import UsageError


class Part(NamedTuple):
    """One model of a composition, with its options as texts."""

    name: str
    options: Mapping[str, str]


def parse(text: str) -> tuple[Part, ...]:
    """The models that a text names. Raises UsageError for a text that is not of this form."""
    return tuple(_part(part.strip(), text) for part in _split(text, "+"))


def write(parts: Iterable[Part]) -> str:
    """The text that `parse` reads as these parts."""
    return "+".join(map(_write_part, parts))


def _write_part(part: Part) -> str:
    options = ",".join(f"{name}={_quote(value)}" for name, value in part.options.items())
    return f"{part.name}:{options}" if options else part.name


def _quote(value: str) -> str:
    special = "+" in value or '"' in value or value != value.strip() or "=" in value.partition(",")[2]
    return '"' + value.replace('"', '""') + '"' if special else value


def _part(text: str, whole: str) -> Part:
    name, _, rest = text.partition(":")
    if not name:
        raise UsageError(f"no model {'beside a +' if '+' in whole else 'is named'} in the noise {whole!r}; name one")
    options: dict[str, str] = {}
    last = ""
    for item in _split(rest, ",") if rest else []:
        key, equals, value = item.partition("=")
        if equals and not item.lstrip().startswith('"'):
            last = key.strip()
            if last in options:
                raise UsageError(f"option {last!r} of the noise model {name!r} stands there twice; keep one")
            options[last] = value
        elif last:
            options[last] += f",{item}"
        else:
            raise UsageError(f"{item!r} after {name!r} in the noise {whole!r} is no option; write option=value")
    return Part(name, {key: _unquote(value.strip(), name, key) for key, value in options.items()})


def _split(text: str, separator: str) -> list[str]:
    """The parts between separators that stand outside quotation marks."""
    parts, quoted = [""], False
    for character in text:
        quoted ^= character == '"'
        if character == separator and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    if quoted:
        raise UsageError(f"a quotation mark in the noise {text!r} is not closed; close it, or write it twice")
    return parts


def _unquote(value: str, name: str, key: str) -> str:
    if '"' not in value:
        return value
    inner = value[1:-1].replace('""', "")
    if len(value) < 2 or value[0] != '"' or value[-1] != '"' or '"' in inner:
        raise UsageError(f"option {key!r} of the noise model {name!r} cannot be {value}; quote the whole value")
    return value[1:-1].replace('""', '"')
