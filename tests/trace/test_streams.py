"""Standard input for several readers, and output shown while it is written."""

import io
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pytracer.trace.streams import FileInput, Follower, NoInput, PumpedInput, standard_input


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe()
    yield reader, writer
    os.close(reader)
    os.close(writer)


def read_all(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


def test_null_device_and_closed_descriptor() -> None:
    with Path(os.devnull).open() as null:
        assert isinstance(standard_input(null.fileno()), NoInput)
        closed = os.dup(null.fileno())
    os.close(closed)
    nothing = standard_input(closed)
    assert isinstance(nothing, NoInput)
    assert read_all(nothing.open(0)) == b""


def test_file_is_read_from_the_same_offset_by_each(tmp_path: Path) -> None:
    path = tmp_path / "input"
    path.write_bytes(b"0123456789")
    with path.open("rb") as file:
        os.lseek(file.fileno(), 4, os.SEEK_SET)
        path.unlink()  # as a here-document
        source = standard_input(file.fileno())
        assert isinstance(source, FileInput)
        assert not source.first_alone
        assert [read_all(source.open(sample)) for sample in range(3)] == [b"456789"] * 3
        assert os.lseek(file.fileno(), 0, os.SEEK_CUR) == 4


def test_pipe_is_passed_on_and_saved() -> None:
    reader, writer = os.pipe()
    content = os.urandom(300_000)
    with subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"],
        stdin=subprocess.PIPE,
        stdout=writer,
    ) as feeder:
        os.close(writer)
        source = standard_input(reader)
        assert isinstance(source, PumpedInput)
        assert source.first_alone
        first = source.open(0)
        assert feeder.stdin is not None
        feeder.stdin.write(content)
        feeder.stdin.close()
        assert read_all(first) == content
    source.first_ended()
    assert [read_all(source.open(sample)) for sample in (1, 2)] == [content, content]
    os.close(reader)


def test_pump_ends_with_the_first_reader_although_the_pipe_stays_open(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    source = PumpedInput(reader)
    first = source.open(0)
    os.write(writer, b"line\n")
    assert os.read(first, 100) == b"line\n"
    os.close(first)
    source.first_ended()
    os.write(writer, b"for somebody else\n")
    assert read_all(source.open(1)) == b"line\n"
    assert os.read(reader, 100) == b"for somebody else\n"


def test_pump_does_not_wait_for_a_reader_that_does_not_read(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    source = PumpedInput(reader)
    first = source.open(0)
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:  # until both pipes are full
            os.write(writer, bytes(4096))
            time.sleep(0.001)
    source.first_ended()
    os.close(first)


def test_follower_shows_what_is_written_before_and_after(tmp_path: Path) -> None:
    path = tmp_path / "stdout.txt"
    path.write_bytes(b"first ")
    sink = io.BytesIO()
    follower = Follower(path, sink)
    with path.open("ab") as file:
        file.write(b"second ")
        file.flush()
        while sink.getvalue() != b"first second ":
            time.sleep(0.005)
        file.write(b"last")
    follower.finish()
    assert sink.getvalue() == b"first second last"


def test_follower_survives_a_closed_sink(tmp_path: Path, pipe: tuple[int, int]) -> None:
    path = tmp_path / "stdout.txt"
    path.write_bytes(b"text")
    sink = io.BytesIO()
    sink.close()
    Follower(path, sink).finish()
    assert path.read_bytes() == b"text"
