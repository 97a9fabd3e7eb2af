"""What is known beside a trace of when it ran, and what is not believed."""

import json
import os
from pathlib import Path

import pytest

from pytracer.records.start import EXIT_NAME, moment, read_status, read_times

STARTED = "2026-01-31T23:59:00.250+01:00"


def test_times_come_back(tmp_path: Path) -> None:
    (tmp_path / EXIT_NAME).write_text(json.dumps({"status": -9, "started": STARTED, "duration_ns": 0}))
    assert read_times(tmp_path) == (STARTED, 0)
    assert read_status(tmp_path) == -9


@pytest.mark.parametrize("content", ["", "{", "[1]", "7", '{"status": 0}'])
def test_traces_that_do_not_say(tmp_path: Path, content: str) -> None:
    assert read_times(tmp_path) == ("", -1)
    (tmp_path / EXIT_NAME).write_text(content)
    assert read_times(tmp_path) == ("", -1)


def test_a_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / EXIT_NAME)
    assert read_times(tmp_path) == ("", -1)


@pytest.mark.parametrize("duration", [-5, 2**63, 1.5, True, "7", None, [1]])
def test_impossible_times_are_not_known(tmp_path: Path, duration: object) -> None:
    (tmp_path / EXIT_NAME).write_text(json.dumps({"started": STARTED, "duration_ns": duration}))
    assert read_times(tmp_path) == (STARTED, -1)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-01-31T23:59:00", "<b>", 20260131, None])
def test_a_moment_has_a_zone(text: object) -> None:
    assert moment(text) == ""


@pytest.mark.parametrize("text", [STARTED, "2026-01-31T23:59:00+0000"])
def test_a_moment_stays_as_it_is(text: str) -> None:
    assert moment(text) == text
