"""Suggested targets as text and as JSON."""

from collections.abc import Iterator
from typing import Any

from pytracer.records.ledger import LOSSES
from pytracer.report.plain import printable
from pytracer.report.suggest import Suggestion, Suggestions, Tally

NOTHING = (
    "Nothing to add: no function outside the default targets (your own code and what it calls in NumPy, SciPy and\n"
    "scikit-learn) was given floating-point numbers."
)


def to_text(found: Suggestions) -> str:
    """Options to paste, with what was counted."""
    lines = ["Worth adding as targets; each line is an option of `pytracer run` and `pytracer trace`:"]
    for suggestion in found.packages:
        lines += ["", *_block(found, suggestion)]
    if not found.packages:
        lines = [NOTHING]
    if found.not_hookable:
        packages = ", ".join(f"{count} of {package}" for package, count in found.not_hookable.items())
        lines += ["", f"Calls of functions that cannot be hooked were not counted: {packages}."]
    if found.dropped:
        lines += ["", f"{found.dropped} calls were not counted: {LOSSES['calls_dropped'][1]}."]
    return "\n".join(printable(line) for text in lines for line in text.split("\n"))


def to_json(found: Suggestions) -> dict[str, Any]:
    """See the help of `pytracer suggest`."""
    return {
        "suggestions": [
            {
                **_numbers(found, suggestion.package),
                "why": why(suggestion),
                "modules": [_numbers(found, tally) for tally in suggestion.modules],
                "functions": [_numbers(found, tally) for tally in suggestion.functions],
            }
            for suggestion in found.packages
        ],
        "native_seconds": found.native_ns / 1e9,
        "dropped_calls": found.dropped,
        "not_hookable": found.not_hookable,
    }


def why(suggestion: Suggestion) -> str:
    """The reason in words."""
    reasons = []
    if suggestion.called:
        reasons.append(
            f"your code calls {suggestion.called} of its functions ({suggestion.package.direct_calls} calls)"
        )
    if suggestion.native:
        calls = suggestion.package.native_calls
        reasons.append(f"{suggestion.native} of its native functions run without a hook ({calls} calls)")
    return "; ".join(reasons)


def _numbers(found: Suggestions, tally: Tally) -> dict[str, Any]:
    fields = vars(tally) | {"native_share": found.share(tally)}
    del fields["native_ns"]
    return fields


def _block(found: Suggestions, suggestion: Suggestion) -> Iterator[str]:
    yield f"    {_line(found, suggestion.package)}"
    yield f"        {why(suggestion)}"
    for title, tallies in (("modules", suggestion.modules), ("functions", suggestion.functions)):
        if tallies:
            yield f"        or only some of its {title}:"
            yield from (f"            {_line(found, tally)}" for tally in tallies)


def _line(found: Suggestions, tally: Tally) -> str:
    share = f", {100 * found.share(tally):.1f} % of the native time" if tally.native_calls else ""
    # What follows the # is a comment to a shell, too.
    return f"--trace {tally.name}  # {tally.calls} calls, {tally.float_calls} with floats{share}"
