"""What the text and the JSON report have in common besides the ranking: samples, noise, divergences, coverage."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytracer.parse.schema import TABLES, UNKNOWN_EXIT
from pytracer.parse.store import Columns, Result
from pytracer.records.ledger import Gap
from pytracer.report.coverage import Entry, ledger
from pytracer.report.divergence import evidence
from pytracer.shared import BLAS_THREAD_VARIABLES, NO_NOISE

DECIMAL = re.compile(r"[0-9]{1,20}")

NOISE_COUNTERS = {
    "noisy_loops": "NumPy inner loops with stochastic rounding",
    "noisy_elements": "elements they computed",
    "inexact_elements": "numbers that were drawn among neighbours, or given random digits",
    "noisy_native_calls": "native calls under a random rounding mode",
    "native_disabled": "native calls left unperturbed (deny-list)",
    "noisy_scalars": "operations on Python floats and NumPy scalars",
    "inexact_scalars": "roundings in them that were drawn",
}


def rows(columns: Columns) -> Iterator[dict[str, Any]]:
    """The rows of a small table as Python values."""
    names = list(TABLES[columns.name])
    return (dict(zip(names, row, strict=True)) for row in zip(*(columns[n].tolist() for n in names), strict=True))


def samples(result: Result) -> list[dict[str, Any]]:
    """One object per sample, with its own keys of the table `samples`; what is not known is None."""
    found = []
    for row in rows(result.samples):
        row["exit_code"] = None if row["exit_code"] == UNKNOWN_EXIT else row["exit_code"]
        row["started"] = row["started"] or None
        row["duration_ns"] = None if row["duration_ns"] < 0 else row["duration_ns"]
        row["seed"] = int(row["seed"]) if DECIMAL.fullmatch(row["seed"]) else None
        row["complete"] = bool(row["complete"])
        for name in ("layers", "missing", "settings", "environment"):
            row[name] = json.loads(row[name])
        found.append(row)
    return found


@dataclass(frozen=True)
class Noise:
    """How the measured samples were perturbed; counts are sums over them."""

    models: list[str]
    seeds: list[int]
    layers: list[str]
    missing: list[str]
    counts: dict[str, int]
    settings: dict[str, list[str]]  # what was varied around the process -> its levels
    blas_threads: list[str]  # of the samples, as far as environment variables say; one text when all had the same

    @property
    def perturbing(self) -> bool:
        """Whether there was any noise."""
        return bool(set(self.models) - {NO_NOISE})

    @property
    def rounding(self) -> bool:
        """Whether operations inside the process were perturbed."""
        return any(self.counts[name] for name in NOISE_COUNTERS if name != "native_disabled")


def noise(found: list[dict[str, Any]]) -> Noise:
    """The noise of the samples that `samples` gave: of the measured ones, or of all perturbed ones when none was."""
    used = [s for s in found if s["status"] == "measured"] or [s for s in found if s["status"] != "reference"]
    return Noise(
        models=_unique([s["model"]] for s in used if s["model"]),
        seeds=list(dict.fromkeys(s["seed"] for s in used if s["seed"] is not None)),
        layers=_unique(s["layers"] for s in used),
        missing=_unique(s["missing"] for s in used),
        counts={name: sum(s[name] for s in used) for name in NOISE_COUNTERS},
        settings={
            name: _unique([s["settings"][name]] for s in used if name in s["settings"])
            for name in _unique(list(s["settings"]) for s in used)
        },
        blas_threads=_unique([_blas_threads(s["environment"])] for s in used),
    )


def _blas_threads(environment: dict[str, str]) -> str:
    """A number when all libraries were told the same, else what each was told."""
    told = {name: environment.get(name, "unset") for name in BLAS_THREAD_VARIABLES}
    same = set(told.values())
    return same.pop() if len(same) == 1 else ", ".join(f"{name}={count}" for name, count in told.items())


def _unique(lists: Iterator[list[str]]) -> list[str]:
    return list(dict.fromkeys(text for texts in lists for text in texts))


def coverage(result: Result) -> list[Entry]:
    """What the samples did not see."""
    return ledger(
        (Gap(row["event"], row["name"], row["why"], row["count"]), row["samples"]) for row in rows(result.coverage)
    )


def divergences(result: Result) -> list[dict[str, Any]]:
    """One object per divergence: where, in which samples, the calls on either side, and what differed before."""
    lanes, sites = list(rows(result.lanes)), list(rows(result.sites))
    names = [f"{row['module']}.{row['name']}".lstrip(".") for row in rows(result.functions)]
    return [
        {
            "process": lanes[row["lane"]]["process"],
            "lane": lanes[row["lane"]]["name"],
            "file": sites[row["site"]]["file"] if row["site"] >= 0 else None,
            "line": sites[row["site"]]["line"] if row["site"] >= 0 else None,
            "caller": sites[row["site"]]["function"] if row["site"] >= 0 else None,
            "inside": names[row["function"]] if row["function"] >= 0 else None,
            "samples": json.loads(row["samples"]),
            "reference": json.loads(row["reference"]),
            "sides": json.loads(row["sides"]),
            "kind": row["kind"],
            "times": row["times"],
            "evidence": evidence(result, row["evidence"]),
        }
        for row in rows(result.divergences)
    ]


def absolute(result: Result, file: str) -> str:
    """The path of a source file; names such as '<string>' stay."""
    if not file or file.startswith("<"):
        return file
    return str(Path(str(result.provenance.get("directory") or ".")) / file)
