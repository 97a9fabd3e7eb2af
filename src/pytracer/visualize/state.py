"""What the reader looks at, as it stands in the address bar: a view can be sent, and the back button works."""

from dataclasses import dataclass, replace
from typing import Any, Final, Self
from urllib.parse import parse_qsl, urlencode

BITS: Final = "bits"
MEAN: Final = "mean"
STD: Final = "std"
ORDER: Final = "order"
TIME: Final = "time"
LINEAR: Final = "linear"
LOG: Final = "log"

CHOICES: Final = {"y": (BITS, MEAN, STD), "x": (ORDER, TIME), "scale": (LINEAR, LOG)}
"""Fields with fixed choices; the first is the default."""


@dataclass(frozen=True)
class State:
    """Which function and argument, drawn how, and which call is selected."""

    function: str = ""  # key of queries.Function; empty for the one that loses most
    argument: str = ""  # label of a value; empty for all
    y: str = BITS
    x: str = ORDER
    scale: str = LINEAR  # of the y axis
    call: int | None = None  # row in calls

    @classmethod
    def parse(cls, search: str | None) -> Self:
        """The state of a query string such as '?function=math.sin&y=std'. What it does not know it ignores."""
        fields = dict(parse_qsl((search or "").removeprefix("?")))
        state = cls(function=fields.get("function", ""), argument=fields.get("argument", ""))
        chosen = {name: fields[name] for name, choices in CHOICES.items() if fields.get(name) in choices}
        call = fields.get("call", "")
        number = int(call) if call.isascii() and call.isdecimal() and len(call) < 19 else None
        return replace(state, **chosen, call=number)

    @property
    def search(self) -> str:
        """The query string; defaults are left out."""
        default = State()
        fields = {name: value for name, value in vars(self).items() if value != getattr(default, name)}
        return f"?{urlencode(fields)}" if fields else ""

    def with_function(self, key: str) -> Self:
        """Another function: its arguments and calls are others, the axes stay."""
        return self if key == self.function else replace(self, function=key, argument="", call=None)

    def with_choice(self, name: str, value: Any) -> Self:
        """Another argument, axis or call."""
        return replace(self, **{name: value})
