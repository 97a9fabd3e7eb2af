"""Corrupt, old, empty, one-sample and all-divergent results open to a page or a message that explains."""

import json
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
from flask.testing import FlaskClient
from synthetic import Program, spread, write_experiment

from pytracer.parse import Result, ResultError, parse
from pytracer.parse.schema import RESULT_VERSION
from pytracer.visualize.app import create_app
from pytracer.visualize.pages import PAGES
from pytracer.visualize.queries.contents import Contents, verdict

GOOD = spread(40, 5)


def shown(client: FlaskClient, path: str, search: str = "") -> str:
    """What the page at `path` has at first, and what its callback draws of the selected call."""
    url = [{"id": "url", "property": "pathname", "value": path}, {"id": "url", "property": "search", "value": search}]
    body = {
        "output": "page.children",
        "outputs": {"id": "page", "property": "children"},
        "inputs": url[:1],
        "state": url[1:],
        "changedPropIds": ["url.pathname"],
    }
    answer = client.post("/_dash-update-component", json=body)
    assert answer.status_code == 200
    return answer.text


def card(client: FlaskClient, search: str) -> object:
    """What is said of the selected call, or instead of it."""
    body = {
        "output": "..call-plain.data...call.hidden..",
        "outputs": [{"id": "call-plain", "property": "data"}, {"id": "call", "property": "hidden"}],
        "inputs": [
            {"id": "url", "property": "pathname", "value": "/"},
            {"id": "url", "property": "search", "value": search},
        ],
        "changedPropIds": ["url.search"],
    }
    return client.post("/_dash-update-component", json=body).json


def opened(result: Result) -> tuple[Contents, FlaskClient]:
    contents = Contents.of(result)
    return contents, create_app(contents).server.test_client()


def test_one_perturbed_sample(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", float(GOOD[i]), result=float(GOOD[i]), noisy=1)

    contents, client = opened(parse(write_experiment(tmp_path, body, 2), tmp_path / "r.h5"))
    assert all(shown(client, page.PATH) for page in PAGES)
    if not contents.result.perturbed:
        assert not verdict(contents).measured
        assert "bits" not in verdict(contents).headline


def test_samples_that_share_no_call(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call(f"only_in_{i}", float(GOOD[i]), result=float(GOOD[i]), line=i + 1, noisy=1)

    contents, client = opened(parse(write_experiment(tmp_path, body, 4), tmp_path / "r.h5"))
    assert len(contents.functions) == 4
    assert all(shown(client, page.PATH) for page in PAGES)
    overview = shown(client, "/")
    assert "samples took other ways at" in overview


def test_result_of_another_version_says_so(result_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.h5"
    path.write_bytes(result_file.read_bytes())
    with h5py.File(path, "a") as file:
        file.attrs["version"] = RESULT_VERSION + 1
    with pytest.raises(ResultError, match="parse the traces again"):
        Result.open(path)


@pytest.mark.parametrize(("column", "content"), [("calls/site", 10**6), ("functions/worst_call", 10**9)])
def test_reference_to_nothing_is_found_before_anything_is_shown(
    result_file: Path, tmp_path: Path, column: str, content: int
) -> None:
    path = damaged(result_file, tmp_path, column, content).path
    command = [sys.executable, "-m", "pytracer", "visualize", "--no-browser", "--filename", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert run.returncode == ResultError.exit_code
    assert run.stderr.count("\n") == 1
    assert f"{column} leads out of the table" in run.stderr


@pytest.mark.parametrize(
    ("column", "content"), [("calls/first_value", -5), ("calls/outcome", 77), ("calls/n_inputs", 10**6)]
)
def test_result_that_contradicts_itself_is_a_message(
    result_file: Path, tmp_path: Path, column: str, content: int
) -> None:
    _, client = opened(damaged(result_file, tmp_path, column, content))
    for page in PAGES:
        answer = json.loads(shown(client, page.PATH, "?call=2"))
        assert answer["response"]["page"]["children"]
    answer = card(client, "?call=2")
    said = json.dumps(answer)
    assert "is corrupt" in said or "cannot be shown" in said


def damaged(result_file: Path, folder: Path, column: str, content: int) -> Result:
    path = folder / "broken.h5"
    path.write_bytes(result_file.read_bytes())
    with h5py.File(path, "a") as file:
        file[column][:] = content
    return Result.open(path)


def test_bits_of_a_spread_result_are_finite_numbers(tmp_path: Path) -> None:
    def body(program: Program, i: int) -> None:
        program.call("f", np.array([np.nan, np.inf, GOOD[i]]), result=float("nan"), noisy=1)

    contents, client = opened(parse(write_experiment(tmp_path, body, 3), tmp_path / "r.h5"))
    assert all("NaN" not in shown(client, page.PATH) for page in PAGES)
    assert contents.functions[0].calls == 1
