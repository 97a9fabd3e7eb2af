"""Breaks files as disks, copies and malice do: cut, flipped, overwritten, exchanged. The same seed breaks alike."""

import os
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

NUMBERS = (0, 1, 2, 7, 255, 2**16 - 1, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**63 - 1, 2**63, 2**64 - 16, 2**64 - 1)
JSON = (
    b"[" * 200_000, b'{"a":' * 200_000, b"null", b"[]", b"{}", b'{"id": 1e999}', b'{"id": NaN}', b'{"id": -1}',
    b'{"id": 18446744073709551616}', b'{"id": 1, "name": null}', b'{"id": 1, "name": "\\ud800", "module": 5}',
    b'{"id": ' + b"9" * 5000 + b"}", b"\xff\xfe", b"\0" * 100, b'{"schema": 1, "noise": {"model": [], "seed": 1e5}}',
    b'{"schema": 1, "command": {}, "sample": -1}', b'{"ended_ns": 1e400}', b'{"id": 1, "params": 3, "module": "", "name": ""}',
)  # fmt: skip

Break = Callable[[random.Random, bytearray], None]


def cut(chance: random.Random, content: bytearray) -> None:
    del content[chance.randrange(len(content) + 1) :]


def flip(chance: random.Random, content: bytearray) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        if content:
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def extend(chance: random.Random, content: bytearray) -> None:
    content += chance.randbytes(chance.choice((1, 24, 72, 1000)))


def remove(chance: random.Random, content: bytearray) -> None:
    first = chance.randrange(len(content) + 1)
    del content[first : first + chance.choice((1, 8, 24, 72))]


def number(chance: random.Random, content: bytearray) -> None:
    """An extreme number in place of 1, 2, 4 or 8 aligned bytes."""
    size = chance.choice((1, 2, 4, 8))
    if len(content) >= size:
        first = chance.randrange(len(content) // size) * size
        value = chance.choice(NUMBERS) % 256**size
        content[first : first + size] = struct.pack("<Q", value)[:size]


def repeat(chance: random.Random, content: bytearray) -> None:
    first = chance.randrange(len(content) + 1)
    content[first:first] = content[first : first + chance.choice((1, 24, 72, 500))] * chance.choice((1, 3, 20))


def text(chance: random.Random, content: bytearray) -> None:
    """Other JSON in place of a line, or of everything."""
    lines = content.split(b"\n")
    lines[chance.randrange(len(lines))] = bytearray(chance.choice(JSON))
    content[:] = b"\n".join(lines) if chance.random() < 0.5 else chance.choice(JSON)


BREAKS: tuple[Break, ...] = (cut, flip, extend, remove, number, number, repeat)


def break_file(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    breaks = (*BREAKS, text, text, text) if path.suffix in (".json", ".jsonl") else BREAKS
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        chance.choice(breaks)(chance, content)
    path.write_bytes(content)


def break_folder(folder: Path, chance: random.Random) -> None:
    """Break one or two files, exchange two, or lose one."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    action = chance.random()
    if action < 0.06:
        one, other = chance.sample(files, 2)
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
    elif action < 0.1:
        chance.choice(files).unlink()
    elif action < 0.12:
        lost = chance.choice(files)
        lost.unlink()
        lost.mkdir()
    else:
        for path in chance.sample(files, chance.choice((1, 1, 2))):
            break_file(path, chance)


def broken_copies(source: Path, folder: Path, count: int, seed: int) -> list[Path]:
    """So many broken copies of a file or a folder."""
    copies = []
    for i in range(count):
        chance = random.Random(seed * 1_000_003 + i)
        copy = folder / f"{i}{source.suffix}"
        if source.is_dir():
            shutil.copytree(source, copy)
            break_folder(copy, chance)
        else:
            shutil.copy(source, copy)
            break_file(copy, chance)
        copies.append(copy)
    return copies


def add_tails(trace: Path) -> None:
    """Make the trace that of a killed process: the end of each table stands in its tail (see schema.TAIL_HEADER)."""
    for table in trace.glob("process-*/lane-*/*.bin"):
        content = table.read_bytes()
        flushed = len(content) // 2
        if table.name == "payload.bin":
            flushed = 0  # an array block never straddles the two
        table.write_bytes(content[:flushed])
        header = struct.pack("<QQ48x", flushed, len(content))
        table.with_name(table.name + ".tail").write_bytes(header + content[flushed:] + os.urandom(64))
