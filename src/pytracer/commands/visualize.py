"""Open the dashboard on a result.

Shows the newest result in the cache folder, or in the folder given by --directory, or the file given by --filename, in
the browser. The dashboard runs until Ctrl-C. The call graph is in the result; --callgraph checks that a file is the
call graph of this result.

Examples:
    pytracer visualize --filename result.h5 --port 9000
    pytracer visualize --filename result.h5 --callgraph callgraph.result
"""

import argparse
from pathlib import Path

from pytracer.commands.inventory import newest_result
from pytracer.commands.options import add_directory, at_least
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_OK, UsageError


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--filename", metavar="F", type=Path, help="show this result")
    add_directory(source, "folder of results")
    parser.add_argument("--callgraph", metavar="C", type=Path, help="call graph of the result, to be checked")
    parser.add_argument(
        "--compare", metavar="OTHER", type=Path, help="compare it with this result, on a page of its own"
    )
    parser.add_argument("--host", metavar="H", help=f"address to listen on (default: {DEFAULTS.host})")
    parser.add_argument("--port", metavar="P", type=at_least(1), help=f"port to listen on (default: {DEFAULTS.port})")
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--debug", action="store_true", help="show errors of the dashboard in the browser")


def execute(options: argparse.Namespace) -> int:
    """Serve the dashboard."""
    settings: Settings = options.settings
    path = options.filename or newest_result(options.directory or settings.cache)
    for each in filter(None, (path, options.compare)):
        if not each.is_file():
            raise UsageError(f"no result {str(each)!r}; make one with `pytracer run -o {each} script.py`")
    if options.callgraph is not None:
        _check(options.callgraph, path)
    from pytracer.visualize.server import serve

    serve(
        path,
        other=options.compare,
        host=settings.host,
        port=settings.port,
        debug=options.debug,
        browser=not options.no_browser,
    )
    return EXIT_OK


def _check(callgraph: Path, path: Path) -> None:
    """Raise UsageError when the file is not the call graph of this result."""
    from pytracer.parse.callgraph import CallGraph
    from pytracer.parse.store import Result

    with Result.open(path) as result:
        CallGraph.read(callgraph).check(callgraph, result)
