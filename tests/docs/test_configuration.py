"""docs/configuration.md: its examples are read, and its table has the keys and defaults of the program."""

import dataclasses
import json
import re
import tomllib
from argparse import Namespace
from pathlib import Path

import pytest

from pytracer.config import DEFAULTS, Settings
from pytracer.settings import resolve
from pytracer.settings.keys import KEYS
from pytracer.settings.kinds import SIZE, parse_size
from pytracer.settings.patterns import read_patterns

TEXT = (Path(__file__).parent.parent.parent / "docs" / "configuration.md").read_text()


def block(language: str) -> str:
    [found] = re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)
    return str(found)


def read(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str) -> Settings:
    (folder / name).write_text(text)
    monkeypatch.chdir(folder)
    if name == "pyproject.toml":
        monkeypatch.delenv("PYTRACER_CONFIG", raising=False)
    else:
        monkeypatch.setenv("PYTRACER_CONFIG", str(folder / name))
    return resolve(Namespace()).settings


def test_the_examples_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from_json = read(tmp_path, monkeypatch, "config.json", block("json"))
    assert from_json == read(tmp_path, monkeypatch, "pyproject.toml", block("toml"))
    assert from_json == dataclasses.replace(
        DEFAULTS,
        modules_to_load=("numpy.linalg", "scipy.optimize"),
        modules_to_exclude=("numpy.linalg.norm",),
        exclude_file=(tmp_path / "exclude.txt",),
        log_level="warning",
        backtrace=True,
        noise="sr+platform",
        noise_options=("platform:only=blas,threads",),
        cache=Path("traces-of-today"),
        trace_bytes=500_000_000,
    )


def test_each_setting_is_one_key_of_the_table_with_its_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| .+? \| `([^`]+)` \| .+ \|$", TEXT, re.MULTILINE)
    assert [name for name, _ in rows] == [key.name for key in KEYS]
    nested: dict[str, object] = {}
    for (name, default), key in zip(rows, KEYS, strict=True):
        value: object = parse_size(default) if key.kind is SIZE else default
        if isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?|true|false|\[\]|\{\}", value):
            value = json.loads(value)
        nested[name] = value
    assert read(tmp_path, monkeypatch, "all.json", json.dumps(nested)) == DEFAULTS


def test_the_patterns_are_patterns(tmp_path: Path) -> None:
    path = tmp_path / "patterns.txt"
    path.write_text(block("text"))
    assert [pattern.text for pattern in read_patterns([path])] == [
        "numpy.linalg",
        "numpy.random *seed*",
        "__main__ Model.fit",
        "scipy.*.cython_*",
    ]


def test_the_toml_is_a_table_of_a_project() -> None:
    assert list(tomllib.loads(block("toml"))) == ["tool"]
