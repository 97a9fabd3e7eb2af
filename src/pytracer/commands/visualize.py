"""Open the dashboard on a result.

Shows the newest result in the cache folder, or in the folder given by --directory, or the file given by --filename, in
the browser. The dashboard runs until Ctrl-C. The call graph is in the result, too; --callgraph checks that a
file is the call graph of this result. Without it the file beside the result is checked: a wrong one is a warning.

Examples:
    pytracer visualize --filename result.h5 --port 9000
    pytracer visualize --filename result.h5 --callgraph callgraph.result
"""

import argparse
import sys
from pathlib import Path
from secrets import token_urlsafe

from pytracer.commands.inventory import newest_result
from pytracer.commands.options import add_directory, at_least
from pytracer.config import DEFAULTS, Settings
from pytracer.errors import EXIT_OK, UsageError
from pytracer.trace.cache import callgraph_of

GENERATED = "-"
"""The token of --token without one: a new one at each start."""
TOKEN_BYTES = 16


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
    parser.add_argument(
        "--token", metavar="TEXT", nargs="?", const=GENERATED, default="", help="only who knows it sees the result"
    )
    threads = f"requests answered at the same time (default: {DEFAULTS.threads}); also 'yes' and 'no'"
    parser.add_argument(
        "--threaded", dest="threads", metavar="T", nargs="?", const=DEFAULTS.threads, type=_threads, help=threads
    )
    parser.add_argument("--no-browser", action="store_true", help="only print the address")
    parser.add_argument("--debug", action="store_true", help="show errors of the dashboard in the browser")


def execute(options: argparse.Namespace) -> int:
    """Serve the dashboard."""
    settings: Settings = options.settings
    path = options.filename or newest_result(options.directory or settings.cache)
    for each in filter(None, (path, options.compare)):
        if not each.is_file():
            raise UsageError(f"no result {str(each)!r}; make one with `pytracer run -o {each} script.py`")
    graph = options.callgraph or callgraph_of(path)
    if options.callgraph is not None:
        _check(graph, path)
    elif not graph.exists() or not _fits(graph, path):
        graph = None
    from pytracer.visualize.server import Listening, serve

    listening = Listening(
        host=settings.host,
        port=settings.port,
        threads=settings.threads,
        token=token_urlsafe(TOKEN_BYTES) if options.token == GENERATED else options.token,
        debug=options.debug,
        browser=not options.no_browser,
    )
    serve(path, listening, options.compare, graph)
    return EXIT_OK


def _threads(text: str) -> int:
    """A number, or whether there is more than one."""
    words = {"true": DEFAULTS.threads, "yes": DEFAULTS.threads, "false": 1, "no": 1}
    return words[text.lower()] if text.lower() in words else at_least(1)(text)


def _check(callgraph: Path, path: Path) -> None:
    """Raise UsageError when the file is not the call graph of this result."""
    from pytracer.parse.callgraph import CallGraph
    from pytracer.parse.store import Result

    with Result.open(path) as result:
        CallGraph.read(callgraph).check(callgraph, result)


def _fits(callgraph: Path, path: Path) -> bool:
    """Whether the file beside the result is its call graph; a warning when not: nobody asked for it by name."""
    from pytracer.parse.store import ResultError

    try:
        _check(callgraph, path)
    except ResultError:
        return False  # it is the result that cannot be read: serving it tells
    except UsageError:
        what = f"{str(callgraph)!r} is not the call graph of {str(path)!r} (damaged, outdated, or of another result)"
        remedy = "shown is the one in the result; remove the file, or parse the traces again"
        print(f"pytracer: warning: {what}; {remedy}", file=sys.stderr, flush=True)
        return False
    return True
