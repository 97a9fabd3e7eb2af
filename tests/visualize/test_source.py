"""The source page: lines with the bits of the calls made on them."""

import json
from typing import Any

import pytest
from synthetic import FILE

from pytracer.visualize.pages.source import AROUND, layout, listing, place, rows
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.queries.source import Sources
from pytracer.visualize.state import State

LINES = 400
"""Of the source file of `sourced_file`."""


def shown(parts: Any) -> Any:
    """Components as a browser gets them."""
    import plotly.utils

    return json.loads(json.dumps(parts, cls=plotly.utils.PlotlyJSONEncoder))


def links(parts: Any) -> dict[str, str]:
    """Text -> address of the links in components."""
    found: dict[str, str] = {}
    if isinstance(parts, list):
        for part in parts:
            found |= links(part)
    elif isinstance(parts, dict):
        props = parts.get("props", {})
        if parts.get("type") == "A":
            found[str(props.get("children"))] = props["href"]
        found |= links(props.get("children"))
    return found


def test_lines_have_the_calls_made_on_them(sourced: Contents) -> None:
    lines = {line.number: line for line in Sources(sourced).lines(FILE, 1, LINES)}
    assert list(lines) == list(range(1, LINES + 1))
    assert lines[30].text == "line_30 = <30>"
    zeta = sourced.by_key["mod.zeta"]
    [calls] = lines[30].calls
    assert (calls.function, calls.calls, calls.worst_call) == (zeta, 1, zeta.worst_call)
    assert (calls.bits_lost, calls.output_bits) == (zeta.bits_lost, zeta.output_bits)
    assert (lines[30].bits_lost, lines[30].output_bits) == (zeta.bits_lost, zeta.output_bits)
    assert lines[10].number_of_calls == 7
    assert (lines[31].calls, lines[31].bits_lost, lines[31].number_of_calls) == ((), None, 0)
    [silent] = lines[5].calls
    assert (silent.bits_lost, silent.worst_call) == (None, sourced.by_key["mod.silent"].worst_call)


def test_without_text_there_are_the_lines_with_calls(contents: Contents) -> None:
    sources = Sources(contents)
    assert sources.files == [FILE]
    assert sources.length(FILE) == 0
    assert [line.number for line in sources.lines(FILE, 1, LINES)] == [1, 5, 10, 20, 30, 40]


def test_place_follows_the_call_and_the_address(sourced: Contents) -> None:
    sources = Sources(sourced)
    assert place(sourced, sources, State()) == (FILE, 30)
    assert place(sourced, sources, State("mod.fails")) == (FILE, 40)
    call = int(sourced.calls_of[sourced.by_key["mod.alpha"].row][2])
    assert place(sourced, sources, State("mod.zeta", call=call)) == (FILE, 10)
    assert place(sourced, sources, State(call=call, file="other.py", line=3)) == ("other.py", 3)


def test_each_line_can_be_followed(sourced: Contents) -> None:
    code, calls = shown(listing(sourced, Sources(sourced), State()))
    found = links(code)
    zeta = sourced.by_key["mod.zeta"]
    assert found["30"] == found["line_30 = <30>"] == f"/source?function=mod.zeta&call={zeta.worst_call}"
    assert State.parse(found["31"].removeprefix("/source")) == State(file=FILE, line=31)
    assert "mod.zeta loses" in json.dumps(calls)


def test_long_file_is_shown_around_the_line(sourced: Contents) -> None:
    code, calls = shown(listing(sourced, Sources(sourced), State(file=FILE, line=LINES // 2)))
    found = links(code)
    first, last = LINES // 2 - AROUND, LINES // 2 + AROUND
    assert [text for text in found if text.isdigit()] == [str(i) for i in range(first, last + 1)]
    assert State.parse(found[f"lines after {last}"].removeprefix("/source")).line == last + 1
    assert State.parse(found[f"lines before {first}"].removeprefix("/source")).line == first - 1
    assert "No recorded call was made from this line" in json.dumps(calls)


@pytest.mark.parametrize("file", ["/etc/passwd", "../script.py", "nowhere"])
def test_only_files_of_the_result_are_shown(sourced: Contents, file: str) -> None:
    code, _ = shown(listing(sourced, Sources(sourced), State(file=file)))
    assert f"No call was made from '{file}'" in json.dumps(code)
    assert list(rows(sourced, State(file=file))) == [next(iter(rows(sourced, State())))]


def test_unperturbed_lines_have_no_bits(unperturbed: Contents) -> None:
    code, calls = shown(listing(unperturbed, Sources(unperturbed), State()))
    assert "bits" not in json.dumps([code, calls])
    assert "lost" not in json.dumps([code, calls])


def test_table(sourced: Contents, contents: Contents) -> None:
    for each in (sourced, contents):
        header, *lines = rows(each, State())
        numbers = {line[header.index("line")]: line[header.index("function")] for line in lines}
        assert numbers == {
            1: "mod.middle",
            5: "mod.silent",
            10: "mod.alpha",
            20: "mod.zeta",
            30: "mod.zeta",
            40: "mod.fails",
        }


def test_layout_is_small(sourced: Contents) -> None:
    assert len(json.dumps(shown(layout(sourced, State())))) < 2000
