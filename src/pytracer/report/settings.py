"""Which setting changed what, from the table `explanations`: for the text and the JSON report."""

import json
from typing import Any

from pytracer.parse.store import Result
from pytracer.report.summary import rows


def explanations(result: Result, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One object per function, call site and explanation, in order of first call; `found` are the samples.

    `levels` has for each explaining setting its levels, those with equal outputs together.
    """
    names = [f"{row['module']}.{row['name']}".lstrip(".") for row in rows(result.functions)]
    sites = list(rows(result.sites))
    settings = {sample["sample"]: sample["settings"] for sample in found}
    entries = []
    for row in rows(result.explanations):
        site = sites[row["site"]] if row["site"] >= 0 else None
        groups = json.loads(row["groups"])
        explaining = json.loads(row["settings"])
        entries.append(
            {
                "function": names[row["function"]],
                "file": site["file"] if site else None,
                "line": site["line"] if site else None,
                "caller": site["function"] if site else None,
                "settings": explaining,
                "levels": {name: _levels(groups, name, settings) for name in explaining},
                "samples": groups,
                "calls": row["calls"],
            }
        )
    return entries


def never_repeated(found: list[dict[str, Any]]) -> list[str]:
    """Settings with as many levels as measured samples `found`: whatever differs, nobody could tell why."""
    settings = [sample["settings"] for sample in found if sample["status"] == "measured"]
    names = dict.fromkeys(name for each in settings for name in each)
    return [name for name in names if len(settings) > 1 and len({each.get(name) for each in settings}) == len(settings)]


def _levels(groups: list[list[int]], name: str, settings: dict[int, dict[str, str]]) -> list[list[str]]:
    """The levels of a setting that the samples of each group have."""
    return [list(dict.fromkeys(settings.get(sample, {}).get(name, "") for sample in group)) for group in groups]
