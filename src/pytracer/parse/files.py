"""Files that appear under their name when they are whole, whatever happens to the process that writes them."""

import fcntl
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pytracer.errors import PytracerError

SUFFIX = ".part"


class Part:
    """A new file beside `path`, under a name of its own; `keep` gives it that of `path`, `discard` removes it.

    It is locked while this process lives. So those that killed processes left behind are known, and the next one that
    writes to the same path removes them.

    Raises:
        OSError: the file cannot be made; likewise from `keep`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        for stale in stale_parts(path):
            with suppress(OSError):
                stale.unlink()
        self._lock, self.name = _new(path)
        self._exists = True

    def keep(self) -> None:
        """Give it the rights of a new file and its final name."""
        self.name.chmod(0o666 & ~_umask())
        self.name.replace(self.path)
        self._exists = False
        os.close(self._lock)

    def discard(self) -> None:
        """Remove it, unless it was kept."""
        if self._exists:
            self._exists = False
            with suppress(OSError):
                self.name.unlink()
            os.close(self._lock)


def stale_parts(path: Path) -> Iterator[Path]:
    """Parts of `path` that no living process writes; where it is named as in the cache folder, of all such files."""
    cached = re.match(r"stats\.|callgraph\.", path.name)
    name = rf"{cached[0]}.+" if cached else re.escape(path.name)
    ours = re.compile(rf"\.{name}\.[a-z0-9_]{{8}}{re.escape(SUFFIX)}")  # as tempfile names them
    for found in list(path.parent.iterdir()):
        if ours.fullmatch(found.name) and _is_stale(found):
            yield found


@contextmanager
def open_whole(path: Path, what: str) -> Iterator[Callable[[str], object]]:
    """Gives a function that writes text to `path`. Raises PytracerError, which says `what` could not be written."""
    part = None
    try:
        part = Part(path)
        with part.name.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file.write
        part.keep()
    except OSError as error:
        raise PytracerError(
            f"cannot write the {what} {str(path)!r}: {error.strerror}; check the space and the rights of its folder"
        ) from None
    finally:
        if part is not None:
            part.discard()


def _new(path: Path) -> tuple[int, Path]:
    """The descriptor of a new locked file, and its name."""
    while True:
        lock, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=SUFFIX, dir=path.parent)
        with suppress(OSError):  # not every file system has locks: nothing is stale there
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink:  # another process may have taken it for stale before it was locked
            return lock, Path(name)
        os.close(lock)


def _is_stale(part: Path) -> bool:
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
