"""The cache folder."""

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


def test_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(UsageError, match="cannot write traces below"):
        Cache(tmp_path / "cache").create()
