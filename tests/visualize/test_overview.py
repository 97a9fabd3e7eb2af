"""The overview says what the result holds."""

import json
import shlex
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import plotly.utils
import pytest
from made import Made

from pytracer.parse import Result
from pytracer.parse.schema import JSON_COLUMNS
from pytracer.visualize.figures.theme import DARK, LIGHT, bits_colour
from pytracer.visualize.pages import overview as page
from pytracer.visualize.queries import overview
from pytracer.visualize.queries.contents import Contents
from pytracer.visualize.state import State


def text(contents: Contents, state: State = State()) -> str:  # noqa: B008
    return json.dumps(page.sections(contents, state), cls=plotly.utils.PlotlyJSONEncoder)


def with_rows(path: Path, target: Path, table: str, *rows: dict[str, Any]) -> Contents:
    """A copy of the result with these rows in a table; other columns are 0 or empty."""
    target.write_bytes(path.read_bytes())
    with h5py.File(target, "a") as file:
        for name, dataset in file[table].items():
            dataset.resize((len(rows),))
            for i, row in enumerate(rows):
                text = "[]" if name in JSON_COLUMNS.get(table, ()) else ""
                dataset[i] = row.get(name, text if h5py.check_string_dtype(dataset.dtype) else 0)
    return Contents.of(Result.open(target))


def test_distribution_counts_each_measured_call_once(contents: Contents) -> None:
    bits = contents.result.calls["output_bits_min"]
    bars = overview.distribution(contents)
    assert sum(bar.calls for bar in bars) == np.isfinite(bits).sum()
    for bar in bars:
        inside = (bits >= bar.low) & ((bits < bar.high) | (bar.high == 53) & (bits <= 53))
        assert bar.calls == inside.sum()
    assert (bars[0].low, bars[-1].high) == (0, 53)


def test_picture_of_the_distribution_says_what_the_page_does(contents: Contents) -> None:
    bars = overview.distribution(contents)
    for unit, first, last in (("bits", "0 to 4", "48 to 53"), ("digits", "0.00 to 1.20", "14.45 to 15.95")):
        for colours in (LIGHT, DARK):
            figure = page.distribution_figure(contents, State(unit=unit), colours)
            [drawn] = figure.data
            assert list(drawn.x) == [bar.calls for bar in bars]
            assert [int(text) for text in drawn.text] == [bar.calls for bar in bars]
            assert list(drawn.marker.color) == [bits_colour(bar.low)[0] for bar in bars]
            assert (drawn.y[0], drawn.y[-1], figure.layout.yaxis.autorange) == (first, last, "reversed")
            assert drawn.textposition == "outside"  # in the ink of the theme, not on the colour of the bar
            assert figure.layout.font.color == colours.ink
            for said in figure.layout.xaxis.title.text.split("<br>"):
                assert said in text(contents, State(unit=unit)).replace("\\u00a0", "\N{NO-BREAK SPACE}")
            assert "more have none" in figure.layout.xaxis.title.text


def test_samples_and_noise(contents: Contents) -> None:
    found = overview.samples(contents.result)
    assert found.statuses == {"reference": 1, "measured": 4}
    assert (found.models, found.layers, found.missing) == (["sr"], ["numpy"], ["blas"])
    assert found.seeds == ["12", "13", "14", "15"]
    said = text(contents)
    assert "1 reference, 4 measured" in said
    assert "sr, seeds 12, 13, 14, ..." in said
    assert "Centered Normality Hypothesis, relative to the mean of the samples" in said


COMMAND = ["/data/a program.py", "--output=" + "long" * 100, "<b>"]


@pytest.mark.parametrize("command", [COMMAND, [], None, "text"])
def test_program_is_told_whole_and_can_be_copied(tmp_path: Path, command: Any) -> None:
    path = Made().write(tmp_path / "r.h5")
    with h5py.File(path, "a") as file:
        del file["provenance"]
        file["provenance"] = json.dumps({"command": command})
    with Result.open(path) as result:
        codes = list(page._program(Contents.of(result)))
    said = ["".join(part if isinstance(part, str) else part.children for part in code.children) for code in codes]
    assert [shlex.split(text) for text in said] == ([COMMAND] if command == COMMAND else [])


def test_divergence_leads_to_its_call(result_file: Path, tmp_path: Path) -> None:
    row = {"parent": 1, "function": 0, "site": 0, "before": -1, "first_call": 3, "samples": "[2, 3]", "kind": "calls"}
    contents = with_rows(result_file, tmp_path / "r.h5", "divergences", row | {"times": 4})
    [found] = overview.divergences(contents)
    assert (found.call, found.samples, found.kind, found.times) == (3, [2, 3], "calls", 4)
    assert found.inside == contents.names[0]
    said = text(contents)
    assert "samples took other ways at 1 place" in said
    assert "/divergences?" in said
    assert "call=3" in said


def test_setting_that_explains(result_file: Path, tmp_path: Path) -> None:
    row = {"function": 0, "site": -1, "settings": '["threads", "blas"]', "groups": "[]", "calls": 2}
    contents = with_rows(result_file, tmp_path / "r.h5", "explanations", row)
    [found] = overview.explanations(contents)
    assert (found.function.name, found.place, found.calls) == (contents.names[0], "unknown place", 2)
    assert "threads or blas" in text(contents)


def test_what_was_not_observed_is_grouped_most_important_first(result_file: Path, tmp_path: Path) -> None:
    gaps = [
        {"event": "arrays_omitted", "why": "too large", "count": 3, "samples": 5},
        {"event": "not_hookable", "name": "mod.b", "why": "inlined", "count": 1, "samples": 5},
        {"event": "not_hookable", "name": "mod.a", "why": "inlined", "count": 2, "samples": 4},
        {"event": "something_new", "why": "?", "count": 1, "samples": 1},
    ]
    contents = with_rows(result_file, tmp_path / "r.h5", "coverage", *gaps)
    found = overview.coverage(contents.result)
    assert [(each.event, each.number, list(each.names), each.samples) for each in found] == [
        ("callables not hookable", 3, ["mod.a", "mod.b"], 5),
        ("arrays recorded by shape only", 3, [], 5),
        ("something new", 1, [], 1),
    ]
    assert "callables not hookable" in text(contents)


def test_nothing_to_say_is_left_out(contents: Contents) -> None:
    said = text(contents)
    assert "Not observed" not in said
    assert "Control flow" not in said


def test_ranking_leads_to_the_worst_call(contents: Contents) -> None:
    zeta = contents.by_key["mod.zeta"]
    assert f"/timeline?function=mod.zeta&call={zeta.worst_call}" in text(contents)
    assert f"/source?function=mod.zeta&call={zeta.worst_call}" in text(contents)
    assert zeta.bits_lost is not None
    assert f'"{zeta.bits_lost:.1f}"' in text(contents)
    assert f'"{zeta.bits_lost * np.log10(2):.2f}"' in text(contents, State(unit="digits"))


def test_ranking_says_of_which_calls_its_bits_are(contents: Contents, unperturbed: Contents) -> None:
    said = text(contents)
    assert all(word in said for word in ('"min in"', '"min out"', "lost: of the call that loses most; in and out: "))
    assert "loses most" not in text(unperturbed)


def test_unperturbed_overview_has_no_bits(unperturbed: Contents) -> None:
    said = text(unperturbed)
    assert "bits" not in said
    assert "Distribution" not in said


@pytest.mark.parametrize("name", list(page.CSV))
def test_tables_have_as_many_cells_as_headings(contents: Contents, name: str) -> None:
    rows = list(page.CSV[name](contents, State()))
    assert {len(row) for row in rows} == {len(rows[0])}
