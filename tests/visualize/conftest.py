"""Results made from synthetic traces by the real parser."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from selenium.webdriver import Chrome

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "parse"), str(ROOT / "tools")]  # for `synthetic` and `browser`

import browser  # noqa: E402
from synthetic import FILE, NOISE, Program, spread, write_experiment  # noqa: E402

from pytracer.parse import Result, parse  # noqa: E402
from pytracer.visualize.queries.contents import Contents  # noqa: E402

SAMPLES = 5
CALLS = 7
GOOD, BAD = spread(40, SAMPLES), spread(12, SAMPLES, 1)


def body(program: Program, i: int) -> None:
    """`alpha` keeps its digits, `zeta` loses most of them in line 30; `silent` is not perturbed."""
    program.call("silent", 1.0, "text", result=2.0, line=5)

    def inside() -> None:
        for n in range(CALLS):
            array = np.array([1.0, 2.0 + n, GOOD[i]])
            program.call("alpha", float(GOOD[i]), array, result=-n * float(GOOD[i]), line=10, noisy=1)
        program.call("zeta", float(GOOD[i]), result=float(GOOD[i]), line=20, noisy=1)
        program.call("zeta", float(GOOD[i]), result=float(BAD[i]), line=30, noisy=1)

    program.call("middle", float(GOOD[i]), y=1.0, result=[float(GOOD[i]), 1.0], line=1, noisy=1, inside=inside)
    program.call("fails", 1.0, line=40, noisy=1, raises=True)


@pytest.fixture(scope="session")
def result_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    with parse(write_experiment(folder, body, SAMPLES), folder / "measured.h5"):
        return folder / "measured.h5"


@pytest.fixture(scope="session")
def unperturbed_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unperturbed")
    noise = NOISE | {"model": "none", "layers": []}
    traces = write_experiment(folder, lambda program, _: body(program, 0), 3, noise=noise, noisy_loops=0)
    with parse(traces, folder / "unperturbed.h5"):
        return folder / "unperturbed.h5"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("empty")
    with parse(write_experiment(folder, lambda program, _: None, 3), folder / "empty.h5"):
        return folder / "empty.h5"


@pytest.fixture
def result(result_file: Path) -> Result:
    return Result.open(result_file)


@pytest.fixture
def contents(result: Result) -> Contents:
    return Contents.of(result)


@pytest.fixture
def unperturbed(unperturbed_file: Path) -> Contents:
    return Contents.of(Result.open(unperturbed_file))


@pytest.fixture
def empty(empty_file: Path) -> Contents:
    return Contents.of(Result.open(empty_file))


@pytest.fixture
def damaged_file(result_file: Path, tmp_path: Path) -> Path:
    """A result whose values cannot be read, which shows only when they are asked for."""
    path = tmp_path / "damaged.h5"
    content = bytearray(result_file.read_bytes())
    with h5py.File(result_file) as file:
        for column in ("bits_min", "mean"):
            chunk = file[f"values/{column}"].id.get_chunk_info(0)
            content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(content)
    return path


@pytest.fixture(scope="session")
def sourced_file(result_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The result with the text of its program."""
    path = tmp_path_factory.mktemp("sourced") / "sourced.h5"
    path.write_bytes(result_file.read_bytes())
    with h5py.File(path, "a") as file:
        for name, text in {"file": FILE, "text": "\n".join(f"line_{i} = <{i}>" for i in range(1, 401))}.items():
            file[f"sources/{name}"].resize((1,))
            file[f"sources/{name}"][0] = text
    return path


@pytest.fixture
def sourced(sourced_file: Path) -> Contents:
    return Contents.of(Result.open(sourced_file))


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    """A browser, whose window is as high as HEIGHT of the module says."""
    missing = browser.missing()
    if missing and not os.environ.get("CI"):
        pytest.skip(f"not installed: {', '.join(missing)}")
    assert not missing, f"not installed: {', '.join(missing)}"
    height = getattr(request.module, "HEIGHT", 1000)
    with browser.chromium(tmp_path_factory.mktemp("profile"), 1400, height) as driver:
        yield driver
