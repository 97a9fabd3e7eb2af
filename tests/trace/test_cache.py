"""The cache folder."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from pytracer.errors import UsageError
from pytracer.trace.cache import Cache


def test_made_once_and_recognised(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert not cache.is_ours()
    cache.create()
    cache.create()
    assert cache.is_ours()
    assert not Cache(tmp_path).is_ours()


def test_traces_of_one_experiment_share_its_name(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.create()
    first = cache.new_trace(0)
    experiment = first.stem
    assert first == cache.trace(experiment, 0)
    assert cache.make_trace(experiment, 12).name == f"{experiment}.12"
    assert cache.result(experiment).name == f"stats.{experiment}.h5"


def test_no_two_get_the_same_trace(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.create()
    made: list[Path] = []
    threads = [threading.Thread(target=lambda: made.append(cache.new_trace(0))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 3


def test_a_folder_with_other_files_is_not_made_ours(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(
        UsageError, match=r"has files that Pytracer did not make; choose another folder for io\.cache\.root"
    ):
        Cache(tmp_path).create()
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_link_to_a_cache_is_used(tmp_path: Path) -> None:
    Cache(tmp_path / "large").create()
    (tmp_path / "link").symlink_to(tmp_path / "large")
    linked = Cache(tmp_path / "link")
    linked.create()
    assert linked.new_trace(0).resolve().parent == tmp_path / "large" / "traces"


MAKE_ONE = """
import sys
from pathlib import Path
from pytracer.trace.cache import Cache
sys.stdin.readline()
cache = Cache(Path(sys.argv[1]))
cache.create()
cache.new_trace(0)
"""


def test_processes_that_make_it_at_once(tmp_path: Path) -> None:
    root = tmp_path / "cache"
    command = [sys.executable, "-c", MAKE_ONE, str(root)]
    processes = [subprocess.Popen(command, stdin=subprocess.PIPE) for _ in range(6)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.close()  # all of them go
    assert [process.wait() for process in processes] == [0] * 6
    assert sorted(path.name for path in root.iterdir()) == ["CACHEDIR.TAG", "stats", "traces"]
    assert len(list((root / "traces").iterdir())) == 6


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UsageError, match="cannot write traces below"):
        Cache(tmp_path / "cache").create()
