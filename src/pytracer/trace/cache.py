"""The cache folder: where traces and results are kept.

<cache>/
CACHEDIR.TAG                 marks the folder as ours; backup programs skip it
traces/<id>.<sample>/        one trace, see pytracer.records.schema
stats/stats.<id>.h5          one result
"""

import os
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
        """Make the folders. Raises UsageError when that is not possible."""
        try:
            self.traces.mkdir(parents=True, exist_ok=True)
            self.stats.mkdir(exist_ok=True)
            tag = self.root / TAG_NAME
            if not tag.exists():
                tag.write_text(TAG)
        except OSError as error:
            raise UsageError(
                f"cannot write traces below {str(self.root)!r}: {error.strerror}; "
                "run from a folder that you may write to, on a disk with space"
            ) from None

    def is_ours(self) -> bool:
        """Whether the folder exists, is no link, and carries our mark."""
        try:
            return not self.root.is_symlink() and (self.root / TAG_NAME).read_text() == TAG
        except (OSError, UnicodeDecodeError):
            return False

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
