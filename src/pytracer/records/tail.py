"""What a killed process had not yet put into the files of its tables: see `schema.TAIL_HEADER`."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Self

HEADER_SIZE = 64  # of schema.TAIL_HEADER


@dataclass(frozen=True)
class Tail:
    """The end of a table: `rest` follows the first `flushed` bytes of its file."""

    flushed: int
    rest: bytes

    @classmethod
    def read(cls, table: Path) -> Self | None:
        """The tail of the table at that path; None when there is none, or when it contradicts the file."""
        try:
            content = _path(table).read_bytes()
            length = table.stat().st_size
        except FileNotFoundError:
            return None
        if len(content) < HEADER_SIZE:
            return None
        flushed, used = struct.unpack_from("<QQ", content)
        if not flushed <= min(used, length) or used - flushed > len(content) - HEADER_SIZE:
            return None
        return cls(flushed, content[HEADER_SIZE : HEADER_SIZE + used - flushed])

    def whole(self, table: Path) -> bytes:
        """All bytes of the table."""
        with table.open("rb") as file:
            return file.read(self.flushed) + self.rest


def fold_tails(trace: Path) -> None:
    """Put the tails of a trace whose processes have ended into the files. Raises OSError when the disk is full."""
    for path in trace.glob("process-*/*/*.tail"):
        table = path.with_suffix("")
        tail = Tail.read(table)
        if tail is None:
            continue  # the reader says what is missing
        with table.open("r+b") as file:
            file.seek(tail.flushed)
            file.write(tail.rest)
            file.truncate()
        path.unlink()


def _path(table: Path) -> Path:
    return table.with_name(table.name + ".tail")
