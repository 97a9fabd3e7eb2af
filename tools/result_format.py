"""Writes docs/result-format.md from src/pytracer/parse/schema.py. Usage: python tools/result_format.py [FILE]"""

import sys
from collections.abc import Iterator
from pathlib import Path

from pytracer.parse import callgraph, schema
from pytracer.parse.schema import TEXT
from pytracer.parse.store import VERSIONS
from pytracer.records.schema import CallFlag, Kind, Outcome, Role
from pytracer.report import json

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "docs" / "result-format.md"
HDF5 = f"1.{VERSIONS[0].removeprefix('v1')}"
TYPES: dict[str | type, str] = {str: "text", bool: "bool", int: "int64", float: "float64"}
TYPES |= {TEXT: "text", "u1": "uint8", "i4": "int32", "i8": "int64", "f8": "float64"}
LIMITS = (
    "ELEMENTS_PER_VALUE", "ELEMENTS_PER_RESULT", "OBSERVATIONS_PER_VALUE", "OBSERVATIONS_PER_RESULT", "CONDITION_SIZE",
    "SOURCE_BYTES", "SOURCES_PER_RESULT", "UNKNOWN_EXIT",
)  # fmt: skip
ENUMS = {
    "records.schema.Kind": Kind,
    "records.schema.Role": Role,
    "records.schema.Outcome": Outcome,
    "records.schema.CallFlag": CallFlag,
    "Finding": schema.Finding,
}

INTRODUCTION = """\
# The result file

<!-- Written by tools/result_format.py from src/pytracer/parse/schema.py: change them, not this page. -->

`pytracer run` and `pytracer parse` write one HDF5 file, `stats.<id>.h5`, and beside it `callgraph.<id>`. All that
reports and the dashboard show comes from the HDF5 file. [reading-results.md](reading-results.md) reads it with h5py
and pandas.
"""

BODY = """\
## Layout

The format is version {version} (attributes `format` and `version` of the root group). Every table is a group with one
dataset per column; the columns of a table have equal length, and a row is an index into all of them. Texts are
variable-length UTF-8. Numbers are little-endian, in chunks, shuffled and compressed with gzip, which every HDF5
library reads; the file needs HDF5 {hdf5} or later. Each dataset has its explanation in the attribute `comment`.
`provenance` is one JSON text: the `meta.json` of the reference sample (versions, processor, BLAS libraries, command
line, noise, environment) and, under `parse`, the command line, versions and choices of the parser.

Bits are significant bits (base 2; decimal digits are bits / log2(10)). NaN means "not measured": not perturbed, not a
floating-point value, or not comparable. It never means "exact".

Calls are those that any sample made, matched over the samples, lane after lane. Each shows the record of one sample
(`source`): the reference (sample 0, unperturbed) where it made the call, else the first sample that did. Where
samples went different ways stands in `divergences`.

The file appears under its name when it is whole. Until then it is `.<name>.<random>.part` beside it; one that a
killed parser left behind is removed by the next one that writes the same result, or with the cache folder by
`pytracer clean`.
"""

JSON = """\
## The call graph file

`callgraph.<id>` is JSON, for programs that want no HDF5:

```text
{callgraph}
```

## The report as JSON

What `pytracer run --json` and `pytracer parse --json` print; what is not known or not finite is null:

```text
{report}
```
"""


def page() -> str:
    """The whole page."""
    body = BODY.format(version=schema.RESULT_VERSION, hdf5=HDF5)
    return "\n".join([INTRODUCTION, body, *_attributes(), *_tables(), *_numbers(), *_limits(), _json()])


def _attributes() -> Iterator[str]:
    yield "## Attributes of the root group\n"
    rows = ((f"`{name}`", TYPES[kind], text) for name, (kind, text) in schema.ATTRIBUTES.items())
    yield from _table(("attribute", "type", "meaning"), rows)


def _tables() -> Iterator[str]:
    for table, columns in schema.TABLES.items():
        yield f"## Table `{table}`\n"
        rows = ((f"`{name}`", TYPES[kind], text) for name, (kind, text) in columns.items())
        yield from _table(("column", "type", "meaning"), rows)


def _numbers() -> Iterator[str]:
    yield "## Numbers that stand for words\n"
    rows = (
        (f"`{name}`", ", ".join(f"{member.value} {str(member.name).lower()}" for member in kind))
        for name, kind in ENUMS.items()
    )
    yield from _table(("name", "values (those of CallFlag and Finding add up)"), rows)


def _limits() -> Iterator[str]:
    yield "## Limits\n"
    yield from _table(("name", "value"), ((f"`{name}`", str(getattr(schema, name))) for name in LIMITS))


def _json() -> str:
    callgraph_text, report_text = (str(module.__doc__).partition("\n\n")[2].strip() for module in (callgraph, json))
    return JSON.format(callgraph=callgraph_text, report=report_text)


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> Iterator[str]:
    yield "\n".join(
        [
            f"| {' | '.join(head)} |",
            "|" + "---|" * len(head),
            *(f"| {' | '.join(map(_cell, row))} |" for row in rows),
            "",
        ]
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    (Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE).write_text(page())
