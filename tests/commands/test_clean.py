"""`clean` removes the cache folder and nothing else."""

import errno
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pytracer.errors import PytracerError
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


def test_files_of_someone_else_stay(pytracer: Pytracer, cache: Cache) -> None:
    (cache.root / "notes.txt").touch()
    shown = pytracer("clean", "-f")
    assert shown.returncode == 0
    assert shown.stdout.startswith(f"removed the traces and results in {cache.root}: ")
    assert shown.stdout.endswith(" freed; the folder has other files and stays\n")
    assert sorted(path.name for path in cache.root.iterdir()) == ["CACHEDIR.TAG", "notes.txt"]
    (cache.root / "notes.txt").unlink()
    assert pytracer("clean", "-f").returncode == 0
    assert not cache.root.exists()


def test_folders_behind_links_stay(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    moved = cache.traces.rename(tmp_path / "moved")
    cache.traces.symlink_to(moved)
    assert pytracer("clean", "-f").returncode == 0
    assert len(list(moved.iterdir())) == 1
    assert cache.traces.is_symlink()


def test_what_cannot_be_removed(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(folder))

    monkeypatch.setattr("shutil.rmtree", refuse)  # the tests may run as root, to whom nothing is forbidden
    with pytest.raises(PytracerError, match=r"cannot remove '.*/traces': Permission denied; check its permissions"):
        cache.remove()


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
