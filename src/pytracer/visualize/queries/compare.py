"""Two results side by side: the functions whose bits changed, and what else differs."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import PurePath
from typing import Any

import numpy as np

from pytracer.parse.store import Result
from pytracer.shared import NO_NOISE
from pytracer.visualize.queries import overview, samples
from pytracer.visualize.queries.contents import INSTALLED, Contents, Function
from pytracer.visualize.state import BITS
from pytracer.visualize.units import rounded

HASH_LETTERS = 12
"""Of the SHA-256 of a source text: enough to see that two differ."""


@dataclass(frozen=True)
class Change:
    """One function in two results: this one and the other. Bits are significant bits (base 2), of its worst output."""

    name: str
    here: Function | None
    there: Function | None
    beyond_chance: bool | None  # whether the confidence intervals are apart; None: not known

    @property
    def bits(self) -> float | None:
        """Output bits here minus there: negative when this result has fewer."""
        return _difference(self.here, self.there, "output_bits")

    @property
    def lost(self) -> float | None:
        """Bits lost here minus there: positive when this result loses more."""
        return _difference(self.here, self.there, "bits_lost")

    def changed(self, unit: str = BITS) -> bool:
        """Whether a change that does not round to 0 in `unit` is there, or the function stands in one result only."""
        if self.here is None or self.there is None:
            return True
        pairs = ((self.here.output_bits, self.there.output_bits), (self.here.bits_lost, self.there.bits_lost))
        return any(_differs(*pair, unit) for pair in pairs)


def _difference(here: Function | None, there: Function | None, column: str) -> float | None:
    a, b = getattr(here, column, None), getattr(there, column, None)
    return None if a is None or b is None else a - b


def _differs(here: float | None, there: float | None, unit: str) -> bool:
    if here is None or there is None:
        return here is not there
    return rounded(here - there, unit) != 0


def changes(here: Contents, there: Contents) -> list[Change]:
    """All functions of both: the largest loss of bits against the other first, then what only one has."""
    mine, others = _named(here), _named(there)
    width = _interval(here.result), _interval(there.result)
    found = [
        Change(name, mine.get(name), others.get(name), _apart(mine.get(name), others.get(name), width))
        for name in dict.fromkeys([*mine, *others])
    ]
    return sorted(
        found, key=lambda change: (change.bits is None, change.bits or 0.0, not change.changed(), change.name)
    )


def _named(contents: Contents) -> dict[str, Function]:
    """By name; of functions of one name (defined twice) the one that loses most."""
    found: dict[str, Function] = {}
    for function in contents.functions:
        found.setdefault(function.name, function)
    return found


def _interval(result: Result) -> float:
    """Bits between the two ends of the confidence interval with all samples; NaN when not known."""
    table = result.confidence
    rows = np.flatnonzero(table["samples"] == result.attribute("samples"))
    return float(table.read("to_upper", int(rows[0]))) if len(rows) else float("nan")


def _apart(here: Function | None, there: Function | None, width: Sequence[float]) -> bool | None:
    """Bits are the lower ends of their intervals: they are apart when one begins above the end of the other."""
    if here is None or there is None or here.output_bits is None or there.output_bits is None:
        return None
    if isnan(width[0]) or isnan(width[1]):
        return None
    return here.output_bits > there.output_bits + width[1] or there.output_bits > here.output_bits + width[0]


def circumstances(here: Contents, there: Contents) -> list[tuple[str, str, str]]:
    """What else differs between two results: what it is, here, there."""
    facts = _facts(here.result), _facts(there.result)
    names = dict.fromkeys([*facts[0], *facts[1]])
    rows = ((name, facts[0].get(name) or "-", facts[1].get(name) or "-") for name in names)
    texts = _sources(here.result), _sources(there.result)
    sources = ((f"source {file}", text, texts[1][file]) for file, text in texts[0].items() if file in texts[1])
    return [row for row in (*rows, *sources) if row[1] != row[2]]


def _facts(result: Result) -> dict[str, str]:
    provenance = result.provenance
    models = sorted(set(result.samples["model"].tolist()) - {NO_NOISE, ""})
    how = overview.samples(result)
    facts: dict[str, Any] = {
        "command": " ".join(map(str, provenance.get("command") or [])),
        "folder": provenance.get("directory", ""),
        "started": provenance.get("started", ""),
        "noise": ", ".join(models) or "none",
        "seeds": ", ".join(how.seeds),
        "perturbed": "; ".join(how.layers),
        "not perturbed": "; ".join(how.missing),
        "varied around the processes": _varied(result),
        "perturbed samples": result.attribute("samples"),
        "method": result.attribute("method"),
        "bits relative to": result.attribute("reference"),
        "probability": result.attribute("probability"),
        "confidence": result.attribute("confidence"),
        "elements not stored": result.attribute("elements_omitted"),
        "traced": _targets(provenance.get("targets")),
        "Python": provenance.get("python", ""),
        "platform": provenance.get("platform", ""),
        "processor": provenance.get("processor", ""),
        "pytracer": result.attribute("pytracer"),
        "calls": len(result.calls),
    }
    for name, kind in (("packages", "package"), ("environment", "environment")):
        found = provenance.get(name)
        facts |= {f"{kind} {each}": text for each, text in (found if isinstance(found, dict) else {}).items()}
    return {name: str(fact) for name, fact in facts.items()}


def _varied(result: Result) -> str:
    """The settings of the samples, each once."""
    settings = (sample.settings.items() for sample in samples.samples(result).all)
    return ", ".join(dict.fromkeys(f"{name}={level}" for each in settings for name, level in each))


def _targets(targets: Any) -> str:
    """What was asked to be traced; empty when not known."""
    if not isinstance(targets, dict):
        return ""
    chosen, left_out = (" ".join(map(str, targets.get(name) or ())) for name in ("trace", "exclude"))
    return " without ".join(filter(None, (chosen or "the default", left_out)))


def _sources(result: Result) -> dict[str, str]:
    """Source files whose texts are held, relative to the program or to their package -> the beginnings of hashes."""
    folder = PurePath(str(result.provenance.get("directory") or "."))
    found = {}
    for file, text in zip(result.sources["file"].tolist(), result.sources["text"].tolist(), strict=True):
        if text:
            path = PurePath(file)
            shown = str(path.relative_to(folder) if path.is_relative_to(folder) else path)
            digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
            found[INSTALLED.sub("", shown)] = f"text with SHA-256 {digest[:HASH_LETTERS]}..."
    return found
