"""Remove the cache folder with all traces and results, and nothing else.

Asks before it deletes when it runs on a terminal. The cache folder is the one that the configuration names
(io.cache.root). Results written elsewhere with `run -o` or `parse -o` stay, and so do files in it that are not ours.

Example:
    pytracer clean -f
"""

import argparse
import sys

from pytracer.commands.inventory import readable_size, size_of
from pytracer.errors import EXIT_OK, UsageError
from pytracer.trace.cache import Cache


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("-f", "--force", action="store_true", help="do not ask")


def execute(options: argparse.Namespace) -> int:
    """Remove the cache after asking."""
    cache = Cache(options.settings.cache)
    if not cache.root.exists() and not cache.root.is_symlink():
        print(f"no {options.settings.cache} here: nothing to remove")
        return EXIT_OK
    if not cache.is_ours():
        raise UsageError(
            f"{str(cache.root)!r} was not made by Pytracer; nothing removed, look at it and remove it yourself"
        )
    before = size_of(cache.root)
    size = readable_size(before)
    if not options.force and sys.stdin.isatty() and not _confirmed(f"remove {cache.root} ({size})?"):
        print("nothing removed")
        return EXIT_OK
    if cache.remove():
        print(f"removed {cache.root}: {size} freed")
    else:
        freed = readable_size(before - size_of(cache.root))
        print(f"removed the traces and results in {cache.root}: {freed} freed; the folder has other files and stays")
    return EXIT_OK


def _confirmed(question: str) -> bool:
    try:
        return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False
