"""List the traces and results in the cache folder.

For each trace: date, name, path, size, and the command that was traced. For each result: date, name, path and size.
`--json` prints one object with the lists `traces` and `results`; sizes are in bytes.

Example:
    pytracer info --trace
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from pytracer.commands.inventory import find_results, find_traces
from pytracer.commands.options import add_directory
from pytracer.errors import EXIT_OK, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_directory(parser, "folder to look in")
    parser.add_argument("--trace", action="store_true", help="list the traces only")
    parser.add_argument("--aggregation", action="store_true", help="list the results only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: argparse.Namespace) -> int:
    """Print what is there."""
    directory: Path = options.directory or options.settings.cache
    if options.directory is not None and not directory.is_dir():
        raise UsageError(f"no folder {str(directory)!r}; give a cache folder, such as {options.settings.cache}")
    both = options.trace == options.aggregation
    found: dict[str, list[dict[str, object]]] = {}
    if both or options.trace:
        found["traces"] = [trace.fields() for trace in find_traces(directory)]
    if both or options.aggregation:
        found["results"] = [result.fields() for result in find_results(directory)]
    if options.json:
        print(json.dumps(found, indent=2))
        return EXIT_OK
    for title, entries in found.items():
        print(f"{title.capitalize()} in {directory}: {len(entries) or 'none'}")
        for entry in entries:
            print(_block(entry))
    return EXIT_OK


def _block(entry: Mapping[str, object]) -> str:
    return "\n" + "\n".join(f"    {name.capitalize():10} {_text(value)}" for name, value in entry.items()) + "\n"


def _text(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value))
    return f"{value} bytes" if isinstance(value, int) else str(value)
