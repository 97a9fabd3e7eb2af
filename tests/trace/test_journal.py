"""The log of a trace."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pytracer.trace.journal import Journal


def test_fields_come_back_and_words_stay(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log")
    assert journal.fields() == {}
    journal.record("args", ["a\nb", "\u00e9\u2028", "\ud800"])
    journal.say("args: not JSON\nsecond")
    journal.record("report", None)
    journal.record("report", "r.txt")
    assert journal.fields() == {"args": ["a\nb", "\u00e9\u2028", "\ud800"], "report": "r.txt"}
    assert len(journal.path.read_text().splitlines()) == 4
    assert " args: not JSON second\n" in journal.path.read_text()


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    Journal(tmp_path / "gone" / "log").say("nothing happens")
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=100) | st.text(max_size=40).map(lambda text: b"t args: " + text.encode()))
def test_any_bytes_are_a_log(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder, "log"))
        journal.path.write_bytes(content)
        assert isinstance(journal.fields(), dict)
