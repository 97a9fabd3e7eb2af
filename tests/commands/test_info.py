"""`info` lists what is there, and survives what is broken."""

import json
import re
from pathlib import Path

import pytest

from pytracer.records.writer import TraceWriter
from pytracer.trace.cache import Cache

from .conftest import Pytracer


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    """Two traces of one experiment, one that is broken, one result."""
    cache = Cache(tmp_path / ".__pytracercache__")
    cache.create()
    for sample in range(2):
        noise = {"model": "sr", "seed": 1} if sample else None
        path = cache.trace("20250131T120000.77", sample)
        TraceWriter(path, sample=sample, noise=noise, command=["script.py", "3"], experiment="20250131T120000.77")
    broken = cache.new_trace(0)
    (broken / "meta.json").write_text("{")
    cache.result("20250131T120000.77").write_bytes(bytes(1234))
    return cache


def test_lists_traces_and_results(pytracer: Pytracer, cache: Cache) -> None:
    shown = pytracer("info")
    assert shown.returncode == 0
    assert "Traces in .__pytracercache__: 3\n" in shown.stdout
    assert "    Name            20250131T120000.77.1\n" in shown.stdout
    assert "    Args            none\n" in shown.stdout
    assert "    Command         script.py 3\n" in shown.stdout
    assert re.search(r"^    Problem         .*meta\.json", shown.stdout, re.MULTILINE)
    assert "Results in .__pytracercache__: 1\n" in shown.stdout
    assert "    Name            stats.20250131T120000.77.h5\n" in shown.stdout
    assert "    Size            1.2 KiB (1234 bytes)\n" in shown.stdout
    assert "is not a result: HDF5 cannot open it" in shown.stdout


def test_json(pytracer: Pytracer, cache: Cache) -> None:
    found = json.loads(pytracer("info", "--json").stdout)
    by_name = {trace["name"]: trace for trace in found["traces"]}
    trace = by_name["20250131T120000.77.1"]
    assert (trace["command"], trace["sample"], trace["noise"]) == (["script.py", "3"], 1, "sr")
    assert trace["path"] == str(cache.trace("20250131T120000.77", 1))
    assert trace["size"] > 0
    assert [result["name"] for result in found["results"]] == ["stats.20250131T120000.77.h5"]


@pytest.mark.parametrize(("option", "key"), [("--trace", "traces"), ("--aggregation", "results")])
def test_one_kind(pytracer: Pytracer, cache: Cache, option: str, key: str) -> None:
    assert list(json.loads(pytracer("info", "--json", option).stdout)) == [key]


def test_another_folder(pytracer: Pytracer, cache: Cache, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    cache.root.rename(elsewhere)
    assert len(json.loads(pytracer("info", "--json", "--directory", "elsewhere").stdout)["traces"]) == 3
    assert len(json.loads(pytracer("info", "--json", "--directory", "elsewhere/traces").stdout)["traces"]) == 3


def test_nothing_there(pytracer: Pytracer) -> None:
    shown = pytracer("info")
    assert shown.returncode == 0
    assert shown.stdout == "Traces in .__pytracercache__: none\nResults in .__pytracercache__: none\n"
    shown = pytracer("info", "--directory", "nowhere")
    assert (shown.returncode, shown.stdout) == (2, "")
