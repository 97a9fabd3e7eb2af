"""Print the report of a result again, or write it as a page.

Reports the newest result in the cache folder, or in the folder given by --directory, or the one named.

Example:
    pytracer report result.h5 --html report.html
"""

import argparse
import sys
from pathlib import Path

from pytracer.commands.inventory import newest_result
from pytracer.commands.messages import LOG
from pytracer.commands.options import add_directory, at_least
from pytracer.commands.result import check_output
from pytracer.config import Settings
from pytracer.errors import EXIT_OK, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("result", metavar="RESULT", nargs="?", type=Path, help="report this result")
    add_directory(source, "folder of results")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print the report as one JSON object")
    form.add_argument(
        "--html", metavar="FILE", type=Path, help="write it as one page, which opens without a server or a network"
    )
    form.add_argument("--top", metavar="N", type=at_least(1), help="print so many functions (default: 20)")


def execute(options: argparse.Namespace) -> int:
    """Report one result."""
    settings: Settings = options.settings
    path = options.result or newest_result(options.directory or settings.cache)
    if not path.is_file():
        raise UsageError(f"no result {str(path)!r}; make one with `pytracer run -o {path} script.py`")
    if options.html is not None:
        check_output(options.html, "report")
        if options.html.exists() and options.html.samefile(path):
            raise UsageError(f"{str(path)!r} is the result itself; choose another file for the report")
    report(path, options)
    return EXIT_OK


def report(path: Path, options: argparse.Namespace) -> None:
    """Read the result at `path` and report it as the options say."""
    from pytracer.parse.store import Result
    from pytracer.report.html import write_html
    from pytracer.report.json import write_json
    from pytracer.report.text import TOP, write_text

    with Result.open(path) as result:
        result.verify()
        if options.json:
            write_json(result, sys.stdout)
        elif options.html is None:
            write_text(result, top=options.top or TOP)
        else:
            write_html(result, options.html)
            LOG.info("report of %s in %s", path, options.html)
