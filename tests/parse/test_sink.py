"""A full disk under a result is an error in one line, not a crash."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pytracer.parse.sink import Sink

WRITE = """
import resource, sys
from pytracer.errors import PytracerError
from pytracer.parse.store import ResultWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)
try:
    with ResultWriter(sys.argv[1]) as writer:
        for _ in range(20):
            writer.append("notes", {"sample": [1] * 10_000, "text": ["a note"] * 10_000})
        writer.finish({}, {})
except PytracerError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [100, 10_000, 100_000, 1_000_000])
def test_result_on_a_full_disk(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files fails writes as a full disk does."""
    shown = subprocess.run(
        [sys.executable, "-c", WRITE, tmp_path / "result.h5", str(limit)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stderr == ""
    assert shown.stdout.startswith(f"cannot write the result {tmp_path / 'result.h5'}: File too large; ")
    assert shown.stdout.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_sink_remembers_the_first_error_and_keeps_what_was_written(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with Sink(tmp_path / "file", "w+") as sink:
            assert sink.write(b"1234") == 4
            assert sink.error is None
            resource.setrlimit(resource.RLIMIT_FSIZE, (6, hard))
            assert sink.write(b"5678") == 4
            assert sink.error is not None
            assert sink.write(b"more") == 4
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "file").read_bytes() == b"123456"
