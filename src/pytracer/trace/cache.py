"""The cache folder: where traces and results are kept.

<cache>/
CACHEDIR.TAG                 marks the folder as ours; backup programs skip it
traces/<id>.<sample>/        one trace, see pytracer.records.schema
stats/stats.<id>.h5          one result
stats/callgraph.<id>         its call graph, see pytracer.parse.callgraph
stats/stats.<id>.log         how it was made
"""

import contextlib
import os
import shutil
import time
from pathlib import Path

from pytracer.errors import PytracerError, UsageError

TAG_NAME = "CACHEDIR.TAG"
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder was made by Pytracer; `pytracer clean` removes it.\n"


class Cache:
    """A cache folder, which may not exist yet."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.traces = self.root / "traces"
        self.stats = self.root / "stats"

    def create(self) -> None:
        """Make the folders. Raises UsageError when that is not possible, or the folder has other things in it."""
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not self._is_marked():
                self._mark()
            self.traces.mkdir(exist_ok=True)
            self.stats.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"cannot write traces below {str(self.root)!r}: {error.strerror}; "
                "run from a folder that you may write to, on a disk with space"
            ) from None

    def is_ours(self) -> bool:
        """Whether the folder exists, is no link, and carries our mark."""
        return not self.root.is_symlink() and self._is_marked()

    def remove(self) -> bool:
        """Remove what is ours; returns whether the folder is gone, too: it stays when something else is in it.

        Raises PytracerError when something cannot be removed.
        """
        try:
            for folder in (self.traces, self.stats):
                if folder.is_dir() and not folder.is_symlink():
                    shutil.rmtree(folder)
            left = list(self.root.iterdir())
            if not all(path.name.startswith(TAG_NAME) for path in left):
                return False
            for path in left:
                path.unlink()
            self.root.rmdir()
        except OSError as error:
            raise PytracerError(f"cannot remove {error.filename!r}: {error.strerror}; check its permissions") from None
        return True

    def _is_marked(self) -> bool:
        try:
            return (self.root / TAG_NAME).read_text() == TAG
        except (OSError, UnicodeDecodeError):
            return False

    def _mark(self) -> None:
        """Make an empty folder ours, before anything else is in it: another process may be doing the same."""
        if any(not path.name.startswith(TAG_NAME) for path in self.root.iterdir()) and not self._is_marked():
            raise UsageError(
                f"{str(self.root)!r} has files that Pytracer did not make; choose another folder for io.cache.root"
            )
        written = self.root / f"{TAG_NAME}.{os.getpid()}"
        try:
            written.write_text(TAG)
            written.replace(self.root / TAG_NAME)
        finally:
            with contextlib.suppress(OSError):
                written.unlink()

    def new_trace(self, sample: int) -> Path:
        """Make an empty trace such as 20250131T235959.4321.0, named by time, process and sample.

        Making the folder is atomic: nobody else gets the same one. Raises PytracerError when the disk is full.
        """
        while True:
            try:
                return self.make_trace(f"{time.strftime('%Y%m%dT%H%M%S')}.{os.getpid()}", sample)
            except FileExistsError:
                time.sleep(0.1)  # this process already made one within the second

    def make_trace(self, experiment: str, sample: int) -> Path:
        """Make the empty trace of a further sample."""
        path = self.trace(experiment, sample)
        try:
            path.mkdir()
        except FileExistsError:
            raise
        except OSError as error:
            raise PytracerError(f"cannot make trace {str(path)!r}: {error.strerror}; free some space") from None
        return path

    def trace(self, experiment: str, sample: int) -> Path:
        """Where the trace of a sample is."""
        return self.traces / f"{experiment}.{sample}"

    def result(self, experiment: str) -> Path:
        """Where the result of an experiment is."""
        return self.stats / f"stats.{experiment}.h5"


def callgraph_of(result: Path) -> Path:
    """Where the call graph of a result is: callgraph.<id> beside stats.<id>.h5, callgraph.name beside name.h5."""
    return result.with_name(f"callgraph.{result.name.removesuffix('.h5').removeprefix('stats.')}")
