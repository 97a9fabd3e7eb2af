"""Colours are for terminals."""

import io
import sys
from dataclasses import replace

import pytest

from pytracer.commands.messages import LOG, start_messages
from pytracer.config import DEFAULTS


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("stream", "coloured"), [(Terminal(), True), (io.StringIO(), False)])
def test_colour(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, coloured: bool) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    start_messages(replace(DEFAULTS, log_color=True))
    LOG.info("plain")
    LOG.error("wrong")
    start_messages(replace(DEFAULTS, log_color=False))
    LOG.error("again")
    start, end = ("\x1b[31m", "\x1b[0m") if coloured else ("", "")
    assert stream.getvalue() == f"pytracer: plain\n{start}pytracer: error: wrong{end}\npytracer: error: again\n"
