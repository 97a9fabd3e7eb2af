"""The call graph of a result, as a JSON file of its own beside it: callgraph.<id>.

{"format": "pytracer-callgraph", "version": 1, "description": what this is, "samples": number of measured samples,
 "nodes": [{"id", "module", "name", "kind", "file", "line", "signature", "calls", "measurable", "output_bits_min",
            "output_bits_median", "bits_lost_max", "bits_lost_median"}],
 "edges": [{"caller", "callee", "calls", "duration_ns", "bits_lost_max", "output_bits_min",
            "sites": [{"file", "line", "calls"}]}]}

A node is a function; `id` is its row in the result's table `functions`, in which all else is explained. An edge says
that one function called another, and from where; its caller is null where the program itself did. Bits are significant
bits (base 2); null means "not measured", and an unknown place has the file "" and line 0.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pytracer.errors import UsageError
from pytracer.parse.aggregates import ends
from pytracer.parse.files import open_whole
from pytracer.parse.store import Columns, Result

FORMAT: Final = "pytracer-callgraph"
VERSION: Final = 1
DESCRIPTION: Final = (
    "Which function called which, in the result beside this file. "
    "Bits are significant bits (base 2), null where they were not measured."
)
NODE = (
    "module", "name", "kind", "file", "line", "signature", "calls", "measurable",
    "output_bits_min", "output_bits_median", "bits_lost_max", "bits_lost_median",
)  # fmt: skip
EDGE = ("caller", "callee", "calls", "duration_ns", "bits_lost_max", "output_bits_min")
MAX_BYTES = 2**28
"""No call graph is larger."""


@dataclass(frozen=True)
class CallGraph:
    """The content of the file."""

    content: dict[str, Any]

    @classmethod
    def of(cls, result: Result) -> "CallGraph":
        """The call graph of a result: nothing else is in it."""
        sites = _sites(result)
        edges = list(_rows(result.edges, EDGE))
        for edge in edges:
            edge["sites"] = sites.get((edge["caller"], edge["callee"]), [])
            edge["caller"] = None if edge["caller"] < 0 else edge["caller"]
        nodes = [{"id": number} | node for number, node in enumerate(_rows(result.functions, NODE))]
        head = {"format": FORMAT, "version": VERSION, "description": DESCRIPTION}
        return cls(head | {"samples": result.attribute("samples"), "nodes": nodes, "edges": edges})

    @classmethod
    def read(cls, path: Path) -> "CallGraph":
        """Raises UsageError when the file is no call graph of this version."""
        try:
            if path.stat().st_size > MAX_BYTES or not path.is_file():
                raise _no_callgraph(path)
            content = json.loads(path.read_bytes())
        except OSError as error:
            raise UsageError(f"cannot read the call graph {str(path)!r}: {error.strerror}; check the path") from None
        except (ValueError, RecursionError):
            content = None
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise _no_callgraph(path)
        if content.get("version") != VERSION:
            raise UsageError(
                f"{str(path)!r} has call graph format {content.get('version')!r}, this pytracer reads {VERSION}: "
                "parse the traces again"
            )
        return cls(content)

    def check(self, path: Path, result: Result) -> None:
        """Raise UsageError when this call graph, read from `path`, is not that of `result`."""
        if self != CallGraph.of(result):
            raise UsageError(
                f"{str(path)!r} is not the call graph of {str(result.path)!r}; give the one beside it, or leave it out"
            )

    def write(self, path: Path) -> None:
        """Write the file whole. Raises PytracerError when that fails."""
        with open_whole(path, "call graph") as write:
            write(json.dumps(self.content, indent=1, allow_nan=False) + "\n")


def _no_callgraph(path: Path) -> UsageError:
    return UsageError(f"{str(path)!r} is no call graph; give a file callgraph.<id> that `pytracer parse` wrote")


def _rows(table: Columns, names: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    columns = [table[name].tolist() for name in names]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, map(_finite, row), strict=True))


def _finite(cell: Any) -> Any:
    return None if isinstance(cell, float) and not math.isfinite(cell) else cell


def _sites(result: Result) -> dict[tuple[int, int], list[dict[str, Any]]]:
    """Caller and callee -> from where, most calls first."""
    caller, callee = ends(result.calls.__getitem__)
    functions, known = len(result.functions), len(result.sites) + 1
    keys = ((caller + 1) * functions + callee) * known + result.calls["site"] + 1
    unique, calls = np.unique(keys, return_counts=True)
    pairs, site = np.divmod(unique, known)
    rows = (pairs // max(functions, 1) - 1, pairs % max(functions, 1), site - 1, calls)
    files, lines = [*result.sites["file"].tolist(), ""], [*result.sites["line"].tolist(), 0]
    found: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for one, other, site, count in sorted(zip(*(row.tolist() for row in rows), strict=True), key=lambda row: -row[3]):
        found.setdefault((one, other), []).append({"file": files[site], "line": lines[site], "calls": count})
    return found
