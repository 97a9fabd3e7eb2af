"""List the traces and results in the cache folder, or the settings.

For each trace: date, name, path, size, the arguments that pytracer was given, the report on calls and memory, the log,
and the program. For each result: date, name, path, size, arguments, traces, call graph and log. "none" stands where
there is none. --coverage prints what the newest traces did not see, or those in the folder given by --directory;
docs/coverage.md explains each line. --config prints each setting, its value and where it came from.

--json prints one object; sizes are in bytes, null stands where there is none, `problem` says why something is unknown:
    traces    list of {date, name, path, size, args, report_name, report_path, log_name, log_path, command, sample,
              noise, experiment, problem}
    results   list of {date, name, path, size, args, traces, callgraph_name, callgraph_path, log_name, log_path,
              problem}
    config    {file, settings: {key: {value, origin}}}
and with --coverage {traces, ledger: [{event, count, why, names: [{name, count}], samples}], notes: [{sample, text}]}

Examples:
    pytracer info --trace
    pytracer info --coverage
    pytracer info --config --json
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

from pytracer.commands.configuration import settings_object, settings_text
from pytracer.commands.inventory import find_results, find_traces, readable_size, with_traces
from pytracer.commands.options import add_directory, check_noise
from pytracer.errors import EXIT_OK, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    add_directory(parser, "folder to look in")
    parser.add_argument("--trace", action="store_true", help="list the traces only")
    parser.add_argument("--aggregation", action="store_true", help="list the results only")
    parser.add_argument(
        "--coverage", action="store_true", help="print only what the newest traces (those of one program) did not see"
    )
    parser.add_argument("--config", action="store_true", help="print the settings only, and where each came from")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def execute(options: argparse.Namespace) -> int:
    """Print what is there."""
    directory: Path = options.directory or options.settings.cache
    if options.directory is not None and not directory.is_dir():
        raise UsageError(f"no folder {str(directory)!r}; give a cache folder, such as {options.settings.cache}")
    if options.coverage:
        return _print_coverage(directory, as_json=options.json)
    if options.config:
        check_noise(options.resolved)
    all_files = not (options.trace or options.aggregation or options.config)
    found: dict[str, list[dict[str, object]]] = {}
    if all_files or options.trace:
        found["traces"] = [trace.fields() for trace in find_traces(directory)]
    if all_files or options.aggregation:
        found["results"] = [with_traces(result).fields() for result in find_results(directory)]
    if options.json:
        config = {"config": settings_object(options.resolved)} if options.config else {}
        print(json.dumps(found | config, indent=2))
        return EXIT_OK
    for title, entries in found.items():
        print(f"{title.capitalize()} in {directory}: {len(entries) or 'none'}")
        for entry in entries:
            print(_block(entry))
    if options.config:
        print(settings_text(options.resolved))
    return EXIT_OK


def _print_coverage(directory: Path, *, as_json: bool) -> int:
    from pytracer.commands.ledger import newest_ledger  # imports NumPy

    found = newest_ledger(directory)
    print(json.dumps(found.object(), indent=2) if as_json else found.text())
    return EXIT_OK


def _block(entry: Mapping[str, object]) -> str:
    shown = {name: value for name, value in entry.items() if name != "problem" or value is not None}
    lines = [f"    {name.replace('_', ' ').capitalize():15} {_text(name, value)}" for name, value in shown.items()]
    return "\n".join(["", *lines, ""])


def _text(name: str, value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or "none"
    if name == "size" and isinstance(value, int):
        return f"{readable_size(value)} ({value} bytes)"
    return "none" if value is None else str(value)
