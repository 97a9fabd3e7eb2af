"""The functions behind the callbacks of the timeline page, without a browser."""

import json
from pathlib import Path
from typing import Any

import h5py
import pytest

from pytracer.parse import Result, ResultError
from pytracer.visualize import queries
from pytracer.visualize.app import create_app
from pytracer.visualize.figures import LIGHT
from pytracer.visualize.pages.timeline import ALL, drawing, follow, selected_call, settings
from pytracer.visualize.queries import Contents, Function, Timeline
from pytracer.visualize.state import State


def reader(contents: Contents) -> Any:
    def read(function: Function) -> Timeline:
        return queries.timeline(contents.result, function)

    return read


def test_controls_change_the_state(contents: Contents) -> None:
    state = State(function="mod.zeta")
    assert follow(state, contents, "functions", {"functions": [{"key": "mod.alpha"}]}) == State("mod.alpha")
    assert follow(state, contents, "argument", {"argument": "x"}) == State("mod.zeta", argument="x")
    assert follow(State("f", argument="x"), contents, "argument", {"argument": ALL}) == State("f")
    assert follow(state, contents, "scale", {"scale": "log"}) == State("mod.zeta", scale="log")
    click = {"points": [{"curveNumber": 1, "customdata": [4, 1, "", "", ""]}]}
    assert follow(state, contents, "timeline", {"timeline": click}) == State("mod.zeta", call=4)


def test_what_says_nothing_new_changes_nothing(contents: Contents) -> None:
    state = State(call=3)
    assert follow(state, contents, "view", {}) is state
    assert follow(state, contents, "functions", {"functions": []}) is state
    assert follow(state, contents, "timeline", {"timeline": None}) is state
    # The list selects what the page shows without being asked: the worst function.
    assert follow(state, contents, "functions", {"functions": [{"key": "mod.zeta"}]}) is state


def test_controls_show_the_state(contents: Contents) -> None:
    state = State("mod.alpha", argument="y", y="std", x="time", scale="log")
    selected, options, *values, click = settings(state, contents, reader(contents))
    assert selected == {"ids": ["mod.alpha"]}
    assert [option["value"] for option in options] == [ALL, "x", "y", "return"]
    assert (values, click) == (["y", "std", "time", "log"], None)
    assert settings(State(), contents, reader(contents))[0] == {"ids": ["mod.zeta"]}


def test_unknown_function_is_a_message(contents: Contents) -> None:
    title, figure, _ = drawing(State("gone"), contents, reader(contents), LIGHT)
    assert title == "gone"
    assert "no function 'gone'" in figure.layout.annotations[0].text
    assert settings(State("gone"), contents, reader(contents))[0] == {"ids": []}


def test_nothing_measured_is_a_message(contents: Contents) -> None:
    _, figure, note = drawing(State("mod.silent"), contents, reader(contents), LIGHT)
    assert "Nothing to draw" in figure.layout.annotations[0].text
    assert "not measured" in note


def test_unperturbed_result_draws_values_only(unperturbed: Contents) -> None:
    _, figure, _ = drawing(State(y="bits"), unperturbed, reader(unperturbed), LIGHT)
    assert figure.layout.yaxis.title.text == "mean"


def test_call_of_another_function_is_a_message(contents: Contents) -> None:
    assert "no call 0" in str(selected_call(State("mod.zeta", call=0), contents))
    assert "no call 999999" in str(selected_call(State("mod.zeta", call=999999), contents))
    assert "Click a point" in str(selected_call(State("mod.zeta"), contents))


@pytest.fixture
def damaged(result_file: Path, tmp_path: Path) -> Contents:
    """A result whose values cannot be read, which shows only when they are asked for."""
    path = tmp_path / "damaged.h5"
    content = bytearray(result_file.read_bytes())
    with h5py.File(result_file) as file:
        for column in ("bits_min", "label", "mean"):
            chunk = file[f"values/{column}"].id.get_chunk_info(0)
            content[chunk.byte_offset : chunk.byte_offset + chunk.size] = b"\xff" * chunk.size
    path.write_bytes(content)
    return Contents.of(Result.open(path))


def test_damage_is_a_message(damaged: Contents) -> None:
    read = reader(damaged)
    with pytest.raises(ResultError):
        read(damaged.functions[0])
    _, figure, _ = drawing(State(), damaged, read, LIGHT)
    assert "is corrupt" in figure.layout.annotations[0].text
    assert settings(State(), damaged, read)[1][0]["value"] == ALL
    row = int((damaged.result.calls["function"] == damaged.functions[0].row).argmax())
    assert "is corrupt" in str(selected_call(State(call=row), damaged))


def test_pages_name_no_other_host(contents: Contents) -> None:
    client = create_app(contents).server.test_client()
    page = client.get("/timeline")
    assert page.status_code == 200
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def test_own_part_of_the_first_page_is_small(contents: Contents) -> None:
    client = create_app(contents).server.test_client()
    own = [client.get(path).data for path in ("/", "/_dash-layout", "/_dash-dependencies")]
    assert sum(map(len, own)) < 50_000
    assert "zeta loses" in json.dumps(json.loads(own[1]))
