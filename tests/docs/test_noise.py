"""docs/noise.md: its tables are those of the program."""

import re
import tomllib
from itertools import product
from pathlib import Path

import pytest

from pytracer import noise
from pytracer.noise.composition import why_not
from pytracer.noise.native import DENIED, NOT_COMPUTATION
from pytracer.noise.verrou import EXCLUDED_FUNCTIONS, EXCLUDED_LIBRARIES

TEXT = (Path(__file__).parent.parent.parent / "docs" / "noise.md").read_text()


def table(first_cell: str) -> list[list[str]]:
    """The rows of the table whose head begins so, without marks."""
    [found] = re.findall(rf"^\| {re.escape(first_cell)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", TEXT, re.MULTILINE)
    return [[cell.strip().strip("`") for cell in row.strip("|").split(" | ")] for row in found.splitlines()]


def section(title: str) -> str:
    """The text below a heading."""
    return TEXT.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize("name", noise.MODELS)
def test_each_model_and_option_has_its_row(name: str) -> None:
    assert name in {row[0] for row in table("model | what it perturbs")}
    rows = [row for row in table("model | option") if row[0] == name]
    kind = noise.model_class(name)
    options = [*kind.OPTIONS, *([kind.ANY_OPTION] if kind.ANY_OPTION else [])]
    assert [row[1] for row in rows] == [option.name for option in options]
    for row, option in zip(rows, options, strict=True):
        default = ",".join(option.default) if isinstance(option.default, tuple) else str(option.default)
        assert row[3] == (default or "none")


def test_the_matrix_of_compositions() -> None:
    head, *rows = re.findall(r"^\|(.*)\|$", section("Together"), re.MULTILINE)
    columns = [cell.strip(" `") for cell in head.split("|")[1:]]
    said = {}
    for row in rows[1:]:
        name, *cells = (cell.strip(" `") for cell in row.split("|"))
        said |= {(name, column): cell for column, cell in zip(columns, cells, strict=True)}
    for one, other in product(noise.MODELS, noise.MODELS):
        kinds = [noise.model_class(name) for name in (one, other)]
        models = [noise.create(f"{kind.name}:{kind.EXAMPLE}").models[0] for kind in kinds]
        assert said[one, other] == ("no" if why_not(*models) else "yes"), (one, other)


def test_the_tables_of_exceptions() -> None:
    denied, inputs = re.findall(r"((?:^\| `.*\n)+)", section("What breaks under directed rounding"), re.MULTILINE)
    pattern = re.compile(r"^\| `(.+?)` \| (.+) \|$", re.MULTILINE)
    assert dict(pattern.findall(denied)) == DENIED
    assert dict(pattern.findall(inputs)) == NOT_COMPUTATION
    assert dict(pattern.findall(section("Verrou and Verificarlo"))) == EXCLUDED_FUNCTIONS | EXCLUDED_LIBRARIES


def test_the_settings_of_platform() -> None:
    [platform] = [row[3] for row in table("model | option") if row[:2] == ["platform", "only"]]
    assert [row[0] for row in table("setting")] == platform.split(",")


def test_texts_of_noise_are_read() -> None:
    texts = re.findall(r'--noise (?:"([^"]+)"|(\S+))', TEXT)
    assert len(texts) >= 4
    for text in filter(None, (one or other for one, other in texts)):
        assert noise.create(text).text
    assert noise.create('env:LABEL="a+b, ""c"", d"').settings(0, 1) == {"LABEL": 'a+b, "c", d'}


def test_the_configuration_is_one() -> None:
    [block] = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    options = tomllib.loads(block)["tool"]["pytracer"]["noise"]["options"]["env"]
    parts = [noise.spec.Part("env", options)]
    assert noise.create(noise.spec.write(parts)).settings(0, 3) == {"LABEL": "a+b, c=d", "prefix": "numactl -C 3"}
