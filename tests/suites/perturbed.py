"""Runs the tests of an installed package under stochastic rounding and sorts what fails by why it fails."""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from comparing import Suite, run

LAST_DIGITS = 1e-6
"""Largest difference, relative or absolute, that is called one of the last digits: those of single precision."""

DIFFERENCE = re.compile(r"Max (?:relative|absolute) difference[^:]*: *([^\s,]+)")
UNITS = re.compile(
    r"not (?:almost )?equal (?:to|up to) [\d.]+ ULP(?: \(max difference is ([\d.e+]+))?|max is ([\d.e+]+)"
)
EXACT = ("Arrays are not equal", "Items are not equal", "x and y are not equal", "assert_array_equal")
TOLERANCES = ("Not equal to tolerance", "almost equal", "approx(", "isclose", "allclose")


@dataclass(frozen=True)
class Failure:
    """A test that passes without noise and not with it."""

    test: str
    why: str  # a kind of `kind_of`
    message: str


def failures(plain: Suite, noisy: Suite) -> list[Failure]:
    """What fails under noise alone. A test that did not end in both has failed, too."""
    found = []
    for test, outcome in plain.outcomes.items():
        if outcome in ("passed", "xpassed") and noisy.outcomes.get(test) not in ("passed", "xpassed", "xfailed"):
            message = noisy.messages.get(test, "it did not run")
            found.append(Failure(test, kind_of(message), message))
    return found


def kind_of(message: str) -> str:
    """Why a test failed, from what pytest printed of it."""
    first = message.partition("\n")[0]
    if units := UNITS.search(message):
        return "units in the last place" if float(next(filter(None, units.groups()), "1")) < 1e8 else "other digits"
    difference = min((_number(text) for text in DIFFERENCE.findall(message)), default=None)
    if any(words in message for words in TOLERANCES):
        return "tolerance" if difference is None or difference <= LAST_DIGITS else "other digits"
    if any(words in message for words in EXACT):
        return "equality demanded" if difference is None or difference <= LAST_DIGITS else "other digits"
    name = re.match(r"(?:[\w.]+\.)?(\w+(?:Error|Warning|Exception|Failed))\b", first)
    return "assertion" if name is None or name.group(1) == "AssertionError" else name.group(1)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")


def perturbed(folder: Path, tests: list[str]) -> tuple[Suite, Suite, list[Failure]]:
    """The tests without noise, under it, and what the noise made fail."""
    plain = run(folder / "plain", tests, traced=False)
    noisy = run(folder / "noisy", tests, traced=True, model="sr")
    return plain, noisy, failures(plain, noisy)


def table(found: list[Failure]) -> str:
    """Number of failures by kind."""
    return ", ".join(f"{n} {kind}" for kind, n in Counter(failure.why for failure in found).most_common())
