"""Runs the tests of an installed package under stochastic rounding and sorts what fails by why it fails."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from comparing import Suite, run
from explained import reason_of

HALF_OF_THE_DIGITS = {"single": 2.0**-12, "double": 2.0**-26}
"""Largest difference, relative to the largest value compared, that is called one of the last digits."""

SINGLE = re.compile(
    r"float32|=1\.19209e-0|complex64|float16|\bf4\b|[-[][fF][-\]]|<LinalgCase: c?single|fblas\.(?:s|c|sc)[a-z]"
)
NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
DIFFERENCE = re.compile(r"Max absolute difference[^:]*: *([^\s,]+)")
RELATIVE = re.compile(r"Max relative difference[^:]*: *([^\s,]+)")
UNITS = re.compile(r"not (?:almost )?equal (?:to|up to) [\d.]+ ULP(?: \(max(?: difference)? is ([\d.e+]+))?")
PAIR = re.compile(r"^ *\[[\d, ]+\]: (.+) \(ACTUAL\), (.+) \(DESIRED\)$", re.MULTILINE)
POINTS = re.compile(r"Max \|rdiff\|: ([\d.e+-]+)\nBad results")
OPERANDS = re.compile(r"(?:AssertionError: )?(?:AssertionError\(')?assert (.+?) == (.+?)(?: ± .*)?(?:'\).*)?$")
WRAPPING = re.compile(r"\b(?:np\.)?(?:longdouble|float|complex|array|masked_array|c?longdouble|int)\d*\(|\)|[\s'+,-]")
"""What surrounds numbers that are equal."""
EXACT = ("Arrays are not equal", "Items are not equal", "x and y are not equal", "assert_array_equal")
TOLERANCES = ("Not equal to tolerance", "almost equal", "approx(", "isclose", "allclose")

LAST_DIGITS = ("tolerance", "equality demanded", "units in the last place")
"""Kinds that need no explanation: the values agree to half of their digits and more."""


@dataclass(frozen=True)
class Failure:
    """A test that passes without noise and not with it."""

    test: str
    why: str  # a kind of `kind_of`, or of a rule
    message: str
    reason: str | None = None  # why that is so, where the digits alone do not say it


def failures(package: str, plain: Suite, noisy: Suite) -> list[Failure]:
    """What fails under noise alone. A test that did not end in both has failed, too."""
    found = []
    names = _same_tests(plain.outcomes, noisy.outcomes)
    for test, outcome in plain.outcomes.items():
        name = names.get(test, test)
        if outcome in ("passed", "xpassed") and noisy.outcomes.get(name) not in ("passed", "xpassed", "xfailed"):
            message = noisy.messages.get(name, "it did not run")
            why, reason = kind_of(message, test), None
            if why not in LAST_DIGITS:
                why, reason = reason_of(f"{package} {test}") or (why, None)
            found.append(Failure(test, why, message, reason))
    return found


def _same_tests(plain: Iterable[str], noisy: Iterable[str]) -> dict[str, str]:
    """By name without noise, the name with it of a test whose name holds numbers that are computed."""
    left, right = ([name for name in names if name not in other] for names, other in ((plain, noisy), (noisy, plain)))
    same: dict[str, str] = {}
    for stem in {_stem(name) for name in left}:
        lefts, rights = ([name for name in names if _stem(name) == stem] for names in (left, right))
        if len(lefts) == len(rights):
            same |= dict(zip(lefts, rights, strict=True))
    return same


def _stem(name: str) -> str:
    return re.sub(r"\[.*\]", "", name)


def kind_of(message: str, test: str = "") -> str:
    """Why a test failed, from what pytest printed of it."""
    message = message.partition("\n>")[0]  # without the lines of the test
    first = message.partition("\n")[0]
    limit = HALF_OF_THE_DIGITS["single" if SINGLE.search(test) or SINGLE.search(message) else "double"]
    if units := UNITS.search(message):
        count = float(units.group(1) or "1")
        return "units in the last place" if count * limit**2 <= limit else "other digits"
    if compared := OPERANDS.match(first):
        return "equality demanded" if _agree(compared.group(1), compared.group(2), limit) else "assertion"
    kinds = {"tolerance": TOLERANCES, "equality demanded": EXACT}
    for kind, words in kinds.items():
        if any(word in message for word in words):
            if _is_of_last_digits(message, limit):
                return kind
            return "sign or order" if _differ_in_sign(message, limit) else "other digits"
    if (largest := POINTS.search(message)) and not re.search(r"\b(?:inf|nan)", message):
        return "tolerance" if 0 < float(largest.group(1)) <= limit else "other digits"
    if message == "it did not run":
        return message
    name = re.match(r"(?:[\w.]+\.)?(\w+(?:Error|Warning|Exception|Failed))\b", first)
    return "assertion" if name is None or name.group(1) == "AssertionError" else name.group(1)


def _is_of_last_digits(message: str, limit: float) -> bool:
    """Whether the largest difference is small beside the largest value, or beside one where zero was expected."""
    absolute, relative = ([_number(text) for text in each.findall(message)] for each in (DIFFERENCE, RELATIVE))
    if not absolute:
        return _agree(*_sides(message), limit)
    if min(relative, default=float("inf")) <= limit:
        return True
    shown = message[message.find("Mismatch") :]
    values = [abs(float(text)) for text in NUMBER.findall(re.sub(r"\[[\d, ]+\]:|Max [^\n]*|Mismatch[^\n]*", "", shown))]
    largest = max(values, default=0.0)
    if relative == [float("inf")]:
        largest = max(largest, 1.0)
    return max(absolute) <= limit * largest


def _sides(message: str) -> tuple[str, str]:
    """What is shown of two values that are compared as a whole."""
    found = re.search(r"ACTUAL: (.+?)\n *DESIRED: (.+?)(?:\n>|\Z)", message, re.DOTALL)
    return found.groups() if found else ("", "")  # type: ignore[return-value]


def _agree(one: str, other: str, limit: float) -> bool:
    """Whether two texts differ only in the last digits of numbers."""
    ones, others = _values(one), _values(other)
    if not ones or len(ones) != len(others) or _words(one) != _words(other):
        return False
    largest = max(map(abs, ones + others))
    if not any(others):
        largest = max(largest, 1.0)
    return all(abs(a - b) <= limit * largest for a, b in zip(ones, others, strict=True))


def _values(text: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(WRAPPING.sub(_space, text))]


def _words(text: str) -> str:
    return WRAPPING.sub("", NUMBER.sub("", WRAPPING.sub(_space, text)))


def _space(found: re.Match[str]) -> str:
    return found.group() if found.group() in "+-" else " "


def _differ_in_sign(message: str, limit: float) -> bool:
    """Whether all pairs of values that are shown have the same magnitudes, and some another sign or phase."""
    pairs = [(_complex(a), _complex(b)) for a, b in PAIR.findall(message)]
    if not pairs or any(a is None or b is None for a, b in pairs):
        return False
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    largest = max(abs(value) for pair in known for value in pair)
    same = all(abs(abs(a) - abs(b)) <= limit * largest for a, b in known)
    return same and any(abs(a - b) > limit * largest for a, b in known)


def _complex(text: str) -> complex | None:
    try:
        return complex(text.replace(" ", ""))
    except ValueError:
        return None


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("inf")


def perturbed(folder: Path, package: str, tests: list[str]) -> tuple[Suite, Suite, list[Failure]]:
    """The tests without noise, under it, and what the noise made fail."""
    plain = run(folder / "plain", tests, traced=False)
    noisy = run(folder / "noisy", tests, traced=True, model="sr")
    return plain, noisy, failures(package, plain, noisy)


def table(found: list[Failure]) -> str:
    """Number of failures by kind."""
    return ", ".join(f"{n} {kind}" for kind, n in Counter(failure.why for failure in found).most_common())
