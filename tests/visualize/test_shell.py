"""What stands around the pages: navigation, selected call, tables as CSV, who may read, size of the first page."""

import csv
import gzip
import io
import json
from pathlib import Path
from unittest.mock import patch

import pytest
from dash import dcc
from flask.testing import FlaskClient

from pytracer.parse import Result, ResultError
from pytracer.visualize import paths
from pytracer.visualize.app import create_app, links, page, selected_call
from pytracer.visualize.figures.theme import DARK, LIGHT
from pytracer.visualize.pages import PAGES, Page, figure
from pytracer.visualize.pages import csv as table
from pytracer.visualize.pages.functions import ways
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State
from pytracer.visualize.web import Guard

BUTTONS = ("data-image", "data-chart", "data-figure")
FIGURE = "/figure/overview/distribution.json"


@pytest.fixture
def client(contents: Contents) -> FlaskClient:
    return create_app(contents).server.test_client()


def test_pages_have_different_places_and_names() -> None:
    assert len({each.PATH for each in PAGES}) == len({each.TITLE for each in PAGES}) == len(PAGES)
    known = {value for name, value in vars(paths).items() if name.isupper()}
    assert {each.PATH for each in PAGES} <= known


def test_navigation_leads_to_all_pages_by_digits() -> None:
    found = [(each.href, each.children, getattr(each, "data-key")) for each in links()]
    assert found == [(each.PATH, each.TITLE, str(number)) for number, each in enumerate(PAGES, 1)]


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.TITLE)
def test_each_page_opens(contents: Contents, unperturbed: Contents, each: object) -> None:
    path = each.PATH  # type: ignore[attr-defined]
    for result in (contents, unperturbed):
        assert "There is no page here" not in str(page(result, path, State()))


def test_page_that_is_none_is_a_message(contents: Contents) -> None:
    assert "There is no page here" in str(page(contents, "/nowhere", State()))


def test_result_without_calls_is_a_message(empty: Contents) -> None:
    assert "No call was recorded" in str(page(empty, "/", State()))


def test_selected_call_on_any_page(contents: Contents) -> None:
    zeta = contents.by_key["mod.zeta"]
    card, hidden = selected_call(contents, "/source", State(call=zeta.worst_call))
    assert not hidden
    assert "previous call" in str(card)
    assert f"/source?function={zeta.key}&call={zeta.worst_call - 1}" in str(card)
    assert selected_call(contents, "/", State()) == ([], True)


def test_card_tells_equal_types_from_equal_values(contents: Contents) -> None:
    card = str(selected_call(contents, "/", State(call=contents.by_key["mod.zeta"].worst_call))[0])
    assert "same type and shape" in card
    assert "'100%'" in card  # of floats that differ, which has nothing to do with their values
    assert "same value" not in card
    silent = str(selected_call(contents, "/", State(call=contents.by_key["mod.silent"].worst_call))[0])
    assert "100% same value" in silent  # the text among its arguments


def test_no_such_call_is_a_message(contents: Contents) -> None:
    assert "no call 999999" in str(selected_call(contents, "/", State(call=999999)))


def test_damaged_call_is_a_message(damaged_file: Path) -> None:
    contents = Contents.of(Result.open(damaged_file))
    assert "is corrupt" in str(selected_call(contents, "/", State(call=0)))


def test_ways_from_a_function(contents: Contents) -> None:
    zeta = contents.by_key["mod.zeta"]
    assert f"call={zeta.worst_call}" in str(ways(contents, State()))
    assert "loses" in str(ways(contents, State()))
    assert "no function 'gone'" in str(ways(contents, State("gone")))


def test_pages_name_no_other_host(client: FlaskClient) -> None:
    page = client.get("/timeline")
    assert page.status_code == 200
    assert 'src="http' not in page.text
    assert 'href="http' not in page.text
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]


def test_own_part_of_the_first_page_is_small(client: FlaskClient) -> None:
    own = [client.get(path).data for path in ("/", "/_dash-layout", "/_dash-dependencies")]
    assert sum(map(len, own)) < 50_000
    assert "zeta loses" in json.dumps(json.loads(own[1]))


def test_answers_are_compressed_for_who_can_read_them(client: FlaskClient) -> None:
    plain = client.get("/_dash-layout")
    packed = client.get("/_dash-layout", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.data)) == plain.json
    assert int(packed.headers["Content-Length"]) == len(packed.data) < len(plain.data)
    with client.get("/assets/style.css") as plain:
        packed = client.get("/assets/style.css", headers={"Accept-Encoding": "gzip"})
        assert gzip.decompress(packed.data) == plain.data


def test_table_of_the_view_is_sent(client: FlaskClient) -> None:
    answer = client.get("/csv/timeline/values.csv?function=mod.zeta&argument=return")
    assert answer.status_code == 200
    assert answer.mimetype == "text/csv"
    assert 'filename="timeline-values.csv"' in answer.headers["Content-Disposition"]
    lines = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(line["function"], line["argument"], line["role"]) for line in lines] == [
        ("mod.zeta", "return", "output")
    ] * 2


def test_every_table_is_sent(client: FlaskClient) -> None:
    for each in PAGES:
        module = each.__name__.rpartition(".")[2]  # type: ignore[attr-defined]
        for name in getattr(each, "CSV", {}):
            answer = client.get(f"/csv/{module}/{name}.csv")
            assert answer.status_code == 200, (module, name)
            assert answer.text.count("\n") > 0


def test_unknown_table_is_not_found(client: FlaskClient) -> None:
    assert client.get("/csv/timeline/nothing.csv").status_code == 404
    assert client.get("/csv/nothing/values.csv").status_code == 404


def test_damaged_table_is_an_error(damaged_file: Path) -> None:
    client = create_app(Contents.of(Result.open(damaged_file))).server.test_client()
    answer = client.get("/csv/timeline/values.csv")
    assert answer.status_code == 500
    assert "is corrupt" in answer.text


class TestFigures:
    """Pictures that the server draws for who saves them."""

    def test_each_is_sent_in_both_themes(self, client: FlaskClient) -> None:
        sent = 0
        for each in PAGES:
            for name in getattr(each, "FIGURES", {}):
                inks = []
                for look in ("light", "dark"):
                    answer = client.get(f"/figure/{module(each)}/{name}.json?unit=digits&theme={look}")
                    assert (answer.status_code, answer.mimetype) == (200, "application/json")
                    layout = answer.json["layout"]  # type: ignore[index]
                    assert layout["width"] > 0 < layout["height"]
                    assert "digits" in answer.text
                    inks.append(layout["font"]["color"])
                assert inks == [LIGHT.ink, DARK.ink]
                sent += 1
        assert sent > 0

    def test_unknown_one_is_not_found(self, client: FlaskClient) -> None:
        assert client.get("/figure/overview/nothing.json").status_code == 404
        assert client.get("/figure/nothing/distribution.json").status_code == 404
        assert client.get("/figure/timeline/values.json").status_code == 404

    def test_what_cannot_be_read_is_said_in_plain_text(self, contents: Contents, result_file: Path) -> None:
        client = create_app(contents).server.test_client()
        damage = ResultError(f"{result_file} is corrupt: parse again")
        with patch.object(type(contents.result.calls), "__getitem__", side_effect=damage):
            answer = client.get("/figure/overview/distribution.json")
        assert (answer.status_code, answer.mimetype, answer.text) == (500, "text/plain", str(damage))


def module(page: object) -> str:
    return str(page.__name__).rpartition(".")[2]  # type: ignore[attr-defined]


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.TITLE)
def test_buttons_save_what_there_is(result: Result, each: Page) -> None:
    parts = list(each.layout(Contents.of(result, result), State())._traverse())
    charts = {part.id for part in parts if isinstance(part, dcc.Graph)}
    named = {name: [getattr(part, name) for part in parts if hasattr(part, name)] for name in BUTTONS}
    assert set(named["data-chart"]) == charts
    assert len(named["data-image"]) == len(named["data-chart"]) + len(named["data-figure"])
    assert all(figure(*path.split("/")) is not None for path in named["data-figure"])
    files = [part.href for part in parts if getattr(part, "className", "") == "csv"]
    assert all(table(*path.removeprefix("/csv/").removesuffix(".csv").split("/")) is not None for path in files)


class TestGuard:
    """Who may read."""

    def test_token_is_asked_for_once(self, contents: Contents) -> None:
        client = create_app(contents, Guard(token="secret")).server.test_client()
        for path in (
            "/",
            "/timeline?token=wrong",
            "/_dash-layout",
            "/csv/timeline/values.csv",
            FIGURE,
            "/assets/style.css",
        ):
            assert client.get(path).status_code == 403
        answer = client.get("/timeline?token=secret&call=3")
        assert (answer.status_code, answer.headers["Location"]) == (302, "/timeline?call=3")
        assert "HttpOnly" in answer.headers["Set-Cookie"]
        assert client.get("/timeline?call=3").status_code == 200

    def test_other_names_of_this_machine_are_refused(self, contents: Contents) -> None:
        client = create_app(contents, Guard(host="127.0.0.1")).server.test_client()
        for host in ("127.0.0.1:8050", "localhost:8050", "[::1]:8050"):
            assert client.get("/", headers={"Host": host}).status_code == 200
        answer = client.get("/", headers={"Host": "evil.example:8050"})
        assert answer.status_code == 403
        assert "not called evil.example" in answer.text
