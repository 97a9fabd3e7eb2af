"""Files of every released version are read. `tests/data/README.md` says how they are made."""

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from traces import VALUES_OF_VARIED, read_everything, same_traces

from pytracer.parse.store import Result
from pytracer.records.pickles import open_trace
from pytracer.records.schema import Outcome

DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def make() -> ModuleType:
    """The script that writes the files."""
    specification = importlib.util.spec_from_file_location("make_data", DATA / "make.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_current_versions_have_files(make: ModuleType) -> None:
    assert all((DATA / name).exists() for name in (make.TRACE, make.PICKLE, make.RESULT))


def test_the_files_are_those_of_the_script(make: ModuleType, tmp_path: Path) -> None:
    make.main(tmp_path)
    for name in (make.TRACE, make.PICKLE):
        assert same_traces(open_trace(DATA / name), open_trace(tmp_path / name))
    with Result.open(DATA / make.RESULT) as old, Result.open(tmp_path / make.RESULT) as new:
        assert np.array_equal(old.calls["bits_lost"], new.calls["bits_lost"], equal_nan=True)


@pytest.mark.parametrize("path", sorted([*DATA.glob("trace-*[0-9]"), *DATA.glob("trace-*.pkl")]), ids=lambda p: p.name)
def test_traces(path: Path) -> None:
    trace = open_trace(path)
    assert (trace.sample, trace.model, trace.seed, trace.meta["command"]) == (3, "sr", 4, ["s.py", "1"])
    assert read_everything(trace) == VALUES_OF_VARIED
    (process, lane), *_ = trace.lanes()
    assert [process.functions.get(int(call["function"])).name for call in lane.calls] == ["outer"] + 3 * [
        "Inner.method"
    ]  # type: ignore[union-attr]
    assert lane.calls["perturbations"].tolist() == [0, 0, 1, 2]
    assert lane.calls["outcome"].tolist() == 3 * [Outcome.RETURNED] + [Outcome.RAISED]
    assert lane.value(int(lane.calls["inputs"][0]) + 3) == 2**70
    assert np.array_equal(lane.value(int(lane.calls["inputs"][2]) + 1), [0, 0.5, 1])


@pytest.mark.parametrize("path", sorted(DATA.glob("result-*.h5")), ids=lambda p: p.name)
def test_results(path: Path) -> None:
    with Result.open(path) as result:
        assert result.verdict == "measured"
        assert list(result.functions["name"]) == ["exact", "loses"]
        assert result.attribute("samples") == 4
        assert np.isnan(result.calls["output_bits_min"][0])
        assert 15 < result.calls["output_bits_min"][1] < 21
        assert len(result.elements) == 2
