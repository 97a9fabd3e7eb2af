"""`clean` removes the cache folder and nothing else."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pytracer.trace.cache import Cache

from .conftest import Pytracer


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(tmp_path / ".__pytracercache__")
    cache.create()
    (cache.new_trace(0) / "payload.bin").write_bytes(bytes(100_000))
    return cache


def test_removes_the_cache_and_says_what_it_freed(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    (tmp_path / "result.h5").touch()
    shown = pytracer("clean")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"removed {cache.root}: 1")
    assert shown.stdout.endswith(" KiB freed\n")
    assert [path.name for path in tmp_path.iterdir()] == ["result.h5"]


def test_does_not_follow_links(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    (cache.traces / "link").symlink_to(kept)
    assert pytracer("clean", "-f").returncode == 0
    assert (kept / "file").exists()


def test_nothing_to_remove(pytracer: Pytracer) -> None:
    shown = pytracer("clean")
    assert (shown.returncode, shown.stdout) == (0, "no .__pytracercache__ here: nothing to remove\n")


def test_refuses_a_folder_of_someone_else(pytracer: Pytracer, tmp_path: Path) -> None:
    folder = tmp_path / ".__pytracercache__"
    folder.mkdir()
    (folder / "thesis.tex").touch()
    shown = pytracer("clean", "-f")
    assert shown.returncode == 2
    assert "was not made by Pytracer; nothing removed" in shown.stderr
    assert (folder / "thesis.tex").exists()


def test_refuses_a_link_to_a_cache(pytracer: Pytracer, tmp_path: Path) -> None:
    elsewhere = Cache(tmp_path / "elsewhere")
    elsewhere.create()
    (tmp_path / ".__pytracercache__").symlink_to(elsewhere.root)
    assert pytracer("clean", "-f").returncode == 2
    assert elsewhere.is_ours()


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("n\n", False), ("\n", False), ("\x04", False)])
def test_asks_on_a_terminal(cache: Cache, tmp_path: Path, answer: str, removed: bool) -> None:
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytracer", "clean"], cwd=tmp_path, stdin=end, stdout=subprocess.PIPE, text=True
    )
    os.close(end)
    os.write(terminal, answer.encode())
    shown, _ = process.communicate(timeout=60)
    os.close(terminal)
    assert process.returncode == 0
    assert f"remove {cache.root} (" in shown
    assert shown.endswith(" freed\n" if removed else "nothing removed\n")
    assert cache.root.exists() is not removed
