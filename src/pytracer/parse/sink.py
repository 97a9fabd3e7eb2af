"""The file under a result while it is written."""

import io
from typing import Any


class Sink(io.FileIO):
    """A file whose failing writes are remembered instead of raised.

    HDF5 crashes the process when it cannot flush its caches while it closes a file. So on a full disk it is told that
    all is well, and who writes looks at `error` before trusting the file.
    """

    error: OSError | None = None

    def write(self, data: Any) -> int:
        """Write all of `data`; on the first failure remember it, and drop what follows."""
        rest = memoryview(data).cast("B")
        length = len(rest)
        try:
            while self.error is None and len(rest):
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = error
        return length

    def truncate(self, size: int | None = None) -> int:
        """Likewise."""
        try:
            return super().truncate(size)
        except OSError as error:
            self.error = self.error or error
            return self.tell() if size is None else size
