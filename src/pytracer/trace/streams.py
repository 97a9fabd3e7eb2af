"""Standard streams of the samples: each reads what the user gave, the first one's output is shown while it runs."""

import os
import select
import stat
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from pathlib import Path
from typing import BinaryIO

from pytracer.errors import PytracerError

CHUNK = 65536
FOLLOW_SECONDS = 0.02


class Input(ABC):
    """The user's standard input, to be read by every sample from the same place."""

    first_alone = False  # the other samples can start only when sample 0 has ended

    @abstractmethod
    def open(self, sample: int) -> int:
        """A descriptor for this sample to inherit; the caller closes it."""

    def first_ended(self) -> None:  # noqa: B027 - only a pump has something to do
        """Sample 0 has ended."""


class NoInput(Input):
    """Nothing to read."""

    def open(self, sample: int) -> int:
        """The null device."""
        return os.open(os.devnull, os.O_RDONLY)


class FileInput(Input):
    """A regular file: each sample reads it by itself from where the user's descriptor stood."""

    def __init__(self, path: str, offset: int) -> None:
        self.path = path
        self.offset = offset

    def open(self, sample: int) -> int:
        """A descriptor of its own at the offset."""
        descriptor = os.open(self.path, os.O_RDONLY)
        os.lseek(descriptor, self.offset, os.SEEK_SET)
        return descriptor


class PumpedInput(Input):
    """A pipe or a terminal: passed on to sample 0 as it comes and saved, and the others read what was saved."""

    first_alone = True

    def __init__(self, source: int) -> None:
        self.source = source
        self.saved = tempfile.NamedTemporaryFile(prefix="pytracer-stdin-")  # noqa: SIM115
        self._stop_reader, self._stop_writer = os.pipe()
        self._thread: threading.Thread | None = None
        self._error: OSError | None = None

    def open(self, sample: int) -> int:
        """A pipe for sample 0, the saved copy for the others."""
        if sample > 0:
            return os.open(self.saved.name, os.O_RDONLY)
        reader, writer = os.pipe()
        self._thread = threading.Thread(target=self._pump, args=(writer,), daemon=True)
        self._thread.start()
        return reader

    def first_ended(self) -> None:
        """Stop reading: what sample 0 did not wait for, the others need not have."""
        os.close(self._stop_writer)
        if self._thread is not None:
            self._thread.join()
        os.close(self._stop_reader)
        if self._error is not None:
            raise PytracerError(f"cannot save standard input: {self._error.strerror}; free some space, or use a file")

    def _pump(self, writer: int) -> None:
        """Copy the source to the pipe and the file. Never blocks on a sample that does not read."""
        os.set_blocking(writer, False)
        pending = b""
        try:
            while True:
                reading = [self._stop_reader] if pending else [self._stop_reader, self.source]
                readable, writable, _ = select.select(reading, [writer] if pending else [], [])
                if self._stop_reader in readable:
                    return
                if writable:
                    pending = pending[os.write(writer, pending) :]
                elif self.source in readable:
                    pending = os.read(self.source, CHUNK)
                    if not pending:
                        return
                    self.saved.write(pending)
                    self.saved.flush()
        except BrokenPipeError:
            return  # the sample closed its input or ended
        except OSError as error:
            self._error = error
        finally:
            os.close(writer)


def standard_input(descriptor: int = 0) -> Input:
    """How the samples can read the user's standard input."""
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return NoInput()
    path = f"/dev/fd/{descriptor}"
    if stat.S_ISREG(mode) and os.access(path, os.R_OK):
        return FileInput(path, os.lseek(descriptor, 0, os.SEEK_CUR))
    if os.isatty(descriptor) and os.tcgetpgrp(descriptor) != os.getpgrp():
        return NoInput()  # reading a terminal from the background would stop this process
    if stat.S_ISCHR(mode) and os.fstat(descriptor).st_rdev == Path(os.devnull).stat().st_rdev:
        return NoInput()
    return PumpedInput(descriptor)


class Follower:
    """Shows a growing file on a stream until it is told that the file is complete."""

    def __init__(self, path: Path, sink: BinaryIO) -> None:
        self.path = path
        self.sink = sink
        self._complete = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Show the rest. The program that writes the file has ended."""
        self._complete.set()
        self._thread.join()

    def _follow(self) -> None:
        with self.path.open("rb") as file:
            complete = False
            while not complete:
                complete = self._complete.wait(FOLLOW_SECONDS)
                try:
                    while chunk := file.read(CHUNK):
                        self.sink.write(chunk)
                    self.sink.flush()
                except (BrokenPipeError, ValueError):
                    return  # the user's side was closed; the file keeps everything


def follow_output(trace: Path) -> list[Follower]:
    """Show what the sample prints on the user's own streams."""
    return [Follower(trace / "stdout.txt", sys.stdout.buffer), Follower(trace / "stderr.txt", sys.stderr.buffer)]
